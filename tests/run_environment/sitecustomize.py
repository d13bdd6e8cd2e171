"""Make the modules in HIDDEN_MODULES look as if they were not installed.

Python imports this file when it starts and its folder is in PYTHONPATH.
"""

import os
import sys

NAMES = set(os.environ["HIDDEN_MODULES"].split())


class Hidden:
    """A finder that comes before all others."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hidden)
