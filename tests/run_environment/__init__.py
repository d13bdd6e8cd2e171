"""Environment variables under which Python finds only what `envs/requirements.txt` installs.

The tests run in an environment that has more, so a package that is missing in the environment of
`make demo` would go unnoticed.
"""

import re
from functools import cache
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parent
REQUIREMENTS = FOLDER.parents[1] / "envs" / "requirements.txt"


@cache
def run_environment():
    """Return the variables, {name: value}; `sitecustomize.py` of this folder reads the modules."""
    installed = _distributions_of_a_run()
    hidden = [
        module
        for module, owners in metadata.packages_distributions().items()
        if not installed & {_normalised(owner) for owner in owners}
    ]
    return {"PYTHONPATH": str(FOLDER), "HIDDEN_MODULES": " ".join(sorted(hidden))}


def _distributions_of_a_run():
    """Return the names of the distributions that a run needs, and of those that they need."""
    waiting = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    found = set()
    while waiting:
        name = _normalised(re.match(r"[\w.-]+", waiting.pop())[0])
        if name not in found:
            try:
                needed = metadata.requires(name) or []
            except metadata.PackageNotFoundError:  # needed on other systems only
                continue
            found.add(name)
            waiting += [line for line in needed if not re.search(r"\bextra\b", line)]
    return found


def _normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()
