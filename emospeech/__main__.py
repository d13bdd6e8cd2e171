"""The command `python -m emospeech`: what a study has learned, applied to other recordings.

The library is imported where it is used: torch takes seconds, which `--help` shall not.
"""

import argparse
import csv
import io
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import atomic_path

COMMAND = "Apply what a study has learned to other recordings."
PREDICT = """\
Score recordings with trained networks and print a CSV. Of each file it has the probabilities p1 to
p5 of the five classes of valence (very negative to very positive), the expected valence from 1 to
5, and class3: negative, neutral or positive. Of a Multitask model it has probabilities and expected
value of activation too. Several networks, such as those of the folds, are averaged."""
WEIGHTS_SUFFIX = ".safetensors"
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
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        reason = access_error(error.filename, error) if error.filename else error
        print(f"error: {reason}", file=sys.stderr)
    return 1


def add_predict(parser):
    networks = parser.add_mutually_exclusive_group(required=True)
    networks.add_argument("--model", help="the chosen trial of this model, all folds")
    networks.add_argument(
        "--weights",
        action="append",
        nargs="+",
        metavar="PATH",
        help="one or more files of weights; all but the first end in .safetensors",
    )
    parser.add_argument(
        "--results", default="results", metavar="FOLDER", help="study of --model (default: results)"
    )
    parser.add_argument(
        "--crops", type=positive, default=8, metavar="N", help="crops of a recording (default: 8)"
    )
    parser.add_argument("--output", metavar="PATH", help="write the CSV there instead of stdout")
    parser.add_argument("files", nargs="*", metavar="FILE", help="wav, flac, ogg and others")
    parser.set_defaults(run=predict, usage_error=parser.error)


def add_describe(parser):
    parser.add_argument("weights", metavar="PATH", help="a weights.safetensors of a study")
    parser.set_defaults(run=describe)


def predict(arguments):
    """Print a row for each file; those that cannot be scored are reported and skipped."""
    from emospeech.evaluation.scoring import chosen_weights, score_columns, score_row
    from emospeech.training.scorer import Ensemble

    weights, files = weights_and_audio(arguments)
    weights = weights or chosen_weights(arguments.results, arguments.model)
    check_output(arguments.output, [*weights, *files])
    ensemble, failed = Ensemble(weights), 0
    with opened(arguments.output) as sink:
        rows = csv.DictWriter(sink, score_columns(ensemble.tasks), lineterminator="\n")
        rows.writeheader()
        for file in files:
            try:
                probabilities, notes = ensemble.score(file, arguments.crops)
            except Exception as error:  # a reader may raise anything; the other files go on
                print(f"error: {reading_error(file, error)}", file=sys.stderr)
                failed += 1
                continue
            for note in notes:
                print(f"note: {file}: {note}", file=sys.stderr)
            rows.writerow(score_row(file, probabilities))
    if failed:
        print(f"{failed} of {len(files)} files have no score", file=sys.stderr)
    return 1 if failed else 0


def weights_and_audio(arguments):
    """Return the files of weights and the audio files that were given.

    `--weights` takes all values up to the next option, so audio files may be among them.
    """
    weights, files = [], []
    for first, *others in arguments.weights or []:
        weights.append(first)
        for path in others:
            (weights if path.endswith(WEIGHTS_SUFFIX) else files).append(path)
    files += arguments.files
    if not files:
        arguments.usage_error("the following arguments are required: FILE")
    for path in files:
        if path.endswith(WEIGHTS_SUFFIX):
            raise InputError(path, "is a weights file, not audio. Give it after --weights.")
    return weights, files


def check_output(path, used):
    """Raise InputError if writing to `path` would destroy one of the `used` files or a recording.

    A forgotten value makes argparse take the first audio file for it.
    """
    if path is None or not (path := Path(path)).exists():
        return
    if path.is_dir():
        raise InputError(path, "is a folder. Give the name of a file to --output.")
    if any(os.path.exists(file) and path.samefile(file) for file in used):
        raise InputError(path, "is both an input and the output. Give the output another name.")
    if path.is_file():
        with path.open("rb") as file:
            if b"\0" in file.read(2**16):
                problem = "exists and is not a text file, so --output does not overwrite it"
                raise InputError(path, f"{problem}. Give the output another name.")


def reading_error(file, error):
    """Return the InputError that says why an audio file has no score."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError):
        return access_error(file, error)
    return InputError(file, f"cannot be scored ({error!r}). Convert it to wav or flac.")


def describe(arguments):
    """Print the description of a file of weights."""
    from emospeech.training.weights import read_description

    print(json.dumps(read_description(arguments.weights), indent=2))
    return 0


@contextmanager
def opened(path):
    """Give a text file to write to, which is there whole or not at all; without a path, stdout.

    The text is UTF-8 in any locale, and a file name that is not UTF-8 keeps its bytes.
    """
    encoding = {"encoding": "utf-8", "errors": "surrogateescape"}
    if path is None or is_stdout(path):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(**encoding)
        yield sys.stdout
        sys.stdout.flush()
        return
    with atomic_path(path) as temporary, open(temporary, "w", newline="", **encoding) as file:
        yield file


def is_stdout(path):
    """Return whether `path`, such as /dev/stdout, is what this process prints to."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False


def positive(text):
    """Return the whole number above 0 that `text` stands for."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
