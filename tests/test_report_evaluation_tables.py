"""Tables and numbers of the report select the right cells of results/evaluation."""

import numpy as np
import pandas as pd
import pytest

from emospeech.metrics import SCALE_METRICS
from emospeech.report import evaluation_tables, page_numbers
from emospeech.report.formats import DAGGER
from emospeech.report.markup import format_table
from emospeech.runtime.errors import InputError
from tests import example_study
from tests import report_data as data


@pytest.fixture(scope="module")
def frames():
    return example_study.example_tables()


@pytest.fixture(scope="module")
def tables(frames):
    more = {"control": frames["metrics"], "histories": histories()}
    more |= {"variants": data.differences()}
    return evaluation_tables.build_tables(frames | more)


def histories():
    """Return the histories of both APC models in two folds; in fold 1, epoch 4 is kept."""
    parts = [
        data.history(6, model).assign(model=model, fold=fold, validation_rho=0.1)
        for model in ("MultitaskAPC", "BasicAPC")
        for fold in (1, 2)
    ]
    table = pd.concat(parts, ignore_index=True)
    later = table["fold"].eq(2) & table["epoch"].eq(5)
    return table.assign(validation_uar=table["validation_uar"].mask(later, 0.9))


def test_tables_are_built_if_their_inputs_are_present(frames, tables):
    assert list(tables) == list(evaluation_tables.TABLES)
    built = evaluation_tables.build_tables({"metrics": frames["metrics"]})
    assert set(built) == {"folds", "chance"}


def test_metrics_have_the_same_order_in_all_tables(frames, tables):
    seen = set()
    for table in (*frames.values(), tables["references"]):
        listed = table["figure"].unique() if "figure" in table else table.columns
        shown = [name for name in listed if name in SCALE_METRICS]
        assert shown == [name for name in SCALE_METRICS if name in shown]
        seen.add(tuple(shown))
    assert SCALE_METRICS in seen


def test_intervals_are_pooled_and_have_the_papers_values_for_valence(frames, tables):
    table = tables["intervals"].set_index(["task", "model"])
    models = [*data.MODELS, "baseline", "baseline_crop"]
    tasks = [("valence", model) for model in models]
    assert list(table.index) == [*tasks, *(("activation", m) for m in models if m[:5] != "Basic")]
    known = frames["intervals"].set_index(["task", "model", "scope", "metric"])
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


def test_comparisons_have_pooled_and_mean_differences(frames, tables):
    rows = frames["comparisons"].query("metric == 'rho'")
    pooled, mean = (rows[rows["scope"] == scope] for scope in ("pooled", "mean"))
    table = tables["comparisons"]
    assert len(table) == len(pooled) == 6 + 4 + 4 + 1 + 2 + 2
    for name, column in {"pooled": "value", "low": "low", "p": "p", "p_holm": "p_holm"}.items():
        assert table[f"rho_{name}"].tolist() == pooled[column].tolist()
    assert table["rho_speaker_mean"].tolist() == mean["value"].tolist()
    assert not table.drop(columns="narrow").isna().any().any()


def test_intervals_with_a_larger_error_over_recordings_are_named(frames):
    intervals = frames["intervals"].assign(error=0.1, error_recordings=0.05)
    chosen = intervals["model"].eq("BasicCNN") & intervals["metric"].isin(["uar5", "rho", "mae"])
    intervals.loc[chosen, "error_recordings"] = 0.2
    table = evaluation_tables.table_intervals(intervals)
    assert table["narrow"].fillna("").tolist() == ["uar5 rho"] + [""] * (len(table) - 1)
    assert evaluation_tables.table_further(intervals).loc[0, "narrow"] == "mae"
    text = format_table(table)
    assert len(text.headings) == table.shape[1] - 1
    marked = [list(table)[i] for i, cell in enumerate(text.rows[0]) if DAGGER in cell]
    assert marked == ["uar5_high", "rho_high"]
    assert not any(DAGGER in cell for row in text.rows[1:] for cell in row)
    comparisons = frames["comparisons"].assign(error=0.1, error_recordings=0.05)
    comparisons.loc[comparisons["scope"] == "mean", "error_recordings"] = 0.2
    assert evaluation_tables.table_comparisons(comparisons)["narrow"].isna().all()
    numbers = page_numbers.uncertainty_numbers(frames["metrics"], intervals, comparisons)
    assert numbers["narrow"] == (3, len(intervals) // 2)


def test_intervals_that_exclude_zero_without_a_possible_p_are_counted(frames):
    comparisons = frames["comparisons"].assign(low=-0.1, high=0.1)
    first = comparisons["model"].eq("BasicCNN") & comparisons["other"].eq("MultitaskCNN")
    comparisons.loc[first, "low"] = 0.01
    values = first & comparisons["scope"].eq("mean")
    comparisons["value"] = np.where(values, -0.2, 0.2)
    numbers = page_numbers.uncertainty_numbers(frames["metrics"], None, comparisons)
    assert numbers["excluding"] == (2, 2 * 19), "UAR and rho"
    assert numbers["opposite"] == 2
    possible = comparisons.assign(smallest_p=0.01)
    numbers = page_numbers.uncertainty_numbers(frames["metrics"], None, possible)
    assert numbers["excluding"] == (0, 38)


def test_rare_classes_and_constant_folds_are_named(frames):
    metrics = frames["metrics"].copy()
    names = [f"support_{label}" for label in range(1, 6)]
    metrics[names] = [3, 40, 9, 8, 0]
    own = metrics["model"].eq("BasicDCGAN")
    metrics.loc[own & metrics["scope"].isin(["fold-2", "fold-4"]), "support_1"] = [2, 0]
    metrics.loc[metrics["scope"].eq("fold-3"), "support_4"] = 1
    numbers = page_numbers.uncertainty_numbers(metrics, None, None)
    assert numbers["rare"] == [("Very Neg.", ["2", "4"]), ("Pos.", ["3"])]
    assert numbers["folds"] == 5
    assert numbers["constant"] == []
    metrics.loc[own & metrics["scope"].eq("mean"), "constant_folds"] = 2
    numbers = page_numbers.uncertainty_numbers(metrics, None, None)
    assert numbers["constant"] == [("BasicDCGAN", "valence", 2)]


def test_variability_has_a_column_per_component(frames, tables):
    table = tables["variability"]
    order = [("valence", m) for m in data.MODELS]
    order += [("activation", m) for m in data.MODELS if m.startswith("Multitask")]
    assert list(zip(table["task"], table["model"], strict=True)) == order
    rows = frames["variability"].set_index(["task", "model", "metric"])
    for line in table.to_dict("records"):
        known = rows.loc[(line["task"], line["model"], "rho")]
        assert line["rho_deviation_crops"] == known["deviation_crops"] > 0
        assert line["rho_error_speakers"] == known["error_speakers"]
        assert pd.isna(line["uar5_deviation_seeds"])
        assert (line["seeds"], line["crop_seeds"], line["speakers"]) == (1, 2, 5)


def test_variability_numbers_are_ranges_over_the_models(frames):
    numbers = page_numbers.variability_numbers(frames["variability"])
    assert (numbers["seeds"], numbers["over_seeds"]) == (1, None)
    assert (numbers["fewest"], round(numbers["uncertainty"], 2)) == (2, 0.71)
    rows = frames["variability"].query("metric == 'uar5' and task == 'valence'")
    columns = {"over_crops": "deviation_crops", "over_speakers": "error_speakers"}
    for name, column in columns.items():
        assert numbers[name] == (rows[column].min(), rows[column].max())
    more = page_numbers.variability_numbers(
        frames["variability"].assign(seeds=5, deviation_seeds=0.0312)
    )
    assert (more["seeds"], more["over_seeds"]) == (5, (0.0312, 0.0312))
    assert page_numbers.variability_numbers(None) is None


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
    assert ("BasicDCGAN", 5, 5) in page_numbers.neighbour_numbers(frames["neighbours"])
    fewer = frames["neighbours"].copy()
    fewer.loc[fewer["fold"].eq(2) & fewer["space"].eq("crops"), "share"] = 1.0
    assert ("BasicDCGAN", 4, 5) in page_numbers.neighbour_numbers(fewer)
    none = frames["neighbours"].iloc[:0]
    assert evaluation_tables.table_neighbours(none).empty
    assert page_numbers.neighbour_numbers(none) == []


def test_errors_of_predicted_frames_are_those_of_the_kept_epochs(tables):
    table = tables["forecasts"]
    speech = [evaluation_tables.VALIDATION, "ami", "iemocap"]
    assert table["model"].tolist() == ["BasicAPC"] * 3 + ["MultitaskAPC"] * 3
    assert table["speech"].tolist() == speech * 2
    line = table.iloc[0]  # the reduction is epoch %: 4 and 5 in the two folds
    assert [line["apc_error"], line["repetition_error"]] == pytest.approx([0.191, 0.2])
    columns = ["reduction", "reduction_least", "reduction_most"]
    assert line[columns].tolist() == pytest.approx([0.045, 0.04, 0.05])
    assert table["reduction"].tolist()[1:3] == pytest.approx([0.1, 0.2])
    numbers = page_numbers.forecast_numbers(table)
    assert [model for model, *_ in numbers] == ["BasicAPC", "MultitaskAPC"]
    assert numbers[0][1:] == pytest.approx((0.045, 0.04, 0.05))
    assert page_numbers.forecast_numbers(None) == []


def test_corpora_without_errors_at_the_kept_epoch_are_left_out():
    """With the schedule pretrain, the unlabelled corpora have errors in the first epochs only."""
    table = histories()
    table.loc[table["epoch"] > 3, ["apc_ami", "apc_iemocap"]] = np.nan
    speech = evaluation_tables.table_forecasts(table)["speech"]
    assert speech.tolist() == [evaluation_tables.VALIDATION] * 2


def test_tables_of_several_models_are_read_as_one(tmp_path):
    files = dict.fromkeys(evaluation_tables.INPUTS, ())
    for model in ("BasicAPC", "MultitaskAPC"):
        (tmp_path / model).mkdir()
        data.history(3, model).to_csv(tmp_path / model / "histories.csv", index=False)
    files["histories"] = sorted(map(str, tmp_path.glob("*/histories.csv")))
    files["metrics"] = str(tmp_path / "metrics.csv")
    data.metrics().to_csv(files["metrics"], index=False)
    inputs = evaluation_tables.read_inputs(files)
    assert list(inputs) == ["metrics", "histories"]
    assert inputs["histories"]["model"].tolist() == ["BasicAPC"] * 3 + ["MultitaskAPC"] * 3


def test_references_are_ordered_and_guesses_have_no_correlation(frames, tables):
    table = tables["references"].set_index(["task", "reference"])
    order = [name for task, name in table.index if task == "valence"]
    *guesses, rater = evaluation_tables.REFERENCES.values()
    assert order == [*guesses, "baseline", "baseline_crop", *data.MODELS, rater]
    rows = frames["references"].set_index(["task", "reference", "scope"])
    human = rows.loc[("activation", "rater", "pooled")]
    line = table.loc[("activation", rater)]
    assert line["ccc"] == human["ccc"]
    assert pd.isna(line["uar5"])
    assert pd.isna(table.loc[("valence", guesses[0]), "rho"])


def test_subgroups_have_columns_for_each_model(frames, tables):
    rows = frames["subgroups"].set_index(["task", "grouping", "subgroup", "model"])
    table = tables["subgroups"]
    assert table["grouping"].drop_duplicates().tolist() == ["style", "speaker", "agreement"]
    agreement = table.query("grouping == 'agreement' and task == 'valence'")["subgroup"].tolist()
    assert agreement == [name for name in evaluation_tables.AGREEMENTS if name in agreement]
    for line in table.to_dict("records"):
        key = line["task"], line["grouping"], line["subgroup"]
        for name in ("uar5", "chance", "strict_uar5", "rho"):
            assert line[f"MultitaskCNN_{name}"] == rows.loc[(*key, "MultitaskCNN"), name]
        assert line["recordings"] == rows.loc[(*key, "baseline"), "recordings"]
        assert pd.isna(line["BasicCNN_uar5"]) == (line["task"] == "activation")


def test_folds_are_in_numerical_order():
    table = evaluation_tables.table_folds(data.metrics())
    assert table["fold"].tolist() == ["1", "2", "10"] * 2
    assert table["BasicCNN_uar5"].tolist()[:3] == [0.201, 0.202, 0.203]
    assert table["BasicCNN_p"].tolist()[:3] == pytest.approx([0.501, 0.502, 0.503])


def test_chance_compares_the_uar_with_the_interval():
    metrics = data.metrics(["BasicCNN", "BasicDCGAN"])
    metrics.loc[(metrics.model == "BasicDCGAN") & (metrics.scope == "pooled"), "uar5"] = 0.27
    table = evaluation_tables.table_chance(metrics)
    assert table["above"].tolist() == [False, True]
    assert table["margin"].tolist() == pytest.approx([0.204 - 0.24, 0.03])
    metrics = metrics.drop(columns="chance")
    assert evaluation_tables.table_chance(metrics).empty


def test_the_control_is_compared_with_its_own_chance_level():
    metrics, shuffled = data.metrics(), data.metrics().assign(chance_low=0.3, chance_high=0.31)
    shuffled.loc[shuffled["model"] == "BasicCNN", "uar5"] = 0.305
    metrics.loc[metrics["model"] == "MultitaskCNN", "uar5"] = 0.9
    table = evaluation_tables.table_control(metrics, shuffled).set_index("model")
    assert table["above"].tolist() == [False, True, False, False]
    assert table["inside"].tolist() == [True, False, False, False]
    numbers = page_numbers.control_numbers(table.reset_index())
    assert numbers == {"models": 4, "above": 1, "inside": 1}
    with pytest.raises(InputError, match=r"report\.control"):
        evaluation_tables.table_control(metrics, shuffled.assign(task="activation"))


def test_the_smallest_p_values_follow_from_the_number_of_speakers(frames):
    table = frames["comparisons"]
    numbers = page_numbers.speaker_numbers(table, both_speakers=False)
    assert (numbers["speakers"], numbers["patterns"], numbers["pairs"]) == (5, 32, 6)
    assert (numbers["p"], numbers["holm"]) == (1 / 16, 6 / 16)
    twice = numbers["doubled"]
    assert (twice["speakers"], twice["p"], twice["holm"]) == (10, 1 / 512, 6 / 512)
    assert page_numbers.speaker_numbers(table, both_speakers=True)["doubled"] is None
    enough = page_numbers.speaker_numbers(table.assign(speakers=10), both_speakers=False)
    assert enough["holm"] < enough["level"]
    assert enough["doubled"] is None
    assert page_numbers.speaker_numbers(table.iloc[:0], both_speakers=False) is None
    many = page_numbers.speaker_numbers(table.assign(speakers=91), both_speakers=True)
    assert (many["exact"], many["patterns"], many["p"]) == (False, 2**16, 1 / (2**16 + 1))


def test_leak_checks_are_counted(frames):
    leaks, count = frames["leaks"], len(frames["leaks"])
    numbers = page_numbers.leak_numbers(leaks, shared_choice=False)
    assert (numbers["checks"], numbers["passed"]) == (count, count)
    assert numbers["cases"] == leaks["cases"].sum()
    broken = leaks.assign(result=["failed"] + ["passed"] * (count - 1))
    assert page_numbers.leak_numbers(broken, shared_choice=False)["passed"] == count - 1


def test_subgroups_that_are_not_shown_are_counted(frames):
    subgroups = frames["subgroups"]
    sizes = subgroups.groupby(["grouping", "subgroup", "task"])["recordings"].max()
    numbers = page_numbers.subgroup_numbers(subgroups)
    assert numbers["hidden"] == len(sizes) - len(evaluation_tables.table_subgroups(subgroups)) > 0
    assert page_numbers.subgroup_numbers(None) is None


def test_the_baselines_are_in_the_tables_but_not_in_the_control(frames, tables):
    names = [row[0] for row in format_table(tables["intervals"]).rows[4:6]]
    assert len({*names, "baseline", "baseline_crop"}) == 4
    assert set(tables["chance"]["model"]) == {*data.MODELS, "baseline", "baseline_crop"}
    control = evaluation_tables.table_control(frames["metrics"], frames["metrics"])
    assert set(control["model"]) == set(data.MODELS)
