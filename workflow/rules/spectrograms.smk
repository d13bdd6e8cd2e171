"""spectrograms: audio and words of a corpus, to its store."""

AUDIO = {"iemocap": IEMOCAP} | ({"ami": AMI_AUDIO} if "ami" in UNLABELLED else {})


rule extract_spectrograms:
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        audio=lambda wildcards: AUDIO[wildcards.corpus],
    output:
        store=SPECTROGRAMS / "{corpus}.h5",
        summary=SPECTROGRAMS / "{corpus}.json",
    log:
        log_of("spectrograms/{corpus}"),
    benchmark:
        benchmark_of("spectrograms/{corpus}")
    conda:
        ENVIRONMENT
    threads: 8
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        settings=config["spectrograms"],
        code=code("extract_spectrograms.py"),
    message:
        "Extracting the spectrograms of {wildcards.corpus}"
    script:
        "../scripts/extract_spectrograms.py"
