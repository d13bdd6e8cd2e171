"""Tables that a person wrote: the line by which Excel is told the delimiter."""

import pytest

from emospeech.corpora.rows import read_rows
from emospeech.corpora.tables import Tally
from emospeech.runtime.errors import CorpusError

HEADER = "recording,start,end"
ROWS = ["a1,0.1,0.5", "", '"a2",0.6,0.9']


def read(path, *lines, end="\n"):
    """Return (line, cells) of each row, and what was left out."""
    path.write_text(end.join(lines), encoding="utf-8", newline="")
    tally = Tally()
    rows = list(read_rows(path, ["recording", "start"], HEADER.split(","), tally))
    return [(row.line, row.cells) for row in rows], tally.as_dict()


@pytest.mark.parametrize("first", ["sep=,", '"sep=,"', "SEP=,", "sep=,,,", "\ufeffsep=,"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_that_tells_excel_the_delimiter_is_skipped(tmp_path, first, end):
    path = tmp_path / "recordings.csv"
    plain, left_out = read(path, HEADER, *ROWS, end=end)
    assert [line for line, _ in plain] == [2, 4]
    told = read(path, first, HEADER, *ROWS, end=end)
    assert told == ([(line + 1, cells) for line, cells in plain], left_out)


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
def test_a_fault_after_that_line_has_its_own_line(tmp_path, lines, line):
    path = tmp_path / "words.csv"
    with pytest.raises(CorpusError) as caught:
        read(path, *lines)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("first", ["sep=;", "sep=\t", "sep=|", "sep="])
@pytest.mark.parametrize("mark", [",", ";"])
def test_another_delimiter_is_refused(tmp_path, first, mark):
    path = tmp_path / "recordings.csv"
    with pytest.raises(CorpusError) as caught:
        read(path, first, *(line.replace(",", mark) for line in (HEADER, *ROWS)))
    assert str(caught.value).startswith(f"{path}:1: ")
    assert "recording" in str(caught.value).removeprefix(str(path))
