"""training: stores, fold and trial, to weights, history and validation score."""

TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"
TRAINED_AGAIN = TRAINING / "{model}" / "seed-{seed}" / "fold-{fold}"


rule train:
    input:
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=unlabelled_stores,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
        ratings=ratings_to_learn(),
        best=[],
    output:
        weights=TRAINED / "weights.safetensors",
        history=TRAINED / "history.csv",
        validation=TRAINED / "validation.json",
        generated=TRAINED / "generated.npz",
    log:
        log_of("training/{model}/trial-{trial}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/trial-{trial}/fold-{fold}")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=growing(4000),
        runtime=growing(720),
        gpu=GPU,
    params:
        model="{model}",
        fold=lambda wildcards: int(wildcards.fold),
        number=lambda wildcards: int(wildcards.trial),
        trial=lambda wildcards: TRIALS[wildcards.model][int(wildcards.trial)],
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        checkpoint=str(TRAINED / ".checkpoint.safetensors"),
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("train.py"),
    message:
        "Training {wildcards.model}, trial {wildcards.trial}, fold {wildcards.fold}"
    script:
        "../scripts/train.py"


# The chosen trial with another seed, for the spread between seeds.
use rule train as train_again with:
    input:
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=unlabelled_stores,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
        ratings=ratings_to_learn(),
        best=SEARCH / "{model}" / "best.json",
    output:
        weights=TRAINED_AGAIN / "weights.safetensors",
        history=TRAINED_AGAIN / "history.csv",
        validation=TRAINED_AGAIN / "validation.json",
        generated=TRAINED_AGAIN / "generated.npz",
    log:
        log_of("training/{model}/seed-{seed}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/seed-{seed}/fold-{fold}")
    params:
        model="{model}",
        fold=lambda wildcards: int(wildcards.fold),
        number=None,
        trial=None,
        networks=NETWORKS,
        training=lambda wildcards: TRAINING_SETTINGS | {"seed": int(wildcards.seed)},
        checkpoint=str(TRAINED_AGAIN / ".checkpoint.safetensors"),
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("train.py"),
    message:
        "Training {wildcards.model} again with seed {wildcards.seed}, fold {wildcards.fold}"
