"""Figures show their data correctly, and the same data gives the same bytes."""

from functools import partial
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from emospeech.models.catalogue import MODELS
from emospeech.models.outline import outline as layers_of
from emospeech.models.settings import ModelSettings
from emospeech.report import captions, paper_tables
from emospeech.report.figures import (
    architecture,
    comparison,
    confusion,
    crop_example,
    forecast,
    generated,
    label_balance,
    learning_curves,
    save,
    scatter,
    shared_layer,
    style,
    trials,
    unlabelled_hours,
    variants,
)
from emospeech.report.headings import model_name
from emospeech.runtime.errors import InputError
from emospeech.search import SearchSpace, draw_trial
from tests import report_data as data
from tests.settings import VALENCE

LINE_COLOURS = [
    mpl.colors.to_rgb(getattr(style, name)) for name in ("GREEN", "BLUE", "VERMILLION", "ORANGE")
]
CLASS_COLOURS = [mpl.colors.to_rgb(colour) for colour in style.CLASS_COLOURS]
FORMATS = ("pdf", "png", "csv")
PREDICTIONS = pd.DataFrame(
    {
        "recording": ["d", "a", "c", "b"],
        "speaker": ["Ses02M", "Ses01M", "Ses01M", "Ses02M"],
        "fold": [2, 1, 1, 2],
        "valence": [2.0, 2.24, 4.5, 1.0],
        "expected": [2.5, 3.5, 4.0, 1.5],
        "p1": 0.2,
    }
)


def lines(panel, label):
    return [line for line in panel.lines if line.get_label() == label]


def visible(figure):
    return [panel for panel in figure.axes if panel.get_visible()]


def compared(metrics=None, intervals=None, task="valence"):
    metrics = data.metrics() if metrics is None else metrics
    intervals = data.intervals() if intervals is None else intervals
    return comparison.plot_data(metrics, intervals, data.references(), task)


def confused(model="BasicDCGAN"):
    return confusion.plot_data(data.confusion(), model, "valence")


def learned(folds, model="MultitaskDCGAN"):
    return learning_curves.plot_data(data.histories(folds), model)


def searched(count):
    """Return a trials.csv with `count` random trials."""
    table = data.trials().iloc[[0]].loc[[0] * count].reset_index(drop=True)
    names = MODELS["BasicCNN"].family.parameters
    drawn = [draw_trial(SearchSpace(), names, 1, number) for number in range(count)]
    for name in drawn[0]:
        table[name] = [trial[name] for trial in drawn]
    scores = np.random.default_rng(count).uniform(0.2, 0.5, count)
    return table.assign(trial=range(count), validation_uar=scores, chosen=scores == scores.max())


def outlined():
    trial = {"crop_width": 32, "filters": 4, "filter_size": 4}
    return architecture.plot_data(layers_of("MultitaskDCGAN", 32, trial, ModelSettings()))


def drawn(kind):
    draw, table, model = FIGURES[kind]
    return draw(table(), *([model] if model else []))


draw_balance = partial(label_balance.draw_balance, task="valence")
draw_confusion = partial(confusion.draw_confusion, task="valence")
draw_scatter = partial(scatter.draw_scatter, task="valence")
draw_map = partial(shared_layer.draw_map, task=VALENCE)
# {kind: (function that draws it, function that returns its table, model)}, in page order.
FIGURES = {
    "comparison": (comparison.draw_comparison, compared, None),
    "confusion": (draw_confusion, confused, "BasicDCGAN"),
    "scatter": (draw_scatter, lambda: scatter.plot_data(PREDICTIONS, "valence"), "BasicCNN"),
    "variants": (
        variants.draw_variants,
        lambda: variants.plot_data(data.differences()),
        None,
    ),
    "hours": (
        unlabelled_hours.draw_hours,
        lambda: unlabelled_hours.plot_data(data.variant_metrics(), ["hours_1", "hours_3"]),
        None,
    ),
    "outline": (architecture.draw_outline, outlined, "MultitaskDCGAN"),
    "balance": (draw_balance, data.balance, None),
    "example": (crop_example.draw_example, data.example, None),
    "trials": (
        trials.draw_trials,
        lambda: trials.plot_data({model: data.trials() for model in data.MODELS}),
        None,
    ),
    "learning": (
        learning_curves.draw_learning,
        lambda: learned({1: data.history(model="BasicCNN"), 10: data.history(8, "BasicCNN")}),
        "BasicCNN",
    ),
    "generated": (generated.draw_generated, data.generated, "BasicDCGAN"),
    "forecast": (forecast.draw_forecast, data.forecast, "BasicAPC"),
    "map": (draw_map, data.mapped, "BasicCNN"),
}


def test_all_kinds_of_figures_are_tested():
    assert set(FIGURES) == set(captions.NUMBERS)


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_are_byte_identical_for_equal_tables(kind, tmp_path):
    draw, table, model = FIGURES[kind]
    table, models = table(), [model] if model else []
    files = {f"{n}_{suffix}": tmp_path / f"{n}.{suffix}" for n in "ab" for suffix in FORMATS}
    for name in "ab":
        figure = draw(table, *models)
        width, height = figure.get_size_inches()
        assert width in (3.39, 7.0)
        assert height < 9.5, "fits on a page"
        save(name, figure, table, files, resolution=50)
        table = pd.read_csv(files["a_csv"])
        mpl.rcParams["font.size"] = 20  # settings of the user have no effect
    mpl.rcdefaults()
    pdf, png = (files[f"a_{suffix}"].read_bytes() for suffix in ("pdf", "png"))
    assert files["b_pdf"].read_bytes() == pdf
    assert files["b_png"].read_bytes() == png
    assert b"CreationDate" not in pdf
    assert b"Software" not in png
    assert b"/FontFile2" in pdf  # TrueType
    assert b"Type3" not in pdf
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("kind", FIGURES)
def test_caption_and_alternative_text_name_the_model_and_differ(kind):
    _, table, model = FIGURES[kind]
    caption, alt = captions.figure_texts(kind, table(), "valence", model)
    assert caption != alt
    assert caption.endswith(".")
    assert alt.endswith(".")
    if model:
        assert model in caption
        assert model in alt


@pytest.mark.parametrize("kind", [kind for kind, (*_, model) in FIGURES.items() if model])
def test_figures_of_a_model_name_it(kind):
    texts = drawn(kind).findobj(mpl.text.Text)
    assert any(FIGURES[kind][2] in text.get_text() for text in texts if text.get_visible())


@pytest.mark.parametrize("kind", ["comparison", "trials"])
def test_figures_of_all_models_name_them(kind):
    texts = {text.get_text() for text in drawn(kind).findobj(mpl.text.Text)}
    assert texts >= set(data.MODELS)


# Simulation of colour blindness as matrices for linear RGB (Machado, Oliveira and Fernandes 2009,
# severity 1).
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


@pytest.mark.parametrize("colours", [LINE_COLOURS, CLASS_COLOURS])
def test_colours_are_distinguishable_in_grey_and_for_colour_blind_readers(colours):
    """They differ by at least 20 in CIELAB, where 2 is about the smallest noticeable difference."""
    lights = sorted(luminance(colour) + 0.05 for colour in colours)
    assert min(high / low for low, high in pairwise(lights)) > 1.3
    for matrix in BLIND.values():
        seen = [lab(np.clip(matrix @ linear(colour), 0, 1)) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 20


def lab(rgb):
    """Return the CIELAB coordinates of linear RGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(to_xyz @ rgb / (0.9505, 1, 1.089), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def on_white(colour, alpha=None):
    """Return the contrast with white of a colour, blended with white if it is transparent."""
    *rgb, opacity = mpl.colors.to_rgba(colour, alpha)
    return contrast(np.array(rgb) * opacity + 1 - opacity, (1, 1, 1))


def test_colours_are_readable_on_white():
    marks = [style.INK, style.SOFT, *LINE_COLOURS, *CLASS_COLOURS]
    assert min(map(on_white, marks)) >= 3
    assert min(map(on_white, (style.INK, style.SOFT))) >= 4.5


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if kind != "confusion"])
def test_texts_lines_and_marks_are_readable_on_white(kind):
    """The cells of confusion matrices have a test of their own; grid lines are decoration."""
    figure = drawn(kind)
    texts = [t for t in figure.findobj(mpl.text.Text) if t.get_text().strip()]
    assert min(on_white(text.get_color(), text.get_alpha()) for text in texts) >= 4.5
    grid = {line for p in figure.axes for line in (*p.get_xgridlines(), *p.get_ygridlines())}
    for line in set(figure.findobj(mpl.lines.Line2D)) - grid:
        colours = [line.get_color()] if line.get_linestyle() != "None" else []
        if line.get_marker() not in ("None", None, ""):
            edge = line.get_markeredgecolor() if line.get_markeredgewidth() else "white"
            colours += [max((line.get_markerfacecolor(), edge), key=on_white)]
        for colour in colours:
            assert on_white(colour, line.get_alpha()) >= 3
    for patch in figure.findobj(Rectangle):
        if patch.get_visible() and patch not in (figure.patch, *(p.patch for p in figure.axes)):
            assert max(map(on_white, (patch.get_facecolor(), patch.get_edgecolor()))) >= 3


def test_confusion_shows_each_share_and_count():
    panel, paper = draw_confusion(confused(), "BasicDCGAN").axes
    texts = [text.get_text() for text in panel.texts]
    assert len(texts) == len(paper.texts) == 50
    assert texts[:4] == ["60.0", "6", "10.0", "1"]
    assert paper.texts[0].get_text() == "33.2"
    assert panel.get_images()[0].get_array()[2, 1] == 0.4
    assert paper.get_title().endswith("UAR 43.88 %")
    uar = 100 * np.mean([0.6, 0.75, 0.45, 7 / 16, 0.5])
    assert panel.get_title().endswith(f"UAR {uar:.2f} %")


def test_confusion_of_other_models_is_a_single_panel_with_readable_text():
    (panel,) = draw_confusion(confused("BasicCNN"), "BasicCNN").axes
    image = panel.get_images()[0]
    for text in panel.texts:
        column, row = text.get_position()
        cell = image.cmap(image.norm(image.get_array()[round(row), round(column)]))
        assert contrast(mpl.colors.to_rgb(text.get_color()), cell[:3]) > 4.5


def contrast(one, other):
    """Return the contrast ratio of two colours as defined by WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    return linear(colour) @ (0.2126, 0.7152, 0.0722)


def linear(colour):
    c = np.array(colour)
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def test_comparison_has_folds_mean_pooled_interval_paper_and_chance_of_each_model():
    panel, correlation = comparison.draw_comparison(compared()).axes
    names = ("single folds", "mean of folds", "pooled", "95 % CI", "paper")
    assert [len(lines(panel, name)) for name in names] == [4, 5, 5, 5, 4], "baseline without folds"
    folds = lines(panel, "single folds")[0]
    assert list(folds.get_xdata()) == pytest.approx([20.1, 20.2, 20.3])
    assert lines(panel, "pooled")[0].get_xdata() == pytest.approx([20.4])
    assert lines(panel, "95 % CI")[0].get_xdata() == pytest.approx([15.4, 25.4])
    assert lines(panel, "paper")[2].get_xdata() == pytest.approx([43.88])
    bands = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    assert [(band.get_x(), band.get_width()) for band in bands] == [pytest.approx((22, 4))] * 4
    assert lines(correlation, "pooled")[0].get_xdata() == pytest.approx([0.404])
    assert lines(correlation, "paper")[2].get_xdata() == pytest.approx([0.2618])
    assert not correlation.patches


def test_comparison_draws_baselines_and_human_raters_where_they_have_a_value():
    baseline = data.intervals().query("model == 'baseline'")
    crop = baseline.assign(model="baseline_crop", value=0.3)
    intervals = pd.concat([data.intervals(), crop])
    table = compared(intervals=intervals)
    rows = table.set_index(["model", "metric", "series"])["value"]
    assert rows["baseline_crop", "uar5", "pooled"] == rows["baseline_crop", "rho", "pooled"] == 0.3
    assert rows["rater", "rho", "human"] == 0.7
    assert ("rater", "uar5", "human") not in rows.index
    panel, correlation = comparison.draw_comparison(table).axes
    (human,) = lines(correlation, "human raters")
    assert list(human.get_xdata()) == [0.7]
    assert human.get_ydata() == [6], "below four models and two baselines"
    assert not lines(panel, "human raters")
    without = comparison.plot_data(data.metrics(), intervals)
    assert set(table["model"]) - set(without["model"]) == {"rater"}


def test_folds_are_above_the_interval_and_apart_from_each_other():
    for count in (5, 10):
        heights = comparison.spread(count)
        assert heights.max() < -0.15, "the axis points down"
        assert heights.min() > -0.5, "within the row"
        assert len({round(height, 2) for height in heights}) == count
        assert np.abs(np.diff(heights)).min() > 0.05, "equal values of neighbours stay visible"
    panel = comparison.draw_comparison(compared()).axes[0]
    folds = [line.get_ydata() for line in lines(panel, "single folds")]
    np.testing.assert_allclose(folds, np.arange(4)[:, None] + comparison.spread(3))


def test_comparison_omits_an_unknown_chance_level_and_paper_value():
    metrics = data.metrics().drop(columns=["chance", "chance_low", "chance_high"])
    intervals = data.intervals(("MultitaskCNN", "MultitaskDCGAN")).query("model != 'baseline'")
    panel = comparison.draw_comparison(compared(metrics, intervals, "activation")).axes[0]
    assert not panel.patches
    assert not lines(panel, "paper")
    names = [tick.get_text() for tick in panel.get_yticklabels()]
    assert names[:2] == ["MultitaskCNN", "MultitaskDCGAN"]
    assert len(names) == 3, "and human raters"


def test_learning_marks_the_first_best_epoch():
    table = learned({1: data.history(epochs=9, top=4)})
    assert table.loc[table["best"], "epoch"].tolist() == [4]
    upper, lower = visible(learning_curves.draw_learning(table, "M"))
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
        ("MultitaskLSTM", ["valence", "activation"]),
    ],
)
def test_learning_draws_the_losses_of_the_model(model, losses):
    upper = learning_curves.draw_learning(learned({1: data.history(model=model)}), model).axes[0]
    labels = [line.get_label() for line in upper.lines if not line.get_label().startswith("_")]
    assert labels == losses


def test_learning_draws_the_errors_of_predicted_frames_between_losses_and_uar():
    table = learned({1: data.history(9, "BasicAPC"), 2: data.history(7, "BasicAPC")}, "BasicAPC")
    figure = learning_curves.draw_learning(table, "BasicAPC")
    upper, _, middle, *_ = figure.axes
    assert upper.lines[0].get_label() == "valence"
    drawn = {line.get_label(): line.get_ydata() for line in middle.lines}
    assert drawn["apc"][0] == 0.085
    assert drawn["validation apc"] == pytest.approx(0.2 - 0.002 * np.arange(1, 10))
    entries = {text.get_text() for text in figure.legends[0].get_texts()}
    errors = {"apc", "repetition", "validation apc", "validation repetition"}
    assert entries == {"valence"} | errors
    assert captions.learning(table)["errors"]


def test_epochs_without_labels_have_errors_only():
    history = data.history(8, "BasicAPC")
    history.loc[:2, ["valence", "validation_uar"]] = np.nan
    table = learned({1: history}, "BasicAPC")
    assert table.loc[table["best"], "epoch"].tolist() == [4]
    upper, _, lower = learning_curves.draw_learning(table, "BasicAPC").axes
    for panel in (upper, lower):
        assert np.isnan(panel.lines[0].get_ydata()).tolist() == [True] * 3 + [False] * 5
    assert learning_curves.draw_learning(learned({1: history}, "BasicAPC"), "BasicAPC")


def test_ten_folds_are_drawn_in_two_blocks_with_shared_axes():
    figure = learning_curves.draw_learning(
        learned({f: data.history(f + 1) for f in range(1, 11)}), "M"
    )
    panels = visible(figure)
    assert len(panels) == 20
    titles = [title for panel in panels if (title := panel.get_title("left"))]
    assert titles == [f"Fold {fold}" for fold in range(1, 11)]
    assert len({panel.get_xlim() for panel in panels}) == 1
    assert len({panel.get_ylim() for panel in panels}) == 2


def test_unused_axes_are_hidden():
    figure = learning_curves.draw_learning(learned({f: data.history() for f in range(7)}), "M")
    assert len(visible(figure)) == 14


@pytest.mark.parametrize(("smallest", "leading"), [(1.0, None), (0.05, {1, 2, 5}), (1e-3, {1})])
def test_wide_range_of_losses_gives_a_logarithmic_axis_with_readable_ticks(smallest, leading):
    history = data.history(9).assign(discriminator=np.geomspace(2, smallest, 9))
    panel = learning_curves.draw_learning(learned({1: history}), "M").axes[0]
    assert (panel.get_yscale() == "log") == (leading is not None)
    if leading:
        low, high = panel.get_ylim()
        marks = [mark for mark in panel.get_yticks() if low <= mark <= high]
        assert {round(mark / 10 ** np.floor(np.log10(mark) + 1e-9)) for mark in marks} == leading
        assert len(marks) > 1


def test_a_single_epoch_is_drawn_as_a_point():
    upper, _ = visible(learning_curves.draw_learning(learned({1: data.history(1)}), "M"))
    assert lines(upper, "valence")[0].get_marker() == "o"


def test_generated_has_a_row_of_generated_and_real_spectrograms_per_epoch():
    table = data.generated()
    panels = visible(generated.draw_generated(table, "M"))
    assert len(panels) == 3 * (4 + 2)
    assert [p.get_ylabel() for p in panels if p.get_ylabel()] == ["Epoch 1", "Epoch 2", "Epoch 3"]
    own = table.query("epoch == 2 and source == 'generated' and sample == 3")
    levels = panels[6 + 2].get_images()[0].get_array()  # (rows, frames)
    assert levels.tolist() == own[["row_1", "row_2", "row_3"]].to_numpy().T.tolist()
    real = table.query("epoch == 3 and source == 'real' and sample == 2")
    levels = panels[-1].get_images()[0].get_array()
    assert levels.tolist() == real[["row_1", "row_2", "row_3"]].to_numpy().T.tolist()
    assert panels[0].get_images()[0].origin == "lower", "low frequencies at the bottom"
    shuffled = visible(generated.draw_generated(table.sample(frac=1, random_state=0), "M"))
    for one, other in zip(panels, shuffled, strict=True):
        np.testing.assert_array_equal(*(p.get_images()[0].get_array() for p in (one, other)))


def test_forecast_shows_frames_and_their_errors():
    table = data.forecast()
    panels = np.reshape(forecast.draw_forecast(table, "M").axes, (4, 2))
    assert [panel.get_title("left") for panel in panels[0]] == ["b", "a"]
    names = [panel.get_ylabel() for panel in panels[:3, 0]]
    assert names == ["Real", "Predicted", "Repeated"]
    own = table.query("recording == 'a' and source == 'predicted'")
    levels = panels[1, 1].get_images()[0].get_array()  # (rows, frames)
    assert levels.tolist() == own[["row_1", "row_2"]].to_numpy().T.tolist()
    for panel, error in zip(panels[3], (0.1, 0.2), strict=True):
        drawn = {line.get_label(): line.get_data() for line in panel.lines}
        assert drawn["predicted"][0].tolist() == [6, 7, 8]
        assert drawn["predicted"][1] == pytest.approx([error] * 3)
        assert drawn["repeated"][1] == pytest.approx([0.3] * 3)
    assert "0.1000" in panels[3, 0].get_title("left")
    assert all(panel.get_ylim()[1] > 0.3 for panel in panels[3]), "all errors are visible"
    numbers = captions.forecast(table)
    assert numbers["steps"] == 5
    assert [recording["name"] for recording in numbers["recordings"]] == ["b", "a"]
    errors = [recording["predicted"] for recording in numbers["recordings"]]
    assert errors == pytest.approx([0.1, 0.2])


def test_a_long_name_does_not_separate_the_generated_spectrograms():
    figure = generated.draw_generated(data.generated(), "A model with a long name")
    figure.draw_without_rendering()
    left = [panel.get_position().x0 for panel in visible(figure)[:4]]
    np.testing.assert_allclose(np.diff(left), left[1] - left[0], rtol=0.01)


def test_map_shows_position_class_and_part_of_recordings():
    table = data.mapped()
    panels = visible(draw_map(table, "M"))
    assert len(panels) == 4
    test, validation = panels[1].collections
    for drawn, part in ((test, "test"), (validation, "validation")):
        rows = table[(table["fold"] == 2) & (table["part"] == part)]
        np.testing.assert_allclose(drawn.get_offsets(), rows[["x", "y"]])
        wanted = [style.CLASS_COLOURS[{1.5: 2, 3: 3, 4.5: 4, 5: 5}[v] - 1] for v in rows["valence"]]
        drawn.update_scalarmappable()
        np.testing.assert_allclose(drawn.get_facecolors(), mpl.colors.to_rgba_array(wanted))
    assert (panels[1].get_xlabel(), panels[1].get_ylabel()) == ("PC1 (60 %)", "PC2 (20 %)")
    assert all(panel.get_aspect() == 1 for panel in panels), "distances can be compared"


def test_scatter_has_all_recordings_and_their_means():
    table = scatter.plot_data(PREDICTIONS, "valence")
    assert table["recording"].tolist() == ["a", "c", "b", "d"]
    assert scatter.means(table, "valence").to_numpy() == pytest.approx(
        np.array([[1, 1.5], [2.12, 3], [4.5, 4]])
    )
    panel = draw_scatter(table, "BasicCNN").axes[0]
    drawn = {line.get_label(): np.array(line.get_data()) for line in panel.lines}
    assert sorted(drawn["recording"][0]) == sorted(PREDICTIONS["valence"])
    assert drawn["mean"][1].tolist() == [1.5, 3.0, 4.0]


@pytest.mark.parametrize("count", [1, 2, 100])
def test_trials_are_dots_at_their_values(count):
    table = searched(count)
    figure = trials.draw_trials(trials.plot_data({"BasicDCGAN": table, "BasicCNN": table}))
    assert len(figure.axes) == 2 * 5
    panel = figure.axes[0]
    assert panel.get_title("left") == "BasicCNN"
    dots, chosen = (next(x for x in panel.lines if x.get_label() == n) for n in ("trial", "chosen"))
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(100 * table["validation_uar"]))
    assert chosen.get_ydata() == pytest.approx([100 * table["validation_uar"].max()])
    widths = sorted(table["crop_width"].unique())
    assert [widths[round(x)] for x in dots.get_xdata()] == table["crop_width"].tolist()


LABELLED_AXES = {"filters": 1, "learning_rate": 3, "layers": 2, "hidden_units": 2, "steps_ahead": 1}


def test_models_with_different_parameters_have_their_own_axes():
    models = (*data.MODELS, *data.SEQUENTIAL)
    table = trials.plot_data({model: data.trials(model) for model in models})
    figure = trials.draw_trials(table)
    assert figure.get_size_inches()[1] < 9.5
    panels = figure.findobj(mpl.axes.Axes)
    assert len(panels) == 4 * 5 + 2 * 5 + 2 * 6
    assert {panel.get_title("left") for panel in panels} - {""} == set(models)
    assert len({panel.get_ylim() for panel in panels}) == 1
    labels = [panel.get_xlabel() for panel in panels]
    counts = {name: labels.count(paper_tables.PARAMETER_NAMES[name]) for name in LABELLED_AXES}
    assert counts == LABELLED_AXES
    (dots,) = lines(panels[-1], "trial")
    assert [dots.get_xdata().tolist(), panels[-1].get_xlabel()] == [[0, 1, 1], "Steps ahead"]
    numbers = captions.trials(table.assign(value=table["value"].where(table["model"] != "X", 1)))
    assert numbers["fixed"] == []
    fixed = table.copy()
    fixed.loc[fixed["parameter"] == "layers", "value"] = 1
    groups = [models for models, _ in captions.trials(fixed)["fixed"]]
    assert groups == [["BasicLSTM", "MultitaskLSTM"], ["BasicAPC", "MultitaskAPC"]]


def test_lines_are_means_of_trials_with_the_same_value():
    """Crop width 64 has two trials with .30 and .25; 128 has a single one."""
    panel = trials.draw_trials(trials.plot_data({"BasicCNN": data.trials()})).axes[0]
    (line,) = panel.collections[0].get_segments()
    assert line[:, 1] == pytest.approx([27.5, 27.5])
    assert line[:, 0].mean() == pytest.approx(0)


def test_trials_stopped_by_successive_halving_are_a_series_without_means():
    table = trials.plot_data({"BasicCNN": data.trials().assign(rung=[1, 2, 0])})
    panel = trials.draw_trials(table).axes[0]
    (stopped,), (others,) = lines(panel, "stopped trial"), lines(panel, "trial")
    assert stopped.get_ydata() == pytest.approx([30, 25])
    assert others.get_ydata() == pytest.approx([41])
    assert not panel.collections
    whole = trials.plot_data({"BasicCNN": data.trials()})
    assert [captions.trials(one)["halving"] for one in (whole, table)] == [False, True]


def test_only_some_of_many_values_are_labelled():
    figure = trials.draw_trials(trials.plot_data({"BasicCNN": searched(100)}))
    assert all(len(panel.get_xticks()) <= 4 for panel in figure.axes)


@pytest.mark.parametrize("varied", [["filters"], ["crop_width", "batch_size"]])
def test_parameters_with_a_single_value_are_named_in_the_caption_only(varied):
    names = MODELS["BasicCNN"].family.parameters
    fixed = {name: 8 for name in names if name not in varied}
    table = trials.plot_data(dict.fromkeys(data.MODELS, searched(20).assign(**fixed)))
    figure = trials.draw_trials(table)
    labels = {panel.get_xlabel() for panel in figure.axes} - {""}
    assert len(labels) == len(varied)
    for name in varied:
        assert any(label.startswith(paper_tables.PARAMETER_NAMES[name]) for label in labels)
    assert len(figure.axes) == 4 * len(varied)
    ((models, found),) = captions.trials(table)["fixed"]
    assert models == list(data.MODELS)
    assert len(found) == 5 - len(varied)
    texts = {text.get_text() for text in figure.findobj(mpl.text.Text)}
    assert texts >= set(data.MODELS)


@pytest.mark.parametrize(
    ("read", "table", "columns"),
    [
        (
            lambda t: learning_curves.plot_data(t, "BasicCNN"),
            data.histories({1: data.history()}),
            "valid",
        ),
        (lambda t: trials.plot_data({"BasicCNN": t}), data.trials(), "filters"),
        (partial(scatter.plot_data, task="valence"), PREDICTIONS, "expected"),
        (lambda t: draw_map(t, "M"), data.mapped(), "share_y"),
        (lambda t: generated.draw_generated(t, "M"), data.generated(), "row_1"),
        (lambda t: forecast.draw_forecast(t, "M"), data.forecast(), "row_1"),
    ],
    ids=["learning", "trials", "scatter", "map", "generated", "forecast"],
)
def test_tables_with_missing_columns_or_rows_are_refused(read, table, columns):
    dropped = [column for column in table if str(column).startswith(columns)]
    with pytest.raises(InputError, match=f"no column.* {dropped[0]}"):
        read(table.drop(columns=dropped[0]))
    with pytest.raises(InputError, match="no rows"):
        read(table.iloc[:0])


def test_missing_validation_scores_and_models_are_refused():
    history = data.histories({1: data.history(), 2: data.history()})
    history.loc[history["fold"] == 2, "validation_uar"] = np.nan
    with pytest.raises(InputError, match="BasicCNN, fold 2"):
        learning_curves.plot_data(history, "BasicCNN")
    with pytest.raises(InputError, match="trials"):
        trials.plot_data({})


def test_caption_numbers():
    numbers = captions.comparison(compared())
    assert (numbers["recordings"], numbers["speakers"]) == ((9, 9), (5, 5))
    own = {model["name"]: (model["pooled"], model["paper"]) for model in numbers["models"]}
    assert own["BasicDCGAN"] == (pytest.approx(0.219), 0.4388)
    assert own[model_name("baseline")][1] is None
    assert numbers["human"] == [None, 0.7]
    numbers = captions.confusion(confused(), "valence")
    assert numbers["recordings"] == np.sum(data.COUNTS)
    assert dict(numbers["recalls"])["Neg."] == 0.75
    assert numbers["paper"]
    assert not captions.confusion(confused("BasicCNN"), "valence")["paper"]
    numbers = captions.learning(learned({1: data.history(9)}))
    assert numbers["folds"] == [{"fold": 1, "uar": pytest.approx(0.34), "epoch": 4, "epochs": 9}]
    numbers = captions.trials(
        trials.plot_data({"BasicCNN": data.trials(), "BasicDCGAN": searched(1)})
    )
    assert numbers["trials"] == (1, 3)
    assert numbers["ranges"][0] == ("BasicCNN", 0.25, 0.41)
    numbers = captions.scatter(scatter.plot_data(PREDICTIONS, "valence"), "valence")
    assert numbers["rho"] == pytest.approx(
        np.corrcoef(PREDICTIONS["valence"], PREDICTIONS["expected"])[0, 1]
    )
    assert (numbers["recordings"], numbers["speakers"]) == (4, 2)


def test_caption_numbers_of_generated_spectrograms_and_the_map():
    table, cells = data.generated(), [f"row_{row}" for row in (1, 2, 3)]
    epoch, level, spread = captions.generated(table)["epochs"][1]
    own = table.query("epoch == 2 and source == 'generated'")
    stacked = np.stack([rows[cells].to_numpy() for _, rows in own.groupby("sample")])
    assert epoch == 2
    assert level == pytest.approx(stacked.mean() / 255)
    assert spread == pytest.approx(stacked.std(axis=0, ddof=1).mean() / 255)
    same = captions.generated(table.assign(**dict.fromkeys(cells, 51)))
    assert same["epochs"][0] == (1, pytest.approx(0.2), 0)
    table = data.mapped()
    rows, fold = table.query("fold == 1"), captions.shared_layer(table, "valence")["folds"][0]
    position = rows.loc[rows["valence"] == 5, "x"].mean() / rows["x"].std()
    assert fold["variance"] == pytest.approx(0.8)
    assert dict(fold["positions"])["Very Pos."] == round(position, 1)
