"""The documentation covers every config key and every result file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.generate_configuration import render
from emospeech.models.catalogue import MODELS
from tests.run_environment import run_environment

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MODEL = f"(?:{'|'.join(MODELS)})"


def load_config(name):
    return yaml.safe_load((ROOT / "config" / name).read_text())


def flatten(section, prefix=""):
    for name, value in section.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from flatten(value, f"{key}.")
        else:
            yield key, value


def test_configuration_page_matches_the_schema():
    page = (DOCS / "configuration.md").read_text()
    assert render(page) == page, "run `make docs`"


def test_configuration_page_lists_every_key():
    text = (DOCS / "configuration.md").read_text()
    for key, _ in flatten(load_config("config.yaml")):
        assert f"| `{key}` |" in text


def test_decisions_name_existing_keys():
    defaults = dict(flatten(load_config("config.yaml")))
    sections = {key.split(".")[0] for key in defaults if "." in key}
    text = (DOCS / "decisions.md").read_text()
    named = re.findall(r"`([a-z]+\.[a-z_0-9.]+)`", text)
    keys = {key for key in named if key.split(".")[0] in sections}
    known = set(defaults) | {key.rpartition(".")[0] for key in defaults}
    assert keys
    assert keys <= known


def generic(path):
    """Return a result path with placeholders, and without the suffix of a table or figure."""
    path = re.sub(r"(trial|fold|seed|rung|slot)-\d+", r"\1-{\1}", path)
    path = re.sub(rf"{MODEL}|baseline(?:_crop)?(?=/)", "{model}", path)
    tables = "recordings|words|ratings|transcripts|votes|summary"
    path = re.sub(rf"(?<=corpora/)(?:iemocap|ami)(?=/(?:{tables}))", "{corpus}", path)
    path = re.sub(r"(?<=spectrograms/)(?:iemocap|ami)", "{corpus}", path)
    return re.sub(r"^(report/(?:tables|figures)/.*)\.\w+$", r"\1", path)


def documented_files():
    """Return {path of a result file: text that describes it}."""
    text = (DOCS / "outputs.md").read_text()
    sections = re.split(r"^##+ ", text, flags=re.MULTILINE)
    files = {part[1 : part.index("`", 1)]: part for part in sections if part.startswith("`")}
    return files | {
        row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `report/")
    }


def documented_columns(text):
    """Return the columns that a description names, with ranges and suffixes expanded."""
    text, _, suffixed = text.partition(", and `_")
    columns = set(re.findall(r"`([^`]+)`", text))
    for prefix, first, last in re.findall(r"`(\w*?)(\d+)` to `\w*?(\d+)`", text):
        columns |= {f"{prefix}{number}" for number in range(int(first), int(last) + 1)}
    suffixes, _, names = suffixed.partition(" of ")
    ends = ["_" + end.strip("_") for end in re.findall(r"\w+", suffixes)]
    return columns | {name + end for name in re.findall(r"`(\w+)`", names) for end in ends}


def generic_column(name):
    """Return the name of a column with placeholders for models, folds, features and rows."""
    name = re.sub(rf"^{MODEL}|^baseline(?:_crop)?(?=_)", "{model}", name)
    name = re.sub(r"fold-\d+", "fold-{fold}", name)
    name = re.sub(r"^row_\d+$", "row_{row}", name)
    # The statistics of acoustic features in acoustics.csv. Columns of metrics are not replaced.
    return re.sub(r"^(?!uar|rho|row).+_(mean|deviation|10|50|90)$", r"{feature}_\1", name)


@pytest.mark.workflow
def test_output_page_lists_every_file_of_the_demo(tmp_path):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--summary"]
    command += ["--snakefile", ROOT / "Snakefile", "--configfile", ROOT / "config/demo.yaml"]
    run = subprocess.run(
        [*command, "--directory", tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | run_environment(),
    )
    found = re.findall(r"^results/demo/(\S+)\t", run.stdout, re.MULTILINE)
    files = {generic(path) for path in found if not path.startswith("synthetic/")}
    assert len(files) > 50
    assert files - set(documented_files()) == set()


def test_documentation_names_existing_files():
    folders = "config|docs|emospeech|envs|profiles|slurm|tests|workflow"
    pattern = rf"`((?:{folders})/[\w./-]+)`"
    for page in [*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for path in re.findall(pattern, page.read_text()):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
