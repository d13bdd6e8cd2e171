"""corpora: read each corpus into tables of recordings and words."""

USED = ["iemocap", *(["ami"] if "ami" in UNLABELLED else [])]
MANIFESTS = {corpus: folder for corpus in USED if (folder := manifest_folder(corpus))}
IEMOCAP = MANIFESTS.get("iemocap") or corpus_folder("iemocap", "root", "IEMOCAP_full_release")
if "ami" in UNLABELLED:
    AMI_AUDIO = MANIFESTS.get("ami") or corpus_folder("ami", "audio", "amicorpus")
    if "ami" not in MANIFESTS:
        AMI_ANNOTATIONS = corpus_folder("ami", "annotations", "ami_public_manual_1.6.2")
        AMI_SELECTION = ("stream", "meetings", "partition", "hours")


if ENCODING == "hard" and workflow.is_main_process and are_integers(known_labels()):
    print(
        "note: config, at labels.encoding: all labels are whole numbers, so hard and fuzzy labels "
        "give the same results.",
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
        message:
            "Synthesizing {params.settings[utterances]} utterances in the format of IEMOCAP"


if SYNTHETIC and "ami" in UNLABELLED:

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
                "streams": [config["corpora"]["ami"]["stream"]],
                "seed": SEED,
            },
        message:
            "Synthesizing {params.settings[hours]} hours of meetings in the format of AMI"


if "iemocap" not in MANIFESTS:

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
        resources:
            **job_resources(mem_mb=1500, runtime=30),
        params:
            **script_params("read_iemocap"),


if "ami" in UNLABELLED and "ami" not in MANIFESTS:

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
        resources:
            **job_resources(mem_mb=1500, runtime=30),
        params:
            **script_params("read_ami"),
            settings={name: config["corpora"]["ami"][name] for name in AMI_SELECTION}
            | {"seed": SEED},


if MANIFESTS:

    use rule job as read_manifest with:
        input:
            # Editing a table reads the corpus again; modifying the audio does not.
            tables=lambda wildcards: manifest_tables(MANIFESTS[wildcards.corpus]),
            folder=lambda wildcards: MANIFESTS[wildcards.corpus],
        output:
            recordings=CORPORA / "{corpus}" / "recordings.csv",
            words=CORPORA / "{corpus}" / "words.csv",
            summary=CORPORA / "{corpus}" / "summary.json",
        pathvars:
            job="corpora/read_{corpus}",
        wildcard_constraints:
            corpus="|".join(MANIFESTS),
        threads: 8
        resources:
            **job_resources(mem_mb=3000, runtime=120),
        params:
            **script_params("read_manifest"),
            corpus="{corpus}",
            settings=lambda wildcards: {
                "labelled": wildcards.corpus == "iemocap",
                "multitask": MULTITASK,
            },
        message:
            "Reading the manifest used in place of {wildcards.corpus}"
