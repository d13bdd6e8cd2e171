"""Write the tables that describe the study: labels, parts of the folds, sizes of the networks."""

from emospeech.labels import LabelSettings, load_labelled
from emospeech.models.settings import ModelSettings
from emospeech.report.markup import write_tables
from emospeech.report.study_tables import table_composition, table_labels, table_parameters
from emospeech.runtime import jobs
from emospeech.runtime.files import by_folder, read_json, read_table


def main(paths, params):
    labels = LabelSettings(**params.labels)
    corpus = load_labelled(paths.recordings, labels), read_table(paths.folds)
    tasks, best = labels.tasks(multitask=True), by_folder(paths.best, read_json)
    networks = params.rows, ModelSettings(**params.models), labels
    tables = {
        "labels": table_labels(*corpus, tasks),
        "composition": table_composition(*corpus, tasks[0]),
        "parameters": table_parameters(best, *networks),
    }
    write_tables(tables, vars(paths), labels.target)


if __name__ == "__main__":
    jobs.run(main, snakemake)
