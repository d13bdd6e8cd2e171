"""The command line, `python -m emospeech`: corpora, scores of recordings, runs and results."""

import argparse
import os
import sys
from collections.abc import Sequence

from emospeech.commands import compare, describe, export, init, manifest, predict, results, status
from emospeech.runtime.errors import InputError, access_error

DESCRIPTION = "Prepare a corpus, score recordings, export networks, or show a run or its results."
# In the order of the help.
COMMANDS = (predict, describe, export, manifest, init, results, status, compare)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status, which is 1 after an error."""
    parsed = command_parser().parse_args(arguments)
    try:
        return parsed.run(parsed)
    except BrokenPipeError:  # the program that reads the output, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        reason = access_error(error.filename, error) if error.filename else error
        print(f"error: {reason}", file=sys.stderr)
    return 1


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = argparse.ArgumentParser(prog="python -m emospeech", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
