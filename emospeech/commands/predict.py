"""`predict`: scores of recordings."""

import argparse
import csv
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from emospeech.commands.arguments import RESULTS_FOLDER, positive_integer
from emospeech.commands.output import check_output, open_output
from emospeech.commands.progress import progress_bar
from emospeech.commands.recordings import STDIN, find_recordings, read_list
from emospeech.runtime.errors import InputError, access_error

if TYPE_CHECKING:
    from emospeech.labels import Task

DESCRIPTION = """\
Score recordings with trained networks and print a CSV with a row per file. For the target valence:
the probabilities p1 to p5 of the five classes (very negative to very positive), the expected
valence from 1 to 5, and class3 (negative, neutral or positive); for the target emotion: the
probability of each class, and the most probable one. Multitask models add the probabilities and the
expected value of a second dimension. The probabilities of several networks, such as those of the
folds, are averaged; expected_std is the standard deviation of their expected values, and
emotion_agreement the share of the networks with the same most probable class. With --every, there
is a row for each window of a recording."""
WEIGHTS_SUFFIX = ".safetensors"
UNITS = {"": 1, "s": 1, "ms": 1e-3, "min": 60}  # in seconds
SHORTEST = 0.01  # seconds of a window; less than a frame of the default spectrograms


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("predict", help="score recordings", description=DESCRIPTION)
    networks = parser.add_mutually_exclusive_group(required=True)
    model = "use the networks of all folds of the model's selected trial"
    networks.add_argument("--model", help=model)
    networks.add_argument(
        "--weights",
        action="append",
        nargs="+",
        metavar="PATH",
        help="use these weights files; all but the first must end in .safetensors",
    )
    parser.add_argument("--results", default="results", metavar="FOLDER", help=RESULTS_FOLDER)
    crops = "crops per file (default: 8), or per window (default: 1)"
    parser.add_argument("--crops", type=positive_integer, metavar="N", help=crops)
    every = "score windows of this duration, such as 2s, 500ms or 1min"
    parser.add_argument("--every", type=duration, metavar="DURATION", help=every)
    plot = "with --every: draw the scores of each file over time, as a PNG in this folder"
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help=plot)
    parser.add_argument("--json", action="store_true", help="print a JSON object per row")
    parser.add_argument("--output", metavar="PATH", help="write to PATH instead of stdout")
    listed = "a text file with a FILE per line, or - for stdin"
    parser.add_argument("--files-from", metavar="PATH", help=listed)
    files = "audio files, folders, quoted patterns such as '*.wav', or - for a list on stdin"
    parser.add_argument("files", nargs="*", metavar="FILE", help=files)
    parser.set_defaults(run=predict, usage_error=parser.error)


def predict(arguments: argparse.Namespace) -> int:
    """Print the scores of audio files; files that cannot be scored are reported and skipped."""
    from emospeech.evaluation.scoring import Ensemble, chosen_weights

    weights, names = split_weights_and_audio(arguments)
    weights = weights or chosen_weights(arguments.results, arguments.model)
    recordings = list(find_recordings(names))
    files = [recording for recording in recordings if isinstance(recording, str)]
    check_output(arguments.output, [*weights, *files])
    ensemble, failed = Ensemble(weights), 0
    with (
        open_output(arguments.output) as output,
        progress_bar(len(recordings), enabled=not output.isatty()) as show_done,
    ):
        columns = ["file", *ensemble.columns(windows=arguments.every is not None)]
        write_rows = row_writer(output, columns, arguments.json)
        for index, file in enumerate(recordings):
            try:
                if isinstance(file, InputError):
                    raise file
                rows, notes = ensemble.score(
                    file, arguments.crops, arguments.every, lambda x, i=index: show_done(i + x)
                )
            except Exception as error:  # of a decoder; the other files are still scored
                print(f"error: {reading_error(str(file), error)}", file=sys.stderr)
                failed += 1
                continue
            for note in notes:
                print(f"note: {file}: {note}", file=sys.stderr)
            write_rows({"file": file} | row for row in rows)
            if arguments.plot is not None:
                path = plot_path(arguments.plot, file, files)
                draw_scores(path, rows, ensemble.tasks, Path(file).name)
            show_done(index + 1)
    if failed:
        print(f"error: {failed} of {len(recordings)} files could not be scored.", file=sys.stderr)
    return 1 if failed else 0


def row_writer(
    output: TextIO, columns: Sequence[str], as_json: bool
) -> Callable[[Iterable[dict]], None]:
    """Return a function that writes the rows of a recording, after the header of a CSV."""
    table = csv.DictWriter(output, columns, lineterminator="\n")
    if not as_json:
        table.writeheader()

    def write(rows):
        if as_json:
            output.writelines(f"{json.dumps(row)}\n" for row in rows)
        else:
            table.writerows(rows)
        output.flush()

    return write


def draw_scores(path: Path, rows: list[dict], tasks: "Sequence[Task]", name: str) -> None:
    """Draw the scores of the windows of the recording `name` as a PNG."""
    import pandas as pd

    from emospeech.report.figures import save_png
    from emospeech.report.figures.score_curve import draw_curve

    title = os.fsencode(name).decode(errors="replace").replace("$", r"\$")  # not a formula
    save_png(path, draw_curve(pd.DataFrame(rows), title, tasks))


def plot_path(folder: Path, file: str, files: Sequence[str]) -> Path:
    """Return the path of the PNG of a file: its path below the common folder of all `files`."""
    root = os.path.commonpath([os.path.dirname(os.path.abspath(one)) for one in files])
    return folder / f"{os.path.relpath(os.path.abspath(file), root)}.png"


def split_weights_and_audio(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the weights files and the names of audio among the arguments of `predict`.

    `--weights` takes all values up to the next option, so audio files may be among them.
    """
    weights, names = [], []
    for first, *others in arguments.weights or []:
        weights.append(first)
        for path in others:
            (weights if path.endswith(WEIGHTS_SUFFIX) else names).append(path)
    names += arguments.files
    if not names and arguments.files_from is None:
        arguments.usage_error("the following arguments are required: FILE")
    if arguments.plot is not None and arguments.every is None:
        arguments.usage_error("argument --plot: requires --every")
    lists = [read_list(name) if name == STDIN else [name] for name in names]
    if arguments.files_from is not None:
        lists.append(read_list(arguments.files_from))
    names = [name for names in lists for name in names]
    for path in names:
        if path.endswith(WEIGHTS_SUFFIX):
            raise InputError(path, "is a weights file, not audio. Give it after --weights.")
    return weights, names


def duration(text: str) -> float:
    """Return the duration in an argument, in seconds."""
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)", text)
    if match is None or match[2] not in UNITS:
        units = ", ".join(filter(None, UNITS))
        raise argparse.ArgumentTypeError(f"{text} is not a number with one of the units {units}")
    seconds = float(match[1]) * UNITS[match[2]]
    if seconds < SHORTEST:
        raise argparse.ArgumentTypeError(f"{text} is less than {1000 * SHORTEST:g} ms")
    return seconds


def reading_error(file: str, error: Exception) -> InputError:
    """Return the InputError that says why an audio file could not be scored."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError):
        return access_error(file, error)
    return InputError(file, f"cannot be scored ({error!r}). Convert it to wav or flac.")
