"""spectrograms: the store of a corpus, from its audio and words, and the verification of all stores."""


use rule job as extract_spectrograms with:
    input:
        recordings=CORPORA / "{corpus}" / "recordings.csv",
        words=CORPORA / "{corpus}" / "words.csv",
        audio=lambda wildcards: AUDIO[wildcards.corpus],
    output:
        store=SPECTROGRAMS / "{corpus}.h5",
        summary=SPECTROGRAMS / "{corpus}.json",
    pathvars:
        job="spectrograms/{corpus}",
    priority: 1  # before training runs that need fewer corpora
    threads: 1 if SYNTHETIC else 8  # a small corpus leaves the other cores to other jobs
    resources:
        **job_resources(mem_mb=4000, runtime=240),
    params:
        **script_params("extract_spectrograms"),
        spectrograms=config["spectrograms"],


use rule job as check_store with:
    input:
        store=SPECTROGRAMS / "{corpus}.h5",
    output:
        text=SPECTROGRAMS / "{corpus}.txt",
    pathvars:
        job="spectrograms/check_{corpus}",
    params:
        **script_params("check_store"),


rule check_stores:
    input:
        texts=expand(SPECTROGRAMS / "{corpus}.txt", corpus=CORPORA_IN_USE),
    log:
        "<logs>/spectrograms/check_stores.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        # The texts are removed so that the next call verifies the stores again.
        "tail -n +1 {input.texts:q} | tee {log:q} && rm {input.texts:q}"
