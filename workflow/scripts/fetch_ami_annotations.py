"""Fetch and unpack the manual annotations of AMI."""

from pathlib import Path

from emospeech import jobs
from emospeech.corpora.download import DownloadSettings
from emospeech.corpora.fetch import fetch_annotations
from emospeech.corpora.unpack import UnpackSettings


def main(paths, settings):
    folder = Path(paths.meetings).parents[1]  # of corpusResources/meetings.xml
    fetch_annotations(settings.url, folder, DownloadSettings(), UnpackSettings())


if __name__ == "__main__":
    jobs.run(main, snakemake)
