"""training: stores, fold and trial, to weights, history and validation score."""

TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"


rule train:
    input:
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=unlabelled_stores,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
        ratings=ratings_to_learn(),
    output:
        weights=TRAINED / "weights.safetensors",
        history=TRAINED / "history.csv",
        validation=TRAINED / "validation.json",
    log:
        log_of("training/{model}/trial-{trial}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/trial-{trial}/fold-{fold}")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=4000,
        runtime=720,
        gpu=GPU,
    params:
        model="{model}",
        fold=lambda wildcards: int(wildcards.fold),
        number=lambda wildcards: int(wildcards.trial),
        trial=lambda wildcards: TRIALS[int(wildcards.trial)],
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        checkpoint=str(TRAINED / ".checkpoint.safetensors"),
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("train.py"),
    message:
        "Training {wildcards.model}, trial {wildcards.trial}, fold {wildcards.fold}"
    script:
        "../scripts/train.py"
