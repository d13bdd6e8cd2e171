"""check: the corpora against the known numbers of their releases, and the stores byte by byte."""


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


rule check_corpora:
    input:
        texts=expand(
            CORPORA / "{corpus}" / "check.txt",
            corpus=[name for name in AUDIO if name not in MANIFESTS],
        ),
    log:
        "<logs>/corpora/check_corpora.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Comparing the corpora with their releases"
        + (f". A manifest has no release: skipping {' and '.join(MANIFESTS)}" if MANIFESTS else "")
    shell:
        # Without a file, cat would read the keyboard: hence /dev/null.
        "cat {input.texts:q} /dev/null | tee {log:q}"


use rule job as check_store with:
    input:
        store=SPECTROGRAMS / "{corpus}.h5",
    output:
        text=SPECTROGRAMS / "{corpus}.txt",
    pathvars:
        job="spectrograms/check_{corpus}",
    resources:
        **job_resources(runtime=30),
    params:
        **script_params("check_store"),
    message:
        "Checking the store of {wildcards.corpus}"


rule check_stores:
    input:
        texts=expand(SPECTROGRAMS / "{corpus}.txt", corpus=AUDIO),
    log:
        "<logs>/spectrograms/check_stores.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Checking the stores"
    shell:
        # Removing the texts makes the next call read the stores again.
        "tail -n +1 {input.texts:q} | tee {log:q} && rm {input.texts:q}"
