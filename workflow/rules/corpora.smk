"""corpora: read each corpus into tables, and compare them with its release."""

# {corpus: {argument of its reader: folder}}
FOLDERS = {
    corpus: {key: corpus_folder(corpus, key) for key in RELEASES[corpus].folders}
    for corpus in CORPORA_IN_USE
    if corpus in RELEASES
} | {corpus: {"folder": folder} for corpus, folder in DATABASES.items()}
for name, folder in MANIFESTS.items():
    textgrids = config["corpora"]["manifests"][name]["textgrids"]
    FOLDERS[name] = {"folder": folder} | ({} if textgrids is None else {"textgrids": textgrids})
AUDIO = {corpus: next(iter(folders.values())) for corpus, folders in FOLDERS.items()}


if SYNTHETIC:

    use rule job as synthesize_iemocap with:
        output:
            root=directory(corpus_folder("iemocap", "root")),
        pathvars:
            job="corpora/synthesize_iemocap",
        priority: 1  # the larger corpus first
        threads: 16
        resources:
            **job_resources(runtime=120),
        params:
            **script_params("synthesize_iemocap"),
            corpus={"utterances": SYNTHETIC["utterances"], "seed": SEED},

    use rule job as synthesize_ami with:
        output:
            audio=directory(corpus_folder("ami", "audio")),
            annotations=directory(corpus_folder("ami", "annotations")),
        pathvars:
            job="corpora/synthesize_ami",
        resources:
            **job_resources(runtime=240),
        params:
            **script_params("synthesize_ami"),
            corpus={
                "meetings": SYNTHETIC["meetings"],
                "hours": SYNTHETIC["hours"],
                "streams": [AMI["stream"]],
                "seed": SEED,
            },


use rule job as read_corpus with:
    input:
        folders=folders_of,
        # A change of a table reruns this job; a change of the audio does not.
        tables=lambda wildcards: corpus_tables(wildcards.corpus),
        fetched=lambda wildcards: FETCHED.get(wildcards.corpus, []),
    output:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        summary=CORPORA / "{corpus}" / "summary.json",
        ratings=CORPORA / "{corpus}" / "ratings.csv",
        transcripts=CORPORA / "{corpus}" / "transcripts.csv",
        votes=CORPORA / "{corpus}" / "votes.csv",
    pathvars:
        job="corpora/read_{corpus}",
    priority: 1  # before training runs that need fewer corpora
    threads: lambda wildcards: 1 if wildcards.corpus in ("iemocap", "ami") else 8
    resources:
        **job_resources(runtime=120),
    params:
        **script_params("read_corpus"),
        reader=reader_of,
        reader_code=reader_code,
        folders=lambda wildcards: list(FOLDERS[wildcards.corpus]),
        reader_settings=reader_settings,


use rule job as check_corpus with:
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        summary=CORPORA / "{corpus}" / "summary.json",
        ratings=CORPORA / "{corpus}" / "ratings.csv",
        votes=CORPORA / "{corpus}" / "votes.csv",
    output:
        table=CORPORA / "{corpus}" / "check.csv",
        text=CORPORA / "{corpus}" / "check.txt",
    pathvars:
        job="corpora/check_{corpus}",
    localrule: True
    params:
        **script_params("check_corpus"),
        corpus="{corpus}",
        reader_code=reader_code,


use rule job as preview_folds with:
    input:
        **LABELLED,
        summary=CORPORA / LABELLED_CORPUS / "summary.json",
    output:
        text=CORPORA / LABELLED_CORPUS / "folds.txt",
    pathvars:
        job="corpora/preview_folds",
    localrule: True
    params:
        **script_params("preview_folds"),
        corpus=LABELLED_CORPUS,
        batch_sizes=sorted({trial["batch_size"] for model in MODELS for trial in TRIALS[model]}),
        labels=STUDY["labels"],


rule check_corpora:
    input:
        texts=expand(
            CORPORA / "{corpus}" / "check.txt",
            corpus=[name for name in CORPORA_IN_USE if name in RELEASES],
        ),
        folds=CORPORA / LABELLED_CORPUS / "folds.txt",
    log:
        "<logs>/corpora/check_corpora.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Comparing the corpora with their releases"
        + "".join(f"; {name} has none" for name in MANIFESTS | DATABASES)
    shell:
        "cat {input:q} | tee {log:q}"
