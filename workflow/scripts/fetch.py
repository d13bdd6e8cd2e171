"""Download an open corpus or a part of it."""

import logging
from types import SimpleNamespace

from emospeech.corpora import fetch
from emospeech.runtime import jobs


def main(paths, params):
    job = SimpleNamespace(**params.download)
    logging.info("%s", job.source)
    match job.kind:
        case "recording":
            fetch.fetch_wav(job.url, paths.audio)
        case "ami":
            fetch.fetch_archive(job.url, job.folder, fetch.AMI_CONTENTS)
        case "quechua":
            fetch.fetch_archive(job.mirror["archive_url"], job.folder, fetch.QUECHUA_CONTENTS)
        case "crema_d":
            fetch.fetch_crema_d(job.folder, job.mirror, workers=params.threads)
        case "database":
            # Imported here because it loads pandas, which the other downloads do not need.
            from emospeech.corpora.audformat_database import fetch_database

            fetch_database(job.folder, job.database, job.version, params.threads)


if __name__ == "__main__":
    jobs.run(main, snakemake)
