"""Write the synthetic corpus in the format of IEMOCAP."""

from pathlib import Path

from emospeech.runtime import jobs
from emospeech.synthetic.iemocap import IemocapSettings, write_iemocap


def main(paths, params):
    write_iemocap(Path(paths.root), IemocapSettings(**params.corpus), params.threads)


if __name__ == "__main__":
    jobs.run(main, snakemake)
