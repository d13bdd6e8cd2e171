"""The report page: one HTML file with everything inside, from frames, pictures and the run's data.

The templates beside this module have the words and the looks; here the contents are put in order.
Nothing on the page is loaded from elsewhere, and nothing on it depends on when it is made.
"""

import base64
import struct
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pandas as pd

from emospeech.report.contents import (
    chance,
    checked,
    learned,
    luck,
    results,
    run,
    search,
    slices,
    uncertainty,
)
from emospeech.report.evidence import evidence_tables
from emospeech.report.forms import plain
from emospeech.report.tables import table_2

KINDS = (
    *("outline", "balance", "example"),
    *("comparison", "confusion", "scatter", "trials", "learning"),
    *("generated", "map"),
)


@dataclass(frozen=True)
class Picture:
    """A figure: its kind (one of KINDS), the file that the workflow makes, its PNG, its words."""

    kind: str
    path: str
    png: bytes
    caption: str
    alt: str

    @property
    def size(self):
        """Width and height on the page in CSS pixels: its size in print, half as large again."""
        pixels = struct.unpack(">II", self.png[16:24])  # of the IHDR chunk, which comes first
        density = self.png.find(b"pHYs") + 4  # of the chunk with the pixels per metre
        per_inch = struct.unpack(">I", self.png[density : density + 4])[0] * 0.0254
        return tuple(round(1.5 * 96 * number / per_inch) for number in pixels)


@dataclass(frozen=True)
class Run:
    """How the results came about. `config` may be nested; `command` makes one file by its path."""

    config: dict
    versions: dict
    seeds: dict
    commit: str = ""
    date: str = ""
    embedded: bool = False  # the corpora are the synthetic ones that come with the code
    command: str = "snakemake --cores 1 --force"
    whole: str = "snakemake --cores 1"  # what makes all of it again
    control: str | None = None  # the folder of the results with shuffled labels, if one is named
    control_command: str = ""
    hardware: dict = field(default_factory=dict)
    stores: dict = field(default_factory=dict)  # SHA-256 of what each was made from, by corpus
    durations: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Report:
    """All that the page shows: metrics.csv, and by model the other files; by corpus its summary.

    `evaluation` holds the other tables of results/evaluation by name and, as `control`, the
    metrics.csv of the study with shuffled labels. What is not there is not shown.
    """

    run: Run
    corpora: dict
    metrics: pd.DataFrame
    best: dict
    confusions: dict
    classes: dict
    trials: dict
    pictures: tuple = field(default=())
    evaluation: dict = field(default_factory=dict)


def render(report):
    """The page as HTML text; the same report gives the same text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "template"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    evidence = evidence_tables({"metrics": report.metrics} | report.evaluation)
    template = environment.get_template("page.html.jinja")
    return template.render(
        run=report.run,
        config=flatten(report.run.config),
        seeds=flatten(report.run.seeds, "seed of "),
        hardware=flatten(report.run.hardware),
        stores=flatten(report.run.stores, "store of "),
        pictures={kind: [p for p in report.pictures if p.kind == kind] for kind in KINDS},
        headline=headline(report.metrics, evidence.get("intervals")),
        words=words_of(report, evidence),
        tables=tables_of(report, evidence),
    )


def tables_of(report, evidence):
    """The tables of each section of the page."""
    return {
        "results": results.result_tables(report, evidence),
        "confusion": results.confusion_tables(report),
        "shares": results.share_tables(report),
        "comparisons": uncertainty.comparison_tables(evidence),
        "spread": luck.spread_tables(evidence),
        "chance": chance.reference_tables(evidence),
        "slices": slices.slice_tables(evidence),
        "leaks": slices.leak_tables(evidence),
        "paper": checked.paper_tables(report.confusions, report.evaluation.get("cells")),
        "search": search.search_tables(report),
        "neighbours": learned.neighbour_tables(evidence),
        "corpora": run.corpus_tables(report.corpora),
        "durations": run.duration_tables(report.run.durations),
    }


def words_of(report, evidence):
    """The sentences of the page with numbers in them, by section."""
    found, config = report.evaluation, report.run.config
    doubled = config.get("folds", {}).get("validation") == "both"
    searched = any(len(trials) > 1 for trials in report.trials.values())
    select = config.get("search", {}).get("select", "pooled")
    return {
        "speakers": uncertainty.speaker_words(found.get("comparisons"), doubled),
        "spread": luck.spread_words(found.get("spread")),
        "control": chance.control_words(evidence, report.run.control, report.run.control_command),
        "leaks": slices.leak_words(found.get("leaks"), searched and select == "pooled"),
        "search": search.search_words(report.trials, select),
        "neighbours": learned.neighbour_words(found.get("neighbours")),
    }


def flatten(config, prefix=""):
    """A nested dict as (dotted key, value as text) pairs, in the order of the dict."""
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


def headline(metrics, intervals):
    """Per model of the paper's task: name, pooled 5-class UAR with its interval, chance and the
    paper's value, in per cent."""
    table = table_2(metrics)
    if intervals is not None:
        own = intervals.loc[intervals["task"] == "valence", ["model", "uar5_low", "uar5_high"]]
        table = table.merge(own, on="model", how="left")
    columns = ("uar5_pooled", "uar5_low", "uar5_high", "uar5_paper", "chance")
    return [
        {column: _share(line.get(column)) for column in columns} | {"model": line["model"]}
        for line in table.to_dict("records")
    ]


def _share(value):
    return None if value is None or pd.isna(value) else 100 * value
