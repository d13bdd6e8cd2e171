"""folds: the part of each recording in each fold."""


use rule local_job as assign_folds with:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
    output:
        folds=FOLDS,
    pathvars:
        job="folds",
    params:
        **script_params("assign_folds"),
        settings=config["folds"],
