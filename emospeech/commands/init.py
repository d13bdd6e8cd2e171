"""`init`: the config of a study on the corpora in some folders."""

import argparse
import shlex
from pathlib import Path

DESCRIPTION = """\
Write the config of a study on the corpora in some folders: IEMOCAP, AMI, CREMA-D, Quechua Collao,
Emo-DB, RAVDESS, databases in audformat and corpora with a recordings.csv. Give folders of corpora,
or folders that contain them. Manifests of Emo-DB and RAVDESS are written to the folder manifests
next to the config."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    parser = commands.add_parser("init", help="configure a study", description=DESCRIPTION)
    folders = "folders of corpora (default: the current folder)"
    parser.add_argument(
        "folders", nargs="*", type=Path, default=[Path()], metavar="FOLDER", help=folders
    )
    output = "path of the config (default: study.yaml)"
    parser.add_argument(
        "--output", type=Path, default=Path("study.yaml"), metavar="PATH", help=output
    )
    parser.set_defaults(run=start_study)


def start_study(arguments: argparse.Namespace) -> int:
    """Write the config of a study on the corpora that are found, and print the next command."""
    from emospeech.corpora.study_config import init_study

    print("\n".join(init_study(arguments.folders, arguments.output)))
    study = shlex.quote(str(arguments.output))
    print(f"Next: .venv/bin/snakemake --cores 2 check_corpora --configfile {study}")
    return 0
