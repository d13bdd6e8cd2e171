"""The synthetic IEMOCAP: its plan, its files, and what its audio gives away of the labels."""

import hashlib
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy.stats import spearmanr

from emospeech.corpora import iemocap_release as release
from emospeech.corpora.iemocap import read_iemocap
from emospeech.runtime.errors import InputError
from emospeech.synthetic import iemocap, plan
from emospeech.synthetic.iemocap import IemocapSettings, write_iemocap
from emospeech.synthetic.ratings import split_average
from emospeech.synthetic.sample import needed, sample_plan

TINY = IemocapSettings(utterances=40)
NAME = re.compile(r"Ses0[1-5][FM]_(impro0[1-8][ab]?|script0[1-3]_[123][ab]?)_[FM]\d{3}")
HEAD = re.compile(
    r"\[\d+\.\d{4} - \d+\.\d{4}\]\t(\S+)\t(\w{3})\t\[(\d\.\d{4}), (\d\.\d{4}), (\d\.\d{4})\]"
)
ROW = re.compile(r"A-([EFM]\d):\tval (\d); act (\d); dom  (\d?);\t\(.*\)")


@pytest.fixture(scope="module")
def full():
    return plan.release_plan(1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "IEMOCAP"
    write_iemocap(root, TINY, workers=1)
    return root


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def visible(root, pattern):
    return [path for path in sorted(root.glob(pattern)) if not path.name.startswith(".")]


def blocks(root):
    """All turns of the label files: (utterance, bracket, [(rater, val, act, dom)])."""
    for path in visible(root, "Session*/dialog/EmoEvaluation/*.txt"):
        header, _, body = path.read_text("latin-1").partition("\n\n")
        assert header == "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
        for block in body.strip().split("\n\n"):
            head, *rows = block.split("\n")
            name, _, *averages = HEAD.fullmatch(head).groups()
            assert name.startswith(path.stem)
            raters = [ROW.fullmatch(row) for row in rows if row.startswith("A-")]
            assert all(row[:3] in ("A-E", "A-F", "A-M", "C-E", "C-F", "C-M") for row in rows)
            yield name, list(map(float, averages)), [rater.groups() for rater in raters]


def test_the_plan_has_the_totals_of_the_release(full):
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


def test_the_plan_has_the_durations_of_the_release(full):
    seconds = full["end"] - full["start"]
    assert seconds.sum() / 3600 == pytest.approx(12.44, abs=0.01)
    assert seconds.median() == pytest.approx(3.52, abs=0.01)
    assert (seconds.min(), seconds.max()) == pytest.approx((0.585, 34.1), abs=1e-3)


def test_names_are_regular_unique_and_the_named_ones_are_there(full):
    assert full["utterance"].is_unique
    assert full["utterance"].map(lambda name: bool(NAME.fullmatch(name))).all()
    six = full[full["valence"] == 5.5]["utterance"]
    assert set(six) == {f"Ses03M_impro07_M0{n}" for n in ("03", "10", "13", "21")}
    missing = full[~full["aligned"]]["utterance"]
    assert set(missing) == {"Ses03F_impro07_M030", "Ses03M_impro03_M001"}
    irregular = {"Ses03M_impro05a", "Ses03M_impro08b", "Ses05M_script01_1b"}
    assert irregular <= set(full["dialogue"])
    assert not {"Ses03M_impro05", "Ses01F_impro08"} & set(full["dialogue"])


def test_labels_depend_on_neither_speaker_length_nor_place(full):
    valence = full["valence"]
    turn = full.groupby("dialogue").cumcount()
    for other in (full["end"] - full["start"], turn, np.arange(len(full)), full["wordless"]):
        assert abs(spearmanr(valence, other)[0]) < 0.035  # 3.5 standard deviations at this n
    means = full.groupby("speaker")["valence"].mean()
    assert means.max() - means.min() < 0.15


def test_activation_goes_with_emotion_and_hardly_with_valence(full):
    activation = full.groupby("emotion")["activation"].mean()
    assert activation["ang"] > activation["neu"] + 0.8 > activation["sad"]
    assert abs(spearmanr(full["valence"], full["activation"])[0]) < 0.35


@pytest.mark.parametrize("n", [40, 600, 3000])
def test_a_sample_is_in_proportion_and_holds_what_is_irregular(full, n):
    sample = sample_plan(full, n, seed=1)
    assert len(sample) == n
    assert sample["utterance"].is_unique
    assert set(full.loc[needed(full), "utterance"]) <= set(sample["utterance"])
    if n >= 600:
        assert sample["dialogue"].nunique() == 151
        assert sample["valence"].mean() == pytest.approx(full["valence"].mean(), abs=0.05)
        shares = sample["speaker"].value_counts() / n
        assert shares.to_dict() == pytest.approx(
            {speaker: turns / 10039 for speaker, turns in release.TURNS.items()}, abs=0.02
        )


def test_too_few_or_too_many_utterances_are_refused():
    for n in (5, 10040):
        with pytest.raises(InputError):
            iemocap.iemocap_plan(IemocapSettings(utterances=n))


def test_the_bytes_depend_on_neither_workers_nor_the_size(corpus, tmp_path):
    write_iemocap(tmp_path / "two", TINY, workers=2)
    assert digest(tmp_path / "two") == digest(corpus)
    write_iemocap(tmp_path / "more", replace(TINY, utterances=55), workers=2)
    wavs = {path.name: path for path in (tmp_path / "more").rglob("*.wav")}
    shared = [path for path in corpus.rglob("*.wav") if path.name in wavs]
    assert len(shared) > 15
    assert all(path.read_bytes() == wavs[path.name].read_bytes() for path in shared)


def test_another_seed_gives_another_corpus(corpus, tmp_path):
    write_iemocap(tmp_path, replace(TINY, seed=2), workers=1)
    waves = [{path.read_bytes() for path in root.rglob("*.wav")} for root in (tmp_path, corpus)]
    assert waves[0].isdisjoint(waves[1])


def test_raters_average_to_the_bracket_but_where_a_number_is_missing(corpus):
    halves, sixes = 0, 0
    for _, bracket, rows in blocks(corpus):
        external = [row for row in rows if row[0].startswith("E")]
        assert 2 <= len(external) <= 4
        # A number that is missing counts as 0.
        means = [np.mean([int(row[index] or 0) for row in external]) for index in (1, 2, 3)]
        assert means == pytest.approx(bracket, abs=1e-4)
        halves += bracket[2] == 0.5
        sixes += any(row[1] == "6" for row in external)
    assert (halves, sixes) == (3, 5)


def test_attribute_files_are_reversed(corpus):
    external = {name: {row[0]: row for row in rows} for name, _, rows in blocks(corpus)}
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


def test_alignments_fit_the_audio(corpus):
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
        assert_loud_words(wav, rows)
        wordless += not any(re.match(r"[A-Z']", row.split()[3]) for row in rows)
    assert wordless >= 3


def assert_loud_words(wav, rows):
    """The signal between the times of the words is louder than that in the silences at the ends."""
    signal, rate = soundfile.read(wav)
    spoken = np.zeros(len(signal), bool)
    for row in rows[1:-1]:
        start, end, _, word = row.split()
        if not re.match(r"<|\+", word):
            spoken[int(start) * rate // 100 : (int(end) + 1) * rate // 100] = True
    silent = np.zeros(len(signal), bool)
    silent[: max(0, (int(rows[0].split()[1]) - 1) * rate // 100)] = True
    if spoken.any() and silent.sum() > 400:
        assert np.mean(signal[spoken] ** 2) > 10 * np.mean(signal[silent] ** 2)


def test_the_reader_finds_every_irregularity_at_the_smallest_size(corpus):
    found = read_iemocap(corpus)
    assert len(found.recordings) == 40
    counts = Counter(found.summary["left_out"]) + Counter(found.summary["irregular"])
    assert counts["no forced alignment"] == 2
    assert counts["rating of 6 dropped"] == 5
    assert counts["missing number"] == 3
    assert counts["alignment without words"] >= 3
    assert len(list(corpus.rglob("._*.txt"))) >= 20
    text = b"".join(p.read_bytes() for p in corpus.glob("Session*/dialog/EmoEvaluation/*.txt"))
    assert b"dom  ;" in text
    for row in (rb"\nC-E\d:\t", rb"\n[AC]-F1:\t", rb"\n[AC]-M1:\t", rb"\(.*;.*\)", rb"\(.*,.*\)"):
        assert re.search(row, text)
    labels = [p.read_bytes() for p in corpus.glob("Session*/sentences/ForcedAlignment/*/*.wdseg")]
    assert any(re.search(rb"[A-Z]\(\d\)\n", label) for label in labels)


def test_transcriptions_are_latin_1_lines_of_every_turn(corpus):
    lines = []
    for path in visible(corpus, "Session*/dialog/transcriptions/*.txt"):
        lines += path.read_text("latin-1").splitlines()
    assert len(lines) == 40
    assert all(re.fullmatch(r"\S+ \[\d{3,4}\.\d{4}-\d{3,4}\.\d{4}\]: .+", line) for line in lines)


@pytest.mark.parametrize(("average", "raters"), [(1, 2), (4.5, 2), (7 / 3, 3), (4.25, 4), (5, 4)])
def test_ratings_have_the_average(average, raters):
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert np.mean(split_average(average, raters, rng)) == pytest.approx(average)
    with pytest.raises(ValueError, match="cannot average"):
        split_average(average + 0.1, raters, rng)


@pytest.fixture(scope="module")
def heard():
    """Label, level and brightness of some 100 utterances, with the full and with no effect."""
    settings = IemocapSettings(utterances=130)
    rows = []
    for turn in plan.turns_of(iemocap.iemocap_plan(settings)):
        if turn.end - turn.start < 6 and not turn.wordless:
            segments = iemocap.utterance_layout(turn, 1)
            deaf = replace(settings, valence_strength=0.0)
            signals = [iemocap.utterance_audio(turn, segments, s) for s in (settings, deaf)]
            rows.append((turn.valence, *levels(signals[0]), *map(brightness, signals)))
    return np.array(rows)


def levels(signal):
    return np.sqrt(np.mean(signal**2)), np.abs(signal).max()


def brightness(signal):
    power = np.abs(np.fft.rfft(signal)) ** 2
    frequency = np.fft.rfftfreq(len(signal), 1 / 16000)
    bands = [
        power[(low < frequency) & (frequency < high)] for low, high in ((2800, 4500), (0, 1000))
    ]
    return np.log(bands[0].sum() / bands[1].sum())


def test_valence_is_heard_in_the_spectrum_and_only_by_its_strength(heard):
    valence, _, _, bright, deaf = heard.T
    assert spearmanr(valence, bright)[0] > 0.3
    assert abs(spearmanr(valence, deaf)[0]) < 0.3


def test_the_level_does_not_tell_the_valence(heard):
    valence, rms, peak, *_ = heard.T
    assert abs(spearmanr(valence, rms)[0]) < 0.3
    assert abs(spearmanr(valence, peak)[0]) < 0.3


def test_words_and_silences_do_not_change_with_the_label(full):
    for turn in plan.turns_of(full.iloc[:20]):
        other = replace(turn, valence=5.0, activation=1.0, emotion="hap", dominance=2.0)
        assert iemocap.utterance_layout(turn, 1) == iemocap.utterance_layout(other, 1)


def test_silent_wavs_have_the_lengths_of_the_spoken_ones(corpus, tmp_path):
    write_iemocap(tmp_path, replace(TINY, audio=False), workers=1)
    for path in corpus.rglob("*.wav"):
        silent = tmp_path / path.relative_to(corpus)
        assert soundfile.info(silent).frames == soundfile.info(path).frames
        assert not soundfile.read(silent)[0].any()
