"""Files that are there whole or not at all."""

import errno
import json
import os
import re
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emospeech.runtime.errors import InputError, access_error

if TYPE_CHECKING:
    import pandas as pd

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # device, quota, largest file


@contextmanager
def atomic_path(path):
    """Give a path beside `path` to write to; it takes the name `path` when the block succeeds.

    A reader never sees half a file, and a failed or killed write leaves the old one in place.
    What a killed write left beside it is overwritten by the next one. The temporary name keeps the
    suffix, since some writers choose a format by it.

    If `path` is a link, its target is replaced and the link stays. A pipe or device is never
    replaced: the block then writes to it directly. The permissions are those of any new file in
    that folder (the umask), even if a writer restricts them as safetensors does.
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
            permissions = _permissions_of_new(temporary)
        except PermissionError as error:
            raise access_error(path, error) from error
        try:
            yield temporary
            if stat.S_IMODE(temporary.stat().st_mode) != permissions:
                temporary.chmod(permissions)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def _permissions_of_new(path):
    """Return the permissions that a new file at `path` gets; remove what is there."""
    path.unlink(missing_ok=True)
    path.touch()
    permissions = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    return permissions


def check_readable(path: str | os.PathLike) -> None:
    """Raise InputError, with a remedy that fits, if the file at `path` cannot be read at all.

    Libraries in other languages report a forbidden file as a missing or damaged one.
    """
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise access_error(path, error) from error


@contextmanager
def disk_full_as_input_error(path):
    """Raise InputError where the block fails because there is no space left to write `path`."""
    try:
        yield
    except Exception as error:
        # HDF5 and safetensors give the number of the system's error in their text only.
        found = re.search(r"(?:Errno|errno =|os error) (\d+)", str(error))
        if found is None or int(found[1]) not in FULL:
            raise
        problem = "there is no space left to write it; make room and start again"
        raise InputError(path, f"{problem}, what is finished stays") from error


def read_json(path):
    """Return what a JSON file holds."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def by_folder(files, load):
    """Return what `load` makes of each file, by the name of its folder: a model or a corpus."""
    return {Path(file).parent.name: load(file) for file in files}


def write_text(path, text):
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_table(path: str | os.PathLike) -> "pd.DataFrame":
    """Return a CSV table whose columns `recording`, `speaker` and `session` are text.

    Their values may consist of digits only, or be "NA".
    """
    import pandas as pd  # not above: the --help of the command line imports this module

    text = ("recording", "speaker", "session")
    columns = pd.read_csv(path, nrows=0).columns
    missing = {name: [""] for name in columns if name not in text}
    types = dict.fromkeys(text, str)
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)


def write_table(path, table):
    """Write a data frame as CSV without its index, whole or not at all.

    Floats are written with the shortest digits that read back as the same number. A name that ends
    in `.gz` is compressed, without the time of writing: equal tables give equal bytes.
    """
    compression = {"method": "gzip", "mtime": 0} if str(path).endswith(".gz") else None
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", compression=compression)


def write_arrays(path, arrays):
    """Write arrays by their names as a compressed .npz, whole or not at all.

    The file bears no time: equal arrays are equal bytes.
    """
    import numpy as np  # not above: the command's --help uses this module and does not wait

    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def write_json(path, value):
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")
