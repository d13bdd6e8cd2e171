"""Arguments that several subcommands share."""

import argparse

RESULTS_FOLDER = "results folder of the study (default: results)"


def add_results_folder(parser: argparse.ArgumentParser) -> None:
    """Add the positional argument `results`, the results folder of a study."""
    parser.add_argument(
        "results", nargs="?", default="results", metavar="FOLDER", help=RESULTS_FOLDER
    )


def positive_integer(text: str) -> int:
    """Return the positive integer in an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return int(text)
