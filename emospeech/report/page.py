"""The report page: one self-contained HTML file, the same bytes for the same results.

The sentences are in the templates. `page_tables` selects the tables, `page_numbers` computes the
numbers in the sentences, and `captions` those in the captions of figures.
"""

import struct
from dataclasses import dataclass, field

import pandas as pd

from emospeech.report.evaluation_tables import build_tables
from emospeech.report.forms import plain
from emospeech.report.page_numbers import headline, page_numbers
from emospeech.report.page_tables import page_tables
from emospeech.report.templates import environment

KINDS = (
    *("outline", "balance", "example"),
    *("comparison", "confusion", "scatter", "trials", "learning"),
    *("generated", "map"),
)


@dataclass(frozen=True)
class Picture:
    """A figure: its kind (one of KINDS), its PDF file, its PNG, caption and alternative text."""

    kind: str
    path: str
    png: bytes
    caption: str
    alt: str

    @property
    def size(self):
        """Return width and height on the page in CSS pixels: 1.5 times the size in print."""
        pixels = struct.unpack(">II", self.png[16:24])  # in the IHDR chunk, the first one
        density = self.png.find(b"pHYs") + 4  # pixels per metre
        per_inch = struct.unpack(">I", self.png[density : density + 4])[0] * 0.0254
        return tuple(round(1.5 * 96 * number / per_inch) for number in pixels)


@dataclass(frozen=True)
class Run:
    """How the results were made.

    Attributes:
        config: The settings; may be nested.
        versions: The version of each package.
        seeds: The seed of each part of the study.
        commit: The commit of the code.
        date: The date of the run, if it is to be shown.
        synthetic: Whether the corpora are the synthetic ones.
        command: The command that makes one file again, without the path.
        whole: The command that makes the whole study.
        control: The results folder of the study with shuffled labels, if one is configured.
        control_command: The command that makes that study.
        hardware: The machine that wrote the report.
        stores: By corpus, the SHA-256 of the sources of the spectrograms.
        durations: The table of `stage_durations`.
    """

    config: dict
    versions: dict
    seeds: dict
    commit: str = ""
    date: str = ""
    synthetic: bool = False
    command: str = "snakemake --cores 1 --force"
    whole: str = "snakemake --cores 1"
    control: str | None = None
    control_command: str = ""
    hardware: dict = field(default_factory=dict)
    stores: dict = field(default_factory=dict)
    durations: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Report:
    """The data of the page; tables and figures without data are left out.

    Attributes:
        run: How the results were made.
        corpora: The summary.json of each corpus.
        metrics: The table metrics.csv.
        best: The best.json of each model.
        confusions: The confusion.csv of each model.
        classes: The classes.csv of each model.
        trials: The trials.csv of each model.
        pictures: The figures in the order of the page.
        evaluation: The other tables of results/evaluation by name, and as `control` the
            metrics.csv of the study with shuffled labels.
    """

    run: Run
    corpora: dict
    metrics: pd.DataFrame
    best: dict
    confusions: dict
    classes: dict
    trials: dict
    pictures: tuple = ()
    evaluation: dict = field(default_factory=dict)


def render(report: Report) -> str:
    """Return the page as HTML; the same report gives the same text."""
    evaluation = build_tables({"metrics": report.metrics} | report.evaluation)
    template = environment().get_template("page.html.jinja")
    return template.render(
        run=report.run,
        config=flatten(report.run.config),
        seeds=flatten(report.run.seeds, "seed of "),
        hardware=flatten(report.run.hardware),
        stores=flatten(report.run.stores, "store of "),
        pictures={kind: [p for p in report.pictures if p.kind == kind] for kind in KINDS},
        headline=headline(report.metrics, evaluation.get("intervals")),
        numbers=page_numbers(report, evaluation),
        tables=page_tables(report, evaluation),
    )


def flatten(config: dict, prefix: str = "") -> list[tuple[str, str]]:
    """Return a nested dict as (dotted key, value as text) pairs, in the order of the dict."""
    pairs = []
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            pairs += flatten(value, f"{name}.")
        else:
            pairs.append((name, _as_text(value)))
    return pairs


def _as_text(value):
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(part) for part in value) or "none"
    if value is None or value == {}:
        return "none"
    return plain(value)
