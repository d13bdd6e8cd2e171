"""`describe`: the description of a weights file."""

import argparse
import json

DESCRIPTION = "Print the model, the settings and the validation score of a weights file as JSON."


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("describe", help="describe weights", description=DESCRIPTION)
    parser.add_argument("weights", metavar="PATH", help="a weights.safetensors file of a study")
    parser.set_defaults(run=describe)


def describe(arguments: argparse.Namespace) -> int:
    """Print the description of a weights file."""
    from emospeech.training.weights import read_description

    print(json.dumps(read_description(arguments.weights), indent=2))
    return 0
