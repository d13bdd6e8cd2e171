"""Random generators of a seed and a key. Their first draws are fixed: results depend on them."""

import numpy as np

from emospeech.runtime.rng import named_rng, spawn_rng


def test_generators_of_numbers_are_spawned_from_the_seed():
    for key in ((), (0,), (3, 1, 0, 0)):
        expected = np.random.default_rng(np.random.SeedSequence(7, spawn_key=key))
        assert spawn_rng(7, *key).random() == expected.random()
    assert len({spawn_rng(7, *key).random() for key in ((), (0,), (0, 0), (0, 0, 0))}) == 4


def test_generators_of_names_are_the_same_in_every_process():
    assert named_rng(1, "turns", "ES2002a").random() == 0.07075553283812697
    assert named_rng(5, "ES2002a").random() == 0.5517698283198524
    assert named_rng(1, "a", 2).random() == named_rng(1, "a/2").random()
