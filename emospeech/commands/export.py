"""`export`: trained networks in the formats of other programs."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Export a trained network to ONNX. Its input are crops of spectrograms, its outputs the class
probabilities of each task; the metadata of the file describes them."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("export", help="export networks", description=DESCRIPTION)
    parser.add_argument("source", metavar="PATH", help="a weights.safetensors file of a study")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--onnx", type=onnx_file, metavar="FILE", help="the new ONNX file")
    parser.set_defaults(run=export)


def export(arguments: argparse.Namespace) -> int:
    """Write the chosen format."""
    export_onnx(arguments.source, arguments.onnx)
    return 0


def export_onnx(weights: str, path: Path) -> None:
    """Write the network in a weights file to an ONNX file."""
    from emospeech.evaluation.scoring import Scorer
    from emospeech.training.onnx_export import write_onnx

    scorer = Scorer.load(weights)
    write_onnx(path, scorer.network, scorer.description)


def onnx_file(text: str) -> Path:
    """Return the path in an argument, which must end in .onnx, so that no weights are replaced."""
    if not text.endswith(".onnx"):
        raise argparse.ArgumentTypeError(f"{text} does not end in .onnx")
    return Path(text)
