"""The shared layer: the map of recordings and their nearest neighbours."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from emospeech.evaluation.representation import held_out_recordings, map_table, neighbours_table
from emospeech.models.catalogue import MODELS, build
from emospeech.runtime.files import write_json
from emospeech.training.predictor import load_chosen, load_predictor
from emospeech.training.trial import Trial
from emospeech.training.weights import save_weights
from tests.conftest import CORPUS_ROWS, corpus_paths
from tests.settings import LABELS, PARAMETERS, with_keys
from tests.test_training import SETTINGS, TRIAL, fold_of

TASKS = LABELS.tasks(multitask=True)
LARGE = with_keys(SETTINGS, weight_deviation=0.5)  # makes the activations differ


def weights_at(path, name, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    network = build(name, CORPUS_ROWS, PARAMETERS, LARGE.models, seed).network
    save_weights(path, network.state_dict())
    return path


@pytest.mark.parametrize("name", MODELS)
def test_representation_is_the_input_of_the_head(corpus, tmp_path, name):
    path = weights_at(tmp_path / "w.safetensors", name)
    tested = load_predictor(name, fold_of(corpus), TRIAL, path, LARGE)
    captured = []
    head = tested.network.heads["valence"]
    head.register_forward_hook(lambda layer, inputs, output: captured.append(inputs[0]))
    tested.predict("validation", seed=1)
    crops, values = tested.represent("validation", seed=1)
    np.testing.assert_array_equal(values, torch.cat(captured).detach().numpy())
    assert values.shape == (8, LARGE.models.shared_units)
    assert len(np.unique(values, axis=0)) == 8
    expected = torch.cat(list(tested.parts["validation"].fixed_crops(1)))
    np.testing.assert_array_equal(crops, expected.flatten(1).numpy())


def test_held_out_recordings_is_represented_by_the_selected_trial(corpus, tmp_path):
    paths = {
        trial: weights_at(
            tmp_path / f"trial-{trial}" / "fold-1" / "w.safetensors", "BasicCNN", trial
        )
        for trial in (0, 1)
    }
    write_json(tmp_path / "best.json", {"trial": 1, **PARAMETERS})
    inputs = corpus_paths(corpus, best=tmp_path / "best.json", weights=paths.values())
    params = SimpleNamespace(model="BasicCNN", folds=[1], study=LARGE.to_config())
    (tested,) = load_chosen(inputs, params)
    rows, crops, values = held_out_recordings(tested, seed=1)
    assert rows["session"].eq("Ses01").all()
    assert rows["part"].value_counts().to_dict() == {"test": 8, "validation": 8}
    assert rows.groupby("part")["speaker"].unique().map(list).to_dict() == {
        "test": ["Ses01M"],
        "validation": ["Ses01F"],
    }
    assert len(rows) == len(crops) == len(values) == 16
    other = load_predictor("BasicCNN", fold_of(corpus), Trial(1, PARAMETERS), paths[1], LARGE)
    np.testing.assert_array_equal(values[8:], other.represent("validation", seed=1)[1])


def test_map_preserves_distances_in_a_plane():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(40, 2)) * [3, 1]
    turned = plane @ np.linalg.qr(rng.normal(size=(30, 2)))[0].T + 5
    table = map_table(pd.DataFrame({"recording": range(40)}), turned.astype(np.float32))
    found, given = table[["x", "y"]].to_numpy(), plane
    distances = [np.linalg.norm(at[:, None] - at, axis=-1) for at in (found, given)]
    np.testing.assert_allclose(*distances, atol=1e-4)
    variance = np.linalg.eigvalsh(np.cov(plane.T))[::-1] / np.trace(np.cov(plane.T))
    shares = table[["share_x", "share_y"]].drop_duplicates().to_numpy()
    np.testing.assert_allclose(shares, [variance], atol=1e-6)
    assert map_table(table[["recording"]], turned).equals(map_table(table[["recording"]], turned))


def table_of(rng, size=200, dialogues=""):
    rows = pd.DataFrame({"speaker": rng.choice(["a", "b"], size)})
    rows["valence"] = rng.choice([1, 1.5, 2, 3, 3, 4.5, 5], size)
    rows["activation"] = np.nan
    return rows.assign(dialogue=dialogues)


def test_neighbours_agree_with_scikit_learn_and_are_at_chance_for_noise():
    rng = np.random.default_rng(1)
    rows, values = table_of(rng, 600), rng.normal(size=(600, 12)).astype(np.float32)
    table = neighbours_table(rows, TASKS, {"noise": values})
    assert table["property"].tolist() == ["speaker", "valence"], "activation is unknown"
    finder = NearestNeighbors(n_neighbors=10).fit(values.astype(np.float64))
    near = finder.kneighbors(return_distance=False)
    classes = rows["valence"].map({1: 1, 1.5: 2, 2: 2, 3: 3, 4.5: 4, 5: 5}).to_numpy()
    for row, groups in zip(table.itertuples(), (rows["speaker"].to_numpy(), classes), strict=True):
        assert row.share == pytest.approx((groups[near] == groups[:, None]).mean())
        sizes = pd.Series(groups).value_counts()
        assert row.chance == pytest.approx((sizes * (sizes - 1)).sum() / (600 * 599))
        assert abs(row.share - row.chance) < 4 * 0.5 / np.sqrt(6000)
        assert row.recordings == 600


def test_learned_properties_exceed_chance():
    rng = np.random.default_rng(2)
    rows = table_of(rng)
    values = np.column_stack([rows["valence"], 0.1 * rng.normal(size=200)])
    table = neighbours_table(rows, TASKS, {"values": values}).set_index("property")
    assert table.loc["valence", "share"] > 0.95
    assert table.loc["valence", "chance"] < 0.4
    assert abs(table.loc["speaker", "share"] - table.loc["speaker", "chance"]) < 0.1


def test_neighbours_in_the_same_dialogue_are_excluded():
    """Dialogues are far apart, and all recordings of a dialogue have the same class."""
    rng = np.random.default_rng(3)
    numbers = np.repeat(np.arange(20), 10)
    rows = table_of(rng, dialogues=[f"d{number}" for number in numbers])
    rows["valence"] = 1.0 + numbers % 5
    values = rng.normal(size=(20, 8))[numbers] * 10 + 0.01 * rng.normal(size=(200, 8))
    valence = neighbours_table(rows, TASKS, {"values": values}).set_index("property").loc["valence"]
    assert valence["chance"] == pytest.approx(3 / 19)  # three other dialogues of nineteen
    alone = neighbours_table(rows.assign(dialogue=""), TASKS, {"values": values})
    assert alone.set_index("property").loc["valence", "share"] > 0.89
    assert valence["share"] < 0.5
    few = rows.assign(dialogue=["one"] * 195 + ["two"] * 5)
    counted = neighbours_table(few, TASKS, {"values": values}).set_index("property").loc["speaker"]
    assert counted["recordings"] == 200  # 195 of them have five eligible neighbours
    assert neighbours_table(rows.assign(dialogue="one"), TASKS, {"values": values}).empty
