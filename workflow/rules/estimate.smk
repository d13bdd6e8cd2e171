"""estimate: the time, memory and disk space of the study on this machine. It needs no corpora."""


use rule job as estimate_study with:
    output:
        text=RESULTS / "estimate.txt",
    pathvars:
        job="estimate",
    localrule: True
    params:
        **script_params("estimate_study"),
        study=STUDY | {"training": STUDY["training"] | {"apc": config["training"]["apc"]}},
        trials=TRIALS,
        method=config["search"]["method"],
        halving=config["search"]["halving"],
        seeds=config["training"]["seeds"],
        trials_per_job=config["training"]["trials_per_job"],
        folds=config["folds"],
        n_folds=len(FOLD_NUMBERS),
        spectrograms=config["spectrograms"],
        evaluation=config["evaluation"],
        labelled=LABELLED_CORPUS,
        unlabelled=UNLABELLED,
        synthetic=SYNTHETIC,
        ami_hours=config["corpora"]["ami"]["hours"],
        # Results of earlier runs, which replace assumptions if they exist.
        corpora=str(CORPORA),
        folds_table=str(FOLDS),
        training=str(TRAINING),
        cores=lambda wildcards: workflow.cores,
    message:
        "Timing training steps, which takes about a minute"


rule estimate:
    input:
        text=RESULTS / "estimate.txt",
    log:
        "<logs>/estimate/estimate.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        # The text is removed so that the next call estimates again.
        "cat {input.text:q} | tee {log:q} && rm {input.text:q}"
