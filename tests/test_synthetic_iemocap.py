"""The synthetic IEMOCAP: its plan, its files, and what the audio reveals about the labels."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy.stats import spearmanr

from emospeech.corpora import iemocap_release as release
from emospeech.corpora.iemocap import read_iemocap
from emospeech.labels import LabelSettings
from emospeech.runtime.errors import InputError
from emospeech.synthetic import iemocap_plan
from emospeech.synthetic.iemocap import (
    IemocapSettings,
    utterance_audio,
    utterance_segments,
    write_iemocap,
)
from emospeech.synthetic.iemocap_annotations import split_average
from tests.conftest import file_digests

SMALL = IemocapSettings(utterances=40)
NAME = re.compile(r"Ses0[1-5][FM]_(impro0[1-8][ab]?|script0[1-3]_[123][ab]?)_[FM]\d{3}")
HEAD = re.compile(
    r"\[\d+\.\d{4} - \d+\.\d{4}\]\t(\S+)\t(\w{3})\t\[(\d\.\d{4}), (\d\.\d{4}), (\d\.\d{4})\]"
)
ROW = re.compile(r"A-([EFM]\d):\tval (\d); act (\d); dom  (\d?);\t\(.*\)")


@pytest.fixture(scope="module")
def full():
    return iemocap_plan.release_plan(1)


def test_the_four_usual_classes_have_the_sizes_of_the_release(full):
    """Together they are the 5,531 utterances of the usual benchmark."""
    classes = {"angry": ["ang"], "happy": ["hap", "exc"], "neutral": ["neu"], "sad": ["sad"]}
    labels = LabelSettings(target="emotion", classes=classes)
    numbers = labels.class_numbers(full["emotion"])
    assert [(numbers == number).sum() for number in range(1, 5)] == [1103, 1636, 1708, 1084]
    assert np.isnan(numbers).sum() == len(full) - 5531


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "IEMOCAP"
    write_iemocap(root, SMALL, workers=1)
    return root


def visible(root, pattern):
    return [path for path in sorted(root.glob(pattern)) if not path.name.startswith(".")]


def read_labels(root):
    """Yield (utterance, averages, [(rater, val, act, dom)]) of all turns in the label files."""
    for path in visible(root, "Session*/dialog/EmoEvaluation/*.txt"):
        header, _, body = path.read_text("latin-1").partition("\n\n")
        assert header == "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
        for block in body.strip().split("\n\n"):
            head, *rows = block.split("\n")
            name, _, *averages = HEAD.fullmatch(head).groups()
            assert name.startswith(path.stem)
            assert all(re.match(r"[AC]-[EFM]", row) for row in rows)
            raters = [ROW.fullmatch(row).groups() for row in rows if row.startswith("A-")]
            yield name, list(map(float, averages)), raters


def test_plan_matches_the_totals_and_durations_of_the_release(full):
    assert full["speaker"].value_counts().to_dict() == release.TURNS
    assert full["session"].value_counts().sort_index().tolist() == [1819, 1811, 2136, 2103, 2170]
    assert full["dialogue"].str.contains("impro").sum() == 4784
    found = {round(value, 2): n for value, n in full["valence"].value_counts().items()}
    assert found == {round(value, 2): n for value, n in release.VALENCES.items()}
    assert (found[2.0], found[4.0], found[5.5], found[1.33]) == (2075, 1347, 4, 18)
    emotions = full["emotion"].value_counts()
    assert (emotions["xxx"], emotions["fru"], emotions["dis"]) == (2507, 1849, 2)
    dialogues = full.groupby("session")["dialogue"].nunique()
    assert dialogues.tolist() == [28, 30, 32, 30, 31]
    seconds = full["end"] - full["start"]
    assert seconds.sum() / 3600 == pytest.approx(12.44, abs=0.01)
    assert seconds.median() == pytest.approx(3.52, abs=0.01)
    assert (seconds.min(), seconds.max()) == pytest.approx((0.585, 34.1), abs=1e-3)


def test_names_are_regular_and_unique_and_include_the_irregular_ones(full):
    assert full["utterance"].is_unique
    assert full["utterance"].str.fullmatch(NAME.pattern).all()
    six = full[full["valence"] == 5.5]["utterance"]
    assert set(six) == {f"Ses03M_impro07_M0{n}" for n in ("03", "10", "13", "21")}
    missing = full[~full["aligned"]]["utterance"]
    assert set(missing) == {"Ses03F_impro07_M030", "Ses03M_impro03_M001"}
    irregular = {"Ses03M_impro05a", "Ses03M_impro08b", "Ses05M_script01_1b"}
    assert irregular <= set(full["dialogue"])
    assert not {"Ses03M_impro05", "Ses01F_impro08"} & set(full["dialogue"])


def test_labels_are_independent_of_everything_but_each_other(full):
    valence = full["valence"]
    turn = full.groupby("dialogue").cumcount()
    for other in (full["end"] - full["start"], turn, np.arange(len(full)), full["wordless"]):
        assert abs(spearmanr(valence, other)[0]) < 0.035  # 3.5 standard deviations at this n
    means = full.groupby("speaker")["valence"].mean()
    assert means.max() - means.min() < 0.15
    activation = full.groupby("emotion")["activation"].mean()
    assert activation["ang"] > activation["neu"] + 0.8 > activation["sad"]
    assert abs(spearmanr(valence, full["activation"])[0]) < 0.35


@pytest.mark.parametrize("n", [40, 600, 3000])
def test_samples_are_stratified_and_contain_all_irregularities(full, n):
    sample = iemocap_plan.draw_plan(n, seed=1)
    assert len(sample) == n
    assert sample["utterance"].is_unique
    required = full.loc[iemocap_plan.required_rows(full), "utterance"]
    assert set(required) <= set(sample["utterance"]) <= set(full["utterance"])
    if n >= 600:
        assert sample["dialogue"].nunique() == 151
        assert sample["valence"].mean() == pytest.approx(full["valence"].mean(), abs=0.05)
        shares = sample["speaker"].value_counts() / n
        assert shares.to_dict() == pytest.approx(
            {speaker: turns / 10039 for speaker, turns in release.TURNS.items()}, abs=0.02
        )


@pytest.mark.parametrize("n", [5, 10040])
def test_impossible_numbers_of_utterances_are_rejected(tmp_path, n):
    with pytest.raises(InputError, match=r"corpora\.synthetic\.utterances"):
        write_iemocap(tmp_path, IemocapSettings(utterances=n), workers=1)


def test_bytes_depend_only_on_utterance_and_seed(corpus, tmp_path):
    write_iemocap(tmp_path / "two", SMALL, workers=2)
    assert file_digests(tmp_path / "two") == file_digests(corpus)
    write_iemocap(tmp_path / "more", replace(SMALL, utterances=55), workers=2)
    wavs = {path.name: path for path in (tmp_path / "more").rglob("*.wav")}
    shared = [path for path in corpus.rglob("*.wav") if path.name in wavs]
    assert len(shared) > 15
    assert all(path.read_bytes() == wavs[path.name].read_bytes() for path in shared)
    write_iemocap(tmp_path / "seed", replace(SMALL, seed=2), workers=2)
    own, others = (
        {path.read_bytes() for path in root.rglob("*.wav")} for root in (corpus, tmp_path / "seed")
    )
    assert own.isdisjoint(others)


def test_ratings_average_to_the_label_and_missing_numbers_count_as_zero(corpus):
    halves, sixes = 0, 0
    for _, averages, rows in read_labels(corpus):
        external = [row for row in rows if row[0].startswith("E")]
        assert 2 <= len(external) <= 4
        means = [np.mean([int(row[index] or 0) for row in external]) for index in (1, 2, 3)]
        assert means == pytest.approx(averages, abs=1e-4)
        halves += averages[2] == 0.5
        sixes += any(row[1] == "6" for row in external)
    assert (halves, sixes) == (3, 5)


def test_attribute_files_are_reversed(corpus):
    external = {name: {row[0]: row for row in rows} for name, _, rows in read_labels(corpus)}
    pattern = re.compile(r"(\S+) :act (\d); :val (\d); :dom (\d?); \(.*\)")
    seen = 0
    for path in visible(corpus, "Session*/dialog/EmoEvaluation/Attribute/*_atr.txt"):
        rater = path.stem.split("_")[-2].upper()
        for line in path.read_text("latin-1").splitlines():
            name, activation, valence, dominance = pattern.fullmatch(line).groups()
            row = external[name][rater]
            assert (6 - int(valence), 6 - int(activation)) == (int(row[1]), int(row[2]))
            assert dominance == row[3]
            seen += 1
    assert seen >= 80


def test_alignments_match_the_audio(corpus):
    wordless = 0
    for path in visible(corpus, "Session*/sentences/ForcedAlignment/*/*.wdseg"):
        header, *rows, total = path.read_text("latin-1").splitlines()
        assert header == "\t SFrm  EFrm    SegAScr Word"
        assert total.startswith(" Total score: ")
        frames = [tuple(map(int, row.split()[:2])) for row in rows]
        assert all(re.fullmatch(r"\t {0,4}\d+ {1,5}\d+ {1,9}-\d+ \S+", row) for row in rows)
        following = [start for start, _ in frames[1:]]
        assert following == [end + 1 for _, end in frames[:-1]]
        wav = path.parents[2] / "wav" / path.parent.name / f"{path.stem}.wav"
        info = soundfile.info(wav)
        assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
        assert 0 <= info.duration - (frames[-1][1] + 1) / 100 < 0.01
        assert_words_are_louder_than_silence(wav, rows)
        wordless += not any(re.match(r"[A-Z']", row.split()[3]) for row in rows)
    assert wordless >= 3


def assert_words_are_louder_than_silence(wav, rows):
    signal, rate = soundfile.read(wav)
    spoken = np.zeros(len(signal), bool)
    for row in rows[1:-1]:
        start, end, _, word = row.split()
        if not re.match(r"<|\+", word):
            spoken[int(start) * rate // 100 : (int(end) + 1) * rate // 100] = True
    silence = signal[: max(0, (int(rows[0].split()[1]) - 1) * rate // 100)]
    if spoken.any() and len(silence) > 400:
        assert np.mean(signal[spoken] ** 2) > 10 * np.mean(silence**2)


def test_reader_finds_every_irregularity_at_the_smallest_size(corpus):
    found = read_iemocap(corpus)
    assert len(found.recordings) == 40
    counts = Counter(found.summary["left_out"]) + Counter(found.summary["irregular"])
    assert counts["no forced alignment"] == 2
    assert counts["rating of 6 dropped"] == 5
    assert counts["missing rating"] == 3
    assert counts["alignment without words"] >= 3
    assert len(list(corpus.rglob("._*.txt"))) >= 20
    text = b"".join(p.read_bytes() for p in corpus.glob("Session*/dialog/EmoEvaluation/*.txt"))
    assert b"dom  ;" in text
    for row in (rb"\nC-E\d:\t", rb"\n[AC]-F1:\t", rb"\n[AC]-M1:\t", rb"\(.*;.*\)", rb"\(.*,.*\)"):
        assert re.search(row, text)
    labels = [p.read_bytes() for p in corpus.glob("Session*/sentences/ForcedAlignment/*/*.wdseg")]
    assert any(re.search(rb"[A-Z]\(\d\)\n", label) for label in labels)


def test_transcriptions_contain_a_line_for_every_turn(corpus):
    lines = []
    for path in visible(corpus, "Session*/dialog/transcriptions/*.txt"):
        lines += path.read_text("latin-1").splitlines()
    assert len(lines) == 40
    assert all(re.fullmatch(r"\S+ \[\d{3,4}\.\d{4}-\d{3,4}\.\d{4}\]: .+", line) for line in lines)


@pytest.mark.parametrize(("average", "raters"), [(1, 2), (4.5, 2), (7 / 3, 3), (4.25, 4), (5, 4)])
def test_split_average_keeps_the_average(average, raters):
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert np.mean(split_average(average, raters, rng)) == pytest.approx(average)
    with pytest.raises(ValueError, match="cannot average"):
        split_average(average + 0.1, raters, rng)


def test_valence_is_audible_in_the_spectrum_but_not_in_the_level():
    rows = []
    for turn in iemocap_plan.to_turns(iemocap_plan.draw_plan(130, seed=1)):
        if turn.end - turn.start < 6 and not turn.wordless:
            segments = utterance_segments(turn, seed=1)
            signal = utterance_audio(turn, segments, seed=1)
            neutral = utterance_audio(replace(turn, valence=3.0), segments, seed=1)
            rms, peak = np.sqrt(np.mean(signal**2)), np.abs(signal).max()
            rows.append((turn.valence, brightness(signal), brightness(neutral), rms, peak))
    valence, bright, *others = np.transpose(rows)
    assert spearmanr(valence, bright)[0] > 0.3
    for other in others:  # the brightness of neutral speech, and the levels
        assert abs(spearmanr(valence, other)[0]) < 0.3


def brightness(signal):
    power = np.abs(np.fft.rfft(signal)) ** 2
    frequency = np.fft.rfftfreq(len(signal), 1 / 16000)
    high, low = (
        power[(first < frequency) & (frequency < last)].sum()
        for first, last in ((2800, 4500), (0, 1000))
    )
    return np.log(high / low)


def test_words_and_silences_do_not_depend_on_the_labels(full):
    for turn in iemocap_plan.to_turns(full.iloc[:20]):
        other = replace(turn, valence=5.0, activation=1.0, emotion="hap", dominance=2.0)
        assert utterance_segments(turn, 1) == utterance_segments(other, 1)


def test_silent_wavs_have_the_same_durations(corpus, tmp_path):
    write_iemocap(tmp_path, replace(SMALL, audio=False), workers=1)
    for path in corpus.rglob("*.wav"):
        silent = tmp_path / path.relative_to(corpus)
        assert soundfile.info(silent).frames == soundfile.info(path).frames
        assert not soundfile.read(silent)[0].any()
