"""predictions: the predictions of each model and of the baselines for the test speakers."""

from emospeech.evaluation.predictions import BASELINES

PREDICTIONS = EVALUATION / "{model}" / "fold-{fold}" / "predictions.csv"
PREDICTIONS_AGAIN = EVALUATION / "{model}" / "seed-{seed}" / "fold-{fold}" / "predictions.csv"
ALL_PREDICTIONS = expand(PREDICTIONS, model=[*MODELS, *BASELINES], fold=FOLD_NUMBERS)
PREDICT_INPUTS = CORPUS_INPUTS | {"best": BEST}
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
        recordings=LABELLED["recordings"],
        store=STORE,
        audio=AUDIO[LABELLED_CORPUS],
    output:
        **ACOUSTICS,
    pathvars:
        job="evaluation/acoustics",
    resources:
        **job_resources(mem_mb=4000),
    params:
        **script_params("measure_acoustics"),
        width=WIDEST_CROP,
        seed=SEED,
        edge=config["crops"]["edge"],


use rule job as predict_baseline with:
    input:
        **LABELLED,
        **ACOUSTICS,
    output:
        **{name: expand(PREDICTIONS, model=name, fold=FOLD_NUMBERS) for name in BASELINES},
    pathvars:
        job="evaluation/baseline",
    params:
        **script_params("predict_baseline"),
        folds=list(FOLD_NUMBERS),
        labels=STUDY["labels"],
        multitask=MULTITASK,
        shuffle_seed=SHUFFLE_SEED,
