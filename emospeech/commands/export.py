"""`export`: trained networks and studies in the formats of other programs."""

import argparse
import shlex
from pathlib import Path

from emospeech.runtime.errors import optional_packages

DESCRIPTION = """\
Export a trained network to ONNX, or all training runs of a study to TensorBoard or MLflow. An ONNX
model takes crops of spectrograms and returns the class probabilities of each task; the metadata of
the file describes both. TensorBoard and MLflow get the learning curves, hyperparameters and
generated spectrograms of each training run, the test metrics of each model, and the figures. The
study may be unfinished; exporting again updates an earlier export."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser(
        "export", help="export networks or training runs", description=DESCRIPTION
    )
    source = "a weights.safetensors file for ONNX, otherwise a results folder (default: results)"
    parser.add_argument("source", nargs="?", default="results", metavar="PATH", help=source)
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--onnx", type=onnx_file, metavar="FILE", help="write the network to FILE")
    form.add_argument("--tensorboard", metavar="FOLDER", help="write event files to this folder")
    uri = "log to this tracking URI, such as sqlite:///mlflow.db"
    form.add_argument("--mlflow", metavar="URI", help=uri)
    name = "name of the MLflow experiment (default: the absolute path of the results folder)"
    parser.add_argument("--experiment", metavar="NAME", help=name)
    parser.set_defaults(run=export)


def export(arguments: argparse.Namespace) -> int:
    """Write the chosen format."""
    if arguments.onnx is not None:
        export_onnx(arguments.source, arguments.onnx)
    elif arguments.tensorboard is not None:
        export_to_tensorboard(arguments.source, arguments.tensorboard)
    else:
        experiment = arguments.experiment or str(Path(arguments.source).resolve())
        export_to_mlflow(arguments.source, arguments.mlflow, experiment)
    return 0


def export_onnx(weights: str, path: Path) -> None:
    """Write the network in a weights file to an ONNX file."""
    from emospeech.evaluation.scoring import Scorer
    from emospeech.training.onnx_export import write_onnx

    scorer = Scorer.load(weights)
    write_onnx(path, scorer.network, scorer.description)


def export_to_tensorboard(results: str, folder: str) -> None:
    """Write the runs of a study as event files, and print how to show them."""
    with optional_packages("--tensorboard", "tensorboard"):
        from emospeech.report.export.tensorboard_export import write_event_files
    from emospeech.report.export.exported_runs import exported_runs

    count = write_event_files(exported_runs(results), folder)
    print(f"{folder}: {count} runs\nNext: tensorboard --logdir {shlex.quote(folder)}")


def export_to_mlflow(results: str, uri: str, experiment: str) -> None:
    """Log the runs of a study to MLflow, and print how many of them are new."""
    with optional_packages("--mlflow", "mlflow"):
        from emospeech.report.export.mlflow_export import log_runs
    from emospeech.report.export.exported_runs import exported_runs

    changed = log_runs(exported_runs(results), uri, experiment)
    print(f"{uri}: {changed} new or changed runs in the experiment {experiment}")


def onnx_file(text: str) -> Path:
    """Return the path in an argument, which must end in .onnx, so that no weights are replaced."""
    if not text.endswith(".onnx"):
        raise argparse.ArgumentTypeError(f"{text} does not end in .onnx")
    return Path(text)
