"""The command line, `python -m emospeech`: corpora, scores of recordings, runs and their results.

The library is imported where it is used, because torch takes seconds to import.
"""

import argparse
import csv
import io
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from emospeech.runtime.errors import InputError, access_error
from emospeech.runtime.files import atomic_path

DESCRIPTION = "Describe a corpus, score recordings with trained networks, or show a run or results."
PREDICT = """\
Score recordings with trained networks and print a CSV with a row per file: the probabilities p1 to
p5 of the five valence classes (very negative to very positive), the expected valence from 1 to 5,
and class3 (negative, neutral or positive). Multitask models add the probabilities and the expected
value of activation. The probabilities of several networks, such as those of the folds, are
averaged."""
DESCRIBE = "Print the model, the settings and the validation score of a weights file as JSON."
MANIFEST = """\
Write the manifest of a public corpus from the names of its files: recordings.csv, mapping.csv with
the labels of each emotion and their source, ratings.csv if there are votes of listeners, and
study.yaml, a config that runs the study on them."""
RESULTS = "Print the main results of a study next to those of the paper, and the report's path."
STATUS = """\
Show the state of a run: the jobs that are done, the training runs with their epoch, validation UAR,
speed and time left, and failed jobs with their error and log. It reads the files in the results
folder only, so the run may be on other machines that share it, finished, or broken."""
INIT = """\
Write the config of a study on the corpora in some folders: IEMOCAP, AMI, CREMA-D, Quechua Collao,
Emo-DB, RAVDESS, databases in audformat and corpora with a recordings.csv. Give folders of corpora,
or folders that contain them. Manifests of Emo-DB and RAVDESS are written to the folder manifests
next to the config."""
STUDY = "study.yaml"
WEIGHTS_SUFFIX = ".safetensors"


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
    main_parser = argparse.ArgumentParser(prog="python -m emospeech", description=DESCRIPTION)
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")

    parser = commands.add_parser("predict", help="score recordings", description=PREDICT)
    networks = parser.add_mutually_exclusive_group(required=True)
    networks.add_argument("--model", help="use the selected trial of this model, all folds")
    networks.add_argument(
        "--weights",
        action="append",
        nargs="+",
        metavar="PATH",
        help="use these weights files; all but the first must end in .safetensors",
    )
    folder = "results folder of the study (default: results)"
    parser.add_argument("--results", default="results", metavar="FOLDER", help=folder)
    parser.add_argument(
        "--crops", type=positive_integer, default=8, metavar="N", help="per file (default: 8)"
    )
    parser.add_argument("--output", metavar="PATH", help="write the CSV there instead of stdout")
    parser.add_argument("files", nargs="*", metavar="FILE", help="audio: wav, flac, mp3, ogg, ...")
    parser.set_defaults(run=predict, usage_error=parser.error)

    parser = commands.add_parser("describe", help="describe weights", description=DESCRIBE)
    parser.add_argument("weights", metavar="PATH", help="a weights.safetensors file of a study")
    parser.set_defaults(run=describe)

    parser = commands.add_parser("manifest", help="describe a corpus", description=MANIFEST)
    parser.add_argument("corpus", choices=("emodb", "ravdess", "crema_d"))
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of the corpus")
    output = "folder of the new files (default: the folder of the corpus)"
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=output)
    keep = "keep existing tables if they describe this folder, instead of stopping"
    parser.add_argument("--keep", action="store_true", help=keep)
    parser.set_defaults(run=import_corpus)

    parser = commands.add_parser("init", help="configure a study", description=INIT)
    given = "folders of corpora (default: the current folder)"
    parser.add_argument(
        "folders", nargs="*", type=Path, default=[Path()], metavar="FOLDER", help=given
    )
    output = f"path of the config (default: {STUDY})"
    parser.add_argument("--output", type=Path, default=Path(STUDY), metavar="PATH", help=output)
    parser.set_defaults(run=start_study)

    parser = commands.add_parser("results", help="show the results", description=RESULTS)
    parser.add_argument("results", nargs="?", default="results", metavar="FOLDER", help=folder)
    parser.set_defaults(run=show_results)

    parser = commands.add_parser("status", help="show the state of a run", description=STATUS)
    parser.add_argument("results", nargs="?", default="results", metavar="FOLDER", help=folder)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--watch", action="store_true", help="update it until the run ends")
    form.add_argument("--json", action="store_true", help="print it as a JSON object")
    parser.set_defaults(run=show_status)
    return main_parser


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


def describe(arguments: argparse.Namespace) -> int:
    """Print the description of a weights file."""
    from emospeech.training.weights import read_description

    print(json.dumps(read_description(arguments.weights), indent=2))
    return 0


def import_corpus(arguments: argparse.Namespace) -> int:
    """Write the manifest of a public corpus, and print its size and what was left out."""
    from emospeech.corpora.importers import (
        IMPORTERS,
        check_audio_of_manifest,
        check_new,
        write_manifest,
    )
    from emospeech.corpora.study import corpus_name, write_study

    output = arguments.output or arguments.folder
    if arguments.keep and (output / "recordings.csv").exists():
        check_audio_of_manifest(output, arguments.folder)
        print(f"{output}: the existing tables are kept")
        return 0
    manifest = IMPORTERS[arguments.corpus](arguments.folder)
    study = output / STUDY
    check_new([study])
    write_manifest(manifest, arguments.folder, output)
    table, counts = manifest.recordings, manifest.issues.to_dict()
    print(f"{output}: {len(table)} recordings of {table['speaker'].nunique()} speakers")
    for problem, count in (counts["left_out"] | counts["irregular"]).items():
        print(f"note: {problem}: {count}", file=sys.stderr)
    write_study({corpus_name(arguments.corpus): {"folder": output.resolve()}}, study)
    print(f"Next: .venv/bin/snakemake --cores 8 --configfile {shlex.quote(str(study))}")
    return 0


def start_study(arguments: argparse.Namespace) -> int:
    """Write the config of a study on the corpora that are found, and print the next command."""
    from emospeech.corpora.study import init_study

    print("\n".join(init_study(arguments.folders, arguments.output)))
    study = shlex.quote(str(arguments.output))
    print(f"Next: .venv/bin/snakemake --cores 2 check_corpora --configfile {study}")
    return 0


def show_results(arguments: argparse.Namespace) -> int:
    """Print the table of the main results and the report's path."""
    from emospeech.report.terminal import results_table

    print(results_table(arguments.results))
    page = Path(arguments.results, "report", "index.html")
    if page.exists():
        print(f"\nReport: {page.resolve()}")
    return 0


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


def check_output(output: str | None, inputs: Sequence[str | Path]) -> None:
    """Raise InputError if writing to `output` would destroy an input or a recording.

    If the value of --output is forgotten, argparse takes the first audio file for it.
    """
    if output is None or not (path := Path(output)).exists():
        return
    if path.is_dir():
        raise InputError(path, "is a folder. Give the name of a file to --output.")
    if any(os.path.exists(file) and path.samefile(file) for file in inputs):
        raise InputError(path, "is both an input and the output. Give the output another name.")
    if path.is_file():
        with path.open("rb") as file:
            if b"\0" in file.read(2**16):
                problem = "exists and is not a text file, so --output does not overwrite it"
                raise InputError(path, f"{problem}. Give the output another name.")


def reading_error(file: str, error: Exception) -> InputError:
    """Return the InputError that says why an audio file could not be scored."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, OSError):
        return access_error(file, error)
    return InputError(file, f"cannot be scored ({error!r}). Convert it to wav or flac.")


@contextmanager
def open_output(path: str | None) -> Iterator[TextIO]:
    """Yield a text stream for the output: a file that is written atomically, or stdout.

    The text is encoded in UTF-8, regardless of the locale. The bytes of a file name that is not
    valid UTF-8 are copied unchanged.
    """
    if path is None or is_stdout(path):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield sys.stdout
        sys.stdout.flush()
        return
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield file


def is_stdout(path: str) -> bool:
    """Return whether a path, such as /dev/stdout, refers to the stdout of this process."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(1))
    except OSError:
        return False


def positive_integer(text: str) -> int:
    """Return the positive integer in an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
