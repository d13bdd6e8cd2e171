"""Draw the valence labels before and after oversampling, and write their counts."""

from emospeech import jobs
from emospeech.corpora.tables import load_recordings
from emospeech.crops.balance import balance_table
from emospeech.folds import load_folds
from emospeech.report.figures import save
from emospeech.report.figures.label_balance import draw_balance
from emospeech.report.tables import write_csv


def main(paths, settings):
    recordings, folds = load_recordings(paths.recordings), load_folds(paths.folds)
    table = balance_table(recordings, folds, settings.seed, settings.oversample)
    write_csv(table, paths.csv)
    save(draw_balance(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)
