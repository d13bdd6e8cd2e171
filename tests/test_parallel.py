"""Results come in order, lazily, and an error comes back without a hang."""

import os
from itertools import count, islice

import pytest

from emospeech.runtime.errors import CorpusError
from emospeech.runtime.processes import ordered_map


def square(number):
    return number * number


def refuse(number):
    if number % 3 == 0:
        raise CorpusError("some/file.wav", f"number {number}", line=7)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_are_in_order_and_endless_input_is_fine(workers):
    results = ordered_map(square, count(), workers)
    assert list(islice(results, 30)) == [number * number for number in range(30)]
    results.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_worker_is_raised_whole_and_soon(workers):
    for _ in range(10):
        with pytest.raises(CorpusError, match=r"some/file\.wav:7: number 3"):
            list(ordered_map(refuse, range(1, 500), workers))


@pytest.mark.timeout(60)
def test_a_killed_worker_is_an_error():
    with pytest.raises(Exception, match="terminated abruptly"):
        list(ordered_map(os._exit, [9, 9], 2))
