"""Reading and writing files; a written file is complete or missing."""

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emospeech.runtime.errors import InputError, access_error

if TYPE_CHECKING:  # imported within functions: the command line needs neither for its --help
    import numpy as np
    import pandas as pd

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # device, quota, file size
IDS = ("recording", "speaker", "session", "dialogue", "subgroup")  # columns with names of a corpus
Loaded = TypeVar("Loaded")


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`, which is renamed when the block succeeds.

    Readers never see an incomplete file, and a failed or killed write keeps the old one. A
    temporary file left by a killed write is overwritten by the next write. The temporary name has
    the same suffix, because some writers choose a format by it.

    If `path` is a link, its target is replaced. A pipe or device is written to directly. The
    permissions are those of any new file in the folder (umask), even if a writer restricts them as
    safetensors does.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        with disk_full_as_input_error(path):
            yield path
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem}.part{path.suffix}")
    with disk_full_as_input_error(path):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            temporary.touch()
            permissions = stat.S_IMODE(temporary.stat().st_mode)
            temporary.unlink()
        except PermissionError as error:
            raise access_error(path, error) from error
        try:
            yield temporary
            if stat.S_IMODE(temporary.stat().st_mode) != permissions:
                temporary.chmod(permissions)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def disk_full_as_input_error(path: str | os.PathLike) -> Iterator[None]:
    """Raise InputError if the block fails because there is no space left to write `path`."""
    try:
        yield
    except Exception as error:
        # HDF5 and safetensors mention the system's error number only in their message.
        found = re.search(r"(?:Errno|errno =|os error) (\d+)", str(error))
        if found is None or int(found[1]) not in FULL:
            raise
        remedy = "Free some space and start again; finished parts are kept."
        raise InputError(path, f"no space left to write it. {remedy}") from error


def check_readable(path: str | os.PathLike) -> None:
    """Raise InputError if the file at `path` cannot be read.

    Libraries in other languages report missing permissions as a missing or damaged file.
    """
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise access_error(path, error) from error


@contextmanager
def damage_as_input_error(path: str | os.PathLike) -> Iterator[None]:
    """Raise InputError if the block cannot parse the file at `path`, which a job has written."""
    try:
        yield
    except (ValueError, EOFError) as error:  # EOFError: truncated gzip
        problem = f"is empty or damaged ({error})"
        raise InputError(path, f"{problem}. Delete it and run the study again.") from error


def by_folder(files: Iterable[str], load: Callable[[str], Loaded]) -> dict[str, Loaded]:
    """Return {name of the folder: loaded file} for files in folders of models or corpora."""
    return {Path(file).parent.name: load(file) for file in files}


def read_json(path: str | os.PathLike) -> Any:
    """Return the contents of a JSON file.

    Raises:
        InputError: The file is empty or damaged.
    """
    with damage_as_input_error(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def read_table(path: str | os.PathLike) -> "pd.DataFrame":
    """Return a CSV table written by `write_table`, with the columns of IDS as text.

    Otherwise pandas would convert names that consist of digits to numbers and "NA" to a missing
    value. In a table of recordings, the column `emotion` is text as well, and NaN where it is
    empty; in a history it is a loss.

    Raises:
        InputError: The file is empty or damaged.
    """
    import pandas as pd

    with damage_as_input_error(path):
        columns = pd.read_csv(path, nrows=0).columns
        missing = {name: [""] for name in columns if name not in IDS}
        types: Any = dict.fromkeys((*IDS, *(["emotion"] if "recording" in columns else [])), str)
        return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(path: str | os.PathLike, table: "pd.DataFrame") -> None:
    """Write a data frame as CSV without its index, compressed if the name ends in `.gz`.

    Floats are written with the fewest digits that restore their value. The file does not contain
    the time of writing, so equal tables give equal bytes.
    """
    compression = {"method": "gzip", "mtime": 0} if str(path).endswith(".gz") else None
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", compression=compression)


def write_arrays(path: str | os.PathLike, arrays: "dict[str, np.ndarray]") -> None:
    """Write {name: array} as a compressed .npz; equal arrays give equal bytes."""
    import numpy as np

    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")
