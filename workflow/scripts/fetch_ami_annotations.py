"""Download and unpack the manual annotations of AMI."""

from pathlib import Path

from emospeech.corpora.fetch import fetch_annotations
from emospeech.runtime import jobs


def main(paths, settings):
    folder = Path(paths.meetings).parents[1]  # the path ends with corpusResources/meetings.xml
    fetch_annotations(settings.url, folder)


if __name__ == "__main__":
    jobs.run(main, snakemake)
