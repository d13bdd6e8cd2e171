"""The words to the figures of what networks draw and how they see recordings, as in `captions`."""

import pandas as pd

from emospeech.evaluation.representation import class_of
from emospeech.report.frames import CLASSES


def generated(table, model):
    """Caption and alternative text of `draw_generated`."""
    epochs = table["epoch"].unique()
    counts = table.groupby("source")["picture"].nunique()
    caption = (
        f"What the generator of {model} draws of the same {counts['generated']} latent vectors "
        "(one a column) after some of the epochs of the first fold, the last one among them, in a "
        "batch that is normalised as in training. On the right crops of the audio that its "
        "discriminator hears as real. Time runs to the right, frequency upward; loud is dark."
    )
    levels = table.filter(regex=r"^row_\d+$").mean(axis=1) / 255
    apart = _spread(table[table["source"] == "generated"])
    texts = [
        f"after epoch {epoch} of mean level {levels[rows.index].mean():.2f}, its pictures "
        f"{apart[epoch]:.2f} apart"
        for epoch, rows in table[table["source"] == "generated"].groupby("epoch")
    ]
    real = levels[table["source"] == "real"].mean()
    return caption, (
        f"Grid of spectrograms by {model} with a line for each of {len(epochs)} epochs: "
        f"{'; '.join(texts)}. Real crops have a mean level of {real:.2f}; 0 is the floor, 1 "
        "the loudest."
    )


def _spread(table):
    """By epoch, the standard deviation of a cell between the pictures, as a share of the levels."""
    cells = table.set_index(["epoch", "picture", "frame"]).filter(regex=r"^row_\d+$")
    return cells.groupby(["epoch", "frame"]).std().groupby("epoch").mean().mean(axis=1) / 255


def mapped(table, model):
    """Caption and alternative text of `draw_map`."""
    caption = (
        f"The shared layer of {model}: the recordings of the session that each fold leaves out, as "
        "its own network sees them, along the two directions in which they vary most (principal "
        "components). The directions of different folds have nothing in common. Colour is the "
        "class of valence, a label halfway between two classes counting to the one nearer to "
        "neutral."
    )
    named = pd.Series(CLASSES, range(1, 6))
    texts = []
    for fold, rows in table.groupby("fold"):
        held = 100 * rows[["share_x", "share_y"]].iloc[0].sum()
        means = rows.groupby(class_of(rows["valence"]))["x"].mean() / rows["x"].std()
        places = ", ".join(
            f"{named[label]} {round(place, 1) + 0:+.1f}" for label, place in means.items()
        )
        texts.append(f"fold {fold}, {held:.0f} % of the variance: {places}")
    return caption, (
        f"Scatter plots of {len(table)} recordings by {model}. Mean place of each class along the "
        f"first direction, in standard deviations: {'; '.join(texts)}."
    )
