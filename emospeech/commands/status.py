"""`status`: the state of a run."""

import argparse

from emospeech.commands.arguments import add_results_folder

DESCRIPTION = """\
Show the state of a run: the jobs that are done, the training runs with their epoch, validation UAR,
speed and time left, and failed jobs with their error and log. It reads the files in the results
folder only, so the run may be on other machines that share it, finished, or broken."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("status", help="show the state of a run", description=DESCRIPTION)
    add_results_folder(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--watch", action="store_true", help="refresh until the run ends")
    form.add_argument("--json", action="store_true", help="print the status as a JSON object")
    parser.set_defaults(run=show_status)


def show_status(arguments: argparse.Namespace) -> int:
    """Print the state of a run."""
    from emospeech.report.status_tables import show_status, status_json, watch_status

    if arguments.json:
        print(status_json(arguments.results))
    elif arguments.watch:
        watch_status(arguments.results)
    else:
        show_status(arguments.results)
    return 0
