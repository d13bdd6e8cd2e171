"""corpora: a folder of a corpus, to tables of recordings and words."""

IEMOCAP = corpus_folder("iemocap", "root", embedded="IEMOCAP_full_release")
if "ami" in UNLABELLED:
    AMI_AUDIO = corpus_folder("ami", "audio", embedded="amicorpus")
    AMI_ANNOTATIONS = corpus_folder("ami", "annotations", embedded="ami_public_manual_1.6.2")


if EMBEDDED:

    rule embed_iemocap:
        message:
            "Synthesizing {params.settings[utterances]} utterances in the format of IEMOCAP"
        output:
            root=directory(IEMOCAP),
        params:
            settings={"utterances": EMBEDDED["utterances"], "seed": SEED},
            code=code("embed_iemocap.py"),
        log:
            log_of("corpora/embed_iemocap"),
        benchmark:
            benchmark_of("corpora/embed_iemocap")
        threads: 16
        resources:
            mem_mb=2000,
            runtime=120,
        script:
            "../scripts/embed_iemocap.py"


if EMBEDDED and "ami" in UNLABELLED:

    rule embed_ami:
        message:
            "Synthesizing {params.settings[hours]} hours of meetings in the format of AMI"
        output:
            audio=directory(AMI_AUDIO),
            annotations=directory(AMI_ANNOTATIONS),
        params:
            settings={
                "meetings": EMBEDDED["meetings"],
                "hours": EMBEDDED["hours"],
                "streams": [config["corpora"]["ami"]["stream"]],
                "seed": SEED,
            },
            code=code("embed_ami.py"),
        log:
            log_of("corpora/embed_ami"),
        benchmark:
            benchmark_of("corpora/embed_ami")
        threads: 16
        resources:
            mem_mb=2000,
            runtime=240,
        script:
            "../scripts/embed_ami.py"


rule read_iemocap:
    message:
        "Reading IEMOCAP"
    input:
        root=IEMOCAP,
    output:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        words=CORPORA / "iemocap" / "words.csv",
        summary=CORPORA / "iemocap" / "summary.json",
    params:
        code=code("read_iemocap.py"),
    log:
        log_of("corpora/read_iemocap"),
    benchmark:
        benchmark_of("corpora/read_iemocap")
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    script:
        "../scripts/read_iemocap.py"


if "ami" in UNLABELLED:

    rule read_ami:
        message:
            "Reading AMI"
        input:
            audio=AMI_AUDIO,
            annotations=AMI_ANNOTATIONS,
        output:
            recordings=CORPORA / "ami" / "recordings.csv",
            words=CORPORA / "ami" / "words.csv",
            summary=CORPORA / "ami" / "summary.json",
        params:
            settings={"stream": config["corpora"]["ami"]["stream"]},
            code=code("read_ami.py"),
        log:
            log_of("corpora/read_ami"),
        benchmark:
            benchmark_of("corpora/read_ami")
        threads: 1
        resources:
            mem_mb=1500,
            runtime=30,
        script:
            "../scripts/read_ami.py"
