"""halving: the rungs of successive halving, which replace the rule `train`."""

# Which trial is in a slot of a rung is not known before the run.
for RUNG, SLOTS in [(rung, slots) for rung in range(len(RUNGS)) for slots in rung_batches(rung)]:

    NAME, FOLDER = f"train_rung_{RUNG}", "slot-{slot}"
    if TRIALS_PER_JOB > 1:
        NAME += f"_{SLOTS[0]}_to_{SLOTS[-1]}"
        FOLDER = f"slots-{SLOTS[0]}-to-{SLOTS[-1]}"

    rule:
        name:
            NAME
        input:
            **TRAIN_INPUTS,
            rungs=rung_trials(RUNG),
            previous=rung_checkpoints(RUNG - 1) if RUNG > 0 else [],
        output:
            **trained_files(*rung_folders(RUNG, SLOTS)),
            checkpoint=temp(rung_checkpoints(RUNG, SLOTS)),
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
            **training_resources(trials_at(RUNG, SLOTS), 720 * len(SLOTS))
            | profile_resources("train"),
        params:
            **TRAIN_PARAMS,
            **script_params("train_rung"),
            trials=lambda wildcards, trial_ids=trials_at(RUNG, SLOTS): trials_with_ids(
                wildcards.model, trial_ids(wildcards)
            ),
            slots=list(map(str, SLOTS)),
            epochs=RUNGS[RUNG].epochs,
            checkpoints=checkpoints(*rung_folders(RUNG, SLOTS)),
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
