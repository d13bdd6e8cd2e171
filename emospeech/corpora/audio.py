"""What the header of a recording says."""

import re

import soundfile

from emospeech.faults import CorpusError

# How libsndfile reports a wav that ends before its header says: promised and found bytes.
CUT_DATA = re.compile(r"^\s*data\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)

# Hz. What lies outside is a damaged header: no speech is recorded so, and at a few Hz a small file
# would last for days.
LOWEST_RATE, HIGHEST_RATE = 4000, 384_000


def audio_duration(path, tally):
    """Return the length of the audio file at `path` in seconds.

    A file that ends before its header says is read as far as it goes and counted. Raises
    CorpusError for a file that is not audio, holds no sample or cannot have its sample rate.
    """
    try:
        info = soundfile.info(str(path), verbose=True)
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise CorpusError(
            path, f"is not readable as audio ({error}); fetch or unpack it again"
        ) from error
    if info.frames <= 0:
        raise CorpusError(path, "holds no sample; fetch or unpack it again")
    if not LOWEST_RATE <= info.samplerate <= HIGHEST_RATE:
        raise CorpusError(path, f"has {info.samplerate} samples a second; fetch or unpack it again")
    cut = CUT_DATA.search(info.extra_info)
    if cut and int(cut[2]) < int(cut[1]):
        tally.irregular["wav shorter than its header says"] += 1
    return info.frames / info.samplerate
