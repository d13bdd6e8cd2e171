"""check: compare corpora with their releases, and verify the checksums of stores."""


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
        + (
            f". Skipping manifests, which have no release: {' and '.join(MANIFESTS)}"
            if MANIFESTS
            else ""
        )
    shell:
        # With no texts, cat would read standard input.
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
        "Verifying the spectrogram store of {wildcards.corpus}"


rule check_stores:
    input:
        texts=expand(SPECTROGRAMS / "{corpus}.txt", corpus=AUDIO),
    log:
        "<logs>/spectrograms/check_stores.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Verifying the spectrogram stores"
    shell:
        # The texts are removed so that the next call verifies the stores again.
        "tail -n +1 {input.texts:q} | tee {log:q} && rm {input.texts:q}"
