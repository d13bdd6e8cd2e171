"""variants: the chosen trials trained and tested with other settings, compared with the study."""

# Variants that only change the hours of unlabelled speech.
HOURS_VARIANTS = [
    name
    for name, changes in config["variants"].items()
    if changes.get("training", {}).keys() == {"unlabelled_hours"}
    and changes.get("models", {}).keys() <= {"names"}
    and changes.keys() <= {"training", "models"}
]
VARIANT_FIGURES = ["variants", *(["hours"] if HOURS_VARIANTS else [])]


use rule train as train_variant with:
    input:
        **TRAIN_INPUTS | {"best": BEST},
    output:
        **trained_files(VARIANT_TRAINED),
    pathvars:
        job="variants/{variant}/training/{model}/seed-{seed}/fold-{fold}",
    resources:
        **training_resources(lambda wildcards: range(N_TRIALS)),  # any may be selected
    params:
        **script_params("train"),
        trials=None,
        study=lambda wildcards: study_of(wildcards.model, wildcards.variant),
        seed=lambda wildcards: int(wildcards.seed),
        checkpoints=checkpoints(VARIANT_TRAINED),
    message:
        "Training {wildcards.model} of {wildcards.variant}, seed {wildcards.seed}, fold {wildcards.fold}"


use rule predict_again as predict_variant with:
    input:
        **PREDICT_INPUTS,
        weights=weights_for_variant,
    output:
        predictions=expand(VARIANT_PREDICTIONS, fold=FOLD_NUMBERS, allow_missing=True),
    pathvars:
        job="variants/{variant}/evaluation/{model}/seed-{seed}",
    params:
        **script_params("predict"),
        study=lambda wildcards: study_of(wildcards.model, wildcards.variant),
        crops=lambda wildcards: config_of(wildcards)["evaluation"]["crops"],


use rule job as compare_variants with:
    input:
        predictions=expand(PREDICTIONS, model=MODELS, fold=FOLD_NUMBERS),
        repeated=files_of_more_seeds(PREDICTIONS_AGAIN),
        variants=files_of_variants(VARIANT_PREDICTIONS),
        # The chosen trials did not diverge, and the pools of all trials have the same size.
        validations=[
            *expand(TRAINED / "validation.json", model=MODELS, trial=0, fold=FOLD_NUMBERS),
            *files_of_more_seeds(TRAINED_AGAIN / "validation.json"),
        ],
        variant_validations=files_of_variants(VARIANT_TRAINED / "validation.json", again=True),
    output:
        metrics=VARIANTS_FOLDER / "metrics.csv",
        differences=COMPARISON,
    pathvars:
        job="variants/comparison",
    params:
        **script_params("compare_variants"),
        resamples=config["evaluation"]["resamples"],
        seed=SEED,


use rule check_leaks as check_variant_leaks with:
    input:
        **LABELLED,
        store=STORE,
        unlabelled=[
            SPECTROGRAMS / f"{corpus}.h5" for corpus in CORPORA_IN_USE if corpus != LABELLED_CORPUS
        ],
        predictions=files_of_variants(VARIANT_PREDICTIONS),
        draws=files_of_variants(VARIANT_TRAINED / "draws.csv.gz", again=True),
    output:
        leaks=VARIANTS_FOLDER / "leaks.csv",
    pathvars:
        job="variants/leaks",
    params:
        **script_params("check_variant_leaks"),


use rule job as draw_variants with:
    input:
        metrics=VARIANTS_FOLDER / "metrics.csv",
        differences=COMPARISON,
    output:
        **figure_files(*VARIANT_FIGURES),
    pathvars:
        job="report/variants",
    localrule: True
    params:
        **figure_params("draw_variants"),
        hours_variants=HOURS_VARIANTS,
