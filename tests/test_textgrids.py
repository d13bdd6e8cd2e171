"""TextGrids of forced aligners: all text formats of Praat, and damaged files."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid

from emospeech.corpora.textgrids import find_textgrids, read_textgrid
from emospeech.runtime.errors import CorpusError

# Intervals (start, end, label) without gaps, as aligners write them.
INTERVALS = [
    (0, 0.13, ""),
    (0.13, 0.5, "Grüße"),
    (0.5, 0.75, 'the "dog"'),
    (0.75, 0.8, "sp"),
    (0.8, 1.21, "<unk>"),
    (1.21, 1.5, "<eps>"),
]
PHONES = [(0, 1.5, "words")]
WORDS = [(label, start, end) for start, end, label in INTERVALS if label not in ("", "sp", "<eps>")]


def quoted(label):
    return '"' + label.replace('"', '""') + '"'


def long_text(tiers, kind="IntervalTier"):
    """Return a TextGrid as in Praat's manual, written without praatio."""
    end = max(end for intervals in tiers.values() for _, end, _ in intervals)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 "]
    lines += [f"xmax = {end} ", "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", f'        class = "{kind}" ']
        lines += [f'        name = "{name}" ', "        xmin = 0 ", f"        xmax = {end} "]
        lines += [f"        intervals: size = {len(intervals)} "]
        for index, (start, stop, label) in enumerate(intervals, start=1):
            lines += [f"        intervals [{index}]:", f"            xmin = {start} "]
            lines += [f"            xmax = {stop} ", f"            text = {quoted(label)} "]
    return "\n".join(lines)


def short_text(tiers):
    end = max(end for intervals in tiers.values() for _, end, _ in intervals)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", str(end)]
    lines += ["<exists>", str(len(tiers))]
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", str(end), str(len(intervals))]
        for start, stop, label in intervals:
            lines += [str(start), str(stop), quoted(label)]
    return "\n".join(lines)


FORMATS = {"long": long_text, "short": short_text}


def by_tokens(text):
    """Return the words of a TextGrid with the tier `words` first, as Praat's manual describes.

    Praat reads numbers, quoted texts and flags, and ignores all other characters.
    """
    tokens = re.findall(r'"(?:[^"]|"")*"|(?<![\w\["])-?\d+(?:\.\d+)?(?![\w\]])', text)
    _, _, _, _, _, _, _, _, _, size, *rest = tokens
    rows = [rest[3 * index : 3 * index + 3] for index in range(int(size))]
    texts = [(row[2][1:-1].replace('""', '"'), float(row[0]), float(row[1])) for row in rows]
    return [row for row in texts if row[0].lower() not in ("", "sp", "sil", "<eps>", "spn")]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_words_are_read_from_all_text_formats(tmp_path, write, encoding, line_end):
    text = write({"phones": PHONES, "words": INTERVALS}).replace("\n", line_end)
    (tmp_path / "a.TextGrid").write_bytes(text.encode(encoding))
    assert read_textgrid(tmp_path / "a.TextGrid") == WORDS


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 999), st.text("aé\" \u0101-'0", max_size=4)), min_size=1),
    st.sampled_from(["long_textgrid", "short_textgrid"]),
)
def test_files_of_praatio_are_read_as_by_another_parser(tmp_path_factory, parts, form):
    path = tmp_path_factory.mktemp("grid") / "a.TextGrid"
    intervals, start = [], 0.0
    for milliseconds, label in parts:
        end = round(start + milliseconds / 1000, 3)
        intervals.append((start, end, label))
        start = end
    grid = textgrid.Textgrid()
    for name in ("words", "phones"):
        grid.addTier(textgrid.IntervalTier(name, intervals, 0, start))
    grid.save(str(path), form, includeBlankSpaces=True)
    assert read_textgrid(path) == by_tokens(path.read_text())


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_no_word_of_a_truncated_file_is_lost_silently(tmp_path, write):
    text, path = write({"words": INTERVALS, "phones": PHONES}), tmp_path / "a.TextGrid"
    read = 0
    for length in range(len(text)):
        path.write_text(text[:length])
        try:
            words = read_textgrid(path)
        except CorpusError:
            continue
        assert words == WORDS
        read += 1
    assert read < len(text) / 4, "cut in the second tier"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (long_text({"phones": PHONES, "ann - words": INTERVALS}), "phones, ann - words"),
        (long_text({"words": INTERVALS}).replace("IntervalTier", "TextTier"), "words"),
        (short_text({"words": INTERVALS}).replace("0.5\n", "nan\n"), "nan"),
        (long_text({"words": INTERVALS}).encode("latin-1"), "UTF-8"),
        (b"ooBinaryFile\x08TextGrid", "TextGrid"),
        ("", "TextGrid"),
        ("{}", "TextGrid"),
    ],
)
def test_file_that_cannot_be_used_is_an_error(tmp_path, data, named):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(CorpusError, match=rf"^{re.escape(str(path))}: .*{named}"):
        read_textgrid(path)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"a\.TextGrid: "):
        read_textgrid(tmp_path / "a.TextGrid")


def test_textgrids_are_found_in_folders_of_speakers(tmp_path):
    for name in ("ann/a1.TextGrid", "bob/b1.textgrid", "._b1.TextGrid", "bob/b1.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    expected = {"a1": tmp_path / "ann/a1.TextGrid", "b1": tmp_path / "bob/b1.textgrid"}
    assert find_textgrids(tmp_path) == expected
    (tmp_path / "bob/a1.TextGrid").touch()
    with pytest.raises(CorpusError, match=r"bob/a1\.TextGrid: .*ann/a1\.TextGrid"):
        find_textgrids(tmp_path)
