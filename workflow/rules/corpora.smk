"""corpora: read each corpus into tables, and compare them with its release."""

from emospeech.corpora.registry import known_labels
from emospeech.labels import are_integers

AMI_SELECTION = ("stream", "meetings", "partition", "hours")
IEMOCAP = corpus_folder("iemocap", "root", "IEMOCAP_full_release")
AMI_AUDIO = corpus_folder("ami", "audio", "amicorpus")
AMI_ANNOTATIONS = corpus_folder("ami", "annotations", "ami_public_manual_1.6.2")


if ENCODING == "hard" and workflow.is_main_process:
    TABLE = Path(MANIFESTS.get(LABELLED_CORPUS, CORPORA / LABELLED_CORPUS), "recordings.csv")
    SCALE = config["corpora"]["manifests"].get(LABELLED_CORPUS, {}).get("scale", (1, 5))
    if are_integers(known_labels(TABLE, TASKS, SCALE)):
        print(
            "note: config, at labels.encoding: all labels are whole numbers, so hard and fuzzy "
            "labels give the same results.",
            file=sys.stderr,
        )


if SYNTHETIC:

    use rule job as synthesize_iemocap with:
        output:
            root=directory(IEMOCAP),
        pathvars:
            job="corpora/synthesize_iemocap",
        threads: 16
        resources:
            **job_resources(runtime=120),
        params:
            **script_params("synthesize_iemocap"),
            settings={"utterances": SYNTHETIC["utterances"], "seed": SEED},

    use rule job as synthesize_ami with:
        output:
            audio=directory(AMI_AUDIO),
            annotations=directory(AMI_ANNOTATIONS),
        pathvars:
            job="corpora/synthesize_ami",
        threads: 16
        resources:
            **job_resources(runtime=240),
        params:
            **script_params("synthesize_ami"),
            settings={
                "meetings": SYNTHETIC["meetings"],
                "hours": SYNTHETIC["hours"],
                "streams": [AMI["stream"]],
                "seed": SEED,
            },


if "iemocap" in CORPORA_IN_USE:

    use rule job as read_iemocap with:
        input:
            root=IEMOCAP,
        output:
            recordings=CORPORA / "iemocap" / "recordings.csv",
            words=CORPORA / "iemocap" / "words.csv",
            summary=CORPORA / "iemocap" / "summary.json",
            ratings=CORPORA / "iemocap" / "ratings.csv",
            transcripts=CORPORA / "iemocap" / "transcripts.csv",
        pathvars:
            job="corpora/read_iemocap",
        params:
            **script_params("read_iemocap"),


if "ami" in CORPORA_IN_USE:

    use rule job as read_ami with:
        input:
            audio=AMI_AUDIO,
            annotations=AMI_ANNOTATIONS,
            fetched=ancient(AMI_FETCHED),
        output:
            recordings=CORPORA / "ami" / "recordings.csv",
            words=CORPORA / "ami" / "words.csv",
            summary=CORPORA / "ami" / "summary.json",
        pathvars:
            job="corpora/read_ami",
        params:
            **script_params("read_ami"),
            settings={key: AMI[key] for key in AMI_SELECTION} | {"seed": SEED},


if MANIFESTS:

    use rule job as read_manifest with:
        input:
            # A change of a table reruns this job; a change of the audio does not.
            tables=lambda wildcards: manifest_tables(MANIFESTS[wildcards.corpus]),
            folder=lambda wildcards: MANIFESTS[wildcards.corpus],
        output:
            recordings=CORPORA / "{corpus}" / "recordings.csv",
            words=CORPORA / "{corpus}" / "words.csv",
            summary=CORPORA / "{corpus}" / "summary.json",
            ratings=CORPORA / "{corpus}" / "ratings.csv",
        pathvars:
            job="corpora/read_{corpus}",
        wildcard_constraints:
            corpus="|".join(MANIFESTS),
        threads: 8
        resources:
            **job_resources(runtime=120),
        params:
            **script_params("read_manifest"),
            corpus="{corpus}",
            labelled=lambda wildcards: wildcards.corpus == LABELLED_CORPUS,
            multitask=MULTITASK,
            scale=lambda wildcards: config["corpora"]["manifests"][wildcards.corpus]["scale"],


use rule job as check_corpus with:
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        summary=CORPORA / "{corpus}" / "summary.json",
        ratings=branch(
            lambda wildcards: wildcards.corpus == "iemocap",
            then=CORPORA / "{corpus}" / "ratings.csv",
        ),
    output:
        table=CORPORA / "{corpus}" / "check.csv",
        text=CORPORA / "{corpus}" / "check.txt",
    pathvars:
        job="corpora/check_{corpus}",
    localrule: True
    params:
        **script_params("check_corpus"),
        corpus="{corpus}",


use rule job as preview_folds with:
    input:
        **LABELLED,
    output:
        text=CORPORA / LABELLED_CORPUS / "folds.txt",
    pathvars:
        job="corpora/preview_folds",
    localrule: True
    params:
        **script_params("preview_folds"),
        corpus=LABELLED_CORPUS,
        batch_sizes=sorted({trial["batch_size"] for model in MODELS for trial in TRIALS[model]}),
        oversample=config["labels"]["oversample"],


rule check_corpora:
    input:
        texts=expand(
            CORPORA / "{corpus}" / "check.txt",
            corpus=[name for name in CORPORA_IN_USE if name not in MANIFESTS],
        ),
        folds=CORPORA / LABELLED_CORPUS / "folds.txt",
    log:
        "<logs>/corpora/check_corpora.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Comparing the corpora with their releases"
        + (f"; manifests have none: {' and '.join(MANIFESTS)}" if MANIFESTS else "")
    shell:
        "cat {input:q} | tee {log:q}"
