"""predictions: what the chosen trial, and the classical baseline, make of the recordings."""

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
MULTITASK = any(model.startswith("Multitask") for model in MODELS)
TASKS = ["valence", "activation"] if MULTITASK else ["valence"]
TESTED_ON = {
    "best": SEARCH / "{model}" / "best.json",
    "store": SPECTROGRAMS / "iemocap.h5",
    "recordings": CORPORA / "iemocap" / "recordings.csv",
    "folds": FOLDS,
}
TESTED_WITH = {
    "model": "{model}",
    "folds": list(FOLD_NUMBERS),
    "networks": NETWORKS,
    "training": TRAINING_SETTINGS,
    "shuffle_seed": SEED if config["labels"]["shuffle"] else None,
}


rule predict:
    input:
        **TESTED_ON,
        weights=WEIGHTS,
    output:
        predictions=expand(PREDICTIONS, fold=FOLD_NUMBERS, allow_missing=True),
    log:
        log_of("evaluation/{model}/predictions"),
    benchmark:
        benchmark_of("evaluation/{model}/predictions")
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=GPU,
    params:
        **TESTED_WITH,
        crops=config["evaluation"]["crops"],
        code=code("predict.py"),
    message:
        "Predicting the test speakers with {wildcards.model}"
    script:
        "../scripts/predict.py"


use rule predict as predict_again with:
    input:
        **TESTED_ON,
        weights=expand(TRAINED_AGAIN / "weights.safetensors", fold=FOLD_NUMBERS, allow_missing=True),
    output:
        predictions=expand(PREDICTIONS_AGAIN, fold=FOLD_NUMBERS, allow_missing=True),
    log:
        log_of("evaluation/{model}/seed-{seed}/predictions"),
    benchmark:
        benchmark_of("evaluation/{model}/seed-{seed}/predictions")
    message:
        "Predicting the test speakers with {wildcards.model}, seed {wildcards.seed}"


rule vary_crops:
    input:
        **TESTED_ON,
        weights=WEIGHTS,
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
        **TESTED_WITH,
        crops=config["evaluation"]["crops"],
        seeds=list(range(SEED, SEED + config["evaluation"]["crop_seeds"])),
        code=code("vary_crops.py"),
    message:
        "Predicting the test speakers with {wildcards.model} on other crops"
    script:
        "../scripts/vary_crops.py"


rule represent_recordings:
    input:
        **TESTED_ON,
        weights=WEIGHTS,
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
        **TESTED_WITH,
        code=code("represent_recordings.py"),
    message:
        "Mapping what {wildcards.model} makes of the recordings"
    script:
        "../scripts/represent_recordings.py"


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
