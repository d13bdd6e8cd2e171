"""Verify the checksums of a spectrogram store and summarize its contents."""

from emospeech.runtime import jobs
from emospeech.runtime.files import write_text
from emospeech.spectrograms.store import check_store


def main(paths, params):
    write_text(paths.text, f"{check_store(paths.store).summary()}: all checksums match\n")


if __name__ == "__main__":
    jobs.run(main, snakemake)
