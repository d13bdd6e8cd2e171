"""Write the synthetic corpus in the format of AMI."""

from pathlib import Path

from emospeech.runtime import jobs
from emospeech.synthetic.ami import AmiSettings, write_ami


def main(paths, params):
    write_ami(Path(paths.audio).parent, AmiSettings(**params.corpus), params.threads)


if __name__ == "__main__":
    jobs.run(main, snakemake)
