"""A table as headings and printed cells, from which Markdown, TeX and the page are made.

The data frames hold plain numbers under short names, for machines. `headings` gives each name a
heading and a form, for people; all renderings take theirs from `arrange`.
"""

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from emospeech.report.forms import MISSING
from emospeech.report.headings import heading_of


@dataclass(frozen=True)
class Layout:
    """A table as text: heads of the columns, groups of them as (title, width), rows of cells."""

    headings: tuple
    groups: tuple
    rows: tuple

    @property
    def grouped(self):
        """Whether there is a line of group titles above the headings."""
        return any(title for title, _ in self.groups)


def arrange(frame):
    """The Layout of a data frame; a missing number is a dash."""
    headings = tuple(heading_of(frame, column) for column in frame.columns)
    groups = tuple((title, len(list(span))) for title, span in groupby(h.group for h in headings))
    rows = tuple(
        tuple(
            MISSING if pd.isna(value) else heading.form(value)
            for heading, value in zip(headings, row, strict=True)
        )
        for row in frame.astype(object).itertuples(index=False, name=None)
    )
    return Layout(headings, groups, rows)
