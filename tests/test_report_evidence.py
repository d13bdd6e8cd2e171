"""The tables to judge the results by pick the right cells of results/evaluation."""

import pandas as pd
import pytest

from emospeech.evaluation.comparisons import smallest_p
from emospeech.report import evidence
from emospeech.report.contents import chance, learned, luck, slices, uncertainty
from emospeech.report.layout import arrange
from tests import made_up
from tests import report_data as data


@pytest.fixture(scope="module")
def frames():
    return made_up.evaluation()


@pytest.fixture(scope="module")
def tables(frames):
    return evidence.evidence_tables(frames | {"control": frames["metrics"]})


def test_all_tables_are_made_of_all_frames_and_few_of_few(frames, tables):
    assert list(tables) == list(evidence.TABLES)
    assert set(evidence.evidence_tables({"metrics": frames["metrics"]})) == {"folds", "chance"}
    assert {part for _, parts in evidence.TABLES.values() for part in parts} == set(evidence.FRAMES)


def test_intervals_are_pooled_and_have_the_papers_values_for_valence(frames, tables):
    table = tables["intervals"].set_index(["task", "model"])
    models = [*data.MODELS, "baseline"]
    tasks = [("valence", model) for model in models]
    assert list(table.index) == [*tasks, *(("activation", m) for m in models if m[:5] != "Basic")]
    known = frames["intervals"].set_index(["task", "model", "scope", "figure"])
    for key, line in table.iterrows():
        for name in ("uar5", "uar3", "rho"):
            found = known.loc[(*key, "pooled", name)]
            ends = line[[f"{name}_pooled", f"{name}_low", f"{name}_high"]]
            assert ends.tolist() == found[["value", "low", "high"]].tolist()
    assert table.loc[("valence", "BasicDCGAN"), "uar5_paper"] == 0.4388
    assert table.loc["activation", "uar5_paper"].isna().all()
    assert pd.isna(table.loc[("valence", "baseline"), "uar5_paper"])
    strict = known.loc[("valence", "BasicCNN", "pooled", "strict_uar5"), "value"]
    assert tables["further"].loc[0, "strict_uar5_pooled"] == strict


def test_comparisons_are_of_the_means_over_speakers(frames, tables):
    rows = frames["comparisons"].query("figure == 'rho' and scope == 'mean'").reset_index()
    table = tables["comparisons"]
    assert len(table) == len(rows) == 6 + 4 + 1 + 2
    for ours, theirs in {"rho_difference": "value", "rho_p": "p", "rho_p_holm": "p_holm"}.items():
        assert table[ours].tolist() == rows[theirs].tolist()
    assert not table.isna().any().any()


def test_the_spread_has_each_kind_of_luck_for_itself(frames, tables):
    table = tables["spread"]
    order = [("valence", m) for m in data.MODELS]
    order += [("activation", m) for m in data.MODELS if m.startswith("Multitask")]
    assert list(zip(table["task"], table["model"], strict=True)) == order
    rows = frames["spread"].set_index(["task", "model", "figure"])
    for line in table.to_dict("records"):
        known = rows.loc[(line["task"], line["model"], "rho")]
        assert line["rho_deviation_crops"] == known["deviation_crops"] > 0
        assert line["rho_error_speakers"] == known["error_speakers"]
        assert pd.isna(line["uar5_deviation_seeds"])
        assert (line["seeds"], line["crop_seeds"], line["speakers"]) == (1, 2, 5)


def test_the_spread_is_told_in_words_and_so_is_what_is_not_drawn_anew(frames):
    words = luck.spread_words(frames["spread"])
    assert "With one seed of the training nothing is known of its part (training.seeds)." in words
    assert "A standard deviation of 2 values is itself uncertain by some 71 %." in words
    rows = frames["spread"].query("figure == 'uar5' and task == 'valence'")
    for kind in ("deviation_crops", "error_speakers"):
        assert f"{100 * rows[kind].min():.1f} to {100 * rows[kind].max():.1f} points" in words
    more = frames["spread"].assign(seeds=5, deviation_seeds=0.0312)
    assert (
        "Over 5 seeds of the training the UAR of valence has a deviation of 3.1 points."
        in luck.spread_words(more)
    )
    assert luck.spread_words(None) == ""


def test_neighbours_are_means_of_the_folds_with_their_range(frames, tables):
    table = tables["neighbours"].set_index(["property", "model"])
    own = frames["neighbours"].query("model == 'BasicDCGAN' and property == 'valence'")
    layer = own.query("space == 'shared layer'")["share"]
    line = table.loc[("valence", "BasicDCGAN")]
    assert line["near_layer"] == pytest.approx(layer.mean())
    assert [line["near_least"], line["near_most"]] == [layer.min(), layer.max()]
    assert line["near_crops"] == pytest.approx(own.query("space == 'crops'")["share"].mean())
    assert line["near_chance"] == pytest.approx(own["chance"].mean())
    assert list(tables["neighbours"]["property"].unique()) == ["valence", "activation", "speaker"]
    assert "BasicDCGAN in 5 of 5 folds" in learned.neighbour_words(frames["neighbours"])
    fewer = frames["neighbours"].copy()
    fewer.loc[fewer["fold"].eq(2) & fewer["space"].eq("crops"), "share"] = 1.0
    assert "BasicDCGAN in 4 of 5 folds" in learned.neighbour_words(fewer)
    none = frames["neighbours"].iloc[:0]
    assert evidence.table_neighbours(none).empty
    assert learned.neighbour_words(none) == ""


def test_references_stand_in_one_order_and_guessers_lack_correlations(frames, tables):
    table = tables["references"].set_index(["task", "reference"])
    order = [name for task, name in table.index if task == "valence"]
    assert order == [
        "Uniform guess", "Guess by the prior", "Most frequent class",
        "baseline", *data.MODELS, "A rater against the others",
    ]  # fmt: skip
    rows = frames["references"].set_index(["task", "reference", "scope"])
    human = rows.loc[("activation", "rater", "pooled")]
    line = table.loc[("activation", "A rater against the others")]
    assert line["ccc"] == human["ccc"]
    assert pd.isna(table.loc[("valence", "Uniform guess"), "rho"])


def test_slices_give_each_model_its_own_column(frames, tables):
    rows = frames["slices"].set_index(["task", "slice", "value", "model"])
    table = tables["slices"]
    assert table["slice"].drop_duplicates().tolist() == ["style", "speaker", "agreement"]
    agreement = table.query("slice == 'agreement' and task == 'valence'")["value"].tolist()
    assert agreement == [name for name in evidence.AGREEMENTS if name in agreement]
    for line in table.to_dict("records"):
        key = line["task"], line["slice"], line["value"]
        assert line["MultitaskCNN_uar5"] == rows.loc[(*key, "MultitaskCNN"), "uar5"]
        assert line["recordings"] == rows.loc[(*key, "baseline"), "recordings"]
        assert pd.isna(line["BasicCNN_uar5"]) == (line["task"] == "activation")


def test_folds_come_in_the_order_of_their_numbers():
    table = evidence.table_folds(data.metrics())
    assert table["fold"].tolist() == ["1", "2", "10"] * 2
    assert table["BasicCNN_uar5"].tolist()[:3] == [0.201, 0.202, 0.203]
    assert table["BasicCNN_p"].tolist()[:3] == pytest.approx([0.501, 0.502, 0.503])


def test_the_control_is_held_against_its_own_chance():
    metrics, shuffled = data.metrics(), data.metrics().assign(chance_low=0.3, chance_high=0.31)
    shuffled.loc[shuffled["model"] == "BasicCNN", "uar5"] = 0.305
    metrics.loc[metrics["model"] == "MultitaskCNN", "uar5"] = 0.9
    table = evidence.table_control(metrics, shuffled).set_index("model")
    assert table["above"].tolist() == [False, True, False, False]
    assert table["inside"].tolist() == [True, False, False, False]
    found = chance.control_words({"control": table.reset_index()}, "results/x", "make it")["found"]
    assert "as they are: 1 of 4 models. Inside it with shuffled ones: 1 of 4" in found


def test_a_control_that_is_not_there_is_told_with_its_command():
    words = chance.control_words({}, "results/x", "make it")
    assert words == {
        "missing": "The control has no results in results/x yet.",
        "command": "make it",
    }
    assert chance.control_words({}, None, "make it") == {}


def test_what_so_few_speakers_can_show_is_computed(frames):
    table = frames["comparisons"]
    words = uncertainty.speaker_words(table, doubled=False)
    assert "With 5 test speakers there are 32 choices of signs" in words
    assert "p below 0.0625; as the first of 6 pairs it is 0.3750" in words
    assert "cannot tell any two models apart at the level of 0.05" in words
    assert "there are 10, and the smallest p are 0.0020 and 0.0117" in words
    assert "folds.validation" not in uncertainty.speaker_words(table, doubled=True)
    seven = uncertainty.speaker_words(table.assign(speakers=7), doubled=True)
    assert smallest_p(7) < 0.05 < 6 * smallest_p(7)
    assert "they can decide on one pair, not on all at once" in seven
    ten = uncertainty.speaker_words(table.assign(speakers=10), doubled=True)
    assert "0.05." not in ten


def test_leak_checks_are_counted(frames):
    words = slices.leak_words(frames["leaks"], shared=False)
    count = len(frames["leaks"])
    assert words.count(f"{count} ") == 2, "as many passed as ran"
    broken = frames["leaks"].assign(result=["failed"] + ["passed"] * (count - 1))
    assert f"{count - 1} passed" in slices.leak_words(broken, shared=False)
    assert "search.select: fold" in slices.leak_words(frames["leaks"], shared=True)


def test_the_classical_baseline_has_a_name(tables):
    assert arrange(tables["intervals"]).rows[4][0] == "Baseline"
