"""training: the weights, history and validation score of a model, trial and fold."""

CORPUS_INPUTS = LABELLED | {"store": STORE, "ratings": histogram_ratings, "votes": histogram_votes}
TRAIN_INPUTS = CORPUS_INPUTS | {"unlabelled": unlabelled_stores, "best": []}
TRAIN_PARAMS = {
    "model": "{model}",
    "fold": lambda wildcards: int(wildcards.fold),
    "study": lambda wildcards: study_of(wildcards.model),
    "seed": SEED,
}


use rule job as train with:
    input:
        **TRAIN_INPUTS,
    output:
        **trained_files(TRAINED),
    pathvars:
        job="training/{model}/trial-{trial}/fold-{fold}",
    wildcard_constraints:
        trial="(?!)" if RUNGS or TRIALS_PER_JOB > 1 else r"\d+",  # (?!) never matches
    threads: config["training"]["threads"]
    resources:
        **training_resources(lambda wildcards: [int(wildcards.trial)]),
    params:
        **TRAIN_PARAMS,
        **script_params("train"),
        trials=lambda wildcards: trials_with_ids(wildcards.model, [int(wildcards.trial)]),
        checkpoints=checkpoints(TRAINED),
    message:
        "Training {wildcards.model}, trial {wildcards.trial}, fold {wildcards.fold}"


# Run several trials of a fold in one job, to save start-up time.
for BATCH in [] if RUNGS or TRIALS_PER_JOB == 1 else batches(N_TRIALS):

    rule:
        name:
            f"train_{BATCH[0]}_to_{BATCH[-1]}"
        input:
            **TRAIN_INPUTS,
        output:
            **trained_files(*batch_folders(BATCH)),
        log:
            "<logs>/<job>.log",
        benchmark:
            "<benchmarks>/<job>.tsv"
        pathvars:
            job=f"training/{{model}}/trials-{BATCH[0]}-to-{BATCH[-1]}/fold-{{fold}}",
        conda:
            ENVIRONMENT
        threads: config["training"]["threads"]
        resources:
            # These rules use the settings of a profile for `train`, such as a GPU.
            **training_resources(lambda wildcards, batch=BATCH: batch, 720 * len(BATCH))
            | profile_resources("train"),
        params:
            **TRAIN_PARAMS,
            **script_params("train"),
            trials=lambda wildcards, batch=BATCH: trials_with_ids(wildcards.model, batch),
            checkpoints=checkpoints(*batch_folders(BATCH)),
        message:
            f"Training {{wildcards.model}}, trials {BATCH[0]} to {BATCH[-1]}, fold {{wildcards.fold}}"
        script:
            "../scripts/train.py"


# The selected trial with another seed, for the variability across seeds.
use rule train as train_again with:
    input:
        **TRAIN_INPUTS | {"best": BEST},
    output:
        **trained_files(TRAINED_AGAIN),
    pathvars:
        job="training/{model}/seed-{seed}/fold-{fold}",
    resources:
        **training_resources(lambda wildcards: range(N_TRIALS)),  # any may be selected
    params:
        **script_params("train"),
        trials=None,
        seed=lambda wildcards: int(wildcards.seed),
        checkpoints=checkpoints(TRAINED_AGAIN),
    message:
        "Training {wildcards.model} again with seed {wildcards.seed}, fold {wildcards.fold}"
