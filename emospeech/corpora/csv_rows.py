"""Validated access to the rows of a hand-written CSV file; errors name the line."""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError, access_error

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
LINE_END = re.compile(rb"\r\n|\r|\n")
BREAK = re.compile(r"[\r\n]+")  # in a quoted cell
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
# Written by programs for a missing value, and therefore not accepted as a name.
MISSING = {"nan", "na", "n/a", "#n/a", "null", "none"}


@dataclass(frozen=True)
class Row:
    """A row of a CSV file."""

    path: Path
    line: int  # on which the row starts
    cells: dict[str, str]  # by column, without surrounding space

    def error(self, problem: str) -> CorpusError:
        """Return a CorpusError with the file and line of this row."""
        return CorpusError(self.path, problem, self.line)

    def text(self, column: str, required: bool = False, is_name: bool = False) -> str:
        """Return a cell, or "" if the column does not exist.

        Raise CorpusError if a required cell is empty, or if a required cell or a name contains a
        missing value such as "nan".
        """
        cell = self.cells.get(column, "")
        if required and not cell:
            raise self.error(f"`{column}` is empty. Fill it in; it is required in every row.")
        if (required or is_name) and cell.lower() in MISSING:
            remedy = "Fill it in; it is required in every row"
            if not required:
                remedy = "Use another name, or leave the cell empty"
            raise self.error(f"`{column}` is `{cell}`, a missing value. {remedy}.")
        return cell

    def number(
        self, column: str, low: float = -math.inf, high: float = math.inf, required: bool = False
    ) -> float:
        """Return a cell as a number between `low` and `high`, NaN if it is empty."""
        cell = self.cells.get(column, "")
        if not cell and not required:
            return math.nan
        value = float(cell) if NUMBER.fullmatch(cell) else math.nan
        if not (math.isfinite(value) and low <= value <= high):
            expected = "a number" if math.isinf(low) else f"a number from {low:g}"
            expected += "" if math.isinf(high) else f" to {high:g}"
            expected += "" if required else " or leave the cell empty"
            raise self.error(f"`{column}` is `{cell}`. Use {expected}.")
        return value


def read_rows(
    path: str | Path, required: Sequence[str], known: Collection[str], issues: IssueCounts
) -> Iterator[Row]:
    """Yield the rows of a CSV file in UTF-8 with commas and a header.

    Empty rows and unknown columns are counted and skipped. A first line `sep=,`, which tells Excel
    the delimiter, is skipped.

    Args:
        path: The file.
        required: Columns that the file must have.
        known: All columns that the caller uses.
        issues: Receives the counts.

    Raises:
        CorpusError: The file cannot be read, lacks a column, or has a row with too few or too many
            cells.
    """
    path = Path(path)
    lines = _split(path, _decode(path))
    header_line, names = _header(lines)
    _check_header(path, header_line, names, required)
    for name in names:
        issues.left_out[f"unknown column `{name}` in {path.name}"] += name not in known
    for line, cells in lines:
        if not any(cells):
            issues.left_out[f"empty row in {path.name}"] += 1
        elif len(cells) != len(names):
            problem = f"has {len(cells)} cells, but there are {len(names)} columns"
            raise CorpusError(path, f'{problem}. Put cells that contain commas in "quotes".', line)
        else:
            yield Row(path, line, dict(zip(names, cells, strict=True)))


def read_columns(path: str | Path) -> list[str]:
    """Return the column names of a CSV file that `read_rows` can read.

    Raises:
        CorpusError: The file cannot be read.
    """
    path = Path(path)
    return _header(_split(path, _decode(path)))[1]


def _header(lines: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    """Return the line number and the cells of the header, which may follow a line `sep=,`."""
    line, names = next(lines, (1, []))
    separator_line = ",".join(names).casefold()  # may be quoted or padded with commas
    if separator_line.rstrip(",") == "sep=" and "," in separator_line:
        return next(lines, (2, []))
    return line, names


def _split(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the stripped cells of each row, including the header."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [BREAK.sub(" ", cell).strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"is not valid CSV from this line on ({error})"
        raise CorpusError(path, f"{problem}. Check its quotes.", line) from error


def _decode(path: Path) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise access_error(path, error, CorpusError) from error
    except UnicodeDecodeError as error:
        line = len(LINE_END.findall(error.object[: error.start])) + 1
        raise CorpusError(path, "is not UTF-8. Save it as CSV in UTF-8.", line) from error
    if "\0" in text:
        line = len(LINE_END.findall(text.partition("\0")[0].encode())) + 1
        raise CorpusError(path, "contains a NUL byte. Save it as CSV in UTF-8.", line)
    if not text.strip():
        raise CorpusError(path, "is empty. Put the names of the columns on its first line.")
    return text


def _check_header(path: Path, line: int, names: list[str], required: Sequence[str]) -> None:
    if missing := [name for name in required if name not in names]:
        problem = f"lacks the column {', '.join(missing)}"
        for delimiter, word in OTHER_DELIMITERS.items():
            if any(delimiter in name for name in names):
                raise CorpusError(path, f"{problem}. Use commas instead of {word}.", line)
        raise CorpusError(path, f"{problem}. Required columns: {','.join(required)}.", line)
    for index, name in enumerate(names):
        if name and name in names[:index]:
            raise CorpusError(path, f"has two columns `{name}`. Remove one.", line)
