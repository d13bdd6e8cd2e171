"""Check the time and memory of the readers at full size.

    python -m tests.scale

The synthetic corpora are written without audio (10039 utterances; 171 meetings of 100 hours in
total, with 687 words files) to a temporary folder, which takes a minute or two and 300 MB. Each is
read in a new process. Exits with an error if a limit is exceeded.
"""

import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measurement import peak_megabytes
from emospeech.corpora.ami import read_ami
from emospeech.corpora.iemocap import read_iemocap
from emospeech.synthetic import ami, iemocap

MAX_MEGABYTES = 1500
MAX_SECONDS = {"iemocap": 60, "ami": 90}


def measure(corpus, root):
    """Read a corpus below `root`; return the numbers of recordings, words, seconds and MB."""
    started = time.perf_counter()
    if corpus == "iemocap":
        found = read_iemocap(root / "IEMOCAP")
    else:
        found = read_ami(root / "amicorpus", root / ami.ANNOTATIONS)
    seconds = time.perf_counter() - started
    return len(found.recordings), len(found.words), seconds, peak_megabytes()


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        iemocap.write_iemocap(root / "IEMOCAP", iemocap.IemocapSettings(audio=False), workers=2)
        ami.write_ami(root, ami.AmiSettings(audio=False), workers=2)
        exceeded = []
        for corpus, limit in MAX_SECONDS.items():
            with get_context("spawn").Pool(1) as pool:
                recordings, words, seconds, peak = pool.apply(measure, (corpus, root))
            found = f"{recordings} recordings and {words} words"
            print(f"{corpus}: {found} in {seconds:.1f} s, peak {peak:.0f} MB")
            if seconds > limit or peak > MAX_MEGABYTES:
                exceeded.append(f"{corpus}: the limits are {limit} s and {MAX_MEGABYTES} MB")
    sys.exit("; ".join(exceeded) or None)


if __name__ == "__main__":
    main()
