"""The readers at full size: the releases' numbers of files, silent, read within bounds.

    python -m tests.scale

It writes the synthetic corpora without their audio (10039 utterances; 171 meetings of 100 hours
with 687 words files) into a temporary folder, which takes a minute or two and 300 MB, reads each in
a process of its own and prints the time and the peak of memory. It fails where a bound is broken.
"""

import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measurement import peak_megabytes
from emospeech.corpora.ami import AmiSettings, read_ami
from emospeech.corpora.iemocap import read_iemocap
from emospeech.synthetic import ami, iemocap

MEGABYTES = 1500
SECONDS = {"iemocap": 60, "ami": 90}


def read(corpus, root):
    """Read a corpus below `root`; return the recordings, the words, seconds and MB at the peak."""
    started = time.perf_counter()
    if corpus == "iemocap":
        found = read_iemocap(root / "IEMOCAP")
    else:
        found = read_ami(root / "amicorpus", root / ami.ANNOTATIONS, AmiSettings())
    seconds = time.perf_counter() - started
    return len(found.recordings), len(found.words), seconds, peak_megabytes()


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        iemocap.write_iemocap(root / "IEMOCAP", iemocap.IemocapSettings(audio=False), workers=2)
        ami.write_ami(root, ami.AmiSettings(audio=False), workers=2)
        broken = []
        for corpus, most in SECONDS.items():
            with get_context("spawn").Pool(1) as pool:
                recordings, words, seconds, peak = pool.apply(read, (corpus, root))
            found = f"{recordings} recordings and {words} words"
            print(f"{corpus}: {found} in {seconds:.1f} s, peak {peak:.0f} MB")
            if seconds > most or peak > MEGABYTES:
                broken.append(f"{corpus} may take {most} s and {MEGABYTES} MB")
    sys.exit("; ".join(broken) or None)


if __name__ == "__main__":
    main()
