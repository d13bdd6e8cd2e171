"""`results`: the main results of a study."""

import argparse
from pathlib import Path

from emospeech.commands.arguments import add_results_folder

DESCRIPTION = "Print the main results of a study next to those of the paper, and the report's path."


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("results", help="show the results", description=DESCRIPTION)
    add_results_folder(parser)
    parser.set_defaults(run=show_results)


def show_results(arguments: argparse.Namespace) -> int:
    """Print the table of the main results and the report's path."""
    from emospeech.report.terminal import results_table

    print(results_table(arguments.results))
    page = Path(arguments.results, "report", "index.html")
    if page.exists():
        print(f"\nReport: {page.resolve()}")
    return 0
