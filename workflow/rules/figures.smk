"""figures: the figures of the report; those with the same inputs share a job."""

# The report shows the largest model of each kind; outlines of other models are separate targets.
LARGEST = {
    FAMILIES[model].space: model
    for model in sorted(
        MODELS, key=lambda model: (model in USING_UNLABELLED, KNOWN_MODELS[model].multitask)
    )
}
OUTLINED = sorted(LARGEST.values(), key=list(KNOWN_MODELS).index)
TARGET_FIGURES = ["confusion"] if LABELS.target == EMOTION else ["confusion", "scatter"]
FIGURE_NAMES = [
    *expand("outline-{model}", model=OUTLINED),
    *("balance", "example", "comparison"),
    *expand("{kind}-{model}", kind=TARGET_FIGURES, model=MODELS),
    *("trials", *expand("learning-{model}", model=MODELS)),
    *(f"{FAMILIES[model].figure}-{model}" for model in USING_UNLABELLED),
    *expand("map-{model}", model=MODELS),
]
STUDY_ON_CPU = STUDY | {"training": STUDY["training"] | {"device": "cpu", "threads": 1}}


use rule job as draw_corpus with:
    input:
        **LABELLED,
        words=CORPORA / LABELLED_CORPUS / "words.csv",
        store=STORE,
    output:
        **figure_files("balance", "example"),
    pathvars:
        job="report/corpus",
    localrule: True
    params:
        **figure_params("draw_corpus"),
        width=max(trial["crop_width"] for trial in TRIALS[OUTLINED[0]]),
        seed=SEED,
        edge=config["crops"]["edge"],
        labels=STUDY["labels"],


use rule job as draw_outline with:
    input:
        best=BEST,
    output:
        **figure_files("outline-{model}"),
    pathvars:
        job="report/outline-{model}",
    localrule: True
    params:
        **figure_params("draw_outline"),
        model="{model}",
        rows=config["spectrograms"]["rows"],
        models=STUDY["models"],
        labels=STUDY["labels"],


use rule job as draw_results with:
    input:
        **evaluation_files("metrics", "intervals", "references"),
        trials=ALL_TRIALS,
    output:
        **figure_files("comparison", "trials"),
    pathvars:
        job="report/results",
    localrule: True
    params:
        **figure_params("draw_results"),
        comparable=COMPARABLE,


use rule job as draw_model with:
    input:
        predictions=expand(PREDICTIONS, fold=FOLD_NUMBERS, allow_missing=True),
        confusion=EVALUATION / "{model}" / "confusion.csv",
        map=EVALUATION / "{model}" / "map.csv",
        histories=SEARCH / "{model}" / "histories.csv",
    output:
        **figure_files(*(f"{kind}-{{model}}" for kind in (*TARGET_FIGURES, "learning", "map"))),
    pathvars:
        job="report/{model}",
    localrule: True
    params:
        **figure_params("draw_model"),
        model="{model}",
        comparable=COMPARABLE,


use rule job as draw_generated with:
    input:
        **PREDICT_INPUTS,
        generated=all_trial_files("generated.npz", folds=[1]),
        unlabelled=unlabelled_stores,
    output:
        **figure_files("generated-{model}"),
    pathvars:
        job="report/generated-{model}",
    wildcard_constraints:
        model="|".join(models_drawn("generated")) or "none",
    localrule: True
    params:
        **figure_params("draw_generated"),
        model="{model}",
        fold=1,
        study=STUDY_ON_CPU,


use rule job as draw_forecast with:
    input:
        **PREDICT_INPUTS,
        # Files of all trials, because the selected one is not known before the run.
        weights=all_trial_files("weights.safetensors", folds=[1]),
    output:
        **figure_files("forecast-{model}"),
    pathvars:
        job="report/forecast-{model}",
    wildcard_constraints:
        model="|".join(models_drawn("forecast")) or "none",
    localrule: True
    params:
        **figure_params("draw_forecast"),
        model="{model}",
        folds=[1],
        study=STUDY_ON_CPU,
