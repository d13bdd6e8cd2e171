"""Draw a recording with its words and the crop that is cut from it, and write all its cells."""

from emospeech import jobs
from emospeech.corpora.tables import load_words
from emospeech.crops.example import choose_example, example_table
from emospeech.report.figures import save
from emospeech.report.figures.crop_example import draw_example
from emospeech.report.tables import write_csv
from emospeech.spectrograms.store import open_store


def main(paths, settings):
    store, width = open_store(paths.store), settings.width
    number = choose_example(store, width)
    words = load_words(paths.words)
    table = example_table(store, words, number, width, settings.seed, settings.edge)
    write_csv(table, paths.csv)
    save(draw_example(table), paths.pdf, paths.png, settings.resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)
