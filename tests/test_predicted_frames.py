"""The frames in the figure of an APC model are those of its predictions."""

import numpy as np
import torch

from emospeech.models.apc import PredictiveNetwork
from emospeech.training.predicted_frames import choose_examples, forecast_table
from emospeech.training.predictor import load_predictor
from tests.conftest import CORPUS_ROWS
from tests.settings import PARAMETERS
from tests.test_representation import LARGE, weights_at
from tests.test_training import TRIAL, fold_of

AHEAD = PARAMETERS["steps_ahead"]


def test_examples_are_crops_of_validation_speakers_with_their_predictions(corpus, tmp_path):
    path, fold = weights_at(tmp_path / "w.safetensors", "BasicAPC"), fold_of(corpus)
    predictor = load_predictor("BasicAPC", fold, TRIAL, path, LARGE)
    table = forecast_table(predictor, seed=1)
    assert table["recording"].nunique() == 3
    assert table["steps_ahead"].unique().tolist() == [AHEAD]
    part, network = predictor.parts["validation"], predictor.network
    assert isinstance(network, PredictiveNetwork)
    names = [fold.store.recordings[index] for index in part.part.recordings]
    ((crops, inside),) = part.masked_crops(1)
    with torch.no_grad():
        predicted = network.predict_frames(crops).numpy()
    for (name, source), rows in table.groupby(["recording", "source"]):
        index = names.index(name)
        crop = crops[index, 0].numpy()
        values = rows.filter(regex="^row_").to_numpy()
        assert values.shape[1] == CORPUS_ROWS
        for frame, found in zip(rows["frame"] - 1, values, strict=True):  # counted from 0
            assert inside[index, frame]
            assert inside[index, frame - AHEAD]
            expected = {
                "real": crop[frame],
                "predicted": predicted[index, frame - AHEAD],
                "repeated": crop[frame - AHEAD],
            }
            np.testing.assert_allclose(found, expected[source], atol=6e-5)


def test_examples_have_the_largest_the_median_and_the_smallest_reduction():
    repeated = np.array([1.0, 2.0, 4.0, 1.0, 0.0, 1.0])
    predicted = repeated * [0.9, 0.5, 0.7, 0.1, 0.0, 1.2]
    values = np.array([8, 8, 8, 4, 8, 8])  # the fourth recording is too short, the fifth silent
    assert choose_examples(predicted, repeated, values) == [1, 0, 5]
    assert choose_examples(predicted[:1], repeated[:1], values[:1]) == [0]
