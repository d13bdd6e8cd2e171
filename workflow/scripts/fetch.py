"""Download an open corpus or a part of it."""

import logging

from emospeech.corpora import fetch
from emospeech.runtime import jobs


def main(paths, settings):
    logging.info("%s", settings.source)
    match settings.kind:
        case "recording":
            fetch.fetch_wav(settings.url, paths.audio)
        case "archive":
            fetch.fetch_archive(settings.url, settings.folder, settings.contents)
        case "crema_d":
            fetch.fetch_crema_d(settings.folder, settings.mirror, workers=settings.threads)
        case "database":
            from emospeech.corpora import audformat_database  # imports pandas

            audformat_database.fetch_database(
                settings.folder, settings.database, settings.version, settings.threads
            )


if __name__ == "__main__":
    jobs.run(main, snakemake)
