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

from emospeech.report.contents import chance, checked, results, run, search
from emospeech.report.forms import plain
from emospeech.report.tables import table_2

KINDS = ("comparison", "confusion", "scatter", "learning")


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
    hardware: dict = field(default_factory=dict)
    stores: dict = field(default_factory=dict)  # SHA-256 of what each was made from, by corpus
    durations: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Report:
    """All that the page shows: metrics.csv, and by model the other files; by corpus its summary."""

    run: Run
    corpora: dict
    metrics: pd.DataFrame
    best: dict
    confusions: dict
    classes: dict
    trials: dict
    pictures: tuple = field(default=())


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
    template = environment.get_template("page.html.jinja")
    return template.render(
        run=report.run,
        config=flatten(report.run.config),
        seeds=flatten(report.run.seeds, "seed of "),
        hardware=flatten(report.run.hardware),
        stores=flatten(report.run.stores, "store of "),
        pictures={kind: [p for p in report.pictures if p.kind == kind] for kind in KINDS},
        headline=headline(report.metrics),
        search_words=search.search_words(report.trials),
        tables={
            "corpora": run.corpus_tables(report.corpora),
            "results": results.result_tables(report),
            "confusion": results.confusion_tables(report),
            "paper": checked.paper_tables(report.confusions),
            "chance": chance.chance_tables(report.metrics),
            "durations": run.duration_tables(report.run.durations),
            "search": search.search_tables(report),
        },
    )


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


def headline(metrics):
    """Per model of the paper's task: name, pooled 5-class UAR, chance and the paper's value."""
    table = table_2(metrics)
    return [
        {column: _share(line.get(column)) for column in ("uar5_pooled", "uar5_paper", "chance")}
        | {"model": line["model"]}
        for line in table.to_dict("records")
    ]


def _share(value):
    return None if value is None or pd.isna(value) else 100 * value
