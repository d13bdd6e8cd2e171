"""AMI from its mirror: the wav of a meeting, and the folder of annotations."""

import logging
from functools import partial
from pathlib import Path

from emospeech.corpora.audio import audio_duration
from emospeech.corpora.download import download
from emospeech.corpora.tables import Tally
from emospeech.corpora.unpack import MEETINGS, check_archive, remove_bare, unpack
from emospeech.faults import CorpusError, InputError

LOG = logging.getLogger(__name__)


def fetch_wav(url, path, settings):
    """Fetch a wav to `path`; one that is there and is whole stays as it is.

    `settings` are DownloadSettings. Raises InputError, naming the address, where no whole wav can
    be had.
    """
    path = Path(path)
    if path.exists():
        try:
            check_wav(path)
        except InputError as fault:
            LOG.warning("%s; fetching it anew", fault)
        else:
            LOG.info("%s: is there and whole", path)
            return
    download(url, path, check_wav, settings)


def check_wav(path):
    """Raise InputError unless `path` opens as audio of the length that its header says."""
    tally = Tally()
    try:
        audio_duration(path, tally)
    except CorpusError as error:
        raise InputError(path, "is no wav") from error
    if any(tally.irregular.values()):
        raise InputError(path, "is a wav that ends before its header says")


def fetch_annotations(url, folder, settings, limits):
    """Fetch the zip of annotations and unpack what the reader needs as `folder`.

    A folder that holds meetings.xml stays as it is. `settings` are DownloadSettings, `limits`
    UnpackSettings. Raises InputError, naming the address, for an archive that cannot be had or is
    refused, and for a folder that holds other files.
    """
    folder = Path(folder).resolve()
    if (folder / MEETINGS).is_file():
        LOG.info("%s: is there", folder)
        return
    if folder.exists():
        remove_bare(folder)
    archive = folder.with_name(f"{folder.name}.fetched.zip")
    download(url, archive, partial(check_archive, settings=limits), settings)
    unpack(archive, folder, limits)
    archive.unlink()
