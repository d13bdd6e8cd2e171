"""`manifest`: tables that describe a public corpus."""

import argparse
import shlex
import sys
from pathlib import Path

DESCRIPTION = """\
Write the manifest of a public corpus from the names of its files: recordings.csv, mapping.csv with
the labels of each emotion and their source, ratings.csv and votes.csv if there are votes of
listeners, and study.yaml, a config that runs the study on them."""
STUDY = "study.yaml"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand to the command line."""
    purpose = "write tables for a public corpus"
    parser = commands.add_parser("manifest", help=purpose, description=DESCRIPTION)
    parser.add_argument("corpus", choices=("emodb", "ravdess", "crema_d"))
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of the corpus")
    output = "folder of the new files (default: the folder of the corpus)"
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=output)
    keep = "keep existing tables if they describe this folder, instead of stopping"
    parser.add_argument("--keep", action="store_true", help=keep)
    parser.set_defaults(run=import_corpus)


def import_corpus(arguments: argparse.Namespace) -> int:
    """Write the manifest of a public corpus, and print its size and what was left out."""
    from emospeech.corpora.importers import (
        IMPORTERS,
        check_audio_of_manifest,
        check_new,
        write_manifest,
    )
    from emospeech.corpora.study_config import corpus_name, write_study

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
