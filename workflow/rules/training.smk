"""training: stores, fold and trial, to weights, history and validation score."""

TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"


def unlabelled_stores(wildcards):
    """Return the stores of the unlabelled pool; the CNNs have none."""
    if wildcards.model not in ADVERSARIAL:
        return []
    return [SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED]


rule train:
    message:
        "Training {wildcards.model}, trial {wildcards.trial}, fold {wildcards.fold}"
    input:
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=unlabelled_stores,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        weights=TRAINED / "weights.safetensors",
        history=TRAINED / "history.csv",
        validation=TRAINED / "validation.json",
    params:
        model="{model}",
        fold=lambda wildcards: int(wildcards.fold),
        number=lambda wildcards: int(wildcards.trial),
        trial=lambda wildcards: TRIALS[int(wildcards.trial)],
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("train.py"),
    log:
        log_of("training/{model}/trial-{trial}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/trial-{trial}/fold-{fold}")
    threads: config["training"]["threads"]
    resources:
        mem_mb=4000,
        runtime=720,
        gpu=GPU,
    script:
        "../scripts/train.py"
