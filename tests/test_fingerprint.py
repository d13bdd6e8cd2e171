"""The fingerprint of a script changes if and only if the code that it uses changes."""

import pytest

from emospeech.runtime import fingerprint as module


@pytest.fixture
def project(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text('"""A package."""\n')
    (package / "near.py").write_text("from package import far\n\nNEAR = far.FAR\n")
    (package / "far.py").write_text("FAR = 1  # a comment\n")
    (package / "other.py").write_text("OTHER = 1\n")
    (tmp_path / "script.py").write_text("def main():\n    from package.near import NEAR\n")
    return tmp_path


def fingerprint_of(project):
    module.fingerprint.cache_clear()
    module._code_and_imports.cache_clear()
    return module.fingerprint(project / "script.py", project)


@pytest.mark.parametrize("name", ["script.py", "package/near.py", "package/far.py"])
def test_edits_of_imported_code_change_it(project, name):
    before = fingerprint_of(project)
    (project / name).write_text((project / name).read_text() + "\nNEW = 2\n")
    assert fingerprint_of(project) != before


def test_comments_docstrings_formatting_and_other_modules_do_not_change_it(project):
    before = fingerprint_of(project)
    (project / "package/far.py").write_text('"""Far."""\n\n\n# another comment\nFAR = (1)\n')
    (project / "package/other.py").write_text("OTHER = 2\n")
    assert fingerprint_of(project) == before
