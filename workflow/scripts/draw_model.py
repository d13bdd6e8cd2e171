"""Draw the results of a model: confusions, scatter plot, learning curves, map."""

from emospeech.evaluation.predictions import load_predictions, tasks_of
from emospeech.report.figures import confusion, learning_curves, save, scatter, shared_layer
from emospeech.report.paper import drop_paper_unless
from emospeech.runtime import jobs
from emospeech.runtime.files import read_table


def main(paths, params):
    model, options = params.model, (vars(paths), params.resolution)

    predictions = load_predictions(paths.predictions)[model]
    task = tasks_of(predictions)[0]

    table = confusion.plot_data(read_table(paths.confusion), model, task.name)
    table = drop_paper_unless(params.comparable, table)
    save("confusion", confusion.draw_confusion(table, model, task.name), table, *options)

    if task.is_scale:
        table = scatter.plot_data(predictions, task.name)
        save("scatter", scatter.draw_scatter(table, model, task.name), table, *options)

    table = learning_curves.plot_data(read_table(paths.histories), model)
    save("learning", learning_curves.draw_learning(table, model), table, *options)

    table = read_table(paths.map).loc[:, shared_layer.columns_of(task)]
    save("map", shared_layer.draw_map(table, model, task), table, *options)


if __name__ == "__main__":
    jobs.run(main, snakemake)
