"""Files that are there whole or not at all."""

import errno
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

from emospeech.faults import InputError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # device, quota, largest file


@contextmanager
def written_whole(path):
    """Give a path beside `path` to write to; it takes the name `path` when the block succeeds.

    A reader never sees half a file, and a failed or killed write leaves the old one in place.
    What a killed write left beside it is overwritten by the next one. The temporary name keeps the
    suffix, since some writers choose a format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with told_when_full(path):
            yield beside
            os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def told_when_full(path):
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
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_table(path, table):
    """Write a data frame as CSV without its index, whole or not at all.

    Floats are written with the shortest digits that read back as the same number. A name that ends
    in `.gz` is compressed, without the time of writing: equal tables give equal bytes.
    """
    compression = {"method": "gzip", "mtime": 0} if str(path).endswith(".gz") else None
    with written_whole(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n", compression=compression)


def write_arrays(path, arrays):
    """Write arrays by their names as a compressed .npz, whole or not at all.

    The file bears no time: equal arrays are equal bytes.
    """
    import numpy as np  # not above: the command's --help uses this module and does not wait

    with written_whole(path) as beside:
        np.savez_compressed(beside, allow_pickle=False, **arrays)


def write_json(path, value):
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")
