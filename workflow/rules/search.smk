"""search: validation scores of all trials of a model, to the trial that is kept."""


RUNS = TRAINING / "{{model}}" / "trial-{trial}" / "fold-{fold}"


rule select_trial:
    message:
        "Choosing the trial of {wildcards.model} by its mean validation UAR"
    input:
        validations=expand(
            RUNS / "validation.json", trial=range(len(TRIALS)), fold=FOLD_NUMBERS
        ),
        histories=expand(RUNS / "history.csv", trial=range(len(TRIALS)), fold=FOLD_NUMBERS),
    output:
        trials=SEARCH / "{model}" / "trials.csv",
        best=SEARCH / "{model}" / "best.json",
        chosen=SEARCH / "{model}" / "histories.csv",
    params:
        trials=TRIALS,
        code=code("select_trial.py"),
    log:
        log_of("search/{model}"),
    benchmark:
        benchmark_of("search/{model}")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/select_trial.py"
