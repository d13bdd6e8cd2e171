"""The raters' votes for emotions: readers, targets, and the comparison of the raters."""

import csv
import warnings
from collections import Counter
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from emospeech.corpora import crema_d
from emospeech.corpora.corpus_tables import RATING_COLUMNS, VOTE_COLUMNS, load_corpus, write_corpus
from emospeech.corpora.emoevaluation import parse_evaluation
from emospeech.corpora.iemocap import read_iemocap
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.manifest import read_manifest
from emospeech.corpora.votes import majority, vote_shares
from emospeech.evaluation.references import references_table
from emospeech.evaluation.scores import vote_agreement
from emospeech.labels import LabelSettings
from emospeech.runtime.errors import CorpusError
from emospeech.synthetic.iemocap import IemocapSettings, write_iemocap
from emospeech.training.fold import LabelledCorpus
from emospeech.training.targets import encode_table, load_class_votes
from tests.conftest import corpus_paths
from tests.settings import settings_of

CREMA_D = Path(__file__).parents[2] / "shared" / "crema-d" / "tabulatedVotes.csv"

# {recording: {rater: emotions that the rater named}}
VOTERS = st.dictionaries(
    st.sampled_from(["E1", "E2", "E3", "E4", "E5"]),
    st.lists(st.sampled_from(["ang", "exc", "hap", "neu", "sad"]), min_size=1, unique=True),
    min_size=1,
)
RECORDINGS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VOTERS, min_size=1)


def votes_table(recordings):
    """Return the table of votes of {recording: {rater: emotions}}."""
    rows = [
        (recording, rater, emotion)
        for recording, raters in recordings.items()
        for rater, emotions in raters.items()
        for emotion in emotions
    ]
    return pd.DataFrame(rows, columns=VOTE_COLUMNS)


def count_votes(raters):
    """Return the exact votes by emotion of {rater: emotions}."""
    totals = Counter()
    for emotions in raters.values():
        for emotion in emotions:
            totals[emotion] += Fraction(1, len(emotions))
    return totals


def winner_of(totals):
    """Return the emotion with the most votes, or None for a tie."""
    leaders = [emotion for emotion, votes in totals.items() if votes == max(totals.values())]
    return leaders[0] if len(leaders) == 1 else None


@given(RECORDINGS)
def test_the_majority_is_that_of_exact_counts(recordings):
    totals = vote_shares(votes_table(recordings)).groupby(level="recording").sum()
    winners = majority(totals.to_numpy())
    for recording, winner in zip(totals.index, winners, strict=True):
        expected = winner_of(count_votes(recordings[recording]))
        assert (totals.columns[winner] if winner >= 0 else None) == expected


# ------------------------------------------------------------------------------------ readers


def test_iemocap_rows_of_external_raters_are_read():
    text = (
        "C-E1:\tAnger;\t()\n"
        "[1.0 - 2.0]\tu\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tNeutral state; Frustration;\t(calm; Anger)\n"
        "C-E3:\tNeutral; Neutral state; Boredom;\t()\n"
        "C-E4:\t\t()\n"
        "C-E2:\tOther;\t()\n"
        "C-F1:\tAnger;\t(curious)\n"
        "C-M1:\tSadness;\t()\n"
    )
    issues = IssueCounts()
    (turn,) = parse_evaluation(text, "labels", issues)
    assert turn.votes == {"E2": ["neu", "fru", "oth"], "E3": ["neu"], "E4": []}
    assert issues.to_dict() == {
        "left_out": {"vote before the first turn": 1, "vote for an unknown emotion": 1},
        "irregular": {"voter twice in a turn": 1},
    }


def test_votes_of_the_synthetic_iemocap_are_those_of_its_files(tmp_path):
    """Every label has the most votes, and undecided turns have different votes."""
    write_iemocap(tmp_path / "release", IemocapSettings(300, seed=3, audio=False), 1)
    corpus = read_iemocap(tmp_path / "release")
    expected, recording = [], None
    for path in sorted((tmp_path / "release").glob("Session*/dialog/EmoEvaluation/*.txt")):
        for line in path.read_text(encoding="latin-1").splitlines():
            fields = line.split("\t")
            if line.startswith("["):
                recording = fields[1]
            elif line.startswith("C-E"):
                names = [name.strip() for name in fields[1].split(";") if name.strip()]
                expected += [(recording, fields[0][2:4], name[:3].lower()) for name in names]
    assert sorted(corpus.votes.itertuples(index=False, name=None)) == sorted(expected)
    labels = corpus.recordings.set_index("recording")["emotion"]
    for recording, rows in corpus.votes.groupby("recording"):
        counts = rows["emotion"].value_counts()
        if labels[recording] == "xxx":
            assert counts.max() == 1
        else:
            assert counts[labels[recording]] == counts.max() >= 2
    write_corpus(corpus, tmp_path)
    assert load_corpus(tmp_path).votes.equals(corpus.votes)


def voice_rows():
    """Return the rows of the real table of CREMA-D for voices without faces."""
    with open(CREMA_D, newline="") as file:
        return [row for row in csv.DictReader(file) if row[""][0] == "1"]


needs_crema_d = pytest.mark.skipif(
    not CREMA_D.is_file(), reason="needs the tables of CREMA-D in ../shared/crema-d"
)


@needs_crema_d
def test_votes_of_crema_d_are_those_of_its_table(tmp_path):
    """The majority is the published one, ties included."""
    rows = voice_rows()
    (tmp_path / "AudioWAV").mkdir()
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / CREMA_D.name).symlink_to(CREMA_D)
    (tmp_path / "VideoDemographics.csv").symlink_to(CREMA_D.parent / "VideoDemographics.csv")
    for row in rows:
        (tmp_path / "AudioWAV" / f"{row['fileName']}.wav").touch()
    _, ratings, votes = crema_d.read_labels(tmp_path, IssueCounts())
    assert [row[:2] for row in votes] == [row[:2] for row in ratings]
    names = dict(zip("ADFHNS", sorted(crema_d.EMOTIONS.values()), strict=True))
    found = Counter((recording, emotion) for recording, _, emotion in votes)
    expected = {
        (row["fileName"], names[letter]): int(row[letter])
        for row in rows
        for letter in names
        if int(row[letter])
    }
    assert found == expected
    totals = vote_shares(pd.DataFrame(votes, columns=VOTE_COLUMNS)).groupby(level=0).sum()
    winners = majority(totals.to_numpy())
    published = {row["fileName"]: row["emoVote"] for row in rows}
    for recording, winner in zip(totals.index, winners, strict=True):
        vote = published[recording]
        assert winner == -1 if ":" in vote else totals.columns[winner] == names[vote]
    assert (winners == -1).sum() == 644


@pytest.fixture
def manifest(tmp_path):
    """A function that writes recordings.csv and votes.csv, and reads them."""
    for seed, name in enumerate("abcd"):
        samples = 0.1 * np.random.default_rng(seed).standard_normal(4000)
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)

    def read(votes, emotions="", column=",emotion", **options):
        given = [f",{text}" for text in emotions.split(",")] if emotions else [column and ","] * 4
        rows = [f"{name},{name}.wav,{name}{text}" for name, text in zip("abcd", given, strict=True)]
        text = "\n".join([f"recording,path,speaker{column}", *rows, ""])
        (tmp_path / "recordings.csv").write_text(text)
        (tmp_path / "votes.csv").write_text("\n".join(["recording,rater,emotion", *votes, ""]))
        options = {"labelled": True, "tasks": ["emotion"]} | options
        return read_manifest(tmp_path, "toy", **options)

    return read


VOTES = [
    *("a,r1,sad", "a,r2,sad", "a,r3,ang"),
    *("b,r1,sad", "b,r2,ang"),
    *("c,r1,sad", "c,r1,ang", "c,r2,ang"),  # half a vote for sad, one and a half for ang
]


@pytest.mark.parametrize("column", [",emotion", ""])
def test_emotions_are_those_with_the_most_votes(manifest, column):
    corpus = manifest(VOTES, column=column)
    assert corpus.recordings["emotion"].tolist() == ["sad", "", "ang", ""]
    assert corpus.summary["irregular"]["votes without a majority, and no emotion"] == 1
    assert corpus.summary["irregular"]["recording without emotion"] == 2
    assert sorted(corpus.votes.itertuples(index=False, name=None)) == sorted(
        tuple(row.split(",")) for row in VOTES
    )


def test_given_emotions_are_kept(manifest):
    corpus = manifest(VOTES, "ang,joy,ang,joy")
    assert corpus.recordings["emotion"].tolist() == ["ang", "joy", "ang", "joy"]
    irregular = corpus.summary["irregular"]
    assert irregular["emotion differs from votes.csv"] == 1, "a; the votes for b are tied"
    assert "recording without emotion" not in irregular


def test_votes_for_unlabelled_speech_are_not_read(manifest):
    corpus = manifest(["nobody,r1,sad"], labelled=False)
    assert corpus.votes.empty
    assert set(corpus.recordings["emotion"]) == {""}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("z9,r1,sad", r"votes\.csv:10: .*z9"),
        ("a,,sad", r"votes\.csv:10: `rater`"),
        ("a,r4,", r"votes\.csv:10: `emotion`"),
        ("a,r4,nan", r"votes\.csv:10: `emotion`"),
        ("a,r2,sad", r"votes\.csv:10: .*r2.*line 3"),
        ("a,r2", r"votes\.csv:10: "),
    ],
)
def test_errors_in_votes_name_the_line(manifest, row, message):
    with pytest.raises(CorpusError, match=message):
        manifest([*VOTES, row])


def test_an_empty_table_of_votes_is_an_error(manifest):
    with pytest.raises(CorpusError, match=r"votes\.csv: "):
        manifest([])


# ----------------------------------------------------------------------------------- targets

CLASSES = {"happy": ["hap", "exc"], "angry": ["ang"], "sad": ["sad"]}
LABELS = LabelSettings("emotion", classes=CLASSES)
CLASS_OF = {label: number for number, (_, labels) in enumerate(LABELS.classes) for label in labels}
(TASK,) = LABELS.tasks(multitask=False)


def class_votes(recordings):
    """Return what `load_class_votes` reads from the table of {recording: {rater: emotions}}."""
    with TemporaryDirectory() as folder:
        votes_table(recordings).to_csv(Path(folder, "votes.csv"), index=False)
        return load_class_votes(Path(folder, "votes.csv"), LABELS)


def exact_shares(emotions):
    """Return the exact share of each class in a vote, or None if it is for none of them."""
    known = [CLASS_OF[emotion] for emotion in emotions if emotion in CLASS_OF]
    return [Fraction(known.count(n), len(known)) for n in range(3)] if known else None


def exact_histogram(raters):
    """Return the exact mean vote of {rater: emotions}, or None without votes for a class."""
    rows = [row for emotions in raters.values() if (row := exact_shares(emotions))]
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)] if rows else None


def encode_emotions(recordings, labels):
    table = pd.DataFrame({"recording": list(labels), "emotion": list(labels.values())})
    with TemporaryDirectory() as folder:
        pd.DataFrame(columns=RATING_COLUMNS).to_csv(Path(folder, "ratings.csv"), index=False)
        files = "histogram", Path(folder, "ratings.csv"), class_votes(recordings)
        return encode_table(table, [TASK], *files)["emotion"]


@given(RECORDINGS, st.lists(st.integers(1, 3), min_size=4, max_size=4))
def test_targets_are_the_mean_votes(recordings, numbers):
    """A recording without votes for a class gets its label; recording d never has votes."""
    labels = dict(zip("abcd", map(float, numbers), strict=True))
    targets = encode_emotions(recordings, labels)
    for name, label, found in zip(labels, numbers, targets, strict=True):
        expected = exact_histogram(recordings.get(name, {}))
        expected = expected or [int(number == label) for number in (1, 2, 3)]
        np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-6)


def test_labels_without_votes_are_counted(caplog):
    recordings = {"a": {"E1": ["hap", "exc", "ang"]}, "b": {"E1": ["neu"]}}
    with caplog.at_level("INFO"):
        targets = encode_emotions(recordings, {"a": 2.0, "b": 3.0, "c": np.nan, "d": 1.0})
    np.testing.assert_allclose(targets[[0, 1, 3]], [[2 / 3, 1 / 3, 0], [0, 0, 1], [1, 0, 0]])
    assert "emotion: 2 labels without votes" in caplog.text


def test_a_study_reads_its_targets_from_the_votes(corpus, tmp_path):
    table = pd.read_csv(corpus / "recordings.csv")
    votes = random_votes(len(table))
    votes = dict(zip(table["recording"], votes.values(), strict=True))
    table.assign(emotion="sad").to_csv(tmp_path / "recordings.csv", index=False)
    votes_table(votes).to_csv(tmp_path / "votes.csv", index=False)
    pd.DataFrame(columns=RATING_COLUMNS).to_csv(tmp_path / "ratings.csv", index=False)
    settings = settings_of(target="emotion", classes=CLASSES, encoding="histogram")
    tables = {name: tmp_path / f"{name}.csv" for name in ("recordings", "ratings", "votes")}
    fold = LabelledCorpus.open(corpus_paths(corpus, **tables), settings).fold(1)
    for name, found in zip(fold.table["recording"], fold.targets["emotion"], strict=True):
        expected = exact_histogram(votes[name]) or [0, 0, 1]
        np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-6)


# -------------------------------------------------------------------------------- references


def exact_comparisons(raters):
    """Return (class of the others, class, weight) of each rater, and the number of ties."""
    shares = {rater: row for rater, emotions in raters.items() if (row := exact_shares(emotions))}
    rows, ties = [], 0
    for rater, own in shares.items():
        others = [row for name, row in shares.items() if name != rater]
        totals = {n: sum(row[n] for row in others) for n in range(3)}
        winner = winner_of(totals)
        ties += bool(others) and winner is None
        if winner is not None:
            rows += [(winner, n, float(weight)) for n, weight in enumerate(own) if weight]
    return rows, ties


def expected_metrics(rows):
    """Return accuracy, UAR and macro F1 of weighted (label, prediction) according to sklearn."""
    label, predicted, weight = map(np.array, zip(*rows, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that are predicted, but no label
        recall = balanced_accuracy_score(label, predicted, sample_weight=weight)
    return [
        accuracy_score(label, predicted, sample_weight=weight),
        recall,
        f1_score(label, predicted, sample_weight=weight, average="macro"),
    ]


def study_of(names, labels=None):
    """Return recordings and folds; recording i is by speaker i % 3, who is tested in one fold."""
    recordings = pd.DataFrame({"recording": names, "speaker": np.arange(len(names)) % 3})
    recordings["speaker"] = recordings["speaker"].map("s{}".format)
    recordings["emotion"] = 1.0 if labels is None else labels
    parts = ["test", "validation", "train"]
    folds = [
        (fold, name, parts[(number + fold) % 3])
        for fold in (1, 2, 3)
        for number, name in enumerate(names)
    ]
    return recordings, pd.DataFrame(folds, columns=["fold", "recording", "part"])


EMOTIONS = ["ang", "exc", "hap", "neu", "sad"]


def random_votes(size, seed=0):
    """Return the votes of one to five raters for `size` recordings, most for one emotion."""
    rng, votes = np.random.default_rng(seed), {}
    for number in range(size):
        usual = rng.choice(EMOTIONS)
        votes[f"r{number:03d}"] = {
            f"E{rater}": list({usual if rng.random() < 0.6 else rng.choice(EMOTIONS), *more})
            for rater in range(rng.integers(1, 6))
            for more in [rng.choice(EMOTIONS, rng.integers(0, 2))]
        }
    return votes


def test_raters_are_compared_with_the_majority_of_the_others(caplog):
    votes = random_votes(300)
    labels = np.where(np.arange(300) % 10 == 0, np.nan, 1 + np.arange(300) % 3)
    recordings, folds = study_of(list(votes), labels)
    with caplog.at_level("INFO"):
        table = references_table(recordings, folds, [TASK], None, class_votes(votes))
    found = table[table["reference"] == "rater"].set_index("scope")
    by_speaker, ties = {}, 0
    for row in recordings[recordings["emotion"].notna()].itertuples():
        rows, tied = exact_comparisons(votes[row.recording])
        by_speaker.setdefault(row.speaker, []).extend(rows)
        ties += tied
    rows = [row for own in by_speaker.values() for row in own]
    names = ["accuracy", "uar", "macro_f1"]
    np.testing.assert_allclose(found.loc["pooled", names].astype(float), expected_metrics(rows))
    means = np.mean([expected_metrics(own) for own in by_speaker.values()], axis=0)
    np.testing.assert_allclose(found.loc["mean", names].astype(float), means)
    assert found.loc["pooled", "recordings"] == pytest.approx(sum(weight for *_, weight in rows))
    assert f"emotion: {ties} votes" in caplog.text
    assert ties > 50


def test_single_raters_and_corpora_without_votes_have_no_reference():
    recordings, folds = study_of(["a", "b", "c"])
    for votes in ({"a": {"E1": ["ang"]}, "b": {"E1": ["sad"], "E2": ["neu"]}}, {}):
        table = references_table(recordings, folds, [TASK], None, class_votes(votes))
        assert set(table["reference"]) == {"majority", "prior", "uniform"}


@needs_crema_d
def test_raters_of_crema_d(tmp_path):
    """The counts of the real table determine the metrics, as each listener has one vote."""
    rows = voice_rows()[::3]
    letters, table = "ADFHNS", np.zeros((6, 6))
    labels = LabelSettings("emotion", classes={letter: [letter] for letter in letters})
    votes = []
    for row in rows:
        counts = np.array([int(row[letter]) for letter in letters])
        for own in np.flatnonzero(counts):
            others = counts - (np.arange(6) == own)
            if (others == others.max()).sum() == 1:
                table[others.argmax(), own] += counts[own]
        named = np.repeat(list(letters), counts)
        votes += [(row["fileName"], f"v{n:02d}", emotion) for n, emotion in enumerate(named)]
    pd.DataFrame(votes, columns=VOTE_COLUMNS).to_csv(tmp_path / "votes.csv", index=False)
    recordings, folds = study_of([row["fileName"] for row in rows])
    given = load_class_votes(tmp_path / "votes.csv", labels)
    found = references_table(recordings, folds, labels.tasks(False), None, given)
    pooled = found.set_index(["reference", "scope"]).loc["rater", "pooled"]
    assert pooled["recordings"] == table.sum()
    assert pooled["accuracy"] == pytest.approx(np.trace(table) / table.sum())
    assert pooled["uar"] == pytest.approx(np.mean(np.diag(table) / table.sum(axis=1)))
    f1 = 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))
    assert pooled["macro_f1"] == pytest.approx(f1.mean())


def test_agreement_is_the_share_of_the_most_voted_class():
    votes = random_votes(300, seed=1)
    names = pd.Series([*votes, "none"], index=range(5, 306))
    found = vote_agreement(class_votes(votes), names)
    assert found.index.equals(names.index)
    for name, group in zip(names, found, strict=True):
        raters = votes.get(name, {})
        number = sum(exact_shares(emotions) is not None for emotions in raters.values())
        if number < 2:
            assert pd.isna(group)
        else:
            highest = max(exact_histogram(raters))
            expected = "majority" if highest > Fraction(1, 2) else "no majority"
            assert group == ("all agree" if highest == 1 else expected)
    assert found.nunique() == 3
