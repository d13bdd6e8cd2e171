"""Audio files as a stream of mono samples at one sampling rate, in bounded memory."""

import numpy as np
import soundfile
import soxr

from emospeech.faults import CorpusError

BLOCK = 2**18  # samples read at a time, 16 s at 16 kHz: what is made of them stays in the caches
FLOATS = ("FLOAT", "DOUBLE")  # files of these may hold numbers that are no sound
LOUDEST = 1e6  # of such a file, which may pass 1 but not so far


def count_samples(path, sample_rate):
    """Return the number of samples that an audio file has at `sample_rate`, from its header."""
    with _opened(path) as audio:
        return _samples(audio, sample_rate)


def stream_samples(path, sample_rate):
    """Yield an audio file piece by piece: mono float32 at `sample_rate`, `count_samples` in all.

    Files with several channels are averaged, other sampling rates resampled (soxr, HQ). Raises
    CorpusError for what is no audio, ends early or holds numbers that are no sound.
    """
    with _opened(path) as audio:
        resampler = soxr.ResampleStream(audio.samplerate, sample_rate, 1)
        left = _samples(audio, sample_rate)
        read = 0
        for block in audio.blocks(BLOCK, dtype="float32", always_2d=True):
            read += len(block)
            chunk = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
            # The comparison is false of NaN as well.
            if audio.subtype in FLOATS and not np.abs(chunk).max(initial=0) < LOUDEST:
                raise CorpusError(path, "holds samples that are no sound; fetch it again")
            if audio.samplerate != sample_rate:
                chunk = resampler.resample_chunk(chunk, last=read == audio.frames)
            chunk = chunk[:left]
            left -= len(chunk)
            yield chunk
        if read != audio.frames:
            raise CorpusError(path, f"ends after {read} of {audio.frames} samples; fetch it again")
        if left:
            yield np.zeros(left, np.float32)  # a resampled end may fall a sample short


def _samples(audio, sample_rate):
    """Return the number of samples of an open file at `sample_rate`."""
    return audio.frames * sample_rate // audio.samplerate


def _opened(path):
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise CorpusError(path, f"cannot be read as audio ({error}); fetch it again") from error
