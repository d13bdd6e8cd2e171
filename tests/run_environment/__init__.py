"""Environment variables under which Python finds only what requirement files install.

The tests run in an environment that has more, so a package that is missing in the environment of
`make demo` would go unnoticed.
"""

import re
from functools import cache
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parent
ENVS = FOLDER.parents[1] / "envs"


@cache
def run_environment(*extra, workflow=True):
    """Return environment variables, {name: value}, that hide other packages from Python.

    `sitecustomize.py` in this folder hides HIDDEN_MODULES, so that only the packages of the
    library, of the workflow, and of the files `extra` in `envs` are found.
    """
    files = ["requirements.txt", *(["requirements-workflow.txt"] if workflow else []), *extra]
    installed = _distributions(files) | {"emospeech"}  # it may be installed, too
    hidden = [
        module
        for module, owners in metadata.packages_distributions().items()
        if not installed & {_normalised(owner) for owner in owners}
    ]
    return {"PYTHONPATH": str(FOLDER), "HIDDEN_MODULES": " ".join(sorted(hidden))}


def _distributions(files):
    """Return the names of the distributions in requirement files, and of those that they need."""
    lines = [line for file in files for line in (ENVS / file).read_text().splitlines()]
    waiting = [line for line in lines if not line.startswith("#")]
    found = set()  # (name, extras)
    while waiting:
        name, extras = re.match(r"([\w.-]+)(?:\[(.*?)\])?", waiting.pop()).groups("")
        name = _normalised(name)
        if (name, extras) not in found:
            try:
                needed = metadata.requires(name) or []
            except metadata.PackageNotFoundError:  # needed on other systems only
                continue
            found.add((name, extras))
            for line in needed:
                extra = re.search(r"\bextra == ['\"](.*?)['\"]", line)
                if extra is None or extra[1] in extras.split(","):
                    waiting.append(line)
    return {name for name, _ in found}


def _normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()
