"""spectrograms: audio and words of a corpus, to its store."""

AUDIO = {"iemocap": IEMOCAP} | ({"ami": AMI_AUDIO} if "ami" in UNLABELLED else {})


rule extract_spectrograms:
    message:
        "Extracting the spectrograms of {wildcards.corpus}"
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        audio=lambda wildcards: AUDIO[wildcards.corpus],
    output:
        store=SPECTROGRAMS / "{corpus}.h5",
    params:
        settings=config["spectrograms"],
        code=code("extract_spectrograms.py"),
    log:
        log_of("spectrograms/{corpus}"),
    benchmark:
        benchmark_of("spectrograms/{corpus}")
    threads: 8
    resources:
        mem_mb=8000,
        runtime=240,
    script:
        "../scripts/extract_spectrograms.py"
