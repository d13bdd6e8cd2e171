"""corpora: a folder of a corpus, to tables of recordings and words."""

USED = ["iemocap", *(["ami"] if "ami" in UNLABELLED else [])]
MANIFESTS = {corpus: folder for corpus in USED if (folder := manifest_folder(corpus))}
IEMOCAP = MANIFESTS.get("iemocap") or corpus_folder("iemocap", "root", "IEMOCAP_full_release")
if "ami" in UNLABELLED:
    AMI_AUDIO = MANIFESTS.get("ami") or corpus_folder("ami", "audio", "amicorpus")
    if "ami" not in MANIFESTS:
        AMI_ANNOTATIONS = corpus_folder("ami", "annotations", "ami_public_manual_1.6.2")
        AMI_SELECTION = ("stream", "meetings", "partition", "hours")


if ENCODING == "hard" and workflow.is_main_process and are_whole(labels_known()):
    print(
        "note: config, at labels.encoding: all labels are whole numbers, so hard gives the same "
        "targets as fuzzy and changes no result.",
        file=sys.stderr,
    )


if EMBEDDED:

    rule embed_iemocap:
        output:
            root=directory(IEMOCAP),
        log:
            log_of("corpora/embed_iemocap"),
        benchmark:
            benchmark_of("corpora/embed_iemocap")
        conda:
            ENVIRONMENT
        threads: 16
        resources:
            mem_mb=growing(2000),
            runtime=growing(120),
        params:
            settings={"utterances": EMBEDDED["utterances"], "seed": SEED},
            code=code("embed_iemocap.py"),
        message:
            "Synthesizing {params.settings[utterances]} utterances in the format of IEMOCAP"
        script:
            "../scripts/embed_iemocap.py"


if EMBEDDED and "ami" in UNLABELLED:

    rule embed_ami:
        output:
            audio=directory(AMI_AUDIO),
            annotations=directory(AMI_ANNOTATIONS),
        log:
            log_of("corpora/embed_ami"),
        benchmark:
            benchmark_of("corpora/embed_ami")
        conda:
            ENVIRONMENT
        threads: 16
        resources:
            mem_mb=growing(2000),
            runtime=growing(240),
        params:
            settings={
                "meetings": EMBEDDED["meetings"],
                "hours": EMBEDDED["hours"],
                "streams": [config["corpora"]["ami"]["stream"]],
                "seed": SEED,
            },
            code=code("embed_ami.py"),
        message:
            "Synthesizing {params.settings[hours]} hours of meetings in the format of AMI"
        script:
            "../scripts/embed_ami.py"


if "iemocap" not in MANIFESTS:

    rule read_iemocap:
        input:
            root=IEMOCAP,
        output:
            recordings=CORPORA / "iemocap" / "recordings.csv",
            words=CORPORA / "iemocap" / "words.csv",
            summary=CORPORA / "iemocap" / "summary.json",
            ratings=CORPORA / "iemocap" / "ratings.csv",
            transcripts=CORPORA / "iemocap" / "transcripts.csv",
        log:
            log_of("corpora/read_iemocap"),
        benchmark:
            benchmark_of("corpora/read_iemocap")
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(1500),
            runtime=growing(30),
        params:
            code=code("read_iemocap.py"),
        message:
            "Reading IEMOCAP"
        script:
            "../scripts/read_iemocap.py"


if "ami" in UNLABELLED and "ami" not in MANIFESTS:

    rule read_ami:
        input:
            audio=AMI_AUDIO,
            annotations=AMI_ANNOTATIONS,
            fetched=ancient(AMI_FETCHED),
        output:
            recordings=CORPORA / "ami" / "recordings.csv",
            words=CORPORA / "ami" / "words.csv",
            summary=CORPORA / "ami" / "summary.json",
        log:
            log_of("corpora/read_ami"),
        benchmark:
            benchmark_of("corpora/read_ami")
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=growing(1500),
            runtime=growing(30),
        params:
            settings={name: config["corpora"]["ami"][name] for name in AMI_SELECTION}
            | {"seed": SEED},
            code=code("read_ami.py"),
        message:
            "Reading AMI"
        script:
            "../scripts/read_ami.py"


if MANIFESTS:

    rule read_manifest:
        input:
            # The tables beside the folder: an edit of them is read again, the audio is not asked.
            tables=lambda wildcards: manifest_tables(MANIFESTS[wildcards.corpus]),
            folder=lambda wildcards: MANIFESTS[wildcards.corpus],
        output:
            recordings=CORPORA / "{corpus}" / "recordings.csv",
            words=CORPORA / "{corpus}" / "words.csv",
            summary=CORPORA / "{corpus}" / "summary.json",
        log:
            log_of("corpora/read_{corpus}"),
        benchmark:
            benchmark_of("corpora/read_{corpus}")
        wildcard_constraints:
            corpus="|".join(MANIFESTS),
        conda:
            ENVIRONMENT
        threads: 8
        resources:
            mem_mb=growing(3000),
            runtime=growing(120),
        params:
            corpus="{corpus}",
            settings=lambda wildcards: {
                "labelled": wildcards.corpus == "iemocap",
                "multitask": any(model.startswith("Multitask") for model in MODELS),
            },
            code=code("read_manifest.py"),
        message:
            "Reading the manifest in place of {wildcards.corpus}"
        script:
            "../scripts/read_manifest.py"
