"""Durations and detected speech of the audio files of a corpus, and files with equal audio."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from emospeech.corpora.audio import SHORTENED, digest_audio, measure_audio
from emospeech.corpora.corpus_tables import Corpus, make_corpus
from emospeech.corpora.issues import IssueCounts
from emospeech.corpora.speech import find_speech
from emospeech.runtime.processes import ordered_map


def measure_durations(files: Iterable[Path], workers: int, issues: IssueCounts) -> Iterator[float]:
    """Yield the duration of each file in seconds, and count files that are shorter than they state.

    Raises:
        CorpusError: A file is not readable as audio.
    """
    for length in ordered_map(measure_audio, files, workers):
        issues.irregular[SHORTENED] += length.shortened
        yield length.seconds


def detect_words(
    files: Sequence[Path], recordings: Sequence[Mapping], workers: int, issues: IssueCounts
) -> list[tuple]:
    """Return the speech detected in the files of recordings as WORD_COLUMNS, without the words."""
    words = []
    detected = ordered_map(find_speech, files, workers)
    for row, (spans, too_short) in zip(recordings, detected, strict=True):
        issues.left_out["speech span too short"] += too_short
        issues.irregular["recording without detected speech"] += not len(spans)
        words += [
            (row["recording"], row["speaker"], "", start, end) for start, end in spans.tolist()
        ]
    return words


def group_equal_audio(files: Sequence[Path], durations: Sequence[float]) -> list[list[int]]:
    """Return the indices of files with the same audio, even in other formats, by group.

    Files of equal duration are compared by their first second, then completely.
    """
    groups = _group_equal(range(len(files)), durations)
    for seconds in (1, None):
        groups = [
            equal
            for group in groups
            for equal in _group_equal(group, [digest_audio(files[i], seconds) for i in group])
        ]
    return groups


def measure_corpus(
    name: str, root: Path, recordings: Iterable[Mapping], workers: int, issues: IssueCounts
) -> Corpus:
    """Return the Corpus of recordings without durations and word times, measured in their audio.

    Equal audio is counted and kept, because a release cannot be changed by its users. The leak
    checks stop a study if it is in two parts of a fold.

    Args:
        name: The name of the corpus.
        root: The folder that the paths of the recordings are relative to.
        recordings: Rows by column, see `make_corpus`.
        workers: The number of processes.
        issues: Receives the counts.
    """
    recordings = list(recordings)
    files = [root / row["path"] for row in recordings]
    durations = list(measure_durations(files, workers, issues))
    equal = group_equal_audio(files, durations)
    issues.irregular["recording with the same audio as another"] += sum(map(len, equal))
    rows = [
        {**row, "duration": seconds} for row, seconds in zip(recordings, durations, strict=True)
    ]
    return make_corpus(name, rows, detect_words(files, rows, workers, issues), issues)


def _group_equal(indices: Iterable[int], keys: Iterable[Hashable]) -> list[list[int]]:
    """Return the groups of at least two indices with equal keys."""
    groups = {}
    for index, key in zip(indices, keys, strict=True):
        groups.setdefault(key, []).append(index)
    return [group for group in groups.values() if len(group) > 1]
