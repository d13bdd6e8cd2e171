"""search: select the trial with the best validation UAR, for each model or each fold."""


use rule job as select_trial with:
    input:
        **LABELLED,
        validations=all_trial_files("validation.json"),
        histories=all_trial_files("history.csv"),
        rungs=rung_trials(),
    output:
        trials=SEARCH / "{model}" / "trials.csv",
        best=BEST,
        chosen=SEARCH / "{model}" / "histories.csv",
    pathvars:
        job="search/{model}",
    localrule: True
    params:
        **script_params("select_trial"),
        trials=lambda wildcards: TRIALS[wildcards.model],
        select=config["search"]["select"],
