"""Tables select the right values and are written as CSV, Markdown and TeX."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emospeech.report.formats import MISSING, percent, plain, probability, share
from emospeech.report.markup import TEX, format_table, to_markdown, to_tex, write_tables
from emospeech.report.paper_tables import table_1, table_2, table_3, table_classes
from emospeech.runtime.errors import InputError
from tests import report_data as data


def files(folder, *names):
    """Return the paths of tables by name and format."""
    return {
        f"{n}_{suffix}": folder / f"{n}.{suffix}"
        for n in names
        for suffix in ("csv", "md", "tex", "html")
    }


def test_table_1_has_the_values_of_the_run_and_of_the_paper():
    table = table_1({"MultitaskDCGAN": data.best(), "BasicCNN": data.best()})
    models = [f"{model}{end}" for model in ("BasicCNN", "MultitaskDCGAN") for end in ("", "_paper")]
    assert list(table.columns) == ["parameter", *models]
    assert table["BasicCNN"].tolist() == [128, 1e-4, 128, 9, 72]
    assert table["MultitaskDCGAN_paper"].tolist() == [64, 1e-4, 128, 6, 88]
    assert format_table(table).rows[1] == ("Learning rate", "1e-4", "1e-4", "1e-4", "1e-4")


def test_table_1_lists_the_values_of_folds_that_differ():
    other = data.best() | {"crop_width": 64.0, "learning_rate": 1e-3}
    table = table_1({"BasicCNN": {"folds": {"1": data.best(), "2": other}}})
    assert table["BasicCNN"].tolist() == ["128, 64", "1e-4, 1e-3", 128, 9, 72]


def test_table_1_has_empty_cells_for_parameters_that_a_model_does_not_have():
    models = ("BasicAPC", "BasicLSTM", "BasicCNN")
    table = table_1({model: data.best(model) for model in models}).set_index("parameter")
    assert list(table.columns) == ["BasicCNN", "BasicCNN_paper", "BasicLSTM", "BasicAPC"]
    steps = table.loc["Steps ahead"]
    assert steps["BasicAPC"] == 5
    assert steps[["BasicCNN", "BasicCNN_paper", "BasicLSTM"]].isna().all()
    assert table.loc["Filter size"].isna().tolist() == [False, False, True, True]
    own = table_1({"BasicLSTM": data.best("BasicLSTM")})
    assert own["BasicLSTM"].tolist() == [128, 1e-4, 128, 2, 256]


def test_table_1_refuses_a_missing_parameter():
    best = data.best()
    del best["filters"]
    with pytest.raises(InputError, match="BasicCNN: no filters"):
        table_1({"BasicCNN": best})


def test_table_2_selects_scope_task_and_model():
    metrics = data.metrics().sample(frac=1, random_state=3)  # the order of rows does not matter
    table = table_2(metrics).set_index("model")
    assert list(table.index) == list(data.MODELS)
    expected = metrics.query("model == 'MultitaskCNN' and task == 'valence'").set_index("scope")
    ours = table.loc["MultitaskCNN"]
    for name in ("uar5", "uar3", "rho"):
        assert ours[f"{name}_pooled"] == expected.loc["pooled", name]
        assert ours[f"{name}_mean"] == expected.loc["mean", name]
    assert ours["p_pooled"] == expected.loc["pooled", "p"]
    assert (ours["uar5_paper"], ours["uar3_paper"], ours["rho_paper"]) == (0.3678, 0.4057, 0.0737)
    assert (ours["chance"], ours["chance_low"], ours["chance_high"]) == (0.24, 0.22, 0.26)


def test_table_2_of_activation_has_no_values_of_the_paper():
    table = table_2(data.metrics(), "activation")
    assert table["model"].tolist() == ["MultitaskCNN", "MultitaskDCGAN"]
    assert not [column for column in table if "paper" in column]


def test_a_missing_scope_is_shown_as_a_dash():
    metrics = data.metrics(["BasicCNN"])
    table = table_2(metrics[metrics["scope"] == "pooled"])
    assert np.isnan(table["uar5_mean"].item())
    assert format_table(table).rows[0][2] == MISSING


def test_metrics_with_missing_or_repeated_parts_are_refused():
    metrics = data.metrics(["BasicCNN"])
    with pytest.raises(InputError, match="two rows of valence, BasicCNN, fold-1"):
        table_2(pd.concat([metrics, metrics]))
    with pytest.raises(InputError, match="no column uar3"):
        table_2(metrics.drop(columns="uar3"))
    with pytest.raises(InputError, match="arousal"):
        table_2(metrics, "arousal")


def test_table_3_normalises_rows_and_adds_the_papers_for_its_model_only():
    table = table_3(data.confusion(), "BasicDCGAN", "valence")
    assert table["support"].tolist() == [10, 40, 20, 16, 4]
    assert table["1"].tolist() == [0.6, 0, 0.05, 0, 0]
    assert table["2"].tolist() == [0.1, 0.75, 0.4, 5 / 16, 0.25]
    assert table["paper_5"].tolist() == [0.1122, 0.0299, 0.0393, 0.0412, 0.4390]
    assert not [
        name for name in table_3(data.confusion(), "BasicCNN", "valence") if name[:5] == "paper"
    ]


def test_table_3_accepts_any_order_of_rows_and_integer_column_names():
    changed = data.confusion().iloc[::-1].rename(columns={str(n): n for n in range(1, 6)})
    pd.testing.assert_frame_equal(
        table_3(changed, "BasicDCGAN", "valence"),
        table_3(data.confusion(), "BasicDCGAN", "valence"),
    )


def test_an_absent_class_has_no_shares():
    counts = [row if truth != 4 else [0] * 5 for truth, row in enumerate(data.COUNTS)]
    table = table_3(data.confusion(counts), "BasicCNN", "valence")
    assert table.loc[4, list("12345")].isna().all()
    assert format_table(table).rows[4] == ("Very Pos.", "0", *[MISSING] * 5)


@pytest.mark.parametrize("wrong", [-1, 0.5, np.nan, "many"])
def test_invalid_counts_are_refused(wrong):
    table = data.confusion().astype(object)
    table.loc[2, "3"] = wrong
    with pytest.raises(InputError, match=r"confusion of BasicCNN: .*counts"):
        table_3(table, "BasicCNN", "valence")


def test_a_missing_class_is_refused():
    with pytest.raises(InputError, match=r"confusion of BasicCNN: .*1, 2, 3, 4, 5"):
        table_3(data.confusion().iloc[:4], "BasicCNN", "valence")


def test_table_classes_has_the_papers_values_after_its_model():
    table = table_classes(
        {"MultitaskDCGAN": data.classes(), "BasicDCGAN": data.classes()}, "valence"
    )
    names = table["model"].drop_duplicates().tolist()
    assert names == ["BasicDCGAN", "BasicDCGAN, paper", "MultitaskDCGAN"]
    row = table[(table["model"] == "BasicDCGAN") & (table["class"] == "Neu.")].iloc[0]
    assert (row["precision"], row["f1_normalised"]) == pytest.approx((0.102, 0.502))
    assert round(table.loc[6, "precision_normalised"], 4) == 0.3502


def test_number_formats():
    formatted = [plain(value) for value in (128.0, 3, 1e-4, 2.5e-5, 0.25, "x", True)]
    assert formatted == ["128", "3", "1e-4", "2.5e-5", "0.25", "x", "yes"]
    assert (percent(-1e-5), share(-1e-5), share(-1e-4)) == ("0.00", "0.0000", "-0.0001")
    values = [probability(p) for p in (0.0, 0.00099, 0.001, 0.2)]
    assert values == ["<0.001", "<0.001", "0.001", "0.200"]


def test_tex_lines_have_equal_cells_and_groups_span_their_columns():
    lines = to_tex(table_2(data.metrics())).splitlines()
    assert lines[0] == r"\begin{tabular}{lrrrrrrrrrrrrr}"
    assert r"\multicolumn{3}{c}{UAR5 (\%)}" in lines[2]
    assert lines[3].startswith(r"\cmidrule(lr){2-4}\cmidrule(lr){5-7}\cmidrule(lr){8-11}")
    cells = [line for line in lines[4:] if line.endswith(r"\\")]
    assert [line.count(" & ") for line in cells] == [13] * 5
    assert lines[-1] == r"\end{tabular}"


def test_tex_has_a_minus_sign_and_a_dash():
    metrics = data.metrics(["BasicCNN"])
    metrics["rho"] = -0.0123
    text = to_tex(table_2(metrics[metrics["scope"] == "pooled"]))
    assert " & $-$0.0123 & " in text
    assert " & -- & " in text


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_tex_escapes_all_special_characters(text):
    known = (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}")
    left = text.translate(TEX)
    for word in (*known, *(rf"\{letter}" for letter in "&%$#_{}"), "$<$", "$>$", "$|$"):
        left = left.replace(word, "")
    assert not set(left) & set("\\&%$#_{}~^")


def test_markdown_has_one_line_per_row_and_escapes_pipes():
    frame = pd.DataFrame({"model": ["a|b", "c"], "uar5_pooled": [0.5, np.nan]})
    head, rule, *rows = to_markdown(frame).splitlines()
    cells = [re.split(r"(?<!\\) *\| *", line)[1:-1] for line in (head, *rows)]
    assert cells == [["Model", "UAR5 (%): pooled"], ["a\\|b", "50.00"], ["c", MISSING]]
    assert re.fullmatch(r"\|:?-+\|-+:\|", rule)


def test_tables_are_written_in_all_formats(tmp_path):
    name = "table-3-BasicDCGAN"
    tables = {
        name: table_3(data.confusion(), "BasicDCGAN", "valence"),
        "table-1": table_1({"BasicCNN": data.best()}),
    }
    paths = files(tmp_path, *tables)
    write_tables(tables, paths, "valence")
    pd.testing.assert_frame_equal(pd.read_csv(paths[f"{name}_csv"]), tables[name])
    assert paths[f"{name}_md"].read_text() == to_markdown(tables[name])
    assert paths[f"{name}_tex"].read_text() == to_tex(tables[name])
    assert "Crop width,128,128\n" in paths["table-1_csv"].read_text(), "integers stay integers"
    page = paths[f"{name}_html"].read_text()
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page)
    assert cells[-11:] == list(format_table(tables[name]).rows[-1][-11:])
    assert "BasicDCGAN" in page
