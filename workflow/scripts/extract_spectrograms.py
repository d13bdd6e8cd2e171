"""Extract the spectrograms of a corpus into its store."""

from emospeech.corpora.corpus_tables import load_recordings, load_words
from emospeech.runtime import jobs
from emospeech.runtime.files import write_json
from emospeech.spectrograms.extraction import write_store
from emospeech.spectrograms.irregularities import count_irregularities
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.spectrograms.store import open_store


def main(paths, params):
    write_store(
        paths.store,
        load_recordings(paths.recordings),
        load_words(paths.words),
        paths.audio,
        SpectrogramSettings(**params.spectrograms),
        params.threads,
    )
    irregular = count_irregularities(open_store(paths.store).irregular)
    write_json(paths.summary, {"irregular": irregular})


if __name__ == "__main__":
    jobs.run(main, snakemake)
