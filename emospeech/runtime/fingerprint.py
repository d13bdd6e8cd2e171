"""A fingerprint of the code behind a script, so that an edit reruns the jobs that it concerns.

Snakemake reruns a job when its params change, but does not look into the modules that a script
imports. The fingerprint covers the script and every project module that it imports, followed to
the end; comments, layout and docstrings leave it as it is.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path


@cache
def fingerprint(script, root):
    """Return 16 hex digits for the code of `script` and of the modules below `root` behind it."""
    digest = hashlib.sha256()
    for file in sorted(_closure(Path(script), Path(root))):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(_text(file))
    return digest.hexdigest()[:16]


def _closure(script, root):
    """Return the files that running `script` may import from below `root`, and itself."""
    found, waiting = set(), [script]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(_imports(file, root))
    return found


@cache
def _imports(file, root):
    """Return the files below `root` that an import anywhere in `file` runs."""
    names = set()
    for node in ast.walk(_bare(file)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found for name in names for found in _files(name, root))


def _files(name, root):
    """Yield the files that `import name` runs: the module and the packages above it."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:depth])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file


@cache
def _text(file):
    """Return the syntax tree of `file` as bytes; many scripts have it behind them."""
    return ast.dump(_bare(file)).encode()


@cache
def _bare(file):
    """Return the syntax tree of `file` without docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = body[1:]
    return tree
