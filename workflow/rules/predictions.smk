"""predictions: the predictions of each model and of the baseline for the test speakers."""

PREDICTIONS = EVALUATION / "{model}" / "fold-{fold}" / "predictions.csv"
PREDICTIONS_AGAIN = EVALUATION / "{model}" / "seed-{seed}" / "fold-{fold}" / "predictions.csv"
BASELINE = expand(EVALUATION / "baseline" / "fold-{fold}" / "predictions.csv", fold=FOLD_NUMBERS)
ALL_PREDICTIONS = [*expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS), *BASELINE]
PREDICT_INPUTS = CORPUS_INPUTS | {"best": SEARCH / "{model}" / "best.json"}
PREDICT_PARAMS = {
    "model": "{model}",
    "folds": list(FOLD_NUMBERS),
    "study": STUDY,
    "crops": config["evaluation"]["crops"],
}


use rule job as evaluate_model with:
    input:
        **PREDICT_INPUTS,
        # Files of all trials, because the selected ones are not known before the run.
        weights=all_trial_files("weights.safetensors"),
    output:
        predictions=expand(PREDICTIONS, fold=FOLD_NUMBERS, allow_missing=True),
        crops=EVALUATION / "{model}" / "crops.csv",
        map=EVALUATION / "{model}" / "map.csv",
        neighbours=EVALUATION / "{model}" / "neighbours.csv",
    pathvars:
        job="evaluation/{model}/predictions",
    threads: config["training"]["threads"]
    resources:
        **job_resources(mem_mb=4000, runtime=180, gpu=GPU),
    params:
        **PREDICT_PARAMS,
        **script_params("evaluate_model"),
        crop_seeds=list(range(SEED, SEED + config["evaluation"]["crop_seeds"])),


use rule job as predict_again with:
    input:
        **PREDICT_INPUTS,
        weights=expand(TRAINED_AGAIN / "weights.safetensors", fold=FOLD_NUMBERS, allow_missing=True),
    output:
        predictions=expand(PREDICTIONS_AGAIN, fold=FOLD_NUMBERS, allow_missing=True),
    pathvars:
        job="evaluation/{model}/seed-{seed}/predictions",
    threads: config["training"]["threads"]
    resources:
        **job_resources(runtime=120, gpu=GPU),
    params:
        **PREDICT_PARAMS,
        **script_params("predict"),


use rule job as measure_acoustics with:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        audio=IEMOCAP,
    output:
        acoustics=EVALUATION / "acoustics.csv",
    pathvars:
        job="evaluation/acoustics",
    threads: 8
    resources:
        **job_resources(mem_mb=4000),
    params:
        **script_params("measure_acoustics"),


use rule job as predict_baseline with:
    input:
        **LABELLED,
        acoustics=EVALUATION / "acoustics.csv",
    output:
        predictions=BASELINE,
    pathvars:
        job="evaluation/baseline",
    params:
        **script_params("predict_baseline"),
        folds=list(FOLD_NUMBERS),
        tasks=["valence", "activation"] if MULTITASK else ["valence"],
