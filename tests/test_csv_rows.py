"""CSV files with a first line that tells Excel the delimiter."""

import pytest

from emospeech.corpora.csv_rows import read_rows
from emospeech.corpora.issues import IssueCounts
from emospeech.runtime.errors import CorpusError

HEADER = "recording,start,end"
ROWS = ["a1,0.1,0.5", "", '"a2",0.6,0.9']


def read(path, *lines, end="\n"):
    """Return (line, cells) of each row, and the issue counts."""
    path.write_text(end.join(lines), encoding="utf-8", newline="")
    issues = IssueCounts()
    rows = list(read_rows(path, ["recording", "start"], HEADER.split(","), issues))
    return [(row.line, row.cells) for row in rows], issues.to_dict()


@pytest.mark.parametrize("first", ["sep=,", '"sep=,"', "SEP=,", "sep=,,,", "\ufeffsep=,"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separator_line_is_skipped(tmp_path, first, end):
    path = tmp_path / "recordings.csv"
    plain, counts = read(path, HEADER, *ROWS, end=end)
    assert [line for line, _ in plain] == [2, 4]
    with_separator = read(path, first, HEADER, *ROWS, end=end)
    assert with_separator == ([(line + 1, cells) for line, cells in plain], counts)


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["sep=,", "recording,end"], 2),
        (["sep=,", "recording,start,start"], 2),
        (["sep=,", HEADER, "a1,0.1"], 3),
        (["sep=,"], 2),
        (["sep=,", "sep=,", HEADER], 2),
        ([HEADER, "sep=,"], 2),
    ],
)
def test_errors_after_the_separator_line_name_their_line(tmp_path, lines, line):
    path = tmp_path / "words.csv"
    with pytest.raises(CorpusError) as caught:
        read(path, *lines)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("first", ["sep=;", "sep=\t", "sep=|", "sep="])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_other_delimiters_are_errors(tmp_path, first, delimiter):
    path = tmp_path / "recordings.csv"
    with pytest.raises(CorpusError) as caught:
        read(path, first, *(line.replace(",", delimiter) for line in (HEADER, *ROWS)))
    assert str(caught.value).startswith(f"{path}:1: ")
    assert "recording" in str(caught.value).removeprefix(str(path))
