"""Write the tables that describe the study: labels, parts of the folds, sizes of the networks."""

from emospeech.corpora.corpus_tables import load_recordings
from emospeech.labels import LabelSettings
from emospeech.models.settings import ModelSettings
from emospeech.report.markup import write_tables
from emospeech.report.study_tables import table_composition, table_labels, table_parameters
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table


def main(paths, settings):
    corpus = load_recordings(paths.recordings), read_table(paths.folds)
    best = by_folder(paths.best, read_json)
    outputs = LabelSettings(**settings.labels).outputs
    networks = settings.rows, ModelSettings(**settings.models), outputs
    tables = {
        "labels": table_labels(*corpus),
        "composition": table_composition(*corpus),
        "parameters": table_parameters(best, *networks),
    }
    write_tables(tables, vars(paths))


if __name__ == "__main__":
    jobs.run(main, snakemake)
