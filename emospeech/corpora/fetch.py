"""Download of open corpora from their mirrors: AMI, CREMA-D and Quechua Collao."""

import hashlib
import logging
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from emospeech.corpora.audio import measure_audio
from emospeech.runtime.errors import CorpusError, InputError, access_error
from emospeech.runtime.files import atomic_path, read_table

LOG = logging.getLogger(__name__)

WAITS = (1, 5, 25)  # seconds before the second, third and fourth attempt
LONGEST_WAIT = 900  # seconds, if a busy server asks for a longer one
TIMEOUT = 60  # seconds without receiving data
PERMANENT_STATUS = {401, 403, 404, 410}  # not retried
PROGRESS = 100  # files between two lines in the log
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
AMI_CONTENTS = ("corpusResources/meetings.xml",)  # patterns, see fetch_archive
# Some copies lack the inner folder of Labels/Labels and Data/Data.
QUECHUA_CONTENTS = (
    "Audios/*.wav",
    *(f"Labels/**/{name}.csv" for name in ("Valence", "Arousal", "Dominance")),
    "Data/**/Data.xlsx",
)
# Name, bytes and SHA-256 of the recordings and of the two tables that describe them, at commit
# 1658cd34 of github.com/CheyneyComputerScience/CREMA-D.
CREMA_D_FILES = Path(__file__).with_name("crema_d_files.csv.gz")
CREMA_D_AUDIO = "AudioWAV/"

Check = Callable[[Path], None]  # raises InputError if a file is not as expected


def download(url: str, path: str | os.PathLike, check: Check) -> None:
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
                    reason = error.args[0] if error.args else error
                    problem = f"the connection failed ({getattr(reason, 'reason', reason)})"
                is_permanent = response is not None and response.status_code in PERMANENT_STATUS
                if wait is None or is_permanent:
                    remedy = "Check the mirror of the corpus and the connection, and run again"
                    raise InputError(url, f"{problem}. {remedy}.") from error
            asked = response.headers.get("Retry-After", "") if response is not None else ""
            wait = max(wait, min(int(asked), LONGEST_WAIT)) if asked.isdecimal() else wait
            LOG.warning("%s: %s. Retrying in %d s.", url, problem, wait)
            time.sleep(wait)


def fetch_files(files: Sequence[tuple[str, Path, Check]], workers: int = 1) -> None:
    """Download the files that are missing or fail their check; keep the others.

    After a failure no further download starts. Complete files are kept, so that another call
    continues.

    Args:
        files: The URL, the path and the check of each file.
        workers: Number of simultaneous downloads.

    Raises:
        InputError: A file cannot be downloaded.
    """
    downloaded = n_bytes = 0
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_fetch_file, *file) for file in files]
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                downloaded, n_bytes = downloaded + (job.result() > 0), n_bytes + job.result()
                if done % PROGRESS == 0 or done == len(files):
                    numbers = (done, len(files), downloaded, n_bytes / 1e6)
                    LOG.info("%d of %d files are complete (%d downloaded, %.1f MB)", *numbers)
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_file(url, path, check):
    """Download a file unless a complete one exists; return the number of bytes downloaded."""
    if path.exists():
        try:
            check(path)
            return 0
        except InputError as error:
            LOG.warning("%s. Downloading it again.", error)
    download(url, path, check)
    return path.stat().st_size


def fetch_wav(url: str, path: str | os.PathLike) -> None:
    """Download a wav file unless a complete one exists."""
    fetch_files([(url, Path(path), check_wav)])


def check_wav(path: Path) -> None:
    """Raise InputError unless a file is a wav of the length that its header states."""
    try:
        shortened = measure_audio(path).shortened
    except CorpusError as error:
        raise InputError(path, "is not a wav file") from error
    if shortened:
        raise InputError(path, "is a truncated wav file")


def fetch_crema_d(
    folder: str | os.PathLike,
    mirror: Mapping[str, str],
    files: str | os.PathLike = CREMA_D_FILES,
    workers: int = 1,
) -> None:
    """Download the recordings and tables of CREMA-D that are missing or differ from the release.

    Args:
        folder: The folder of the corpus; paths in it are those of the original repository.
        mirror: The `audio_url` of the recordings and the `tables_url` of the other files.
        files: CSV table with the name (a path below `folder`), bytes and sha256 of each file.
        workers: Number of simultaneous downloads.

    Raises:
        InputError: A file cannot be downloaded.
    """
    downloads = []
    for file in read_table(files).itertuples():
        kind = "audio_url" if file.name.startswith(CREMA_D_AUDIO) else "tables_url"
        url = f"{mirror[kind].rstrip('/')}/{file.name.removeprefix(CREMA_D_AUDIO)}"
        check = partial(check_content, size=file.bytes, sha256=file.sha256)
        downloads.append((url, Path(folder, file.name), check))
    fetch_files(downloads, workers)


def check_content(path: Path, size: int, sha256: str) -> None:
    """Raise InputError unless a file has this size (bytes) and this SHA-256 (hex digits)."""
    found = path.stat().st_size
    if found != size:
        raise InputError(path, f"has {found} bytes instead of {size}")
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise InputError(path, "differs from the release (SHA-256)")


def fetch_archive(url: str, folder: str | os.PathLike, contents: Sequence[str]) -> None:
    """Download and unpack a zip archive unless `folder` already has its contents.

    The archive is verified by the CRC-32 of each file in it. All files are moved to `folder` at
    once. A top-level folder in the archive is removed.

    Args:
        url: The address of the archive.
        folder: A missing folder, or one without any files.
        contents: Glob patterns of files, relative to `folder`, that the archive must contain.

    Raises:
        InputError: No intact archive with these files can be downloaded, or `folder` contains
            other files.
    """

    def missing(root):
        return [pattern for pattern in contents if next(root.glob(pattern), None) is None]

    folder = Path(folder).resolve()
    if not missing(folder):
        LOG.info("%s: exists", folder)
        return
    if any(not path.is_dir() for path in folder.rglob("*")):
        problem = f"contains files but no {missing(folder)[0]}"
        raise InputError(folder, f"{problem}. Empty it, or configure another folder.")
    temporary = folder.with_name(f".{folder.name}.part")
    archive, unpacked = temporary / "archive.zip", temporary / "unpacked"
    shutil.rmtree(temporary, ignore_errors=True)  # left by a killed job
    try:
        download(url, archive, check_archive)
        LOG.info("%s: downloaded, %.1f MB", url, archive.stat().st_size / 1e6)
        with zipfile.ZipFile(archive) as file:
            file.extractall(unpacked)  # never writes outside this folder
        root = min([unpacked, *unpacked.iterdir()], key=lambda path: len(missing(path)))
        if missing(root):
            problem = f"the archive contains no {missing(root)[0]}"
            raise InputError(url, f"{problem}. Check the mirror of the corpus.")
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir()  # created by Snakemake before the job
        os.replace(root, folder)
    except OSError as error:
        raise access_error(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_archive(path: Path) -> None:
    """Raise InputError unless a file is an intact zip archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except ZIP_ERRORS as error:
        raise InputError(path, f"is not a complete zip archive ({error})") from error
    if damaged:
        raise InputError(path, f"contains a damaged file, {damaged}")
