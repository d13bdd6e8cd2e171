"""What a web server answers: a file, the rest of one, a refusal, or try again later."""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, InvalidURL
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from emospeech.faults import InputError

PASSING = {408, 429, 500, 502, 503, 504}  # statuses that may be others a little later
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True)
class Version:
    """What a server says of the file at `url`; None where it says nothing."""

    url: str
    etag: str | None
    modified: str | None
    length: int | None  # bytes of the whole file

    @property
    def validator(self):
        """What stands for this version in an If-Range header, where a weak tag may not stand."""
        strong = self.etag and not self.etag.startswith("W/")
        return self.etag if strong else self.modified

    def agrees(self, other):
        """Return whether both may be the same: nothing that both say differs."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return all(mine is None or its is None or mine == its for mine, its in pairs)


class BrokenOffError(Exception):
    """An attempt that failed and may succeed later; `wait` in seconds where the server says so."""

    def __init__(self, reason, wait=None):
        super().__init__(reason)
        self.wait = wait


class StaleError(BrokenOffError):
    """The server's file is not the one that the first bytes were taken from."""


def ask(url, known, size, timeout):
    """Return the open answer of the server, of status 200 or 206.

    With `size` > 0 the bytes behind the first `size` are asked for, if the file is still the
    Version `known`. Raises BrokenOffError where another attempt may help, InputError elsewhere.
    """
    headers = {"Range": f"bytes={size}-", "If-Range": known.validator} if size else {}
    try:
        answer = urlopen(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        raise _refusal(url, error) from error
    except (InvalidURL, ValueError) as error:
        raise InputError(url, f"is no web address ({error}); correct it") from error
    except (HTTPException, OSError) as error:
        raise BrokenOffError(f"no answer ({getattr(error, 'reason', None) or error})") from error
    if answer.status not in (200, 206):
        answer.close()
        raise InputError(url, f"the server answers {answer.status} and sends no file")
    return answer


def _refusal(url, error):
    """Return the exception to raise for an answer that is an error."""
    answered = f"the server answers {error.code} {error.reason}"
    if error.code == 416:  # nothing lies behind the bytes that are there
        return StaleError(answered, wait=0)
    if error.code in PASSING:
        return BrokenOffError(answered, _retry_after(error.headers))
    return InputError(url, f"{answered}; correct the address of the mirror")


def _retry_after(headers):
    """Return the seconds of a Retry-After header, a number or a date; None without one."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def version_of(answer, url, known, size):
    """Return the Version of an answer to `ask`, and how many bytes lie before its body.

    Raises StaleError for a part that does not go on where the first `size` bytes end.
    """
    etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    if answer.status == 200:
        length = answer.headers.get("Content-Length", "")
        return Version(url, etag, modified, int(length) if length.isdigit() else None), 0
    found = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if found and size:
        first, last, length = map(int, found.groups())
        version = Version(url, etag, modified, length)
        if first == size and last == length - 1 and known.agrees(version):
            return version, size
    raise StaleError("the file changed on the server, or another part of it came", wait=0)
