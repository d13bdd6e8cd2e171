"""A synthetic corpus in the format of IEMOCAP_full_release, at full size or smaller.

Voices, words and ratings are synthetic; folders, names, totals and irregularities are those of the
release.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from emospeech.corpora.iemocap_release import UTTERANCES
from emospeech.runtime.files import atomic_path
from emospeech.runtime.processes import ordered_map
from emospeech.runtime.rng import named_rng
from emospeech.synthetic import iemocap_annotations as annotations
from emospeech.synthetic.iemocap_plan import Turn, draw_plan, to_turns
from emospeech.synthetic.prosody import Affect, draw_speaker, normalize_level, speak
from emospeech.synthetic.segments import Segment, draw_segments
from emospeech.synthetic.synthesizer import SAMPLE_RATE
from emospeech.synthetic.wav import open_wav, to_int16, write_silence

# The start of an AppleDouble file, version 2, without entries: macOS leaves such files in archives.
APPLE_DOUBLE = bytes.fromhex("00051607 00020000") + b"Mac OS X        " + bytes(2)
# Points of the rating scale between a label and the voice; limits the accuracy of any model.
AFFECT_NOISE = 0.9


@dataclass(frozen=True)
class IemocapSettings:
    """Settings of the synthetic IEMOCAP; without `audio` its wavs are silent."""

    utterances: int = UTTERANCES
    seed: int = 1
    audio: bool = True


def write_iemocap(root: Path, settings: IemocapSettings, workers: int) -> None:
    """Write Session1 to Session5 below `root`, which is created if needed.

    The files depend only on the settings. Raises InputError for an impossible number of utterances.
    """
    plan = draw_plan(settings.utterances, settings.seed)
    dialogues = [to_turns(turns) for _, turns in plan.groupby("dialogue")]
    for _ in ordered_map(partial(write_dialogue, Path(root), settings), dialogues, workers):
        pass


def write_dialogue(root: Path, settings: IemocapSettings, turns: list[Turn]) -> None:
    """Write all files of a dialogue, given its turns in order of time."""
    dialogue, session = turns[0].dialogue, root / f"Session{turns[0].session}"
    labels = session / "dialog" / "EmoEvaluation"
    ratings = [annotations.draw_ratings(turn, settings.seed) for turn in turns]
    _write(labels / f"{dialogue}.txt", annotations.label_text(turns, ratings))
    _write(labels / f"._{dialogue}.txt", APPLE_DOUBLE)
    for name, text in annotations.rater_files(dialogue, turns, ratings).items():
        _write(labels / name, text)
    lines = [_write_utterance(session / "sentences", settings, turn) for turn in turns]
    _write(session / "dialog" / "transcriptions" / f"{dialogue}.txt", "".join(lines))


def _write_utterance(folder, settings, turn):
    """Write the wav and the alignments of a turn; return its line of the transcription."""
    segments = utterance_segments(turn, settings.seed)
    path = folder / "wav" / turn.dialogue / f"{turn.utterance}.wav"
    if settings.audio:
        signal = utterance_audio(turn, segments, settings.seed)
        with open_wav(path) as wav:
            wav.write(to_int16(signal))
    else:
        write_silence(path, _n_samples(turn))
    if turn.aligned:
        texts = annotations.alignment_texts(segments, settings.seed, turn.utterance)
        for suffix, text in texts.items():
            name = f"{turn.utterance}.{suffix}"
            _write(folder / "ForcedAlignment" / turn.dialogue / name, text)
    return annotations.transcription_line(turn, segments)


def _write(path, content):
    with atomic_path(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))


def _n_samples(turn):
    return round((turn.end - turn.start) * SAMPLE_RATE)


def utterance_segments(turn: Turn, seed: int) -> list[Segment]:
    """Return the segments of an utterance, which do not depend on its ratings."""
    rng = named_rng(seed, "layout", turn.utterance)
    return draw_segments(_n_samples(turn) / SAMPLE_RATE, rng, words=not turn.wordless)


def utterance_audio(turn: Turn, segments: list[Segment], seed: int) -> np.ndarray:
    """Return the waveform of an utterance; its labels plus noise determine the affect."""
    noise = named_rng(seed, "affect", turn.utterance).normal(size=2)
    expressed = np.array([turn.valence, turn.activation]) + AFFECT_NOISE * noise
    affect = Affect(*map(float, np.clip((expressed - 3) / 2, -1.5, 1.5)))
    speaker = draw_speaker(seed, turn.speaker, female=turn.speaker.endswith("F"))
    rng = named_rng(seed, "voice", turn.utterance)
    signal = speak(segments, _n_samples(turn), speaker, affect, rng)
    return normalize_level(signal, named_rng(seed, "level", turn.utterance))
