"""Download one stream of a meeting from the mirror of AMI."""

from emospeech import jobs
from emospeech.corpora.fetch import fetch_wav


def main(paths, settings):
    fetch_wav(settings.url, paths.audio)


if __name__ == "__main__":
    jobs.run(main, snakemake)
