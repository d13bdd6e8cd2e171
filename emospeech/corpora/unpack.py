"""The annotations of AMI out of their zip: the parts that the reader needs, and nothing outside."""

import os
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from emospeech.faults import InputError

MEETINGS = "corpusResources/meetings.xml"
PARTS = ("words", "corpusResources")  # folders that are kept, beside the files above them
FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True)
class UnpackSettings:
    """What an archive may unpack to, so that a false one cannot fill the disk."""

    most_bytes: int = 2 * 10**9  # the real one holds some hundred megabytes
    most_files: int = 50000


def check_archive(path, settings):
    """Raise InputError where the zip at `path` is not whole or not what it should be.

    No name may be absolute, lead upwards or be a link, whether the file is kept or not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members(archive, settings)
            broken = archive.testzip()
    except FAULTS as error:
        raise InputError(path, f"is not a whole zip ({error})") from error
    if broken:
        raise InputError(path, f"holds a damaged file, {broken}")


def unpack(path, folder, settings):
    """Unpack the zip at `path` as `folder`, which must not be there yet or hold no file.

    The folder takes its name when all of it is there. Raises InputError as `check_archive` does.
    """
    path, folder = Path(path), Path(folder)
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)  # what a killed job left
    try:
        with zipfile.ZipFile(path) as archive:
            for name, member in members(archive, settings).items():
                place = beside / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(place, "xb") as file:
                    shutil.copyfileobj(source, file)
        if folder.exists():
            remove_bare(folder)
        os.replace(beside, folder)
    except FAULTS as error:
        raise InputError(path, f"cannot be unpacked as {folder} ({error})") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def members(archive, settings):
    """Return `{place below the folder: member}` of the files to keep.

    A folder around everything in the archive is left out of the places.
    """
    files = {}
    for member in archive.infolist():
        _check_member(archive.filename, member)
        if not member.is_dir():
            if member.filename in files:
                raise InputError(archive.filename, f"holds {member.filename} twice")
            files[member.filename] = member
    total = sum(member.file_size for member in files.values())
    if total > settings.most_bytes or len(files) > settings.most_files:
        raise InputError(archive.filename, f"is far too large: {len(files)} files, {total} bytes")
    tops = [name.removesuffix(MEETINGS) for name in files if f"/{name}".endswith(f"/{MEETINGS}")]
    if not tops:
        raise InputError(archive.filename, f"holds no {MEETINGS}")
    top = min(tops, key=len)
    inside = {name.removeprefix(top): file for name, file in files.items() if name.startswith(top)}
    return {name: file for name, file in inside.items() if _is_kept(name)}


def _check_member(archive, member):
    """Raise InputError for a name that leads out of the folder and for what is no plain file."""
    # `orig_filename` is what is written in the archive: zipfile cuts `filename` at a null byte.
    name, kind = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or any(sign in name for sign in "\\:\0"):
        raise InputError(archive, f"holds {name!r}, which would lie outside of the folder")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(archive, f"holds {name!r}, which is a link or no plain file")


def _is_kept(name):
    first, _, rest = name.partition("/")
    return not name.startswith((".", "__MACOSX")) and (not rest or first in PARTS)


def remove_bare(folder):
    """Remove a folder that holds no file; raises InputError, and removes nothing, where it does."""
    if any(not place.is_dir() or place.is_symlink() for place in folder.rglob("*")):
        raise InputError(folder, f"holds files but no {MEETINGS}; empty it or give another folder")
    shutil.rmtree(folder)
