"""folds: the part of each recording in each fold."""


use rule job as assign_folds with:
    input:
        recordings=LABELLED["recordings"],
        file=config["folds"]["file"] or [],
    output:
        folds=FOLDS,
    pathvars:
        job="folds",
    localrule: True
    params:
        **script_params("assign_folds"),
        folds=config["folds"],
        labels=STUDY["labels"],
        emotions=list(RELEASES[LABELLED_CORPUS].emotions if LABELLED_CORPUS in RELEASES else ()),
