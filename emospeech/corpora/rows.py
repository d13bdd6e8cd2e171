"""Rows of a CSV file that a person wrote: each fault in one is told with its line."""

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from emospeech.runtime.errors import CorpusError, access_error

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
LINE_END = re.compile(rb"\r\n|\r|\n")
BREAK = re.compile(r"[\r\n]+")  # in a cell between quotes
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
# What programs write for a missing value. As a name of a speaker it is taken for an error.
MISSING = {"nan", "na", "n/a", "#n/a", "null", "none"}


@dataclass(frozen=True)
class Row:
    """One row: its file, the line that it starts on, and its cells by column."""

    path: Path
    line: int
    cells: dict

    def fault(self, problem):
        """Return the CorpusError of this row, to be raised."""
        return CorpusError(self.path, problem, self.line)

    def text(self, column, required=False):
        """Return a cell, empty where there is none; a required one must hold a name."""
        cell = self.cells.get(column, "")
        if required and not cell:
            raise self.fault(f"`{column}` is empty; it is needed in every row")
        if required and cell.lower() in MISSING:
            raise self.fault(f"`{column}` is `{cell}`, as for a missing value; fill it in")
        return cell

    def number(self, column, low=-math.inf, high=math.inf, required=False):
        """Return a cell as a float from `low` to `high`, NaN where it is empty."""
        cell = self.cells.get(column, "")
        if not cell and not required:
            return math.nan
        asked = "a number" if math.isinf(low) else f"a number from {low:g}"
        asked += "" if math.isinf(high) else f" to {high:g}"
        value = float(cell) if NUMBER.fullmatch(cell) else math.nan
        if not (math.isfinite(value) and low <= value <= high):
            allowed = "" if required else ", or an empty cell"
            raise self.fault(f"`{column}` is `{cell}`; expected {asked}{allowed}")
        return value


def read_rows(path, needed, known, tally):
    """Yield the rows of the CSV file at `path`: UTF-8, commas, the names of the columns first.

    Columns that are not `known` and empty rows are left out and counted. Space around a cell goes.
    A first line `sep=,`, which tells Excel the delimiter, is skipped.
    Raises CorpusError for a file that is none, is empty or lacks a `needed` column, and for a row
    with other than one cell a column.
    """
    lines = _lines(Path(path))
    header_line, names = next(lines, (1, []))
    if _is_separator_line(names):
        header_line, names = next(lines, (2, []))
    _check_header(path, header_line, names, needed)
    for name in names:
        tally.left_out[f"column `{name}` of {Path(path).name}"] += name not in known
    for line, cells in lines:
        if not any(cells):
            tally.left_out[f"empty row of {Path(path).name}"] += 1
        elif len(cells) != len(names):
            problem = f"has {len(cells)} cells, but there are {len(names)} columns"
            raise CorpusError(path, f'{problem}; put a cell with a comma into "quotes"', line)
        else:
            yield Row(Path(path), line, dict(zip(names, cells, strict=True)))


def _lines(path):
    """Yield (line, cells) of each row, the header among them, without space around the cells."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [BREAK.sub(" ", cell).strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(path, f"is not CSV from here on ({error})", line) from error


def _text(path):
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise access_error(path, error, CorpusError) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(LINE_END.findall(data[: error.start])) + 1
        raise CorpusError(path, "is not UTF-8 here; save it as CSV in UTF-8", line) from error
    if "\0" in text:
        line = len(LINE_END.findall(text.partition("\0")[0].encode())) + 1
        raise CorpusError(path, "holds a zero byte; save it as CSV in UTF-8", line)
    if not text.strip():
        raise CorpusError(path, "is empty; its first line holds the names of the columns")
    return text


def _is_separator_line(cells):
    """Return whether the cells of the first line are Excel's `sep=,`, perhaps quoted or padded."""
    line = ",".join(cells).casefold()
    return line.rstrip(",") == "sep=" and "," in line


def _check_header(path, line, names, needed):
    if lacking := [name for name in needed if name not in names]:
        problem = f"lacks the column {', '.join(lacking)}"
        for mark, word in OTHER_DELIMITERS.items():
            if any(mark in name for name in names):
                problem += f"; columns seem to be divided by {word}, but commas are expected"
                break
        raise CorpusError(path, f"{problem}; needed are {','.join(needed)}", line)
    for number, name in enumerate(names):
        if name and name in names[:number]:
            raise CorpusError(path, f"has two columns `{name}`", line)
