"""`compare`: several finished studies side by side."""

import argparse
from collections import Counter
from pathlib import Path

from emospeech.runtime.errors import InputError

DESCRIPTION = """\
Compare the results of several finished studies: print tables in Markdown, and write tables,
figures and a page. Studies that tested the same recordings are compared with the first of them,
paired by speaker and training seed; for other studies, only the confidence intervals of each are
reported."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("compare", help="compare studies", description=DESCRIPTION)
    given = "results folders; NAME=FOLDER names a study, otherwise it has the name of the folder"
    parser.add_argument("studies", nargs="+", metavar="FOLDER", help=given)
    output = "folder of the new files (default: comparison)"
    parser.add_argument(
        "--output", type=Path, default=Path("comparison"), metavar="FOLDER", help=output
    )
    parser.set_defaults(run=compare, usage_error=parser.error)


def compare(arguments: argparse.Namespace) -> int:
    """Print the tables, and write tables, figures and the page."""
    from emospeech.evaluation.studies import read_study
    from emospeech.report.study_comparison import write_comparison

    if len(arguments.studies) < 2:
        arguments.usage_error("give at least two results folders")
    named = [name_and_folder(argument) for argument in arguments.studies]
    for name, count in Counter(name for name, _ in named).items():
        if count > 1:
            folders = " and ".join(str(folder) for own, folder in named if own == name)
            raise InputError(name, f"is the name of {folders}. Name studies with NAME=FOLDER.")
    studies = [read_study(folder, name) for name, folder in named]
    print(write_comparison(studies, arguments.output))
    print(f"\nPage: {(arguments.output / 'index.html').resolve()}")
    return 0


def name_and_folder(argument: str) -> tuple[str, Path]:
    """Return the name and the folder in an argument, NAME=FOLDER or a folder."""
    name, equals, folder = argument.partition("=")
    if not name or not equals or Path(argument).exists():
        name, folder = Path(argument).resolve().name, argument
    return name, Path(folder)
