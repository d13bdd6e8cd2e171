"""halving: the rungs of successive halving, which replace the rule `train`."""

# Which trial is at a place of a rung is not known before the run.
for RUNG, PLACES in [(rung, places) for rung in range(len(RUNGS)) for places in rung_batches(rung)]:

    NAME, FOLDER = f"train_rung_{RUNG}", "place-{place}"
    if TRIALS_PER_JOB > 1:
        NAME += f"_{PLACES[0]}_to_{PLACES[-1]}"
        FOLDER = f"places-{PLACES[0]}-to-{PLACES[-1]}"

    rule:
        name:
            NAME
        input:
            **TRAIN_INPUTS,
            rungs=rung_trials(RUNG),
            previous=rung_checkpoints(RUNG - 1) if RUNG > 0 else [],
        output:
            **trained_files(*rung_folders(RUNG, PLACES)),
            checkpoint=temp(rung_checkpoints(RUNG, PLACES)),
        log:
            "<logs>/<job>.log",
        benchmark:
            "<benchmarks>/<job>.tsv"
        pathvars:
            job=f"training/{{model}}/rung-{RUNG}/{FOLDER}/fold-{{fold}}",
        conda:
            ENVIRONMENT
        threads: config["training"]["threads"]
        resources:
            **training_resources(trials_at(RUNG, PLACES), 720 * len(PLACES))
            | profile_resources("train"),
        params:
            **TRAIN_PARAMS,
            **script_params("train_rung"),
            trials=lambda wildcards, trial_ids=trials_at(RUNG, PLACES): trials_with_ids(
                wildcards.model, trial_ids(wildcards)
            ),
            places=list(map(str, PLACES)),
            epochs=RUNGS[RUNG].epochs,
            checkpoints=checkpoints(*rung_folders(RUNG, PLACES)),
        message:
            f"Training {{wildcards.model}}, rung {RUNG}, fold {{wildcards.fold}}"
        script:
            "../scripts/train_rung.py"


if RUNGS:

    use rule job as select_rung with:
        input:
            **LABELLED,
            validations=lambda wildcards: rung_validations(int(wildcards.rung) - 1),
        output:
            trials=SEARCH / "{model}" / "rung-{rung}.json",
        pathvars:
            job="search/{model}/rung-{rung}",
        localrule: True
        params:
            **script_params("select_rung"),
            size=lambda wildcards: RUNGS[int(wildcards.rung)].size,
            select=config["search"]["select"],

    # The outputs are those of the rule `train` with random search.
    use rule job as collect_trials with:
        input:
            **{f"rung_{name}": files for name, files in trained_files(*all_rung_folders()).items()},
            rungs=rung_trials(),
        output:
            **trained_files(*batch_folders(range(N_TRIALS))),
        pathvars:
            job="search/{model}/fold-{fold}",
        localrule: True
        params:
            **script_params("collect_trials"),
            fold=lambda wildcards: int(wildcards.fold),
            sizes=[rung.size for rung in RUNGS],
            names=list(trained_files()),
