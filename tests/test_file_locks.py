"""Stores and jobs work on file systems where `flock` fails."""

import errno
import shutil
import subprocess

import pytest

from emospeech.spectrograms.extraction import write_store
from tests.conftest import SETTINGS, run_python, write_tables

ENOTSUPP = 524  # of the Linux kernel, for example from NFS; not in `errno`
FLOCK = """
#include <errno.h>
#include <stdlib.h>
int flock(int file, int operation) { errno = atoi(getenv("FLOCK_ERRNO")); return -1; }
"""
STORE = """
import fcntl, os, sys
from pathlib import Path
import pandas as pd
from emospeech.runtime import jobs
from emospeech.runtime.import_lock import import_lock
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.store import check_store, made_from
from tests.conftest import SETTINGS

folder, *codes = sys.argv[1:]
for code in codes:
    os.environ["FLOCK_ERRNO"] = code
    try:
        fcntl.flock(0, fcntl.LOCK_SH)
    except OSError as error:
        assert error.errno == int(code)
    else:
        sys.exit("flock was not replaced")
    with import_lock("librosa"), jobs.redirected(Path(folder, "log")):
        tables = (pd.read_csv(Path(folder, f"{name}.csv")) for name in ("recordings", "words"))
        store = Path(folder, f"store-{code}.h5")
        write_store(store, *tables, folder, SETTINGS, workers=2)
        check_store(store)
        assert made_from(store)
"""


def test_a_store_is_written_if_flock_fails(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or pytest.skip("needs a C compiler")
    (tmp_path / "flock.c").write_text(FLOCK)
    library = tmp_path / "flock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "flock.c"], check=True)
    recordings, words = write_tables(tmp_path, [0.3, 0.2], [(0, 0.1, 0.2)])
    recordings.to_csv(tmp_path / "recordings.csv", index=False)
    words.to_csv(tmp_path / "words.csv", index=False)
    codes = [str(code) for code in (errno.ENOLCK, errno.EOPNOTSUPP, ENOTSUPP)]
    done = run_python(STORE, tmp_path, *codes, LD_PRELOAD=str(library), FLOCK_ERRNO="37")
    log = tmp_path / "log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    write_store(tmp_path / "with-locks.h5", recordings, words, tmp_path, SETTINGS)
    for code in codes:
        store = (tmp_path / f"store-{code}.h5").read_bytes()
        assert store == (tmp_path / "with-locks.h5").read_bytes()
