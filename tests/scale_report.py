"""The report at the size of the full study: what 2,000 trainings leave, aggregated and reported.

    python -m tests.scale_report

Four models, five folds and 100 trials of each are made up: the validation score and the learning
curves of every training, and predictions for as many recordings as IEMOCAP has. Then all is done
that the workflow does after the trainings, with the numbers of config.yaml: choice of the trials,
metrics, intervals, comparisons, references, slices, leak checks, tables, figures and the page; in
one process of its own and on one core. It prints the seconds of the processor and the peak of
memory, and fails where a bound is broken. The start of a process for each job of the workflow is
not in it.
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

TRIALS, FOLDS, EPOCHS, RECORDINGS = 100, 5, 40, 10039
SECONDS, MEGABYTES = 60, 1000
DEFAULTS = yaml.safe_load((Path(__file__).parents[1] / "config" / "config.yaml").read_text())


def write_results(folder):
    """Write what the trainings and the predictions of all models leave below `folder`."""
    rng = np.random.default_rng(0)
    recordings = example_study.recordings_table(RECORDINGS)
    recordings.to_csv(folder / "recordings.csv", index=False)
    folds = make_folds(recordings, FoldSettings())
    for model, table in example_study.predictions_of_all(recordings, folds).items():
        for fold, rows in table.groupby("fold"):
            place = folder / "evaluation" / model / f"fold-{fold}"
            place.mkdir(parents=True)
            rows.to_csv(place / "predictions.csv", index=False)
    for model in example_study.MODELS:
        history = report_data.history(EPOCHS, model).to_csv(index=False)
        for trial, fold in np.ndindex(TRIALS, FOLDS):
            place = training_folder(folder, model, trial, fold)
            place.mkdir(parents=True)
            score = {"trial": trial, "fold": fold + 1, "uar": rng.uniform(0.2, 0.5)}
            score |= {"capped": 0, "diverged": 0, "precision": "float32"}
            (place / "validation.json").write_text(json.dumps(score))
            (place / "history.csv").write_text(history)


def training_folder(folder, model, trial, fold):
    return folder / "training" / model / f"trial-{trial}" / f"fold-{fold + 1}"


def aggregate(folder):
    """Make all tables, figures and the page below `folder`; return seconds by part, and MB."""
    seconds = {}
    with threadpool_limits(1):
        with timed(seconds, "choice of the trials"):
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
            ends = ("csv", "md", "tex")
            write_tables(
                built, {f"{n}_{end}": folder / f"{n}.{end}" for n in built for end in ends}
            )
        with timed(seconds, "figures"):
            figures = tuple(draw_all(folder, tables, matrices, predictions, searched))
        with timed(seconds, "page"):
            (folder / "index.html").write_text(
                render(report_of(tables, matrices, searched, figures))
            )
    return seconds, peak_megabytes()


@contextmanager
def timed(seconds, name):
    """Note the seconds of the processor that the block takes."""
    started = time.process_time()
    yield
    seconds[name] = time.process_time() - started


def select(folder, model):
    """Return trials.csv, best.json and histories.csv of a model, read from its trainings."""
    places = [training_folder(folder, model, *pair) for pair in np.ndindex(TRIALS, FOLDS)]
    validations = pd.DataFrame(
        json.loads((place / "validation.json").read_text()) for place in places
    )
    table = rank_trials([draw_trial(SearchSpace(), 1, n) for n in range(TRIALS)], validations)
    recordings = pd.read_csv(folder / "recordings.csv")
    parts = make_folds(recordings, FoldSettings()).merge(recordings, on="recording")
    choice = choose_trials(table, selection_folds(parts, "pooled"))
    histories = chosen_histories(choice, validations, [place / "history.csv" for place in places])
    marked = mark_chosen(table, choice)
    return marked, best_trials(table, choice), histories


def draw_all(folder, tables, matrices, predictions, searched):
    """Yield the figures of the page, drawn at the resolution of config.yaml."""
    best, networks = searched["MultitaskDCGAN"][1], ModelSettings()
    points = architecture.plot_data(layers_of("MultitaskDCGAN", 128, best, networks))
    yield draw(folder, "outline-MultitaskDCGAN", architecture.draw_outline, points)
    recordings = pd.read_csv(folder / "recordings.csv")
    points = balance_table(recordings, make_folds(recordings, FoldSettings()), seed=1)
    yield draw(folder, "balance", label_balance.draw_balance, points)
    points = trials.plot_data({model: table for model, (table, _, _) in searched.items()})
    yield draw(folder, "trials", trials.draw_trials, points)
    points = comparison.plot_data(tables["metrics"], tables["intervals"])
    yield draw(folder, "comparison", comparison.draw_comparison, points)
    for model in example_study.MODELS:
        points = confusion.plot_data(matrices[model][0], model)
        yield draw(folder, f"confusion-{model}", confusion.draw_confusion, points, model)
        points = scatter.plot_data(predictions[model])
        yield draw(folder, f"scatter-{model}", scatter.draw_scatter, points, model)
        points = learning_curves.plot_data(searched[model][2], model)
        yield draw(folder, f"learning-{model}", learning_curves.draw_learning, points)


def draw(folder, name, function, points, *model):
    files = {f"{name}_{suffix}": folder / f"{name}.{suffix}" for suffix in ("pdf", "png", "csv")}
    save(name, function(points, *model), points, files, DEFAULTS["report"]["resolution"])
    kind, *rest = name.split("-")
    png = files[f"{name}_png"].read_bytes()
    return Figure(kind, str(files[f"{name}_pdf"]), png, *figure_texts(kind, points, *rest))


def report_of(tables, matrices, searched, figures):
    """Return the Report of the made-up study."""
    return Report(
        provenance=report_data.provenance(**DEFAULTS),
        corpora={},
        metrics=tables["metrics"],
        best={model: best for model, (_, best, _) in searched.items()},
        confusions={model: counts for model, (counts, _) in matrices.items()},
        classes={model: classes for model, (_, classes) in matrices.items()},
        trials={model: table for model, (table, _, _) in searched.items()},
        figures=figures,
        evaluation={name: table for name, table in tables.items() if name != "metrics"},
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
    print(f"{trainings} trainings: {total:.1f} s, peak {peak:.0f} MB, a page of {size:.1f} MB")
    broken = total > SECONDS or peak > MEGABYTES
    sys.exit(f"it may take {SECONDS} s and {MEGABYTES} MB" if broken else None)


if __name__ == "__main__":
    main()
