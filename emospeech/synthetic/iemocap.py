"""A synthetic corpus in the form of IEMOCAP_full_release, at the full size or smaller.

The voices, words and ratings are made up; the folders, names, counts and irregularities are those
of the release. How much of the valence is to be heard is set by the strengths below.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from emospeech.corpora.iemocap_release import UTTERANCES
from emospeech.runtime.errors import InputError
from emospeech.runtime.files import atomic_path
from emospeech.runtime.processes import ordered_map
from emospeech.synthetic.annotations import (
    evaluation_text,
    phseg_text,
    raters_files,
    syseg_text,
    transcription_line,
    wdseg_text,
)
from emospeech.synthetic.draws import generator
from emospeech.synthetic.layout import lay_out
from emospeech.synthetic.plan import release_plan, turns_of
from emospeech.synthetic.prosody import Affect, levelled, speak, speaker_voice
from emospeech.synthetic.ratings import rate
from emospeech.synthetic.sample import needed, sample_plan
from emospeech.synthetic.sound import write_silence, write_wav
from emospeech.synthetic.voice import SAMPLE_RATE

# The first bytes of an AppleDouble file, version 2, and no entry: what macOS leaves in archives.
APPLE_DOUBLE = bytes.fromhex("00051607 00020000") + b"Mac OS X        " + bytes(2)
ALIGNERS = {"wdseg": wdseg_text, "phseg": phseg_text, "syseg": syseg_text}


@dataclass(frozen=True)
class IemocapSettings:
    """The size of the corpus and how affect sounds in it.

    `affect_noise` is the standard deviation, in points of the scale, between the label and what
    is heard; it bounds what any model can reach. `valence_strength` and `activation_strength`
    scale how far the voice follows. Without `audio` the wavs are silent, with the right lengths.
    """

    utterances: int = UTTERANCES
    seed: int = 1
    affect_noise: float = 0.9
    valence_strength: float = 1.0
    activation_strength: float = 1.0
    audio: bool = True


def write_iemocap(root, settings, workers):
    """Write the corpus below `root` (made where missing): Session1 to Session5.

    The files depend on the settings only, not on `workers`. Raises InputError for a number of
    utterances that cannot be.
    """
    plan = iemocap_plan(settings)
    dialogues = [turns_of(turns) for _, turns in plan.groupby("dialogue")]
    for _ in ordered_map(partial(write_dialogue, Path(root), settings), dialogues, workers):
        pass


def iemocap_plan(settings):
    """Return the rows of the release's plan that a corpus of these settings holds."""
    plan = release_plan(settings.seed)
    least = int(needed(plan).sum())
    if not least <= settings.utterances <= UTTERANCES:
        problem = f"{settings.utterances} is not possible; give {least} to {UTTERANCES}"
        raise InputError("utterances of the synthetic IEMOCAP", problem)
    return sample_plan(plan, settings.utterances, settings.seed)


def write_dialogue(root, settings, turns):
    """Write everything of one dialogue; `turns` is a list of its `Turn`, in the order of time."""
    dialogue, session = turns[0].dialogue, Path(root, f"Session{turns[0].session}")
    labels = session / "dialog" / "EmoEvaluation"
    rated = [rate(turn, settings.seed) for turn in turns]
    _write(labels / f"{dialogue}.txt", evaluation_text(turns, rated))
    _write(labels / f"._{dialogue}.txt", APPLE_DOUBLE)
    for name, text in raters_files(dialogue, turns, rated).items():
        _write(labels / name, text)
    lines = [_write_utterance(session, settings, turn) for turn in turns]
    _write(session / "dialog" / "transcriptions" / f"{dialogue}.txt", "".join(lines))


def _write(path, content):
    with atomic_path(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))


def utterance_layout(turn, seed):
    """Return the segments of an utterance; they do not depend on how it is rated."""
    seconds = utterance_samples(turn) / SAMPLE_RATE
    return lay_out(seconds, generator(seed, "layout", turn.utterance), words=not turn.wordless)


def utterance_samples(turn):
    """Return the length of a turn's wav in samples."""
    return round((turn.end - turn.start) * SAMPLE_RATE)


def utterance_affect(turn, settings):
    """Return the `Affect` that is heard: the label and some noise, scaled by the strengths."""
    noise = generator(settings.seed, "affect", turn.utterance).normal(size=2)
    heard = np.array([turn.valence, turn.activation]) + settings.affect_noise * noise
    valence, activation = np.clip((heard - 3) / 2, -1.5, 1.5)
    return Affect(
        settings.valence_strength * float(valence), settings.activation_strength * float(activation)
    )


def utterance_audio(turn, segments, settings):
    """Return the waveform of an utterance as float32, 16 kHz."""
    rng = generator(settings.seed, "voice", turn.utterance)
    speaker = speaker_voice(settings.seed, turn.speaker, female=turn.speaker.endswith("F"))
    affect = utterance_affect(turn, settings)
    signal = speak(segments, utterance_samples(turn), speaker, affect, rng)
    return levelled(signal, generator(settings.seed, "level", turn.utterance))


def _write_utterance(session, settings, turn):
    """Write a turn's wav and alignments, and return its line of the transcription."""
    segments = utterance_layout(turn, settings.seed)
    folder = session / "sentences"
    wav = folder / "wav" / turn.dialogue / f"{turn.utterance}.wav"
    if settings.audio:
        write_wav(wav, utterance_audio(turn, segments, settings))
    else:
        write_silence(wav, utterance_samples(turn))
    if turn.aligned:
        for kind, text in ALIGNERS.items():
            path = folder / "ForcedAlignment" / turn.dialogue / f"{turn.utterance}.{kind}"
            _write(path, text(segments, settings.seed, turn.utterance))
    return transcription_line(turn, [s.spelling for s in segments if s.spelling])
