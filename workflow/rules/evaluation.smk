"""evaluation: weights of the chosen trial and the test speaker, to predictions and metrics."""

PREDICTIONS = EVALUATION / "{model}" / "fold-{fold}" / "predictions.csv"
PREDICTIONS_AGAIN = EVALUATION / "{model}" / "seed-{seed}" / "fold-{fold}" / "predictions.csv"
# Of all trials and folds of a model, since the chosen ones are known when the jobs run.
WEIGHTS = expand(
    TRAINING / "{{model}}" / "trial-{trial}" / "fold-{fold}" / "weights.safetensors",
    trial=range(N_TRIALS),
    fold=FOLD_NUMBERS,
)
BASELINE = expand(EVALUATION / "baseline" / "fold-{fold}" / "predictions.csv", fold=FOLD_NUMBERS)
ALL_PREDICTIONS = [*expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS), *BASELINE]
# A manifest holds labels and no ratings behind them.
RATINGS = [] if "iemocap" in MANIFESTS else CORPORA / "iemocap" / "ratings.csv"
MULTITASK = any(model.startswith("Multitask") for model in MODELS)
TASKS = ["valence", "activation"] if MULTITASK else ["valence"]
TABLES_OF_EVALUATION = [
    *("metrics", "intervals", "cells", "comparisons", "references", "slices", "leaks"),
    *("crops", "spread", "neighbours"),
]
EVALUATED = [EVALUATION / f"{name}.csv" for name in TABLES_OF_EVALUATION]


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
        mem_mb=growing(3000),
        runtime=growing(60),
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
        mem_mb=growing(2000),
        runtime=growing(30),
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
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
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
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        seed=SEED,
        code=code("compare_seeds.py"),
    message:
        "Comparing the seeds of all models"
    script:
        "../scripts/compare_seeds.py"


rule vary_crops:
    input:
        best=SEARCH / "{model}" / "best.json",
        weights=WEIGHTS,
        store=SPECTROGRAMS / "iemocap.h5",
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        predictions=EVALUATION / "{model}" / "crops.csv",
    log:
        log_of("evaluation/{model}/crops"),
    benchmark:
        benchmark_of("evaluation/{model}/crops")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=GPU,
    params:
        model="{model}",
        folds=list(FOLD_NUMBERS),
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        crops=config["evaluation"]["crops"],
        seeds=list(range(SEED, SEED + config["evaluation"]["crop_seeds"])),
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("vary_crops.py"),
    message:
        "Predicting the test speakers with {wildcards.model} on other crops"
    script:
        "../scripts/vary_crops.py"


rule compare_crops:
    input:
        predictions=expand(EVALUATION / "{model}" / "crops.csv", model=MODELS),
    output:
        crops=EVALUATION / "crops.csv",
    log:
        log_of("evaluation/crops"),
    benchmark:
        benchmark_of("evaluation/crops")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("compare_crops.py"),
    message:
        "Comparing the crops that are evaluated, of all models"
    script:
        "../scripts/compare_crops.py"


rule compare_spreads:
    input:
        crops=EVALUATION / "crops.csv",
        seeds=EVALUATION / "seeds.csv" if MORE_SEEDS else [],
        intervals=EVALUATION / "intervals.csv",
    output:
        spread=EVALUATION / "spread.csv",
    log:
        log_of("evaluation/spread"),
    benchmark:
        benchmark_of("evaluation/spread")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("compare_spreads.py"),
    message:
        "Comparing the spread over seeds and crops with the error of sampling speakers"
    script:
        "../scripts/compare_spreads.py"


rule represent_recordings:
    input:
        best=SEARCH / "{model}" / "best.json",
        weights=WEIGHTS,
        store=SPECTROGRAMS / "iemocap.h5",
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        map=EVALUATION / "{model}" / "map.csv",
        neighbours=EVALUATION / "{model}" / "neighbours.csv",
    log:
        log_of("evaluation/{model}/map"),
    benchmark:
        benchmark_of("evaluation/{model}/map")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=GPU,
    params:
        model="{model}",
        folds=list(FOLD_NUMBERS),
        networks=NETWORKS,
        training=TRAINING_SETTINGS,
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("represent_recordings.py"),
    message:
        "Mapping what {wildcards.model} makes of the recordings"
    script:
        "../scripts/represent_recordings.py"


rule collect_neighbours:
    input:
        neighbours=expand(EVALUATION / "{model}" / "neighbours.csv", model=MODELS),
    output:
        table=EVALUATION / "neighbours.csv",
    log:
        log_of("evaluation/neighbours"),
    benchmark:
        benchmark_of("evaluation/neighbours")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("collect_neighbours.py"),
    message:
        "Gathering the nearest neighbours of all models"
    script:
        "../scripts/collect_neighbours.py"


rule measure_acoustics:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        audio=IEMOCAP,
    output:
        acoustics=EVALUATION / "acoustics.csv",
    log:
        log_of("evaluation/acoustics"),
    benchmark:
        benchmark_of("evaluation/acoustics")
    conda:
        ENVIRONMENT
    threads: 8
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("measure_acoustics.py"),
    message:
        "Measuring acoustic features for the classical baseline"
    script:
        "../scripts/measure_acoustics.py"


rule predict_baseline:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
        acoustics=EVALUATION / "acoustics.csv",
    output:
        predictions=BASELINE,
    log:
        log_of("evaluation/baseline"),
    benchmark:
        benchmark_of("evaluation/baseline")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        folds=list(FOLD_NUMBERS),
        tasks=TASKS,
        code=code("predict_baseline.py"),
    message:
        "Predicting the test speakers of all folds with the classical baseline"
    script:
        "../scripts/predict_baseline.py"


rule bootstrap_intervals:
    input:
        predictions=ALL_PREDICTIONS,
    output:
        intervals=EVALUATION / "intervals.csv",
    log:
        log_of("evaluation/intervals"),
    benchmark:
        benchmark_of("evaluation/intervals")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        resamples=config["evaluation"]["resamples"],
        seed=SEED,
        code=code("bootstrap_intervals.py"),
    message:
        "Drawing speakers and recordings anew for the intervals of all figures"
    script:
        "../scripts/bootstrap_intervals.py"


rule bootstrap_cells:
    input:
        predictions=ALL_PREDICTIONS,
    output:
        cells=EVALUATION / "cells.csv",
    log:
        log_of("evaluation/cells"),
    benchmark:
        benchmark_of("evaluation/cells")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        resamples=config["evaluation"]["resamples"],
        seed=SEED,
        code=code("bootstrap_cells.py"),
    message:
        "Drawing speakers anew for the intervals of the cells of all confusion matrices"
    script:
        "../scripts/bootstrap_cells.py"


rule compare_models:
    input:
        predictions=ALL_PREDICTIONS,
    output:
        comparisons=EVALUATION / "comparisons.csv",
    log:
        log_of("evaluation/comparisons"),
    benchmark:
        benchmark_of("evaluation/comparisons")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        resamples=config["evaluation"]["resamples"],
        seed=SEED,
        code=code("compare_models.py"),
    message:
        "Comparing the models over the test speakers"
    script:
        "../scripts/compare_models.py"


rule collect_references:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
        ratings=RATINGS,
    output:
        references=EVALUATION / "references.csv",
    log:
        log_of("evaluation/references"),
    benchmark:
        benchmark_of("evaluation/references")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("collect_references.py"),
    message:
        "Guessers and raters, to hold the models against"
    script:
        "../scripts/collect_references.py"


rule slice_predictions:
    input:
        predictions=ALL_PREDICTIONS,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        ratings=RATINGS,
    output:
        slices=EVALUATION / "slices.csv",
    log:
        log_of("evaluation/slices"),
    benchmark:
        benchmark_of("evaluation/slices")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("slice_predictions.py"),
    message:
        "Computing the metrics by style, speaker and agreement of the raters"
    script:
        "../scripts/slice_predictions.py"


rule check_leaks:
    input:
        predictions=ALL_PREDICTIONS,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        leaks=EVALUATION / "leaks.csv",
    log:
        log_of("evaluation/leaks"),
    benchmark:
        benchmark_of("evaluation/leaks")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("check_leaks.py"),
    message:
        "Checking that no test speaker was heard or predicted where it must not be"
    script:
        "../scripts/check_leaks.py"
