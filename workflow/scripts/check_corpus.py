"""Compare the tables of a corpus with the known contents of its release."""

from emospeech.corpora.check import check_ami, check_iemocap, render_check
from emospeech.corpora.corpus_tables import load_ratings, load_recordings, load_summary, load_words
from emospeech.runtime import jobs
from emospeech.runtime.files import write_table, write_text


def main(paths, settings):
    recordings, summary = load_recordings(paths.recordings), load_summary(paths.summary)
    if settings.corpus == "iemocap":
        table = check_iemocap(recordings, load_ratings(paths.ratings), summary)
    else:
        table = check_ami(recordings, load_words(paths.words), summary)
    write_table(paths.table, table)
    write_text(paths.text, render_check(settings.corpus, table))


if __name__ == "__main__":
    jobs.run(main, snakemake)
