"""evaluation: predictions of the test speakers, to metrics and what they are worth."""

# A manifest holds labels and no ratings behind them.
RATINGS = [] if "iemocap" in MANIFESTS else CORPORA / "iemocap" / "ratings.csv"
TABLES_OF_EVALUATION = [
    *("metrics", "intervals", "cells", "comparisons", "references", "slices", "leaks"),
    *("crops", "spread", "neighbours"),
]
EVALUATED = [EVALUATION / f"{name}.csv" for name in TABLES_OF_EVALUATION]


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
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=[SPECTROGRAMS / f"{corpus}.h5" for corpus in UNLABELLED if corpus != "iemocap"],
        best=expand(SEARCH / "{model}" / "best.json", model=MODELS),
        trials=expand(SEARCH / "{model}" / "trials.csv", model=MODELS),
        # Of all trials, since the chosen ones are known when the job runs.
        draws=[
            *expand(
                TRAINED / "draws.csv.gz", model=MODELS, trial=range(N_TRIALS), fold=FOLD_NUMBERS
            ),
            *expand(
                TRAINED_AGAIN / "draws.csv.gz", model=MODELS, seed=MORE_SEEDS, fold=FOLD_NUMBERS
            ),
        ],
    output:
        leaks=EVALUATION / "leaks.csv",
    log:
        log_of("evaluation/leaks"),
    benchmark:
        benchmark_of("evaluation/leaks")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        folds=list(FOLD_NUMBERS),
        shuffle_seed=SEED if config["labels"]["shuffle"] else None,
        code=code("check_leaks.py"),
    message:
        "Checking the draws, choices and predictions of all models for leaks"
    script:
        "../scripts/check_leaks.py"


rule compare_seeds:
    input:
        predictions=expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS),
        repeated=expand(PREDICTIONS_AGAIN, model=MODELS, seed=MORE_SEEDS, fold=FOLD_NUMBERS),
        validations=expand(
            TRAINED_AGAIN / "validation.json", model=MODELS, seed=MORE_SEEDS, fold=FOLD_NUMBERS
        ),
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
