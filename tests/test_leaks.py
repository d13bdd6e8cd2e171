"""Leak checks pass on clean evidence and detect planted leaks, also in real training runs."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

from emospeech.evaluation.leaks import (
    equal_audio_table,
    leak_table,
    parts_table,
    refuse_leaks,
)
from emospeech.folds import FoldSettings, make_folds
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import read_table, write_table
from emospeech.search import best_trials, choose_trials, rank_trials, selection_folds
from emospeech.spectrograms.equal_audio import equal_recordings
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import open_store
from emospeech.training.data import make_pool
from emospeech.training.fold import Fold
from tests.conftest import CORPUS_ROWS
from tests.example_study import leak_evidence
from tests.settings import LABELS, PARAMETERS, with_keys
from tests.test_references import corpus as made_up_corpus
from tests.test_references import random_predictions
from tests.test_training import SETTINGS, fold_of, train_fold


def failed(evidence):
    """Return the names of the failed checks."""
    table = leak_table(evidence)
    if (table["result"] == "passed").all():
        refuse_leaks(table, "folds.csv")
    else:
        with pytest.raises(InputError, match=r"folds\.csv"):
            refuse_leaks(table, "folds.csv")
    return set(table.loc[table["result"] == "failed", "check"])


@pytest.fixture
def clean():
    """Evidence for a model `a`; one recording has no label."""
    recordings, folds = made_up_corpus()
    recordings.loc[3, "valence"] = np.nan
    predicted = random_predictions(recordings, folds).dropna()
    return leak_evidence(recordings, folds, {"a": predicted})


def test_clean_evidence_passes_every_check(clean):
    assert failed(clean) == set()
    assert (leak_table(clean)["cases"] > 0).all()


def with_part(evidence, recording, fold, part):
    """Return the evidence with a recording of a fold moved to another part."""
    parts = evidence.parts
    here = (parts["recording"] == recording) & (parts["fold"] == fold)
    return replace(evidence, parts=parts.assign(part=parts["part"].mask(here, part)))


def test_leaks_between_parts_are_detected(clean):
    parts = clean.parts
    tested = parts.loc[(parts["part"] == "test") & (parts["fold"] == 1), "recording"].iloc[0]
    trained = failed(with_part(clean, tested, 1, "train"))
    assert "no speaker is in two parts of a fold" in trained
    assert "no held-out session of a fold is in its training part" in trained
    validated = failed(with_part(clean, tested, 1, "validation"))
    assert "validation and test speaker of a fold differ" in validated
    twice = replace(clean, parts=pd.concat([parts, parts.iloc[:1]]))
    assert "every recording has one part in each fold" in failed(twice)
    swapped = make_folds(made_up_corpus()[0], FoldSettings(validation="both"))
    swapped.loc[swapped["fold"] == 6, "part"] = parts.loc[parts["fold"] == 1, "part"].to_numpy()
    both = replace(clean, parts=parts_table(made_up_corpus()[0], swapped, LABELS), predictions={})
    assert "every speaker is tested in one fold at most" in failed(both)


PREDICTED = {
    "a predicts recordings of the test part of their fold only": lambda table: table.assign(
        fold=table["fold"] % 5 + 1
    ),
    "a predicts no recording twice": lambda table: pd.concat([table, table.iloc[:1]]),
    "a predicts every labelled test recording": lambda table: table.iloc[1:],
    "a is scored by the labels of recordings.csv": lambda table: table.assign(
        valence=table["expected"]
    ),
}


@pytest.mark.parametrize("check", PREDICTED)
def test_wrong_predictions_are_detected(clean, check):
    predictions = {"a": PREDICTED[check](clean.predictions["a"])}
    assert check in failed(replace(clean, predictions=predictions))


def changed_draws(evidence, use, **columns):
    """Return the evidence with `columns` changed in the first row of draws with this `use`."""
    draws = evidence.draws["a"].reset_index(drop=True)
    row = draws.index[draws["use"] == use][0]
    for name, value in columns.items():
        draws.loc[row, name] = value
    return replace(evidence, draws={"a": draws})


def test_draws_from_the_wrong_part_are_detected(clean):
    parts = clean.parts
    tested = parts.loc[(parts["part"] == "test") & (parts["fold"] == 1), "recording"].iloc[0]
    assert "a learns labels of the training part only" in failed(
        changed_draws(clean, "labelled", recording=tested)
    )
    assert "a is validated on the validation part only" in failed(
        changed_draws(clean, "validation", recording=tested)
    )
    assert failed(changed_draws(clean, "unlabelled", recording=tested)) == {
        "a uses no unlabelled audio of held-out speakers"
    }


def test_changed_labels_are_detected(clean):
    found = failed(changed_draws(clean, "labelled", valence=2.718))
    assert found == {"a learns the labels of recordings.csv"}


def test_missing_draws_are_detected(clean):
    draws = clean.draws["a"]
    missing = {"a": draws[(draws["fold"] != 2) | (draws["use"] != "labelled")]}
    found = failed(replace(clean, draws=missing))
    assert found == {"a has the draws of a training run for each fold"}


def test_shuffled_labels_are_the_expected_ones(clean):
    recordings, folds = made_up_corpus()
    labels = parts_table(recordings, folds, LABELS, shuffle_seed=1)
    assert not labels["valence"].equals(clean.labels["valence"])
    assert "a learns the labels of recordings.csv" in failed(replace(clean, labels=labels))


def test_equal_audio_is_detected_across_parts_and_in_the_pool(clean):
    parts = clean.parts[clean.parts["fold"] == 1].set_index("part")["recording"]
    tested, trained = parts["test"].iloc[0], parts["train"].iloc[0]
    rows = [(tested, "iemocap", trained)]
    pairs = pd.DataFrame(rows, columns=["recording", "corpus", "other"])
    assert "no two parts of a fold contain the same audio" in failed(
        replace(clean, equal_audio=pairs)
    )
    copied = pairs.assign(corpus="ami", other="meeting")
    assert failed(replace(clean, equal_audio=copied)) == set(), "not drawn"
    drawn = changed_draws(clean, "unlabelled", corpus="ami", recording="meeting", fold=1)
    found = failed(replace(drawn, equal_audio=copied))
    assert found == {"a uses no unlabelled audio of held-out speakers"}


def test_selection_by_scores_on_the_test_speaker_is_detected():
    """With folds.validation: both, fold 4 validates on the test speaker of fold 1."""
    recordings, _ = made_up_corpus()
    folds = make_folds(recordings, FoldSettings(validation="both"))
    evidence = leak_evidence(recordings, folds, {"a": random_predictions(recordings, folds)})
    check = {"a has trials chosen without a score of the test speaker"}
    assert failed(evidence) == check, "selected by the scores of all ten folds"
    scores = np.random.default_rng(0).random((3, 10))
    rows = [(t, f + 1, scores[t, f]) for t, f in np.ndindex(scores.shape)]
    validations = pd.DataFrame(rows, columns=["trial", "fold", "uar"])
    validations = validations.assign(epochs=1, capped=False, diverged=False, precision="float32")
    table = rank_trials([PARAMETERS] * 3, validations)
    choices = choose_trials(table, selection_folds(evidence.parts, "pooled"))
    best = best_trials(table, choices)
    assert failed(replace(evidence, choices={"a": (best, table)})) == set()
    best["folds"]["1"]["trial"] = (best["folds"]["1"]["trial"] + 1) % 3
    assert failed(replace(evidence, choices={"a": (best, table)})) == check, "not the best trial"


@pytest.mark.parametrize("scheme", ["session", "speakers", "file"])
def test_leaks_are_detected_with_every_scheme_of_folds(scheme, tmp_path):
    recordings, planned = made_up_corpus()
    rows = planned.merge(recordings, on="recording")[["fold", "speaker", "part"]].drop_duplicates()
    rows.to_csv(tmp_path / "own.csv", index=False)
    settings = FoldSettings(scheme=scheme, groups=4, file=str(tmp_path / "own.csv"))
    folds = make_folds(recordings, settings)
    evidence = leak_evidence(recordings, folds, {"a": random_predictions(recordings, folds)})
    fold_numbers = sorted(folds["fold"].unique().tolist())
    trials = pd.DataFrame({"trial": [0]} | {f"validation_uar_fold-{n}": 0.5 for n in fold_numbers})
    table = trials.assign(**dict.fromkeys(PARAMETERS, 1))
    best = best_trials(table, choose_trials(table, selection_folds(evidence.parts, "pooled")))
    evidence = replace(evidence, choices={"a": (best, table)}, by_session=scheme == "session")
    assert failed(evidence) == set()
    tested = folds.query("fold == 2 and part == 'test'")["recording"].iloc[0]
    leaking = with_part(evidence, tested, 2, "train")
    assert "no speaker is in two parts of a fold" in failed(leaking)
    draws = evidence.draws["a"]
    pool = draws.query("use == 'unlabelled' and fold == 2").iloc[:1].assign(recording=tested)
    leaking = replace(evidence, draws={"a": pd.concat([draws, pool])})
    assert failed(leaking) == {"a uses no unlabelled audio of held-out speakers"}


def trained_evidence(corpus, folder, **options):
    """Return the evidence of a real training run of BasicDCGAN on fold 1."""
    recordings = read_table(corpus / "recordings.csv")
    folds = read_table(corpus / "folds.csv")
    folds = folds[folds["fold"] == 1]
    outcome = train_fold("BasicDCGAN", corpus, with_keys(SETTINGS, max_epochs=1))
    write_table(folder / "draws.csv.gz", outcome.draws)
    draws = read_table(folder / "draws.csv.gz").assign(fold=1, training="trial-3")
    parts, store = parts_table(recordings, folds, LABELS), open_store(corpus / "store.h5")
    evidence = leak_evidence(recordings, folds, {})
    return replace(
        evidence,
        parts=parts,
        corpus="store",
        equal_audio=equal_audio_table(store, {"store": store}),
        draws={"BasicDCGAN": draws},
    )


def test_draws_of_a_training_pass(corpus, tmp_path):
    evidence = trained_evidence(corpus, tmp_path)
    assert failed(evidence) == set()
    draws = evidence.draws["BasicDCGAN"].groupby("use")["recording"].agg(set)
    parts = evidence.parts[evidence.parts["valence"].notna()].groupby("part")["recording"].agg(set)
    assert draws["labelled"] <= parts["train"]
    assert draws["validation"] == parts["validation"]
    drawn = evidence.draws["BasicDCGAN"].groupby("use")["draws"].sum()
    assert drawn["unlabelled"] == drawn["labelled"] > 0, "one unlabelled crop per labelled crop"


def test_training_on_test_recordings_is_detected(corpus, tmp_path, monkeypatch):
    """A bug in the training code, which folds.csv does not show."""
    honest = Fold.labelled_parts

    def leaking(fold, tasks):
        parts = honest(fold, tasks)
        return parts | {"train": parts["test"]}

    monkeypatch.setattr(Fold, "labelled_parts", leaking)
    found = failed(trained_evidence(corpus, tmp_path))
    assert found == {"BasicDCGAN learns labels of the training part only"}


def test_held_out_recordings_in_the_pool_is_detected(corpus, tmp_path, monkeypatch):
    everything = lambda fold, store: np.arange(len(store.recordings))  # noqa: E731
    monkeypatch.setattr(Fold, "unlabelled_recordings", everything)
    found = failed(trained_evidence(corpus, tmp_path))
    assert found == {"BasicDCGAN uses no unlabelled audio of held-out speakers"}


def test_held_out_recordings_is_excluded_under_any_path(corpus, tmp_path):
    """A link to the store counts as the same store; a store with the same audio is rejected."""
    fold = fold_of(corpus)
    (tmp_path / "link.h5").symlink_to(corpus / "store.h5")
    pool = make_pool(fold.open_unlabelled([tmp_path / "link.h5"]), SETTINGS, 1, "cpu", 16)
    assert [gather.store for gather in pool.gatherers] == [fold.store]
    shutil.copy(corpus / "store.h5", tmp_path / "copy.h5")
    with pytest.raises(InputError, match=r"training\.unlabelled.*utterance-\d+ .*utterance-\d+"):
        fold.open_unlabelled([tmp_path / "copy.h5"])


def test_copied_recording_in_another_corpus_is_refused(corpus, tmp_path):
    """The copy has another name and file format, and the corpus also contains other recordings."""
    rng, fold = np.random.default_rng(5), fold_of(corpus)
    samples, rate = soundfile.read(corpus / "utterance-00.wav")
    soundfile.write(tmp_path / "copy.flac", samples, rate)
    soundfile.write(tmp_path / "own.wav", 0.1 * rng.standard_normal(rate), rate)
    tables = pd.DataFrame({"recording": ["own", "copy"], "path": ["own.wav", "copy.flac"]})
    words = pd.DataFrame({"recording": ["own", "copy"], "start": [0.1, 0.1], "end": [0.2, 0.2]})
    write_store(tmp_path / "ami.h5", tables, words, tmp_path, SpectrogramSettings(rows=CORPUS_ROWS))
    other = open_store(tmp_path / "ami.h5")
    assert fold.table["part"][0] != "train"
    with pytest.raises(InputError, match=r"copy .* utterance-00"):
        fold.unlabelled_recordings(other)
    second = fold_of(corpus, 2)
    assert second.unlabelled_recordings(other).tolist() == [0, 1], "fold 2 trains on utterance-00"


def test_equal_audio_in_two_parts_of_a_fold_is_refused(corpus, tmp_path):
    for name in ("recordings.csv", "folds.csv"):
        shutil.copy(corpus / name, tmp_path)
    recordings = pd.read_csv(corpus / "recordings.csv", dtype={"recording": str})
    file = ["path", "duration"]
    recordings.loc[35, file] = recordings.loc[0, file]
    words = pd.DataFrame({"recording": recordings["recording"], "start": 0.1, "end": 0.3})
    settings = SpectrogramSettings(rows=CORPUS_ROWS)
    write_store(tmp_path / "store.h5", recordings, words, corpus, settings)
    with pytest.raises(InputError, match="utterance-00 and utterance-35"):
        fold_of(tmp_path)


def test_equal_audio_excludes_silence_and_other_settings(store):
    everything = np.arange(4)
    assert equal_recordings(store, everything, store, everything) == []
    twin = replace(store, frames=store.frames.copy())
    pairs = equal_recordings(store, everything, twin, everything)
    assert pairs == [(number, number) for number in everything]
    other = replace(twin, settings=replace(store.settings, dynamic_range=60.0))
    assert equal_recordings(store, everything, other, everything) == []
    silent = replace(store, frames=np.full_like(store.frames, store.frames[-1, 0]))
    assert equal_recordings(silent, everything, replace(silent), everything) == []
