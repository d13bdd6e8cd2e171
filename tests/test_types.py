"""Public functions and methods of the library have type hints."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "emospeech"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def public_functions(tree):
    """Yield the public functions of a module and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from public_functions(node)
            else:
                yield node


def unannotated(function):
    """Return what lacks a type hint: the names of parameters, and "return" for the result."""
    parts = function.args
    parameters = [*parts.posonlyargs, *parts.args, *parts.kwonlyargs, parts.vararg, parts.kwarg]
    names = [p.arg for p in parameters if p and not p.annotation and p.arg not in ("self", "cls")]
    return names + ["return"] * (function.returns is None)


@pytest.mark.parametrize(
    "path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY))
)
def test_public_functions_have_type_hints(path):
    functions = public_functions(ast.parse(path.read_text()))
    assert {f.name: missing for f in functions if (missing := unannotated(f))} == {}
