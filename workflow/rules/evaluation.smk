"""evaluation: weights of the chosen trial and the test speaker, to predictions and metrics."""

PREDICTIONS = EVALUATION / "{model}" / "fold-{fold}" / "predictions.csv"
PREDICTIONS_AGAIN = EVALUATION / "{model}" / "seed-{seed}" / "fold-{fold}" / "predictions.csv"


rule predict:
    input:
        best=SEARCH / "{model}" / "best.json",
        weights=expand(
            TRAINING / "{{model}}" / "trial-{trial}" / "fold-{{fold}}" / "weights.safetensors",
            trial=range(N_TRIALS),
        ),
        store=SPECTROGRAMS / "iemocap.h5",
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        predictions=PREDICTIONS,
    log:
        log_of("evaluation/{model}/fold-{fold}"),
    benchmark:
        benchmark_of("evaluation/{model}/fold-{fold}")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=3000,
        runtime=60,
        gpu=GPU,
    params:
        model="{model}",
        fold=lambda wildcards: int(wildcards.fold),
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        crops=config["evaluation"]["crops"],
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("predict.py"),
    message:
        "Predicting the test speaker of fold {wildcards.fold} with {wildcards.model}"
    script:
        "../scripts/predict.py"


use rule predict as predict_again with:
    input:
        best=SEARCH / "{model}" / "best.json",
        weights=[TRAINED_AGAIN / "weights.safetensors"],
        store=SPECTROGRAMS / "iemocap.h5",
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        predictions=PREDICTIONS_AGAIN,
    log:
        log_of("evaluation/{model}/seed-{seed}/fold-{fold}"),
    benchmark:
        benchmark_of("evaluation/{model}/seed-{seed}/fold-{fold}")
    message:
        "Predicting the test speaker of fold {wildcards.fold} with {wildcards.model}, seed {wildcards.seed}"


rule compute_metrics:
    input:
        predictions=expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS),
    output:
        metrics=EVALUATION / "metrics.csv",
    log:
        log_of("evaluation/metrics"),
    benchmark:
        benchmark_of("evaluation/metrics")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        permutations=config["evaluation"]["permutations"],
        seed=SEED,
        code=code("compute_metrics.py"),
    message:
        "Computing the metrics of all models"
    script:
        "../scripts/compute_metrics.py"


rule count_confusions:
    input:
        predictions=expand(PREDICTIONS, fold=FOLD_NUMBERS, allow_missing=True),
    output:
        confusion=EVALUATION / "{model}" / "confusion.csv",
        classes=EVALUATION / "{model}" / "classes.csv",
    log:
        log_of("evaluation/{model}/confusion"),
    benchmark:
        benchmark_of("evaluation/{model}/confusion")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("count_confusions.py"),
    message:
        "Counting the confusions of {wildcards.model}"
    script:
        "../scripts/count_confusions.py"


rule compare_seeds:
    input:
        predictions=expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS),
        repeated=expand(PREDICTIONS_AGAIN, model=MODELS, seed=MORE_SEEDS, fold=FOLD_NUMBERS),
    output:
        seeds=EVALUATION / "seeds.csv",
    log:
        log_of("evaluation/seeds"),
    benchmark:
        benchmark_of("evaluation/seeds")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        seed=SEED,
        code=code("compare_seeds.py"),
    message:
        "Comparing the seeds of all models"
    script:
        "../scripts/compare_seeds.py"
