"""Every rule says all that a reader, a cluster and a rerun need to know."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULE = re.compile(r"^ *rule (\w+):\n((?:^(?! *rule ) +.*\n|^\n)*)", re.MULTILINE)
RULES = [
    (file.name, *rule)
    for file in sorted((ROOT / "workflow/rules").glob("*.smk"))
    for rule in RULE.findall(file.read_text())
]
# Targets that show on the terminal what other rules made.
PRINTING = {"check_corpora", "check_stores"}
DIRECTIVES = {"message", "output", "params", "log", "benchmark", "threads", "resources", "script"}


WORKING = [rule for rule in RULES if rule[1] not in PRINTING]


@pytest.mark.parametrize(("file", "name", "body"), WORKING, ids=[rule[1] for rule in WORKING])
def test_a_rule_is_complete(file, name, body):
    found = re.findall(r"^ {4,8}(\w+):", body, re.MULTILINE)
    assert not DIRECTIVES - set(found)
    made_of_nothing = name.startswith(("embed", "fetch"))
    assert ("input" in found) != made_of_nothing, "only synthetic and fetched corpora have no input"
    assert "mem_mb" in body
    assert "runtime" in body
    script = re.search(r'"\.\./scripts/(\w+\.py)"', body)[1]
    assert f'code=code("{script}")' in body, "the fingerprint is that of the rule's own script"


def test_a_target_that_prints_runs_here_and_writes_nothing():
    bodies = [body for _, name, body in RULES if name in PRINTING]
    assert len(bodies) == len(PRINTING)
    for body in bodies:
        found = re.findall(r"^ {4}(\w+):", body, re.MULTILINE)
        assert set(found) == {"input", "log", "conda", "localrule", "message", "shell"}


def test_there_are_rules():
    assert len(RULES) > 15


def test_every_script_belongs_to_a_rule():
    used = {re.search(r'"\.\./scripts/(\w+\.py)"', body)[1] for _, _, body in WORKING}
    assert used == {file.name for file in (ROOT / "workflow/scripts").glob("*.py")}


def test_every_figure_and_table_has_a_caption_for_the_report_of_snakemake():
    text = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    kinds = set(re.findall(r'(?:figure|table)_files\("([\w-]+?)(?:-\{\w+\})?"\)', text))
    for several in re.findall(r"(?:EVIDENCE = |files_of_tables\()\[(.*?)\n?\]", text, re.DOTALL):
        kinds |= set(re.findall(r'"([\w-]+)"', several))
    assert {"confusion", "table-3", "leaks", "control", "cells"} <= kinds
    captions = {file.stem: file for file in (ROOT / "workflow/report").glob("*.rst")}
    assert set(captions) == kinds | {"page", "workflow"}
    assert all(file.stat().st_size > 20 for file in captions.values())


HEAVY = {"librosa", "matplotlib", "numba", "scipy", "sklearn", "soxr", "torch", "torch._dynamo"}
# What the start of a script may import of these; the rest waits until it is needed.
NEEDED = {
    "count_confusions.py": set(),
    "draw_confusion.py": {"matplotlib"},
    "predict.py": {"torch"},
    "select_trial.py": set(),
    "train.py": {"torch"},
}
LOADED = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
print(*sys.modules)
"""


@pytest.mark.parametrize("script", NEEDED)
def test_nothing_heavy_is_imported_before_it_is_needed(script):
    command = [sys.executable, "-c", LOADED, f"workflow/scripts/{script}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == NEEDED[script]
