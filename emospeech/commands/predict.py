"""`predict`: scores of recordings."""

import argparse
import csv
import sys

from emospeech.commands.arguments import RESULTS_FOLDER, positive_integer
from emospeech.commands.output import check_output, open_output
from emospeech.runtime.errors import InputError, access_error

DESCRIPTION = """\
Score recordings with trained networks and print a CSV with a row per file: the probabilities p1 to
p5 of the five valence classes (very negative to very positive), the expected valence from 1 to 5,
and class3 (negative, neutral or positive). Multitask models add the probabilities and the expected
value of activation. The probabilities of several networks, such as those of the folds, are
averaged."""
WEIGHTS_SUFFIX = ".safetensors"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("predict", help="score recordings", description=DESCRIPTION)
    networks = parser.add_mutually_exclusive_group(required=True)
    networks.add_argument("--model", help="use the selected trial of this model, all folds")
    networks.add_argument(
        "--weights",
        action="append",
        nargs="+",
        metavar="PATH",
        help="use these weights files; all but the first must end in .safetensors",
    )
    parser.add_argument("--results", default="results", metavar="FOLDER", help=RESULTS_FOLDER)
    parser.add_argument(
        "--crops", type=positive_integer, default=8, metavar="N", help="per file (default: 8)"
    )
    parser.add_argument("--output", metavar="PATH", help="write the CSV there instead of stdout")
    parser.add_argument("files", nargs="*", metavar="FILE", help="audio: wav, flac, mp3, ogg, ...")
    parser.set_defaults(run=predict, usage_error=parser.error)


def predict(arguments: argparse.Namespace) -> int:
    """Print a row for each audio file; files that cannot be scored are reported and skipped."""
    from emospeech.evaluation.scoring import Ensemble, chosen_weights, score_columns, score_row

    weights, files = split_weights_and_audio(arguments)
    weights = weights or chosen_weights(arguments.results, arguments.model)
    check_output(arguments.output, [*weights, *files])
    ensemble, failed = Ensemble(weights), 0
    with open_output(arguments.output) as output:
        rows = csv.DictWriter(output, score_columns(ensemble.tasks), lineterminator="\n")
        rows.writeheader()
        for file in files:
            try:
                probabilities, notes = ensemble.score(file, arguments.crops)
            except Exception as error:  # of a decoder; the other files are still scored
                print(f"error: {reading_error(file, error)}", file=sys.stderr)
                failed += 1
                continue
            for note in notes:
                print(f"note: {file}: {note}", file=sys.stderr)
            rows.writerow(score_row(file, probabilities))
    if failed:
        print(f"error: {failed} of {len(files)} files could not be scored.", file=sys.stderr)
    return 1 if failed else 0


def split_weights_and_audio(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the weights files and the audio files among the arguments of `predict`.

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


def reading_error(file: str, error: Exception) -> InputError:
    """Return the InputError that says why an audio file could not be scored."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError):
        return access_error(file, error)
    return InputError(file, f"cannot be scored ({error!r}). Convert it to wav or flac.")
