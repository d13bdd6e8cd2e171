"""Draw the results of a model: confusions, scatter plot, learning curves, map."""

import pandas as pd

from emospeech.evaluation.predictions import load_predictions
from emospeech.report.figures import confusion, learning_curves, save, scatter, shared_layer
from emospeech.report.tables import write_csv
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table


def main(paths, settings):
    model, resolution = settings.model, settings.resolution

    confusions = confusion.points(pd.read_csv(paths.confusion), model)
    write_csv(confusions, paths.confusion_csv)
    figure = confusion.draw_confusion(confusions, model)
    save(figure, paths.confusion_pdf, paths.confusion_png, resolution)

    predicted = scatter.points(load_predictions(paths.predictions)[model])
    write_csv(predicted, paths.scatter_csv)
    figure = scatter.draw_scatter(predicted, model)
    save(figure, paths.scatter_pdf, paths.scatter_png, resolution)

    learned = learning_curves.points(pd.read_csv(paths.histories), model)
    write_csv(learned, paths.learning_csv)
    figure = learning_curves.draw_learning(learned)
    save(figure, paths.learning_pdf, paths.learning_png, resolution)

    mapped = read_table(paths.map)[shared_layer.COLUMNS]
    write_csv(mapped, paths.map_csv)
    save(shared_layer.draw_map(mapped), paths.map_pdf, paths.map_png, resolution)


if __name__ == "__main__":
    jobs.run(main, snakemake)
