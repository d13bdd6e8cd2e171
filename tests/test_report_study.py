"""Tables that describe a study agree with the recordings, folds and networks."""

import numpy as np
import pandas as pd
import pytest

from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import MODELS, build
from emospeech.models.settings import ModelSettings
from emospeech.report.markup import format_table
from emospeech.report.study_tables import table_composition, table_labels, table_parameters
from tests import example_study
from tests.settings import LABELS, VALENCE

SMALL = ModelSettings(shared_units=16, latent_size=8)
TRIAL = {
    "trial": 2,
    "crop_width": 32,
    "learning_rate": 1e-3,
    "batch_size": 8,
    "filter_size": 4,
    "filters": 4,
    "layers": 1,
    "hidden_units": 4,
    "steps_ahead": 3,
}


@pytest.mark.parametrize("changes", [{}, {"validation": "both"}, {"scheme": "speakers"}], ids=str)
def test_composition_agrees_with_plain_loops(changes):
    recordings = example_study.recordings_table(150)
    recordings.loc[::7, "valence"] = np.nan
    folds = make_folds(recordings, FoldSettings(**changes))
    table = table_composition(recordings, folds, VALENCE)
    assert table["part"].tolist() == ["test", "validation", "train"] * folds["fold"].nunique()
    by_name = recordings.set_index("recording")
    for row in table.to_dict("records"):
        own = folds[(folds["fold"] == row["fold"]) & (folds["part"] == row["part"])]
        known = by_name.loc[own["recording"]]
        assert row["recordings"] == len(known)
        assert row["speakers"] == len(set(known["speaker"]))
        counts = np.zeros(5)
        for label in known["valence"].dropna():
            below, above = int(np.floor(label)), int(np.ceil(label))
            counts[below - 1] += 0.5  # the labels are whole numbers or halves
            counts[above - 1] += 0.5
        assert [row[f"class_{label}"] for label in range(1, 6)] == counts.tolist()
        assert row["labelled"] == counts.sum()
        named = set() if row["part"] == "train" else set(known["speaker"])
        assert set(row["speaker"].split(", ")) - {""} == named
        genders = [known.drop_duplicates("speaker")["gender"].eq(name).sum() for name in "FM"]
        assert [row["female"], row["male"]] == genders


def test_labels_are_described_for_all_and_for_the_test_recordings():
    recordings = example_study.recordings_table(200)
    recordings["raters"] = np.where(recordings["gender"] == "M", 3, 2)
    recordings["activation"] = recordings["activation"].round()
    folds = make_folds(recordings, FoldSettings())
    table = table_labels(recordings, folds, LABELS.tasks(multitask=True)).set_index(
        ["task", "scope"]
    )
    men = recordings[recordings["gender"] == "M"]
    whole, tested = table.loc[("valence", "all")], table.loc[("valence", "test")]
    assert (whole["labelled"], tested["labelled"]) == (200, len(men))
    assert (whole["raters_low"], tested["raters_low"], whole["raters_high"]) == (2, 3, 3)
    assert tested["halfway"] == pytest.approx((men["valence"] % 1 == 0.5).mean())
    assert tested["whole"] == pytest.approx(1 - tested["halfway"])
    assert table.loc[("activation", "all"), "whole"] == 1
    only = recordings.assign(activation=np.nan).drop(columns="raters")
    table = table_labels(only, folds, LABELS.tasks(multitask=True))
    assert table["task"].unique().tolist() == ["valence"]
    assert table["raters_low"].isna().all()


def test_speakers_whose_names_are_numbers_stay_text(tmp_path):
    recordings = example_study.recordings_table(100)
    names = {name: f"{place:02d}" for place, name in enumerate(sorted(set(recordings["speaker"])))}
    recordings["speaker"] = recordings["speaker"].map(names)
    table = table_composition(recordings, make_folds(recordings, FoldSettings()), VALENCE)
    assert format_table(table).rows[0][2] == "01"


@pytest.mark.parametrize("model", MODELS)
def test_parameters_are_those_of_the_networks(model):
    other = TRIAL | {"trial": 5, "filters": 8}
    best = {model: {"folds": {"1": other, "2": TRIAL, "3": TRIAL}}}
    table = table_parameters(best, 32, SMALL, LABELS)
    assert table["trial"].tolist() == [2, 5], "one row for each chosen trial"
    for trial, total in zip((TRIAL, other), table["total"], strict=True):
        networks = build(model, 32, trial, SMALL, seed=0).modules.values()
        expected = sum(p.numel() for part in networks for p in part.parameters())
        assert total == expected
    parts = table.drop(columns=["model", "trial", "total"])
    assert parts.sum(axis=1).tolist() == table["total"].tolist()
    assert pd.isna(table["generator"]).all() == (not model.endswith("DCGAN"))
    assert ("predictor" in table) == model.endswith("APC")


def test_parameters_of_a_common_trial_have_one_row():
    table = table_parameters(dict.fromkeys(example_study.MODELS, TRIAL), 32, SMALL, LABELS)
    assert table["model"].tolist() == list(example_study.MODELS)
    assert table["total"].is_unique
