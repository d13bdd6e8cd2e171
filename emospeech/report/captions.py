"""The words to a figure: a caption for all, and for who cannot see it what it shows, in numbers."""

import numpy as np

from emospeech.metrics import row_normalised, unweighted_recall
from emospeech.report.captions_of_pictures import generated, mapped
from emospeech.report.frames import CLASSES, in_order
from emospeech.report.learning import losses_of


def outline(table, model):
    """Caption and alternative text of `draw_outline`."""
    caption = (
        f"{model} as it is built with its chosen parameters (those of fold 1 where each fold has "
        "its own), and what a crop becomes on its way. Shapes are filters, frames and rows, or the "
        "length of a vector. All convolutions have stride 2. Behind each layer of the trunk and "
        "the shared one stands a leaky ReLU."
    )
    if "generator" in set(table["part"]):
        caption += " The generator has ReLUs, and a tanh at its end."
    parts = table.groupby("part", sort=False)
    texts = [
        f"{part} from {rows['inputs'].iloc[0]} to {rows['outputs'].iloc[-1]}, "
        f"{_count(rows['parameters'].sum(), 'parameter')}"
        for part, rows in parts
    ]
    return caption, f"Diagram of {model}: {'; '.join(texts)}."


def balance(table):
    """Caption and alternative text of `draw_balance`."""
    sizes, stages = table.groupby(["stage", "fold"])["count"].sum(), table["stage"].unique()
    before, after = (
        _range(sizes[stage], thing)
        for stage, thing in zip(stages, ("recording", "crop"), strict=True)
    )
    caption = (
        f"Valence labels in the training part of each fold ({before}) and in an epoch drawn from "
        f"it ({after}). A label between two classes counts to the nearer one, a halfway one half "
        "to either."
    )
    if "oversampled epoch" in stages:
        caption += " So oversampling makes the classes more even, but not quite."
    means = table.groupby(["class", "stage"], sort=False)["share"].mean().unstack()[stages]
    texts = [
        f"{CLASSES[label - 1]} {_percent(old)} before, {_percent(new)} after"
        for label, old, new in means.itertuples()
    ]
    return caption, f"Bar chart of the valence classes, mean of the folds: {'; '.join(texts)}."


def example(table):
    """Caption and alternative text of `draw_example`."""
    name, kinds = table["recording"].iloc[0], table["element"].value_counts()
    crop = table[table["element"] == "crop"].iloc[0]
    centre = table.loc[table["element"] == "centre", "start"].item()
    caption = (
        f"Recording {name}, its words, and a crop of {crop['end'] - crop['start']:.2f} s, cut as "
        "for evaluation: its dashed centre line is a random point in a random word. On the right "
        "the crop as the networks see it. 0 dB is the value 1, the maximum of the recording unless "
        "the config sets another."
    )
    return caption, (
        f"Spectrogram of {name} with {_count(kinds.get('word', 0), 'word')}; the crop reaches from "
        f"{crop['start']:.2f} to {crop['end']:.2f} s around its centre at {centre:.2f} s."
    )


def trials(table):
    """Caption and alternative text of `draw_trials`."""
    counts = table.groupby("model")["trial"].nunique()
    caption = (
        f"The search: {_range(counts, 'trial')} of each model, by the values of each parameter. "
        "The validation UAR is the mean over the folds."
    )
    parts = []
    for model in in_order(counts.index):
        scores = table.loc[table["model"] == model, "validation_uar"]
        parts.append(f"{model} {_percent(scores.min())} to {_percent(scores.max())}")
    return caption, f"Dot plots of validation UAR by parameter: {'; '.join(parts)}."


def comparison(table):
    """Caption and alternative text of `draw_comparison`."""
    task, scores = table["task"].iloc[0], table.set_index(["model", "series"])["value"]
    parts = []
    for model in in_order(table["model"].unique()):
        part = f"{model} {_percent(scores.get((model, 'pooled'), np.nan).item())}"
        if (model, "paper") in scores.index:
            part += f" (paper {_percent(scores[model, 'paper'].item())})"
        parts.append(part)
    pooled = table[table["series"] == "pooled"]
    recordings = _range(pooled["recordings"], "recording")
    speakers = _range(pooled["speakers"], "test speaker")
    caption = (
        f"Unweighted average recall of {task} with five classes, on {recordings} of {speakers}. "
        "The number on the right is the pooled value, and its bar the 95 % interval over the "
        "speakers. The band holds the middle 95 % of what the same predictions score when they are "
        "permuted within each fold."
    )
    return caption, f"Dot plot of {task} UAR by model. Pooled over the folds: {'; '.join(parts)}."


def confusion(table, model):
    """Caption and alternative text of `draw_confusion`."""
    own = table[table["source"] == "this run"]
    matrix = own["count"].to_numpy().reshape(5, 5)
    recalls = [
        f"{name} {_percent(value)}"
        for name, value in zip(CLASSES, np.diag(row_normalised(matrix)), strict=True)
    ]
    caption = (
        f"Valence by {model}, {_count(matrix.sum(), 'test recording')}: share of each row in per "
        "cent, and counts below. On the outlined diagonal the share is the recall of the class."
    )
    if len(own) < len(table):
        caption += " On the right the paper's Table 3, with the counts recovered from it."
    return caption, (
        f"Confusion matrix of {model}. Recall by class: {', '.join(recalls)}. "
        f"Their mean is {_percent(unweighted_recall(matrix))}."
    )


def scatter(table, model):
    """Caption and alternative text of `draw_scatter`."""
    rho = table["valence"].corr(table["expected"])
    caption = (
        f"Valence by {model}: the expected value of the prediction against the mean of the "
        f"raters, {_count(len(table), 'test recording')} of "
        f"{_count(table['speaker'].nunique(), 'speaker')}. Squares are means over half a point."
    )
    known = "unknown" if np.isnan(rho) else f"{rho:.4f}"
    low, high = table["expected"].min(), table["expected"].max()
    return caption, (
        f"Scatter plot of {model}: {len(table)} recordings, predictions from {low:.2f} to "
        f"{high:.2f}, correlation {known}."
    )


def learning(table, model):
    """Caption and alternative text of `draw_learning`."""
    epochs, parts = table.groupby("fold").size(), []
    for best in table[table["kept"]].itertuples():
        score, last = _percent(best.validation_uar), epochs[best.fold]
        parts.append(f"fold {best.fold} {score} at epoch {best.epoch:.0f} of {last}")
    losses = ", ".join(losses_of(table)) or "none recorded"
    caption = (
        f"Training of {model} with its chosen parameters, fold by fold: the mean of each loss over "
        "the steps of an epoch, and the recall of the validation speaker. The dotted line and the "
        "dot mark the epoch whose weights are kept: the first with the highest validation UAR."
    )
    alt = f"Learning curves of {model} (losses: {losses}). Best validation UAR: {'; '.join(parts)}."
    return caption, alt


def _range(numbers, thing):
    """Say how many of a thing there are, of the models that may differ in it."""
    known = numbers.dropna()
    if known.empty:
        return f"the {thing}s"
    low, high = int(known.min()), int(known.max())
    return _count(low, thing) if low == high else f"{low} to {high} {thing}s"


def _count(number, thing):
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _percent(value):
    return "unknown" if np.isnan(value) else f"{100 * value:.2f} %"


# By the first word of the name of the figure; a second word is the model.
WORDS = {
    "outline": outline,
    "balance": balance,
    "example": example,
    "comparison": comparison,
    "confusion": confusion,
    "scatter": scatter,
    "trials": trials,
    "learning": learning,
    "generated": generated,
    "map": mapped,
}
