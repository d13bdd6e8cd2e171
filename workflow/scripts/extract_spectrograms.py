"""Extract the spectrograms of a corpus into its store."""

from emospeech import jobs
from emospeech.corpora.tables import load_recordings, load_words
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.shards import write_store


def main(paths, settings):
    write_store(
        paths.store,
        load_recordings(paths.recordings),
        load_words(paths.words),
        paths.audio,
        SpectrogramSettings(**settings.settings),
        settings.threads,
    )


if __name__ == "__main__":
    jobs.run(main, snakemake)
