"""Download of AMI from its mirror: the audio of meetings and the manual annotations."""

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
TIMEOUT = 60  # seconds without receiving data
PERMANENT_STATUS = {401, 403, 404, 410}  # not retried
MEETINGS = "corpusResources/meetings.xml"
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def download(url: str, path: str | os.PathLike, check: Callable[[Path], None]) -> None:
    """Download a file atomically: it is complete or does not exist.

    Args:
        url: An http or https address.
        path: The file to write; an existing one is replaced.
        check: Called with the path of the downloaded file; raises InputError for wrong content.

    Raises:
        InputError: The server refuses the request, or all attempts fail.
    """
    # Imported here to save 0.2 s in jobs that do not download.
    from pooch import HTTPDownloader
    from requests import RequestException

    downloader = HTTPDownloader(chunk_size=2**18, timeout=TIMEOUT)
    with atomic_path(path) as temporary:
        for wait in (*WAITS, None):
            try:
                downloader(url, temporary, None)
                check(temporary)
                break
            except (RequestException, InputError) as error:
                response = getattr(error, "response", None)
                if response is not None:
                    problem = f"the server answers {response.status_code} {response.reason}"
                elif isinstance(error, InputError):
                    problem = f"the content {error.problem}"
                else:
                    problem = f"the connection failed ({error})"
                is_permanent = response is not None and response.status_code in PERMANENT_STATUS
                if wait is None or is_permanent:
                    remedy = "Check corpora.ami.mirror and the connection, and run again"
                    raise InputError(url, f"{problem}. {remedy}.") from error
            LOG.warning("%s: %s. Retrying in %d s.", url, problem, wait)
            time.sleep(wait)
    LOG.info("%s: downloaded, %.1f MB", url, Path(path).stat().st_size / 1e6)


def fetch_wav(url: str, path: str | os.PathLike) -> None:
    """Download a wav file unless a complete one exists."""
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
    """Raise InputError unless a file is a wav of the length that its header states."""
    try:
        shortened = measure_audio(path).shortened
    except CorpusError as error:
        raise InputError(path, "is not a wav file") from error
    if shortened:
        raise InputError(path, "is a truncated wav file")


def fetch_annotations(url: str, folder: str | os.PathLike) -> None:
    """Download and unpack the annotations unless `folder` contains meetings.xml.

    All files are moved to `folder` at once. A top-level folder in the archive is removed.

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
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a killed job
    try:
        download(url, temporary / "annotations.zip", check_archive)
        with zipfile.ZipFile(temporary / "annotations.zip") as archive:
            archive.extractall(temporary / "unpacked")  # never writes outside this folder
        unpacked = (temporary / "unpacked").rglob(MEETINGS)
        meetings = min(unpacked, key=lambda path: len(path.parts))
        with suppress(OSError):
            (folder / "corpusResources").rmdir()  # created by Snakemake before the job
        os.replace(meetings.parents[1], folder)
    except OSError as error:
        raise access_error(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_archive(path: Path) -> None:
    """Raise InputError unless a file is an intact zip archive that contains meetings.xml."""
    try:
        with zipfile.ZipFile(path) as archive:
            names, damaged = archive.namelist(), archive.testzip()
    except ZIP_ERRORS as error:
        raise InputError(path, f"is not a complete zip archive ({error})") from error
    if damaged:
        raise InputError(path, f"contains a damaged file, {damaged}")
    if not any(f"/{name}".endswith(f"/{MEETINGS}") for name in names):
        raise InputError(path, f"contains no {MEETINGS}")
