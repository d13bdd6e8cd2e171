"""The command `python -m emospeech`: what a study has learned, applied to other recordings.

The library is imported where it is used: torch takes seconds, which `--help` shall not.
"""

import argparse
import csv
import json
import os
import sys
from contextlib import contextmanager

from emospeech.faults import InputError
from emospeech.files import written_whole

COMMAND = "Apply what a study has learned to other recordings."
PREDICT = """\
Score recordings with trained networks and print a CSV. Of each file it has the probabilities p1 to
p5 of the five classes of valence (very negative to very positive), the expected valence from 1 to
5, and class3: negative, neutral or positive. Of a Multitask model it has probabilities and expected
value of activation too. Several networks, such as those of the folds, are averaged."""
DESCRIBE = "Print as JSON what a network is, what it hears and how it was trained."


def main(arguments=None):
    """Run the command and return its exit status: 1 where something could not be used."""
    command = argparse.ArgumentParser(prog="python -m emospeech", description=COMMAND)
    verbs = command.add_subparsers(required=True, metavar="COMMAND")
    add_predict(verbs.add_parser("predict", help="score recordings", description=PREDICT))
    add_describe(verbs.add_parser("describe", help="show what weights are", description=DESCRIBE))
    chosen = command.parse_args(arguments)
    try:
        return chosen.run(chosen)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def add_predict(parser):
    networks = parser.add_mutually_exclusive_group(required=True)
    networks.add_argument("--model", help="the chosen trial of this model, all folds")
    networks.add_argument(
        "--weights", action="append", metavar="PATH", help="this file of weights; may be repeated"
    )
    parser.add_argument(
        "--results", default="results", metavar="FOLDER", help="study of --model (default: results)"
    )
    parser.add_argument(
        "--crops", type=positive, default=8, metavar="N", help="crops of a recording (default: 8)"
    )
    parser.add_argument("--output", metavar="PATH", help="write the CSV there, not to the screen")
    parser.add_argument("files", nargs="+", metavar="FILE", help="wav, flac, ogg and others")
    parser.set_defaults(run=predict)


def add_describe(parser):
    parser.add_argument("weights", metavar="PATH", help="a weights.safetensors of a study")
    parser.set_defaults(run=describe)


def predict(arguments):
    """Print a row for each file; those that cannot be read are told, and the others go on."""
    from emospeech.evaluation.scoring import chosen_weights, score_columns, score_row
    from emospeech.training.scorer import Ensemble

    weights = arguments.weights or chosen_weights(arguments.results, arguments.model)
    ensemble, failed = Ensemble(weights), 0
    with opened(arguments.output) as sink:
        rows = csv.DictWriter(sink, score_columns(ensemble.tasks), lineterminator="\n")
        rows.writeheader()
        for file in arguments.files:
            try:
                probabilities, notes = ensemble.score(file, arguments.crops)
            except InputError as error:
                print(f"error: {error}", file=sys.stderr)
                failed += 1
                continue
            for note in notes:
                print(f"note: {file}: {note}", file=sys.stderr)
            rows.writerow(score_row(file, probabilities))
    if failed:
        print(f"{failed} of {len(arguments.files)} files have no score", file=sys.stderr)
    return 1 if failed else 0


def describe(arguments):
    """Print the description of a file of weights."""
    from emospeech.training.weights import read_description

    print(json.dumps(read_description(arguments.weights), indent=2))
    return 0


@contextmanager
def opened(path):
    """Give a text file to write to, which is there whole or not at all; without a path, stdout."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with written_whole(path) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
        yield file


def positive(text):
    """Return the whole number above 0 that `text` stands for."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
