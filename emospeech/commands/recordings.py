"""Audio files from the arguments of a command: files, folders, patterns and lists of them."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from emospeech.runtime.errors import InputError, access_error

STDIN = "-"
# Files with these suffixes are read from folders. Files that are named may have any.
SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".au", ".caf", ".w64"),
    ".sph",
)


def read_list(path: str) -> list[str]:
    """Return the lines of a text file, or of stdin if it is "-", without empty ones.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        text = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise access_error(path, error) from error
    return [os.fsdecode(line) for line in text.splitlines() if line.strip()]


def find_recordings(names: Iterable[str]) -> Iterator[str | InputError]:
    """Yield the audio files that arguments name, or an error for an argument that names none.

    A folder names the audio files in it and its subfolders, a pattern such as `*.wav` for the
    files and folders that match it; both are sorted. An existing file is never read as a pattern.
    """
    for name in names:
        if os.path.isdir(name):
            found = files_in_folder(name)
            missing = "contains no audio files. Check the path, or name the files."
        elif os.path.exists(name) or not glob.has_magic(name):
            found, missing = [name], ""
        else:
            matches = sorted(glob.glob(name, recursive=True))
            found = [file for match in matches for file in files_in_folder(match) or [match]]
            missing = "matches no files. Check the pattern."
        yield from found or [InputError(name, missing)]


def files_in_folder(folder: str) -> list[str]:
    """Return the audio files in a folder and its subfolders, sorted, without hidden ones."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            os.path.join(place, name)
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)
