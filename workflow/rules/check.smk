"""check: the corpora against what their releases are known to hold, and the stores, byte by byte."""


rule check_corpus:
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
    log:
        log_of("corpora/check_{corpus}"),
    benchmark:
        benchmark_of("corpora/check_{corpus}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        corpus="{corpus}",
        code=code("check_corpus.py"),
    message:
        "Checking {wildcards.corpus} against its release"
    script:
        "../scripts/check_corpus.py"


rule check_corpora:
    input:
        texts=expand(
            CORPORA / "{corpus}" / "check.txt",
            corpus=[name for name in AUDIO if name not in MANIFESTS],
        ),
    log:
        log_of("corpora/check_corpora"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Comparing the corpora with their releases"
        + (f". A manifest has no release: skipping {' and '.join(MANIFESTS)}" if MANIFESTS else "")
    shell:
        # /dev/null: without a file, cat would wait for the keyboard.
        "cat {input.texts:q} /dev/null | tee {log:q}"


rule check_store:
    input:
        store=SPECTROGRAMS / "{corpus}.h5",
    output:
        text=SPECTROGRAMS / "{corpus}.txt",
    log:
        log_of("spectrograms/check_{corpus}"),
    benchmark:
        benchmark_of("spectrograms/check_{corpus}")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        code=code("check_store.py"),
    message:
        "Checking the store of {wildcards.corpus}"
    script:
        "../scripts/check_store.py"


rule check_stores:
    input:
        texts=expand(SPECTROGRAMS / "{corpus}.txt", corpus=AUDIO),
    log:
        log_of("spectrograms/check_stores"),
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "What the stores hold"
    shell:
        # The texts are removed, so that the next call reads the stores again.
        "tail -n +1 {input.texts:q} | tee {log:q} && rm {input.texts:q}"
