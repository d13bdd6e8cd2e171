"""The floors of the library: imports point down only, and heavy packages keep to their floors."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = [
    *(
        "version",
        "faults",
        "config",
        "files",
        "parallel",
        "fingerprint",
        "first_import",
        "orphan",
        "jobs",
    ),
    *("corpora", "spectrograms", "folds", "labels", "crops", "metrics"),
    *("models", "training", "search", "evaluation", "report"),
    "__main__",
]
HOMES = {
    "h5py": {"spectrograms", "crops"},
    "matplotlib": {"report"},
    "torch": {"crops", "models", "training"},
    "snakemake": set(),
    "yaml": set(),
}
MODULES = sorted((ROOT / "emospeech").rglob("*.py"))


def imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(file):
    return file.relative_to(ROOT / "emospeech").parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_down_and_packages_stay_home(file):
    floor = floor_of(file)
    for name in imports(file):
        parts = name.split(".")
        if parts[0] == "emospeech" and floor != "__init__":
            assert FLOORS.index(parts[1]) <= FLOORS.index(floor), f"{floor} imports {name}"
        assert floor in HOMES.get(parts[0], {floor}), f"{floor} imports {parts[0]}"


def test_every_module_stands_on_a_floor():
    assert {floor_of(file) for file in MODULES} - {"__init__"} == set(FLOORS)
