"""corpora: a folder of a corpus, to tables of recordings and words."""

IEMOCAP = corpus_folder("iemocap", "root", embedded="IEMOCAP_full_release")
if "ami" in UNLABELLED:
    AMI_AUDIO = corpus_folder("ami", "audio", embedded="amicorpus")
    AMI_SELECTION = ("stream", "meetings", "partition", "hours")
    AMI_ANNOTATIONS = corpus_folder("ami", "annotations", embedded="ami_public_manual_1.6.2")


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
            mem_mb=2000,
            runtime=120,
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
            mem_mb=2000,
            runtime=240,
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
        mem_mb=1500,
        runtime=30,
    params:
        code=code("read_iemocap.py"),
    message:
        "Reading IEMOCAP"
    script:
        "../scripts/read_iemocap.py"


if "ami" in UNLABELLED:

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
            mem_mb=1500,
            runtime=30,
        params:
            settings={name: config["corpora"]["ami"][name] for name in AMI_SELECTION}
            | {"seed": SEED},
            code=code("read_ami.py"),
        message:
            "Reading AMI"
        script:
            "../scripts/read_ami.py"
