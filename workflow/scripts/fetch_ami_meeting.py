"""Download one stream of an AMI meeting."""

from emospeech.corpora.fetch import fetch_wav
from emospeech.runtime import jobs


def main(paths, settings):
    fetch_wav(settings.url, paths.audio)


if __name__ == "__main__":
    jobs.run(main, snakemake)
