"""folds: recordings, to the part that each plays in each fold."""


rule assign_folds:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
    output:
        folds=FOLDS,
    log:
        log_of("folds"),
    benchmark:
        benchmark_of("folds")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=config["folds"],
        code=code("assign_folds.py"),
    message:
        "Assigning the recordings to {params.settings[sessions]} sessions held out in turn"
    script:
        "../scripts/assign_folds.py"
