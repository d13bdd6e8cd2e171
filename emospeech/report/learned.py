"""What lies near what in the shared layer, as a data frame; numbers stay as they are."""

import pandas as pd

from emospeech.evaluation.predictions import TASKS
from emospeech.report.frames import in_order, require

SPACES = {"crops": "near_crops", "shared layer": "near_layer"}
PROPERTIES = (*TASKS, "speaker")


def table_neighbours(neighbours):
    """How often the nearest neighbours of a recording share a property with it, mean of the folds.

    One row a property and model: by chance, among the crops (`near_crops`), in the shared layer
    (`near_layer`), and the lowest and highest of its folds. Without a possible neighbour there is
    no row.
    """
    if neighbours.empty:
        return pd.DataFrame()
    columns = ["model", "fold", "property", "space", "share", "chance"]
    require(neighbours, columns, "neighbours")
    lines = []
    for name in PROPERTIES:
        part = neighbours[neighbours["property"] == name]
        for model in in_order(part["model"].unique()):
            spaces = dict(iter(part[part["model"] == model].groupby("space")))
            layer = spaces["shared layer"]
            line = {"property": name, "model": model, "near_chance": layer["chance"].mean()}
            line |= {column: spaces[space]["share"].mean() for space, column in SPACES.items()}
            line |= {"near_least": layer["share"].min(), "near_most": layer["share"].max()}
            lines.append(line)
    return pd.DataFrame(lines)
