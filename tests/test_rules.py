"""Every rule says all that a reader, a cluster and a rerun need to know."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULE = re.compile(r"^ *rule (\w+):\n((?:^(?! *rule ) +.*\n|^\n)*)", re.MULTILINE)
RULES = [
    (file.name, *rule)
    for file in sorted((ROOT / "workflow/rules").glob("*.smk"))
    for rule in RULE.findall(file.read_text())
]
DIRECTIVES = {"message", "output", "params", "log", "benchmark", "threads", "resources", "script"}


@pytest.mark.parametrize(("file", "name", "body"), RULES, ids=[rule[1] for rule in RULES])
def test_a_rule_is_complete(file, name, body):
    found = re.findall(r"^ {4,8}(\w+):", body, re.MULTILINE)
    assert not DIRECTIVES - set(found)
    made_of_nothing = name.startswith(("embed", "fetch"))
    assert ("input" in found) != made_of_nothing, "only synthetic and fetched corpora have no input"
    assert "mem_mb" in body
    assert "runtime" in body
    script = re.search(r'"\.\./scripts/(\w+\.py)"', body)[1]
    assert f'code=code("{script}")' in body, "the fingerprint is that of the rule's own script"


def test_there_are_rules():
    assert len(RULES) > 15


def test_every_script_belongs_to_a_rule():
    used = {re.search(r'"\.\./scripts/(\w+\.py)"', body)[1] for _, _, body in RULES}
    assert used == {file.name for file in (ROOT / "workflow/scripts").glob("*.py")}
