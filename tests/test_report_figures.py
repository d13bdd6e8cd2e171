"""Figures show what is in the data, and the same data gives the same bytes."""

from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from emospeech.faults import InputError
from emospeech.models.networks import NetworkSettings
from emospeech.models.outline import outline as layers_of
from emospeech.report import (
    balance,
    captions,
    comparison,
    confusion,
    example,
    generated,
    learning,
    mapping,
    outline,
    scatter,
    style,
    trials,
)
from emospeech.report.figures import save
from emospeech.report.tables import write_csv
from tests import report_data as data

COLOURS = ("GREEN", "BLUE", "VERMILLION", "ORANGE")


def line(panel, label):
    return [line for line in panel.lines if line.get_label() == label]


def shown(figure):
    return [panel for panel in figure.axes if panel.get_visible()]


def compared(metrics=None, intervals=None, task="valence"):
    metrics = data.metrics() if metrics is None else metrics
    intervals = data.intervals() if intervals is None else intervals
    return comparison.points(metrics, intervals, task)


def confused(model="BasicDCGAN"):
    return confusion.points(data.confusion(), model)


def learned(folds, model="MultitaskDCGAN"):
    return learning.points(data.histories(folds), model)


def scattered():
    columns = {
        "recording": list("abcd"),
        "speaker": "Ses01M",
        "fold": 1,
        "valence": [1, 2.5, 3, 11 / 3],
    }
    return scatter.points(pd.DataFrame(columns | {"expected": [1.7, 2.1, 10 / 3, 4.0]}))


def outlined():
    trial = {"crop_width": 32, "filters": 4, "filter_size": 4}
    return outline.points(layers_of("MultitaskDCGAN", 32, trial, NetworkSettings()))


FIGURES = {
    "outline": (outline.draw_outline, outlined),
    "balance": (balance.draw_balance, data.balance),
    "example": (example.draw_example, data.example),
    "trials": (
        trials.draw_trials,
        lambda: trials.points({model: data.trials() for model in data.MODELS}),
    ),
    "comparison": (comparison.draw_comparison, compared),
    "confusion": (lambda table: confusion.draw_confusion(table, "BasicDCGAN"), confused),
    "learning": (
        learning.draw_learning,
        lambda: learned({1: data.history(model="BasicCNN"), 10: data.history(8, "BasicCNN")}),
    ),
    "scatter": (lambda table: scatter.draw_scatter(table, "BasicCNN"), scattered),
    "generated": (generated.draw_generated, data.generated),
    "map": (mapping.draw_map, data.mapped),
}


def test_every_figure_is_tried():
    assert set(FIGURES) == set(captions.WORDS)


@pytest.mark.parametrize("kind", FIGURES)
def test_the_same_table_gives_the_same_bytes_and_so_does_its_csv(kind, tmp_path):
    draw, table = FIGURES[kind][0], FIGURES[kind][1]()
    write_csv(table, tmp_path / "a.csv")
    for name, shown_table in (("a", table), ("b", pd.read_csv(tmp_path / "a.csv"))):
        save(draw(shown_table), tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        mpl.rcParams["font.size"] = 20  # what the user has set does not count
    mpl.rcdefaults()
    pdf, png = ((tmp_path / f"a.{kind}").read_bytes() for kind in ("pdf", "png"))
    assert (tmp_path / "b.pdf").read_bytes() == pdf
    assert (tmp_path / "b.png").read_bytes() == png
    assert b"CreationDate" not in pdf
    assert b"Software" not in png
    assert b"/FontFile2" in pdf  # TrueType,
    assert b"Type3" not in pdf  # and nothing else
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_is_as_wide_as_one_or_both_columns(kind):
    draw, table = FIGURES[kind]
    width, height = draw(table()).get_size_inches()
    assert width in (3.39, 7.0)
    assert height < 9.5  # of a page


def test_the_colours_differ_in_grey():
    lights = sorted(luminance(mpl.colors.to_rgb(getattr(style, name))) for name in COLOURS)
    ratios = [(high + 0.05) / (low + 0.05) for low, high in pairwise(lights)]
    assert min(ratios) > 1.3


# What is seen without the cones for long, middle or short waves, of linear RGB (Machado, Oliveira
# and Fernandes 2009, severity 1).
BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("kind", BLIND)
def test_the_colours_differ_for_the_colour_blind(kind):
    """By 20 in CIELAB at least; the least that can be told apart side by side is about 2."""
    colours = [mpl.colors.to_rgb(getattr(style, name)) for name in COLOURS]
    seen = [lab(np.clip(BLIND[kind] @ linear(colour), 0, 1)) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 20


def lab(rgb):
    """CIELAB of linear RGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(to_xyz @ rgb / (0.9505, 1, 1.089), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_confusion_shows_each_share_and_count():
    panel, paper = confusion.draw_confusion(confused(), "BasicDCGAN").axes
    texts = [text.get_text() for text in panel.texts]
    assert len(texts) == len(paper.texts) == 50
    assert texts[:4] == ["60.0", "6", "10.0", "1"]
    assert paper.texts[0].get_text() == "33.2"
    assert panel.get_images()[0].get_array()[2, 1] == 0.4
    assert paper.get_title().endswith("UAR 43.88 %")
    uar = 100 * np.mean([0.6, 0.75, 0.45, 7 / 16, 0.5])
    assert panel.get_title().endswith(f"UAR {uar:.2f} %")


def test_confusion_of_another_model_stands_alone():
    assert len(confusion.draw_confusion(confused("BasicCNN"), "BasicCNN").axes) == 1


def test_text_on_a_cell_stands_out_from_it():
    panel = confusion.draw_confusion(confused("BasicCNN"), "BasicCNN").axes[0]
    image = panel.get_images()[0]
    for text in panel.texts:
        column, row = text.get_position()
        cell = image.cmap(image.norm(image.get_array()[round(row), round(column)]))
        assert contrast(mpl.colors.to_rgb(text.get_color()), cell[:3]) > 4.5


def contrast(one, other):
    """Contrast ratio of two colours as WCAG 2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    return linear(colour) @ (0.2126, 0.7152, 0.0722)


def linear(colour):
    c = np.array(colour)
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def test_comparison_has_folds_mean_pooled_interval_paper_and_chance_of_each_model():
    panel = comparison.draw_comparison(compared()).axes[0]
    names = ("each fold", "mean of folds", "pooled", "95 %, speakers", "paper")
    assert [len(line(panel, name)) for name in names] == [4, 4, 4, 4, 4]
    folds = line(panel, "each fold")[0]
    assert list(folds.get_xdata()) == pytest.approx([20.1, 20.2, 20.3])
    assert line(panel, "pooled")[0].get_xdata() == pytest.approx([20.4])
    assert line(panel, "95 %, speakers")[0].get_xdata() == pytest.approx([15.4, 25.4])
    assert line(panel, "paper")[2].get_xdata() == pytest.approx([43.88])
    bands = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    assert [(band.get_x(), band.get_width()) for band in bands] == [pytest.approx((22, 4))] * 4


def test_comparison_without_chance_has_no_band_and_of_activation_no_paper():
    metrics = data.metrics().drop(columns=["chance", "chance_low", "chance_high"])
    panel = comparison.draw_comparison(compared(metrics, task="activation")).axes[0]
    assert not panel.patches
    assert not line(panel, "paper")
    assert [tick.get_text() for tick in panel.get_yticklabels()] == [
        "MultitaskCNN",
        "MultitaskDCGAN",
    ]


def test_learning_marks_the_first_of_the_best_epochs():
    table = learned({1: data.history(epochs=9, top=4)})
    assert table.loc[table["kept"], "epoch"].tolist() == [4]
    upper, lower = shown(learning.draw_learning(table))
    dots = [line for line in lower.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
    assert [list(dot.get_xdata()) for dot in dots] == [[4]]
    assert upper.get_title("left") == "Fold 1"


@pytest.mark.parametrize(
    ("model", "losses"),
    [
        ("BasicCNN", ["valence"]),
        ("MultitaskCNN", ["valence", "activation"]),
        ("BasicDCGAN", ["generator", "discriminator", "valence"]),
        ("MultitaskDCGAN", ["generator", "discriminator", "valence", "activation"]),
    ],
)
def test_learning_draws_the_losses_that_a_model_has(model, losses):
    upper = learning.draw_learning(learned({1: data.history(model=model)})).axes[0]
    labels = [line.get_label() for line in upper.lines if not line.get_label().startswith("_")]
    assert labels == losses


def test_ten_folds_make_two_blocks_on_one_scale(tmp_path):
    figure = learning.draw_learning(learned({f: data.history(f + 1) for f in range(1, 11)}))
    save(figure, tmp_path / "a.pdf", tmp_path / "a.png")
    panels = shown(figure)
    assert len(panels) == 20
    titles = [title for panel in panels if (title := panel.get_title("left"))]
    assert titles == [f"Fold {fold}" for fold in range(1, 11)]
    assert len({panel.get_xlim() for panel in panels}) == 1
    assert len({panel.get_ylim() for panel in panels}) == 2


def test_seven_folds_leave_no_empty_axes():
    assert len(shown(learning.draw_learning(learned({f: data.history() for f in range(7)})))) == 14


@pytest.mark.parametrize(("smallest", "leading"), [(1.0, None), (0.05, {1, 2, 5}), (1e-3, {1})])
def test_losses_that_span_much_are_on_a_logarithmic_axis_with_room_for_its_marks(smallest, leading):
    history = data.history(9).assign(discriminator=np.geomspace(2, smallest, 9))
    panel = learning.draw_learning(learned({1: history})).axes[0]
    assert (panel.get_yscale() == "log") == (leading is not None)
    if leading:
        low, high = panel.get_ylim()
        marks = [mark for mark in panel.get_yticks() if low <= mark <= high]
        assert {round(mark / 10 ** np.floor(np.log10(mark) + 1e-9)) for mark in marks} == leading
        assert len(marks) > 1


def test_one_epoch_is_a_point():
    upper, _ = shown(learning.draw_learning(learned({1: data.history(1)})))
    assert line(upper, "valence")[0].get_marker() == "o"


def test_a_history_without_what_is_drawn_is_refused():
    history = data.histories({1: data.history(), 2: data.history()})
    with pytest.raises(InputError, match="history of BasicCNN: no rows"):
        learning.points(history.iloc[:0], "BasicCNN")
    with pytest.raises(InputError, match="BasicCNN: no column validation_uar"):
        learning.points(history.drop(columns="validation_uar"), "BasicCNN")
    history.loc[history["fold"] == 2, "validation_uar"] = np.nan
    with pytest.raises(InputError, match="BasicCNN, fold 2: no validation_uar"):
        learning.points(history, "BasicCNN")


def test_captions_tell_the_numbers():
    caption, alt = captions.comparison(compared())
    assert "9 recordings of 5 test speakers" in caption
    assert "BasicDCGAN 21.90 % (paper 43.88 %)" in alt
    caption, alt = captions.confusion(confused(), "BasicDCGAN")
    assert f"{np.sum(data.COUNTS)} test recordings" in caption
    assert "Neg. 75.00 %" in alt
    assert "Table 3" in caption
    _, alt = captions.learning(learned({1: data.history(9)}), "BasicCNN")
    assert "fold 1 34.00 % at epoch 4 of 9" in alt
