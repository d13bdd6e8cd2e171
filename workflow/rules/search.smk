"""search: validation scores of all trials of a model, to the trial that is kept, or one a fold."""

RUNS = TRAINING / "{{model}}" / "trial-{trial}" / "fold-{fold}"


rule select_trial:
    input:
        validations=expand(RUNS / "validation.json", trial=range(N_TRIALS), fold=FOLD_NUMBERS),
        histories=expand(RUNS / "history.csv", trial=range(N_TRIALS), fold=FOLD_NUMBERS),
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        trials=SEARCH / "{model}" / "trials.csv",
        best=SEARCH / "{model}" / "best.json",
        chosen=SEARCH / "{model}" / "histories.csv",
    log:
        log_of("search/{model}"),
    benchmark:
        benchmark_of("search/{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        trials=lambda wildcards: TRIALS[wildcards.model],
        select=config["search"]["select"],
        code=code("select_trial.py"),
    message:
        "Choosing the trial of {wildcards.model} by its validation UAR"
    script:
        "../scripts/select_trial.py"
