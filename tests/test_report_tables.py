"""Tables pick the right cells and are written as CSV, Markdown and TeX."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emospeech.report import tables
from emospeech.report.forms import MISSING, percent, plain, probability, share
from emospeech.report.layout import arrange
from emospeech.report.markup import escape_tex, to_markdown, to_tex
from emospeech.runtime.errors import InputError
from tests import report_data as data


def test_table_1_puts_ours_beside_the_papers():
    table = tables.table_1({"MultitaskDCGAN": data.best(), "BasicCNN": data.best()})
    assert list(table.columns) == [
        "parameter", "BasicCNN", "BasicCNN_paper", "MultitaskDCGAN", "MultitaskDCGAN_paper",
    ]  # fmt: skip
    assert table["BasicCNN"].tolist() == [128, 1e-4, 128, 9, 72]
    assert table["MultitaskDCGAN_paper"].tolist() == [64, 1e-4, 128, 6, 88]
    assert arrange(table).rows[1] == ("Learning rate", "1e-4", "1e-4", "1e-4", "1e-4")


def test_whole_numbers_stay_whole_in_csv(tmp_path):
    tables.write_csv(tables.table_1({"BasicCNN": data.best()}), tmp_path / "t.csv")
    assert "Crop width,128,128\n" in (tmp_path / "t.csv").read_text()


def test_table_1_names_a_missing_parameter():
    best = data.best()
    del best["filters"]
    with pytest.raises(InputError, match="BasicCNN: no filters"):
        tables.table_1({"BasicCNN": best})


def test_folds_that_chose_differently_stand_in_a_row():
    other = data.best() | {"crop_width": 64.0, "learning_rate": 1e-3}
    table = tables.table_1({"BasicCNN": {"folds": {"1": data.best(), "2": other}}})
    assert table["BasicCNN"].tolist() == ["128, 64", "1e-4, 1e-3", 128, 9, 72]


def test_table_2_picks_scope_task_and_model():
    metrics = data.metrics().sample(frac=1, random_state=3)  # the order of rows does not matter
    table = tables.table_2(metrics).set_index("model")
    assert list(table.index) == list(data.MODELS)

    def expected(scope, name):
        rows = metrics.query(
            f"model == 'MultitaskCNN' and task == 'valence' and scope == '{scope}'"
        )
        return rows[name].item()

    ours = table.loc["MultitaskCNN"]
    for name in ("uar5", "uar3", "rho"):
        assert ours[f"{name}_pooled"] == expected("pooled", name)
        assert ours[f"{name}_mean"] == expected("mean", name)
    assert ours["p_pooled"] == expected("pooled", "p")
    assert (ours["uar5_paper"], ours["uar3_paper"], ours["rho_paper"]) == (0.3678, 0.4057, 0.0737)
    assert (ours["chance"], ours["chance_low"], ours["chance_high"]) == (0.24, 0.22, 0.26)


def test_table_2_of_activation_has_no_column_of_the_paper():
    table = tables.table_2(data.metrics(), "activation")
    assert table["model"].tolist() == ["MultitaskCNN", "MultitaskDCGAN"]
    assert not [column for column in table if "paper" in column]


def test_a_missing_scope_is_a_dash_and_a_double_one_an_error():
    metrics = data.metrics(["BasicCNN"])
    alone = tables.table_2(metrics[metrics["scope"] == "pooled"])
    assert np.isnan(alone["uar5_mean"].item())
    assert arrange(alone).rows[0][2] == MISSING
    with pytest.raises(InputError, match="two rows of valence, BasicCNN, fold-1"):
        tables.table_2(pd.concat([metrics, metrics]))


def test_metrics_without_a_column_or_task_are_refused():
    with pytest.raises(InputError, match="no column uar3"):
        tables.table_2(data.metrics().drop(columns="uar3"))
    with pytest.raises(InputError, match="no rows of the task arousal"):
        tables.table_2(data.metrics(), "arousal")


def test_table_3_normalises_rows_and_adds_the_papers_for_its_model_only():
    table = tables.table_3(data.confusion(), "BasicDCGAN")
    assert table["support"].tolist() == [10, 40, 20, 16, 4]
    assert table["1"].tolist() == [0.6, 0, 0.05, 0, 0]
    assert table["2"].tolist() == [0.1, 0.75, 0.4, 5 / 16, 0.25]
    assert table["paper_5"].tolist() == [0.1122, 0.0299, 0.0393, 0.0412, 0.4390]
    assert not [c for c in tables.table_3(data.confusion(), "BasicCNN") if c.startswith("paper")]


def test_table_3_sorts_rows_by_truth_and_takes_numbers_as_names():
    turned = data.confusion().iloc[::-1].rename(columns={str(n): n for n in range(1, 6)})
    pd.testing.assert_frame_equal(
        tables.table_3(turned, "BasicDCGAN"), tables.table_3(data.confusion(), "BasicDCGAN")
    )


def test_a_class_that_never_occurs_has_no_shares():
    counts = [row if truth != 4 else [0] * 5 for truth, row in enumerate(data.COUNTS)]
    table = tables.table_3(data.confusion(counts), "BasicCNN")
    assert table.loc[4, list("12345")].isna().all()
    assert arrange(table).rows[4] == ("Very Pos.", "0", *[MISSING] * 5)


@pytest.mark.parametrize("wrong", [-1, 0.5, np.nan, "many"])
def test_counts_that_are_no_counts_are_refused(wrong):
    table = data.confusion().astype(object)
    table.loc[2, "3"] = wrong
    with pytest.raises(InputError, match="confusion of BasicCNN: expected whole counts"):
        tables.table_3(table, "BasicCNN")


def test_a_missing_class_is_refused():
    with pytest.raises(InputError, match="one row for each truth"):
        tables.table_3(data.confusion().iloc[:4], "BasicCNN")


def test_table_classes_adds_the_papers_figures_after_its_model():
    table = tables.table_classes({"MultitaskDCGAN": data.classes(), "BasicDCGAN": data.classes()})
    names = table["model"].drop_duplicates().tolist()
    assert names == ["BasicDCGAN", "BasicDCGAN, paper", "MultitaskDCGAN"]
    row = table[(table["model"] == "BasicDCGAN") & (table["class"] == "Neu.")].iloc[0]
    assert (row["precision"], row["f1_normalised"]) == pytest.approx((0.102, 0.502))
    assert round(table.loc[6, "precision_normalised"], 4) == 0.3502


def test_table_chance_compares_with_the_interval():
    metrics = data.metrics(["BasicCNN", "BasicDCGAN"])
    metrics.loc[(metrics.model == "BasicDCGAN") & (metrics.scope == "pooled"), "uar5"] = 0.27
    table = tables.table_chance(metrics)
    assert table["above"].tolist() == [False, True]
    assert table["margin"].tolist() == pytest.approx([0.204 - 0.24, 0.03])
    assert tables.table_chance(metrics.drop(columns="chance")).empty


def test_numbers_print_as_people_read_them():
    printed = [plain(value) for value in (128.0, np.int64(3), 1e-4, 2.5e-5, 0.25, "x", np.True_)]
    assert printed == ["128", "3", "1e-4", "2.5e-5", "0.25", "x", "yes"]
    assert (percent(-1e-5), share(-1e-5), share(-1e-4)) == ("0.00", "0.0000", "-0.0001")
    assert [probability(p) for p in (0.0, 0.00099, 0.001, 0.2)] == [
        "<0.001",
        "<0.001",
        "0.001",
        "0.200",
    ]


def test_tex_has_as_many_cells_in_every_line_and_spans_the_groups():
    table = tables.table_2(data.metrics())
    lines = to_tex(table).splitlines()
    assert lines[0] == r"\begin{tabular}{lrrrrrrrrrrrrr}"
    assert r"\multicolumn{3}{c}{UAR, 5 classes (\%)}" in lines[2]
    assert lines[3].startswith(r"\cmidrule(lr){2-4}\cmidrule(lr){5-7}\cmidrule(lr){8-11}")
    cells = [line for line in lines[4:] if line.endswith(r"\\")]
    assert [line.count(" & ") for line in cells] == [13] * 5
    assert lines[-1] == r"\end{tabular}"


def test_tex_sets_a_minus_and_a_dash():
    metrics = data.metrics(["BasicCNN"])
    metrics["rho"] = -0.0123
    text = to_tex(tables.table_2(metrics[metrics["scope"] == "pooled"]))
    assert " & $-$0.0123 & " in text
    assert " & -- & " in text


def test_tex_escapes_what_tex_would_read():
    assert escape_tex(r"a_b & 50% \x {#} $~^") == (
        r"a\_b \& 50\% \textbackslash{}x \{\#\} \$\textasciitilde{}\textasciicircum{}"
    )


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_no_letter_of_a_text_is_left_special_to_tex(text):
    known = (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}")
    left = escape_tex(text)
    for word in (*known, *(rf"\{letter}" for letter in "&%$#_{}"), "$<$", "$>$", "$|$"):
        left = left.replace(word, "")
    assert not set(left) & set("\\&%$#_{}~^")


def test_markdown_has_one_line_a_row_and_escapes_the_pipe():
    frame = pd.DataFrame({"model": ["a|b", "c"], "uar5_pooled": [0.5, np.nan]})
    head, rule, *rows = to_markdown(frame).splitlines()
    cells = [re.split(r"(?<!\\) *\| *", line)[1:-1] for line in (head, *rows)]
    assert cells == [["Model", "UAR, 5 classes (%): pooled"], ["a\\|b", "50.00"], ["c", MISSING]]
    assert re.fullmatch(r"\|:?-+\|-+:\|", rule)


def test_all_three_files_are_written(tmp_path):
    table = tables.table_3(data.confusion(), "BasicDCGAN")
    tables.write_csv(table, tmp_path / "t.csv")
    tables.write_markdown(table, tmp_path / "t.md")
    tables.write_tex(table, tmp_path / "t.tex")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
    assert (tmp_path / "t.md").read_text() == to_markdown(table)
    assert (tmp_path / "t.tex").read_text() == to_tex(table)
