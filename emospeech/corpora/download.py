"""One file from a web server to disk: whole or not at all, and resumed where it broke off.

The bytes go to `<name>.part` beside the file, which outlives a failure; `<name>.part.json` keeps
what the server said of the file (entity tag, date, length). A later attempt asks for the rest only,
and joins it to the part only if the server still speaks of the same file (RFC 9110, sections 13
and 14). Without a strong entity tag or a date that cannot be known, and all is fetched anew.
"""

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path

from emospeech.corpora.answers import BrokenOffError, StaleError, Version, ask, version_of
from emospeech.faults import InputError
from emospeech.files import write_json

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DownloadSettings:
    """How patient a download is; times in seconds."""

    retries: int = 5  # failures in a row that brought nothing new, before it is given up
    first_wait: float = 1.0  # doubled after each of them
    longest_wait: float = 300.0  # also where the server asks for more
    timeout: float = 60.0  # without a byte
    chunk_size: int = 2**18  # bytes
    report_every: float = 10.0  # between two lines of progress


def download(url, path, check, settings):
    """Bring the file at `url` to `path`, in place of one that may be there.

    `check` is called with the path of the finished part and raises InputError where the content
    is not what it should be. The file is then fetched anew, once. Raises InputError, naming the
    address, where that does not help, where the server refuses or where retries are used up.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(url, "is no web address; give one that starts with http:// or https://")
    part = Path(path).with_name(f"{Path(path).name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    for last in (False, True):
        _complete(url, part, settings)
        try:
            check(part)
            break
        except InputError as fault:
            _forget(part)
            if last:
                advice = "open the address in a browser, and correct that of the mirror"
                raise InputError(url, f"what comes {fault.problem}, twice; {advice}") from fault
            LOG.warning("%s: what came %s; fetching it anew", url, fault.problem)
    os.replace(part, path)
    _forget(part)


def _complete(url, part, settings):
    """Make attempts until the part is whole; only those that bring nothing new are counted."""
    failures, farthest = 0, _size(part)
    while True:
        try:
            _attempt(url, part, settings)
            return
        except BrokenOffError as fault:
            failures = 0 if _size(part) > farthest else failures + 1
            farthest = max(farthest, _size(part))
            if isinstance(fault, StaleError):
                _forget(part)
            if failures > settings.retries:
                advice = f"run again later, to go on from the {_size(part)} bytes that are there"
                raise InputError(url, f"{fault}, {failures} times in a row; {advice}") from fault
            wait = settings.first_wait * 2 ** max(failures - 1, 0)
            wait = min(wait if fault.wait is None else fault.wait, settings.longest_wait)
            LOG.warning("%s: %s; again in %.0f s", url, fault, wait)
            time.sleep(wait)


def _attempt(url, part, settings):
    """Ask for what is missing of the part, or for all of the file, and write what comes."""
    known, size = _known(part, url), _size(part)
    if known is None or (known.length is not None and size > known.length):
        size = 0
    if size and size == known.length:
        return
    with ask(url, known, size, settings.timeout) as answer:
        version, size = version_of(answer, url, known, size)
        if not size:
            _forget(part)
            write_json(_state(part), asdict(version))
        try:
            _receive(answer, part, size, version, settings)
        except OSError as error:
            problem = f"cannot be written ({error.strerror}); make room for it"
            raise InputError(part, problem) from error


def _receive(answer, part, size, version, settings):
    """Write the body behind the first `size` bytes of the part."""
    start, began, told = size, time.monotonic(), time.monotonic()
    with open(part, "r+b" if size else "wb") as file:
        file.seek(size)
        while chunk := _read(answer, settings.chunk_size):
            file.write(chunk)
            size += len(chunk)
            if time.monotonic() - told >= settings.report_every:
                told = time.monotonic()
                _report(version, size, (size - start) / (told - began))
    if version.length is not None and size != version.length:
        raise BrokenOffError(f"the connection ended after {size} of {version.length} bytes")
    LOG.info(
        "%s: whole, %.1f MB, %.1f MB of them now", version.url, size / 1e6, (size - start) / 1e6
    )


def _read(answer, count):
    try:
        return answer.read(count)
    except (HTTPException, OSError) as error:
        raise BrokenOffError(f"the connection broke ({error})") from error


def _report(version, size, rate):
    share = f"{100 * size / version.length:.0f} % of " if version.length else ""
    total = (version.length or size) / 1e6
    LOG.info("%s: %s%.1f MB, %.2f MB/s", version.url, share, total, rate / 1e6)


def _state(part):
    return part.with_name(f"{part.name}.json")


def _size(part):
    return part.stat().st_size if part.exists() else 0


def _known(part, url):
    """Return the Version that the part is of; None where that is not known for sure."""
    try:
        version = Version(**json.loads(_state(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return version if version.url == url and version.validator else None


def _forget(part):
    part.unlink(missing_ok=True)
    _state(part).unlink(missing_ok=True)
