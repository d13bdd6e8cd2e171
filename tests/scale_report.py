"""Check the time and memory of aggregation and report for a study of 2,000 training runs.

    python -m tests.scale_report

Validation scores, learning curves and predictions are simulated for four models, five folds, 100
trials each, and as many recordings as IEMOCAP has. Everything that the workflow does after training
is then run with the values of config.yaml, in one process on one core: selection of trials,
evaluation, tables, figures and the page. Exits with an error if a limit is exceeded. The
time to start the workflow's jobs is not included.
"""

import json
import sys
import tempfile
import time
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from threadpoolctl import threadpool_limits

from benchmarks.measurement import peak_megabytes
from emospeech.crops.oversampling import balance_table
from emospeech.evaluation.predictions import load_predictions
from emospeech.evaluation.scores import confusion_tables
from emospeech.folds import FoldSettings, make_folds
from emospeech.models.catalogue import MODELS
from emospeech.models.outline import outline as layers_of
from emospeech.models.settings import ModelSettings
from emospeech.report.captions import figure_texts
from emospeech.report.evaluation_tables import build_tables
from emospeech.report.figures import (
    architecture,
    comparison,
    confusion,
    label_balance,
    learning_curves,
    save,
    scatter,
    trials,
)
from emospeech.report.markup import write_tables
from emospeech.report.page import Figure, Report, render
from emospeech.search import (
    SearchSpace,
    best_trials,
    choose_trials,
    chosen_histories,
    draw_trial,
    mark_chosen,
    rank_trials,
    selection_folds,
)
from tests import example_study, report_data
from tests.settings import VALENCE

TRIALS, FOLDS, EPOCHS, RECORDINGS = 100, 5, 40, 10039
MAX_SECONDS, MAX_MEGABYTES = 60, 1000
DEFAULTS = yaml.safe_load((Path(__file__).parents[1] / "config" / "config.yaml").read_text())


def write_results(folder):
    """Write simulated results of training runs and predictions of all models below `folder`."""
    rng = np.random.default_rng(0)
    recordings = example_study.recordings_table(RECORDINGS)
    recordings.to_csv(folder / "recordings.csv", index=False)
    folds = make_folds(recordings, FoldSettings())
    for model, table in example_study.predictions_of_all(recordings, folds).items():
        for fold, rows in table.groupby("fold"):
            results = folder / "evaluation" / model / f"fold-{fold}"
            results.mkdir(parents=True)
            rows.to_csv(results / "predictions.csv", index=False)
    for model in example_study.MODELS:
        history = report_data.history(EPOCHS, model).to_csv(index=False)
        for trial, fold in np.ndindex(TRIALS, FOLDS):
            training = training_folder(folder, model, trial, fold)
            training.mkdir(parents=True)
            score = {"trial": trial, "fold": fold + 1, "uar": rng.uniform(0.2, 0.5)}
            score |= {"epochs": EPOCHS, "capped": 0, "diverged": 0, "precision": "float32"}
            (training / "validation.json").write_text(json.dumps(score))
            (training / "history.csv").write_text(history)


def training_folder(folder, model, trial, fold):
    return folder / "training" / model / f"trial-{trial}" / f"fold-{fold + 1}"


def aggregate(folder):
    """Write all tables, figures and the page below `folder`.

    Return the seconds by stage and the peak memory in MB.
    """
    seconds = {}
    with threadpool_limits(1):
        with timed(seconds, "selection of trials"):
            searched = {model: select(folder, model) for model in example_study.MODELS}
        with timed(seconds, "evaluation"):
            recordings = pd.read_csv(folder / "recordings.csv")
            predictions = load_predictions(sorted(folder.glob("evaluation/*/*/predictions.csv")))
            tables = example_study.evaluation_tables(
                recordings,
                predictions,
                DEFAULTS["evaluation"]["permutations"],
                DEFAULTS["evaluation"]["resamples"],
            )
            matrices = {
                model: confusion_tables(predictions[model]) for model in example_study.MODELS
            }
        with timed(seconds, "tables"):
            built = build_tables(tables)
            ends = ("csv", "md", "tex", "html")
            paths = {f"{n}_{end}": folder / f"{n}.{end}" for n in built for end in ends}
            write_tables(built, paths, VALENCE.name)
        with timed(seconds, "figures"):
            figures = tuple(draw_all(folder, tables, matrices, predictions, searched))
        with timed(seconds, "page"):
            (folder / "index.html").write_text(
                render(report_of(recordings, tables, matrices, searched, figures))
            )
    return seconds, peak_megabytes()


@contextmanager
def timed(seconds, name):
    """Add the CPU time of the block to `seconds`."""
    started = time.process_time()
    yield
    seconds[name] = time.process_time() - started


def select(folder, model):
    """Return the trials, the best trials and the histories of a model from its training runs."""
    trainings = [training_folder(folder, model, *pair) for pair in np.ndindex(TRIALS, FOLDS)]
    validations = pd.DataFrame(
        json.loads((path / "validation.json").read_text()) for path in trainings
    )
    names = MODELS[model].family.parameters
    drawn = [draw_trial(SearchSpace(), names, 1, number) for number in range(TRIALS)]
    table = rank_trials(drawn, validations)
    recordings = pd.read_csv(folder / "recordings.csv")
    parts = make_folds(recordings, FoldSettings()).merge(recordings, on="recording")
    choice = choose_trials(table, selection_folds(parts, "pooled"))
    histories = chosen_histories(choice, validations, [path / "history.csv" for path in trainings])
    marked = mark_chosen(table, choice)
    return marked, best_trials(table, choice), histories


def draw_all(folder, tables, matrices, predictions, searched):
    """Yield the figures of the page, drawn at the resolution of config.yaml."""
    best, networks = searched["MultitaskDCGAN"][1], ModelSettings()
    points = architecture.plot_data(layers_of("MultitaskDCGAN", 128, best, networks))
    name = "MultitaskDCGAN"
    yield draw(folder, f"outline-{name}", architecture.draw_outline, points, name)
    recordings = pd.read_csv(folder / "recordings.csv")
    points = balance_table(recordings, make_folds(recordings, FoldSettings()), VALENCE, seed=1)
    yield draw(folder, "balance", label_balance.draw_balance, points, VALENCE.name)
    points = trials.plot_data({model: table for model, (table, _, _) in searched.items()})
    yield draw(folder, "trials", trials.draw_trials, points)
    points = comparison.plot_data(*(tables[n] for n in ("metrics", "intervals", "references")))
    yield draw(folder, "comparison", comparison.draw_comparison, points)
    for model in example_study.MODELS:
        points = confusion.plot_data(matrices[model][0], model, VALENCE.name)
        options = points, model, VALENCE.name
        yield draw(folder, f"confusion-{model}", confusion.draw_confusion, *options)
        points = scatter.plot_data(predictions[model], VALENCE.name)
        options = points, model, VALENCE.name
        yield draw(folder, f"scatter-{model}", scatter.draw_scatter, *options)
        points = learning_curves.plot_data(searched[model][2], model)
        yield draw(folder, f"learning-{model}", learning_curves.draw_learning, points, model)


def draw(folder, name, function, points, *options):
    files = {f"{name}_{suffix}": folder / f"{name}.{suffix}" for suffix in ("pdf", "png", "csv")}
    save(name, function(points, *options), points, files, DEFAULTS["report"]["resolution"])
    kind, *rest = name.split("-")
    png = files[f"{name}_png"].read_bytes()
    texts = figure_texts(kind, points, VALENCE.name, *rest)
    return Figure(kind, str(files[f"{name}_pdf"]), png, *texts)


def report_of(recordings, tables, matrices, searched, figures):
    """Return the report of the simulated study."""
    return Report(
        provenance=report_data.provenance(**DEFAULTS),
        commands={"file": "snakemake --force", "control": ""},
        corpora={},
        metrics=tables["metrics"],
        best={model: best for model, (_, best, _) in searched.items()},
        confusions={model: counts for model, (counts, _) in matrices.items()},
        classes={model: classes for model, (_, classes) in matrices.items()},
        trials={model: table for model, (table, _, _) in searched.items()},
        figures=figures,
        evaluation={name: table for name, table in tables.items() if name != "metrics"},
        study=report_data.study(recordings),
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_results(Path(folder))
        with get_context("spawn").Pool(1) as pool:
            seconds, peak = pool.apply(aggregate, (Path(folder),))
        size = (Path(folder) / "index.html").stat().st_size / 1e6
    for name, taken in seconds.items():
        print(f"{name}: {taken:.1f} s")
    total = sum(seconds.values())
    trainings = len(example_study.MODELS) * FOLDS * TRIALS
    print(f"{trainings} training runs: {total:.1f} s, peak {peak:.0f} MB, page of {size:.1f} MB")
    exceeded = total > MAX_SECONDS or peak > MAX_MEGABYTES
    sys.exit(f"the limits are {MAX_SECONDS} s and {MAX_MEGABYTES} MB" if exceeded else None)


if __name__ == "__main__":
    main()
