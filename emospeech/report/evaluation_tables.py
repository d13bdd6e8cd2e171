"""The tables of the report that are made from the tables of results/evaluation and the histories.

Values are fractions of 1; `headings` formats them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from emospeech.evaluation.predictions import BASELINES
from emospeech.evaluation.scores import AGREEMENTS
from emospeech.labels import EMOTION
from emospeech.models.catalogue import MODELS
from emospeech.report import paper
from emospeech.report.dataframes import in_order, is_best_epoch, require, tasks_in, uar_of
from emospeech.report.paper_tables import table_2
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import by_folder, read_table

# The metrics of the paper's Table 2, and those that it does not report. The emotion has "uar" and
# "macro_f1" instead of those of a scale.
MAIN = ("uar5", "uar", "uar3", "macro_f1", "rho")
FURTHER = ("strict_uar5", "accuracy", "ccc", "mae")
UARS = ("uar5", "uar")
GROUPINGS = ("style", "speaker", "agreement")
SUBGROUP_METRICS = ["uar5", "uar", "chance", "strict_uar5", "macro_f1", "rho"]
VALIDATION = "validation speakers"
SMALLEST_SUBGROUP = 20  # recordings; smaller subgroups are not shown
REFERENCES = {
    "uniform": "Uniform guess",
    "prior": "Prior-weighted guess",
    "majority": "Most frequent class",
    "rater": "Human rater",
}


def table_intervals(intervals: pd.DataFrame, metrics: Sequence[str] = MAIN) -> pd.DataFrame:
    """Return the pooled `metrics` with their confidence intervals and the paper's values.

    There is a row per task and model; metrics that no task has are left out. The paper only has
    values of MAIN for valence. `narrow` names the metrics of `narrow_intervals`.
    """
    keys = ["task", "model", "scope", "metric", "value", "low", "high"]
    require(intervals, keys, "intervals")
    rows = intervals[intervals["scope"] == "pooled"].set_index(["task", "model", "metric"])
    lines, known = [], set(intervals["metric"])
    for task in tasks_in(intervals):
        for model in in_order(rows[rows.index.get_level_values("task") == task].index.unique(1)):
            line: dict = {"model": model, "task": task}
            for name in metrics:
                if (task, model, name) not in rows.index:
                    if name in known:
                        line |= {f"{name}_{end}": np.nan for end in ("pooled", "low", "high")}
                    continue
                found = rows.loc[(task, model, name)]
                line[f"{name}_pooled"] = found["value"]
                line |= {f"{name}_{end}": found[end] for end in ("low", "high")}
                if metrics == MAIN and task != EMOTION:
                    printed = paper.TABLE_2.get(model, {}) if task == "valence" else {}
                    line[f"{name}_paper"] = printed.get(name, np.nan)
            lines.append(line)
    keys, rows = ["model", "task"], rows.reset_index()
    narrow = narrow_intervals(rows[rows["metric"].isin(metrics)], keys)
    return pd.DataFrame(lines).merge(narrow, on=keys, how="left")


def narrow_intervals(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the metrics of each combination of `keys` whose interval is probably too narrow.

    Speakers differ at least by the sampling error of their recordings. If the standard error over
    recordings exceeds that over speakers, the latter is too small by chance. The column `narrow`
    has the names of the metrics, separated by spaces.
    """
    found = rows[rows["error_recordings"] > rows["error"]]
    return found.groupby(keys, as_index=False).agg(narrow=("metric", " ".join))


def table_further(intervals: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled metrics that the paper does not report, with confidence intervals."""
    return table_intervals(intervals, FURTHER)


def table_comparisons(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of each pair of models, with interval and p-values if pooled.

    There is a row per task and pair, with the pairs of the baseline last. The metrics are the UAR
    over all classes and the correlation: the difference of the means over speakers, and that of
    the pooled metrics. `narrow` is that of `narrow_intervals`. With a single model, the table has
    no rows.
    """
    if comparisons.empty:
        return pd.DataFrame()
    rows = comparisons[comparisons["metric"].isin((*UARS, "rho"))]
    keys = ["model", "other", "task"]
    mean = rows.loc[rows["scope"] == "mean", [*keys, "metric", "value"]]
    rows = rows[rows["scope"] == "pooled"].rename(columns={"value": "pooled"})
    rows = rows.merge(mean.rename(columns={"value": "speaker_mean"}), on=[*keys, "metric"])
    table = metrics_in_columns(rows, keys, ["speaker_mean", "pooled", "low", "high", "p", "p_holm"])
    return table.merge(narrow_intervals(rows, keys), on=keys, how="left")


def table_variability(variability: pd.DataFrame) -> pd.DataFrame:
    """Return the variability of the UAR over all classes and of the correlation.

    There is a row per task and model. The columns are the standard deviations across training seeds
    and crop seeds, and the standard errors of sampling recordings and speakers.
    """
    keys = ["model", "task", "seeds", "crop_seeds", "speakers"]
    columns = ["deviation_seeds", "deviation_crops", "error_recordings", "error_speakers"]
    require(variability, [*keys, "metric", *columns], "variability")
    table = metrics_in_columns(variability, keys, columns)
    order = [*tasks_in(variability), *in_order(table["model"].unique())]
    return table.sort_values(["task", "model"], key=lambda names: names.map(order.index))


def table_variants(differences: pd.DataFrame) -> pd.DataFrame:
    """Return the differences in the pooled UAR over all classes of each variant, task and model.

    `differences` is the table differences.csv of the variants.
    """
    columns = ["difference", "low", "high", "p", "p_holm", "detectable"]
    keys = ["variant", "task", "model", "seeds", "metric"]
    rows = differences.rename(columns={"value": "difference"})
    require(rows, [*keys, *columns], "differences")
    main = uar_of(tasks_in(differences)[0])
    rows = rows.loc[rows["metric"] == main, [*keys[:-1], *columns]]
    order = list(rows["variant"].unique())
    rows = rows.sort_values("variant", key=lambda names: names.map(order.index), kind="stable")
    return rows.rename(columns={name: f"{main}_{name}" for name in columns})


def metrics_in_columns(rows: pd.DataFrame, keys: list[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return a row per combination of `keys`, with `columns` of the UAR and the correlation."""
    table = rows[keys].drop_duplicates()
    for name in (name for name in (*UARS, "rho") if name in set(rows["metric"])):
        part = rows.loc[rows["metric"] == name, [*keys, *columns]]
        names = {column: f"{name}_{column}" for column in columns}
        table = table.merge(part.rename(columns=names), on=keys, how="left")
    return table


def table_references(references: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics, pooled over folds, of REFERENCES, the acoustic baselines and the models.

    The columns are `reference`, `task` and the metrics. The no-information baselines only have
    metrics of classification; for a scale, human raters only have correlation, CCC and MAE.
    """
    metrics = [*("uar5", "uar", "uar3", "macro_f1", "strict_uar5", "accuracy", "rho"), "ccc", "mae"]
    metrics = [name for name in metrics if name in references]
    pooled = references[references["scope"] == "pooled"].set_index(["task", "reference"])
    models = intervals[intervals["scope"] == "pooled"]
    models = models.pivot(index=["task", "model"], columns="metric", values="value")
    models = models.reindex(columns=metrics)  # no model may have learned a task
    lines = []
    for task in tasks_in(references):
        own = in_order(name for found, name in models.index if found == task)
        own.sort(key=lambda name: name in MODELS)  # the acoustic baselines first
        *guesses, rater = REFERENCES
        for name in [*guesses, *own, rater]:
            source = models if name in own else pooled
            if (task, name) in source.index:
                found = source.loc[(task, name), metrics]
                lines.append({"reference": REFERENCES.get(name, name), "task": task, **found})
    return pd.DataFrame(lines)


def table_subgroups(subgroups: pd.DataFrame) -> pd.DataFrame:
    """Return the SUBGROUP_METRICS of subgroups of at least SMALLEST_SUBGROUP recordings.

    There is a row per task and subgroup, with columns such as `{model}_uar5` for those metrics that
    a task of the study has. `recordings` is the number of predictions, or the largest number if
    models differ.
    """
    keys = ["grouping", "subgroup", "task"]
    require(subgroups, ["model", *keys, "recordings", "chance"], "subgroups")
    metrics = [name for name in SUBGROUP_METRICS if name in subgroups]
    table = _models_in_columns(subgroups, keys, metrics)
    largest = subgroups.groupby(keys)["recordings"].agg("max")
    table.insert(3, "recordings", np.asarray(largest, float))
    table = table[table["recordings"] >= SMALLEST_SUBGROUP]
    return table.sort_values(["task", "grouping", "subgroup"], key=_ranking(tasks_in(subgroups)))


def table_folds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the UAR over all classes, correlation and its p-value for each fold.

    There is a row per task and fold, with columns `{model}_uar5` (or `{model}_uar`), `{model}_rho`
    and `{model}_p`.
    """
    rows = metrics.loc[metrics["scope"].str.startswith("fold-")]
    folds = rows["scope"].str.removeprefix("fold-").astype(int)
    shown = [name for name in (*UARS, "rho", "p") if name in rows]
    table = _models_in_columns(rows.assign(fold=folds), ["fold", "task"], shown)
    order = _ranking(tasks_in(metrics))
    return table.sort_values(["task", "fold"], key=order).astype({"fold": str})


def _ranking(tasks):
    """Return a sort key: the order of tasks, groupings and agreements, else the name itself."""
    ranks = {
        name: f"{i}" for order in (tasks, GROUPINGS, AGREEMENTS) for i, name in enumerate(order)
    }
    return lambda names: names.replace(ranks)


def _models_in_columns(rows, keys, metrics):
    """Return a row per combination of `keys`, sorted, with columns `{model}_{metric}`."""
    wide = rows.pivot(index=keys, columns="model", values=metrics)
    pairs = product(in_order(rows["model"].unique()), metrics)
    columns = {f"{model}_{name}": wide[name, model] for model, name in pairs}
    table = pd.DataFrame(columns).reset_index()
    return table.dropna(axis="columns", how="all")  # a model does not learn a task with a scale


def table_chance(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled UAR of the target and the chance level of each model that has one.

    `margin` is the UAR minus the mean of chance; `above` whether it exceeds the 97.5th percentile.
    """
    uar = f"{uar_of(tasks_in(metrics)[0])}_pooled"
    table = table_2(metrics).dropna(subset=["chance", "chance_high"], ignore_index=True)
    table = table[["model", uar, "chance", "chance_low", "chance_high"]]
    return table.assign(
        margin=table[uar] - table["chance"], above=table[uar] > table["chance_high"]
    )


def table_control(metrics: pd.DataFrame, shuffled: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled UAR of the target with original and shuffled labels, with chance levels.

    Args:
        metrics: The metrics.csv of this study.
        shuffled: The metrics.csv of the study with shuffled labels.

    Returns:
        A row per model, without the acoustic baselines. `above`: the UAR with original labels
        exceeds the 97.5th percentile of chance. `inside`: the UAR with shuffled labels is between
        the 2.5th and the 97.5th.
    """
    if tasks_in(metrics)[0] != tasks_in(shuffled)[0]:
        problem = "is a study with another target. Run the control of this study, or set it to null"
        raise InputError("report.control", f"{problem}.")
    uar = uar_of(tasks_in(metrics)[0])
    names = {f"{uar}_pooled": uar, "chance": "chance"}
    names |= {name: name for name in ("chance_low", "chance_high")}
    own, other = (
        table_2(table).set_index("model").loc[:, [*names]].rename(columns=names).add_prefix(prefix)
        for prefix, table in (("trained_", metrics), ("shuffled_", shuffled))
    )
    table = own.join(other, how="inner").drop(index=list(BASELINES), errors="ignore")
    above = table[f"trained_{uar}"] > table["trained_chance_high"]
    low, high = table["shuffled_chance_low"], table["shuffled_chance_high"]
    inside = table[f"shuffled_{uar}"].between(low, high)
    return table.assign(above=above, inside=inside).reset_index()


def table_leaks(leaks: pd.DataFrame) -> pd.DataFrame:
    """Return the leak checks with the number of cases and of violations."""
    columns = ["check", "cases", "violations", "result"]
    require(leaks, columns, "leaks")
    return leaks.loc[:, columns]


def table_neighbours(neighbours: pd.DataFrame) -> pd.DataFrame:
    """Return the share of nearest neighbours that have the same class or speaker.

    There is a row per property and model. The columns are the means over the folds by chance, among
    the crops (`near_crops`) and in the shared layer (`near_layer`), and the lowest and highest fold
    in the shared layer.
    """
    if neighbours.empty:
        return pd.DataFrame()
    columns = ["model", "fold", "property", "space", "share", "chance"]
    require(neighbours, columns, "neighbours")
    lines = []
    names = [name for name in dict.fromkeys(neighbours["property"]) if name != "speaker"]
    for name, model in product([*names, "speaker"], in_order(neighbours["model"].unique())):
        part = neighbours[(neighbours["property"] == name) & (neighbours["model"] == model)]
        if len(part):
            crops, layer = (part[part["space"] == space] for space in ("crops", "shared layer"))
            line = {"property": name, "model": model, "near_chance": layer["chance"].mean()}
            line |= {"near_crops": crops["share"].mean(), "near_layer": layer["share"].mean()}
            line |= {"near_least": layer["share"].min(), "near_most": layer["share"].max()}
            lines.append(line)
    return pd.DataFrame(lines)


def table_forecasts(histories: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute errors of predicted frames and of repeating the last known frame.

    There is a row per model, for its validation speakers (`speech` is VALIDATION) and for each
    corpus that it learns from (`speech` is the corpus). The columns are the means over the folds of
    `apc_error`, `repetition_error` and `reduction` (the share by which APC lowers the error of
    repetition), and the lowest and highest `reduction` of a fold. All are those of the epoch whose
    weights are kept.

    Args:
        histories: The histories.csv of the APC models, with a column `model`.
    """
    require(histories, ["model", "fold", "validation_uar", "validation_apc"], "histories")
    lines = []
    for model in in_order(histories["model"].unique()):
        own = histories[histories["model"] == model].reset_index(drop=True)
        best = own[is_best_epoch(own)]
        corpora = own.filter(regex="^apc_").dropna(axis="columns", how="all").columns
        names = {VALIDATION: ("validation_apc", "validation_repetition")}
        names |= {name[4:]: (name, f"repetition_{name[4:]}") for name in corpora}
        for speech, (predicted, repeated) in names.items():
            reduction = 1 - best[predicted] / best[repeated]
            line = {"model": model, "speech": speech, "apc_error": best[predicted].mean()}
            line |= {"repetition_error": best[repeated].mean(), "reduction": reduction.mean()}
            line |= {"reduction_least": reduction.min(), "reduction_most": reduction.max()}
            lines.append(line)
    return pd.DataFrame(lines).dropna(subset="apc_error", ignore_index=True)


# {table: (function that builds it, its input tables)}, in the order of the page.
TABLES: dict[str, tuple[Callable[..., pd.DataFrame], tuple[str, ...]]] = {
    "intervals": (table_intervals, ("intervals",)),
    "further": (table_further, ("intervals",)),
    "folds": (table_folds, ("metrics",)),
    "comparisons": (table_comparisons, ("comparisons",)),
    "variability": (table_variability, ("variability",)),
    "variants": (table_variants, ("variants",)),
    "chance": (table_chance, ("metrics",)),
    "references": (table_references, ("references", "intervals")),
    "control": (table_control, ("metrics", "control")),
    "subgroups": (table_subgroups, ("subgroups",)),
    "leaks": (table_leaks, ("leaks",)),
    "neighbours": (table_neighbours, ("neighbours",)),
    "forecasts": (table_forecasts, ("histories",)),
}
INPUTS = tuple(dict.fromkeys(name for _, names in TABLES.values() for name in names))


def read_inputs(files: Mapping[str, str | Iterable[str]], *more: str) -> dict[str, pd.DataFrame]:
    """Return those INPUTS, and tables named in `more`, that are given in `files`.

    The tables of several models become one with a column `model`.
    """
    inputs = {}
    for name in (*INPUTS, *more):
        found = files.get(name, ())
        if isinstance(found, str):
            inputs[name] = read_table(found)
        elif tables := by_folder(found, read_table):
            inputs[name] = pd.concat(tables, names=["model"]).reset_index("model")
    return inputs


def build_tables(inputs: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return {name: table} for those TABLES whose inputs are all given.

    Args:
        inputs: Tables of results/evaluation by name (INPUTS); `control` is the metrics.csv of the
            study with shuffled labels, `histories` see `table_forecasts`.
    """
    return {
        table: build(*(inputs[name] for name in names))
        for table, (build, names) in TABLES.items()
        if set(names) <= set(inputs)
    }
