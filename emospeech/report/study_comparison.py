"""The comparison of several studies: tables, figures and a page of its own.

It is not a section of the page of a study, because that page depends on the results of its study
only, and is byte-identical for equal results.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emospeech.evaluation.studies import FinishedStudy, compare_studies, groups_of
from emospeech.report import captions as caption_numbers
from emospeech.report.dataframes import uars_of_target
from emospeech.report.evaluation_tables import metrics_in_columns, table_variants
from emospeech.report.figures import save, variants
from emospeech.report.markup import Table, format_table, to_markdown
from emospeech.report.page import Figure
from emospeech.report.templates import captions, environment, flatten
from emospeech.runtime.files import write_table, write_text

MINUS = "\N{MINUS SIGN}"
OTHER_KEYS = ("results", "prepared", "report")  # config keys that do not change results


def write_comparison(studies: Sequence[FinishedStudy], output: Path) -> str:
    """Write tables, figures and a page to a folder, and return the tables as Markdown.

    Args:
        studies: At least two studies with different names. The settings of the bootstrap are those
            of the first.
        output: The folder.
    """
    config, target = studies[0].config, studies[0].target.name
    metrics, differences = compare_studies(
        studies, config["evaluation"]["resamples"], config["seed"]
    )
    numbers = describe(studies, metrics, differences)
    frames = {"studies": table_studies(metrics)}
    figures = {"studies": _figure("studies", metrics, output, "UAR (%)", target)}
    if not differences.empty:
        named = differences.assign(study=differences["study"] + f" {MINUS} " + differences["other"])
        table = table_variants(named.rename(columns={"study": "variant"}))
        frames["study_differences"] = table.rename(columns={"variant": "studies"})
        figures["study_differences"] = _figure(
            "study_differences", named, output, variants.CHANGE, target
        )
    files = {"studies": metrics, "study_differences": differences}
    for name in frames:
        write_table(output / "tables" / f"{name}.csv", files[name])
    if len(settings := different_settings(studies)):
        frames["study_settings"] = settings
    dividers = {"studies": "study", "study_differences": "studies", "study_settings": "setting"}
    tables = {
        name: Table(
            f"table-{name}",
            name,
            format_table(frame),
            numbers=numbers,
            divider=frame.columns.get_loc(dividers[name]),
            files=(f"tables/{name}.csv",) if name in files else (),
        )
        for name, frame in frames.items()
    }
    html = environment(target).get_template("studies.html.jinja")
    shown = {name: [tables[name]] if name in tables else [] for name in dividers}
    drawn = {name: [figures[name]] if name in figures else [] for name in files}
    write_text(output / "index.html", html.render(numbers=numbers, tables=shown, figures=drawn))
    markdown = environment(target, autoescape=False).get_template("studies.md.jinja")
    return markdown.render(numbers=numbers, tables=[*map(to_markdown, frames.values())]).strip()


def describe(
    studies: Sequence[FinishedStudy], metrics: pd.DataFrame, differences: pd.DataFrame
) -> dict[str, Any]:
    """Return the numbers in the sentences of the page."""
    groups = []
    for group in groups_of(studies):
        tested = pd.concat(group[0].test_recordings(group[0].models))
        counts = tested["recording"].nunique(), tested["speaker"].nunique()
        groups.append(([study.name for study in group], *counts))
    smallest = {}
    if not differences.empty:
        rows = uars_of_target(differences)
        smallest = {name: rows[name].min() for name in ("smallest_p", "smallest_p_holm")}
    return {
        "names": [study.name for study in studies],
        "folders": [(study.name, study.folder) for study in studies],
        "groups": groups,
        "seeds": int(metrics["seeds"].max()),
        "smallest": smallest,
    }


def table_studies(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled UAR over all classes and correlation of each study, task and model."""
    columns = {"value": "pooled", "low": "low", "high": "high"}
    rows = metrics.rename(columns=columns)
    return metrics_in_columns(
        rows, ["study", "task", "model", "seeds", "speakers"], [*columns.values()]
    )


def different_settings(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Return the config keys in which studies differ: a row per key and study."""
    configs = {
        study.name: dict(
            flatten({key: value for key, value in study.config.items() if key not in OTHER_KEYS})
        )
        for study in studies
    }
    keys = dict.fromkeys(key for config in configs.values() for key in config)
    rows = []
    for key in keys:
        values = {name: config.get(key, "none") for name, config in configs.items()}
        # A section that is empty in one study is described by the keys of the other.
        is_section = any(other.startswith(f"{key}.") for other in keys)
        if len(set(values.values())) > 1 and not is_section:
            rows += [{"setting": key, "study": n, "setting_value": v} for n, v in values.items()]
    return pd.DataFrame(rows)


def _figure(name: str, table: pd.DataFrame, output: Path, label: str, target: str) -> Figure:
    """Draw and save a figure of the UAR of studies, or of its differences."""
    table = variants.plot_data(table.rename(columns={"study": "variant"}))
    files = {
        f"{name}_{suffix}": output / "figures" / f"{name}.{suffix}"
        for suffix in ("pdf", "png", "csv")
    }
    save(name, variants.draw_variants(table, label), table, files)
    texts, numbers = captions(target), caption_numbers.variants(table)
    caption, alt = (getattr(texts, f"{kind}_{name}")(numbers) for kind in ("figure", "alt"))
    png = files[f"{name}_png"]
    return Figure(name, str(files[f"{name}_pdf"]), png.read_bytes(), caption, alt)
