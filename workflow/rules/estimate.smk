"""estimate: the time, memory and disk space of the study on this machine. It needs no corpora."""


use rule job as estimate_study with:
    output:
        text=ESTIMATE,
    pathvars:
        job="estimate",
    localrule: True
    params:
        **script_params("estimate_study"),
        config=config,
        study=STUDY | {"training": STUDY["training"] | {"apc": APC}},
        trials=TRIALS,
        variants={
            name: {
                "models": [model for model in models if trains_again(name, model)],
                "training": CONFIGS[name]["training"],
            }
            for name, models in VARIANTS.items()
        },
        n_folds=len(FOLD_NUMBERS),
        unlabelled=UNLABELLED,
        # Results of earlier runs, which replace assumptions if they exist.
        corpora=str(CORPORA),
        folds_table=str(FOLDS),
        training=str(TRAINING),
        cores=lambda wildcards: workflow.cores,
    message:
        "Timing training steps, which takes one to two minutes"


rule estimate:
    input:
        text=ESTIMATE,
    log:
        "<logs>/estimate/estimate.log",
    localrule: True
    conda:
        ENVIRONMENT
    shell:
        # The text is removed so that the next call estimates again.
        "cat {input.text:q} | tee {log:q} && rm {input.text:q}"
