"""Download AMI from its mirror: the recordings of its meetings and the manual annotations."""

import logging
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from emospeech.corpora.audio import measure_audio
from emospeech.runtime.errors import CorpusError, InputError, access_error
from emospeech.runtime.files import atomic_path

LOG = logging.getLogger(__name__)

WAITS = (1, 5, 25)  # seconds before the second, third and fourth attempt
TIMEOUT = 60  # seconds without a byte
FINAL_STATUS = {401, 403, 404, 410}  # another attempt would not help
MEETINGS = "corpusResources/meetings.xml"
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def download(url: str, path: str | os.PathLike, check: Callable[[Path], None]) -> None:
    """Download `url` to `path`, which appears only when it is complete.

    Args:
        url: An address of http or https.
        path: The file to write; an existing one is replaced.
        check: Called with the path of the downloaded file; raises InputError for wrong content.

    Raises:
        InputError: The server refuses, or no attempt brought the right content.
    """
    # Imported here: they take 0.2 s, which jobs that do not download save.
    from pooch import HTTPDownloader
    from requests import RequestException

    get = HTTPDownloader(chunk_size=2**18, timeout=TIMEOUT)
    with atomic_path(path) as part:
        for wait in (*WAITS, None):
            try:
                get(url, part, None)
                check(part)
                break
            except (RequestException, InputError) as error:
                status, problem = _described(error)
                if wait is None or status in FINAL_STATUS:
                    remedy = "Check corpora.ami.mirror and the connection, and run again"
                    raise InputError(url, f"{problem}. {remedy}.") from error
            LOG.warning("%s: %s. Trying again in %d s.", url, problem, wait)
            time.sleep(wait)
    LOG.info("%s: downloaded, %.1f MB", url, Path(path).stat().st_size / 1e6)


def _described(error):
    """Return the status of the server's answer, if it is a refusal, and what went wrong."""
    if isinstance(error, InputError):
        return None, f"the content {error.problem}"
    if error.response is not None:
        status = error.response.status_code
        return status, f"the server answers {status} {error.response.reason}"
    return None, f"the connection failed ({error})"


def fetch_wav(url: str, path: str | os.PathLike) -> None:
    """Download a wav file to `path`; a complete one that exists is kept.

    Raises:
        InputError: No complete wav file can be downloaded.
    """
    path = Path(path)
    if path.exists():
        try:
            check_wav(path)
        except InputError as error:
            LOG.warning("%s. Downloading it again.", error)
        else:
            LOG.info("%s: exists and is complete", path)
            return
    download(url, path, check_wav)


def check_wav(path: Path) -> None:
    """Raise InputError unless `path` opens as audio of the length that its header states."""
    try:
        shortened = measure_audio(path).shortened
    except CorpusError as error:
        raise InputError(path, "is not a wav file") from error
    if shortened:
        raise InputError(path, "is a wav file that ends before its header says")


def fetch_annotations(url: str, folder: str | os.PathLike) -> None:
    """Download the zip archive of the annotations and unpack it to `folder`.

    A folder that contains meetings.xml is kept, because it appears only when it is complete. A
    folder around everything in the archive is removed.

    Raises:
        InputError: No intact archive can be downloaded, or `folder` contains other files.
    """
    folder = Path(folder).resolve()
    if (folder / MEETINGS).is_file():
        LOG.info("%s: exists", folder)
        return
    if any(not path.is_dir() for path in folder.rglob("*")):
        remedy = "Empty it, or set corpora.ami.annotations to another folder"
        raise InputError(folder, f"contains files but no {MEETINGS}. {remedy}.")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # left by a job that was killed
    try:
        download(url, part / "annotations.zip", check_archive)
        with zipfile.ZipFile(part / "annotations.zip") as archive:
            archive.extractall(part / "unpacked")  # keeps all files below this folder
        meetings = min((part / "unpacked").rglob(MEETINGS), key=lambda path: len(path.parts))
        with suppress(OSError):
            (folder / "corpusResources").rmdir()  # Snakemake creates it before the job
        os.replace(meetings.parents[1], folder)
    except OSError as error:
        raise access_error(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_archive(path: Path) -> None:
    """Raise InputError unless `path` is an intact zip archive that contains meetings.xml."""
    try:
        with zipfile.ZipFile(path) as archive:
            names, damaged = archive.namelist(), archive.testzip()
    except ZIP_ERRORS as error:
        raise InputError(path, f"is not a complete zip archive ({error})") from error
    if damaged:
        raise InputError(path, f"contains a damaged file, {damaged}")
    if not any(f"/{name}".endswith(f"/{MEETINGS}") for name in names):
        raise InputError(path, f"contains no {MEETINGS}")
