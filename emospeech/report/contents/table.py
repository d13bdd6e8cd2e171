"""A table of the page: its caption, its layout, and the files that hold it as well."""

from dataclasses import dataclass

from emospeech.report.layout import Layout, arrange


@dataclass(frozen=True)
class Table:
    """A table on the page: an id, a caption (its name in bold first), and its layout."""

    id: str
    name: str
    caption: str
    layout: Layout
    marked: frozenset = frozenset()  # rows to be set off
    files: tuple = ()  # where it also lies, from the folder of the page
    sortable: bool = False  # by a press on a heading
    parted: str = ""  # the heading of the column whose changes are ruled off


def make_table(name, title, caption, frame, **more):
    """The Table of a data frame; `more` are its further fields."""
    return Table(name, title, caption, arrange(frame), **more)


def files_of(name):
    """The files of a table that the workflow writes, from the folder of the page."""
    return tuple(f"tables/{name}.{suffix}" for suffix in ("csv", "tex", "md"))


def count_of(number, thing):
    """A number of things in words: 1 trial, 2 trials."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def evidence_of(evidence, texts):
    """The Tables of those names in `texts` that `evidence` has rows of.

    `evidence` maps a name to a data frame, `texts` a name to a title and a caption.
    """
    tables = []
    for name, (title, caption) in texts.items():
        if name in evidence and len(evidence[name]):
            parted = {"slices": "By", "neighbours": "The same"}.get(name, "Task")
            more = {"files": files_of(name), "parted": parted}
            tables.append(make_table(name, title, caption, evidence[name], **more))
    return tables
