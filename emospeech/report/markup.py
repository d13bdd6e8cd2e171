"""Tables as text: formatted cells for the page, and files in CSV, Markdown, TeX and HTML.

The data frames hold numbers under short names, for other programs. `headings` gives each column its
heading and format, for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import pandas as pd

from emospeech.report.formats import DAGGER, MISSING
from emospeech.report.headings import Heading, heading_of
from emospeech.report.templates import environment, summaries
from emospeech.runtime.files import write_table, write_text

TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\N{GREEK SMALL LETTER RHO}": r"$\rho$",
        "\N{NO-BREAK SPACE}": "~",
        MISSING: "--",
        DAGGER: r"$^\dagger$",
    }
    | {letter: f"\\{letter}" for letter in "&%$#_{}"}
    | {letter: f"${letter}$" for letter in "<>|"}
)
MARKDOWN = str.maketrans({letter: f"\\{letter}" for letter in "\\|*_`<"} | {"\n": " "})


@dataclass(frozen=True)
class TextTable:
    """A formatted table.

    Attributes:
        headings: The heading of each column.
        groups: (title, number of columns) of each group of neighbouring columns, from left to
            right; the title is "" for columns without one.
        rows: The cells of each row.
    """

    headings: tuple[Heading, ...]
    groups: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def grouped(self) -> bool:
        """Whether there is a line of group titles above the headings."""
        return any(title for title, _ in self.groups)


@dataclass(frozen=True)
class Table:
    """A table on an HTML page.

    Attributes:
        id: The id of the HTML element.
        kind: The key of its title in template/captions.jinja.
        text: The headings and the formatted cells.
        model: The model of the table, if it shows a single one.
        title: The title, if it is not that of the kind.
        numbers: The numbers in the caption; None if the caption is the title and the summary.
        divider: The index of a column; a line marks each change of its value.
        files: Links to the table as files, relative to the page.
        highlighted: The indices of the highlighted rows.
        sortable: Whether clicking a heading sorts the table.
    """

    id: str
    kind: str
    text: TextTable
    model: str = ""
    title: str = ""
    numbers: dict | None = None
    divider: int | None = None
    files: tuple[str, ...] = ()
    highlighted: frozenset[int] = frozenset()
    sortable: bool = False


def format_table(table: pd.DataFrame) -> TextTable:
    """Return a data frame as text; missing values are dashes.

    The metrics in the column `narrow` (see `evaluation_tables.narrow_intervals`) have a DAGGER
    after the upper bound of their interval instead.
    """
    if "narrow" in table:
        return _mark_narrow(format_table(table.drop(columns="narrow")), table)
    headings = tuple(heading_of(table, column) for column in table.columns)
    groups = tuple((title, len(list(span))) for title, span in groupby(h.group for h in headings))
    rows = tuple(
        tuple(
            MISSING if pd.isna(value) else heading.form(value)
            for heading, value in zip(headings, row, strict=True)
        )
        for row in table.astype(object).itertuples(index=False, name=None)
    )
    return TextTable(headings, groups, rows)


def _mark_narrow(text, table):
    """Return the text of a table with a DAGGER for each metric in its column `narrow`."""
    columns = [*table.columns.drop("narrow")]
    rows = []
    for row, names in zip(text.rows, table["narrow"].fillna(""), strict=True):
        marked = {columns.index(f"{name}_high") for name in names.split()}
        rows.append(tuple(cell + DAGGER * (i in marked) for i, cell in enumerate(row)))
    return replace(text, rows=tuple(rows))


def to_markdown(table: pd.DataFrame) -> str:
    """Return a pipe table.

    Markdown tables have one header row, so each heading starts with the title of its group.
    """
    from tabulate import tabulate  # only Markdown files need it

    text = format_table(table)
    head = [f"{h.group}: {h.label}" if h.group else h.label for h in text.headings]
    lines = [[cell.translate(MARKDOWN) for cell in row] for row in (head, *text.rows)]
    sides = ["right" if heading.numeric else "left" for heading in text.headings]
    return tabulate(lines, "firstrow", "pipe", disable_numparse=True, colalign=sides) + "\n"


def to_tex(table: pd.DataFrame) -> str:
    """Return a tabular environment, which needs the TeX package booktabs."""
    text = format_table(table)
    columns = "".join("r" if heading.numeric else "l" for heading in text.headings)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    if text.grouped:
        titles, rules, start = [], "", 1
        for title, width in text.groups:
            if title:
                titles.append(rf"\multicolumn{{{width}}}{{c}}{{{title.translate(TEX)}}}")
                rules += rf"\cmidrule(lr){{{start}-{start + width - 1}}}"
            else:
                titles += [""] * width
            start += width
        lines += [_tex_line(titles), rules]
    lines += [_tex_line([heading.label.translate(TEX) for heading in text.headings]), r"\midrule"]
    for row in text.rows:
        cells = zip(text.headings, row, strict=True)
        lines.append(_tex_line([_tex_cell(cell, heading.numeric) for heading, cell in cells]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def to_html(table: pd.DataFrame, name: str, target: str) -> str:
    """Return a page with a single table, for the report of Snakemake.

    Args:
        table: The table.
        name: Its name, such as `classes` or `table-3-BasicCNN`.
        target: The target of the study.
    """
    kind, model = (name, "") if name in summaries(target) else name.rsplit("-", 1)
    shown = Table(name, kind, format_table(table), model)
    return environment(target).get_template("table.html.jinja").render(table=shown)


def _tex_line(cells):
    return " & ".join(cells) + r" \\"


def _tex_cell(text, numeric):
    escaped = text.translate(TEX)  # a hyphen in a number is a minus sign
    return escaped.replace("-", "$-$") if numeric and text != MISSING else escaped


def write_tables(
    tables: Mapping[str, pd.DataFrame], files: Mapping[str, str | Path], target: str
) -> None:
    """Write tables to `{name}_csv` (short column names, unrounded), and as `md`, `tex` and `html`.

    Args:
        tables: The tables by name.
        files: The paths by name and format.
        target: The target of the study.
    """
    for name, table in tables.items():
        write_table(files[f"{name}_csv"], table)
        write_text(files[f"{name}_md"], to_markdown(table))
        write_text(files[f"{name}_tex"], to_tex(table))
        write_text(files[f"{name}_html"], to_html(table, name, target))
