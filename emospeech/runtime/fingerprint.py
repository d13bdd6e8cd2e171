"""Fingerprints of the code of scripts, so that an edit reruns the jobs that it affects.

Snakemake reruns a job when its params change, but ignores the modules that its script imports. The
fingerprint covers the script and all project modules that it imports, directly or indirectly.
Comments, formatting and docstrings do not change it.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def fingerprint(script: Path, root: Path) -> str:
    """Return a hash, 16 hex digits, of a script's code and of its imports below `root`."""
    code, pending = {}, [script]
    while pending:
        file = pending.pop()
        if file not in code:
            code[file], imported = _code_and_imports(file, root)
            pending.extend(imported)
    digest = hashlib.sha256()
    for file in sorted(code):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(code[file])
    return digest.hexdigest()[:16]


@cache
def _code_and_imports(file, root):
    """Return the syntax tree of `file` without docstrings, and the files that it imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return ast.dump(tree).encode(), {path for name in names for path in _files(name, root)}


def _files(name, root) -> Iterator[Path]:
    """Yield the files that `import name` runs: the module and the packages that contain it."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:depth])
        yield from filter(Path.is_file, (path / "__init__.py", path.with_suffix(".py")))
