"""training: stores, fold and trial, to weights, history and validation score."""

TRAINED = TRAINING / "{model}" / "trial-{trial}" / "fold-{fold}"
TRAINED_AGAIN = TRAINING / "{model}" / "seed-{seed}" / "fold-{fold}"
TRIALS_PER_JOB = config["training"]["trials_per_job"]
BATCHES = [
    range(first, min(first + TRIALS_PER_JOB, N_TRIALS))
    for first in range(0, N_TRIALS, TRIALS_PER_JOB)
]
LEARNED_FROM = {
    "store": SPECTROGRAMS / "iemocap.h5",
    "unlabelled": unlabelled_stores,
    "recordings": CORPORA / "iemocap" / "recordings.csv",
    "folds": FOLDS,
    "ratings": ratings_to_learn(),
}
LEARNED_WITH = {
    "model": "{model}",
    "fold": lambda wildcards: int(wildcards.fold),
    "networks": NETWORKS,
    "shuffle_seed": SEED if config["labels"]["shuffle"] else None,
}


def memory_of_trials(numbers):
    """Return the memory of a training in MB, as a resource: by the largest of some trials.

    The stores are added, since their mapped pages count as memory of the job. A retry gets more for
    the training alone.
    """

    def megabytes(wildcards, input, attempt):
        trials = [TRIALS[wildcards.model][number] for number in numbers(wildcards)]
        rows = config["spectrograms"]["rows"]
        largest = max(training_megabytes(wildcards.model, rows, one, NETWORKS) for one in trials)
        return attempt * largest + round(input.size_mb)

    return megabytes


rule train:
    input:
        **LEARNED_FROM,
        best=[],
    output:
        weights=[TRAINED / "weights.safetensors"],
        history=[TRAINED / "history.csv"],
        draws=[TRAINED / "draws.csv.gz"],
        validation=[TRAINED / "validation.json"],
        generated=[TRAINED / "generated.npz"],
    log:
        log_of("training/{model}/trial-{trial}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/trial-{trial}/fold-{fold}")
    wildcard_constraints:
        trial=r"\d+" if TRIALS_PER_JOB == 1 else "(?!)",  # else the rules below train the trials
    conda:
        ENVIRONMENT
    threads: config["training"]["threads"]
    resources:
        mem_mb=memory_of_trials(lambda wildcards: [int(wildcards.trial)]),
        runtime=growing(720),
        gpu=GPU,
    params:
        **LEARNED_WITH,
        trials=lambda wildcards: numbered_trials(wildcards.model, [int(wildcards.trial)]),
        training=TRAINING_SETTINGS,
        checkpoints=[str(TRAINED / ".checkpoint.safetensors")],
        code=code("train.py"),
    message:
        "Training {wildcards.model}, trial {wildcards.trial}, fold {wildcards.fold}"
    script:
        "../scripts/train.py"


# Several trials of a fold in one job, so that short trainings share a start.
for BATCH in BATCHES if TRIALS_PER_JOB > 1 else []:

    rule:
        name:
            f"train_{BATCH[0]}_to_{BATCH[-1]}"
        input:
            **LEARNED_FROM,
            best=[],
        output:
            weights=of_trials(BATCH, "weights.safetensors"),
            history=of_trials(BATCH, "history.csv"),
            draws=of_trials(BATCH, "draws.csv.gz"),
            validation=of_trials(BATCH, "validation.json"),
            generated=of_trials(BATCH, "generated.npz"),
        log:
            log_of(f"training/{{model}}/trials-{BATCH[0]}-to-{BATCH[-1]}/fold-{{fold}}"),
        benchmark:
            benchmark_of(f"training/{{model}}/trials-{BATCH[0]}-to-{BATCH[-1]}/fold-{{fold}}")
        conda:
            ENVIRONMENT
        threads: config["training"]["threads"]
        resources:
            # What a profile sets for `train`, such as a GPU, holds for these as well.
            **{
                "mem_mb": memory_of_trials(lambda wildcards, numbers=tuple(BATCH): numbers),
                "runtime": growing(720 * len(BATCH)),
                "gpu": GPU,
            }
            | resources_of_profile("train"),
        params:
            **LEARNED_WITH,
            trials=lambda wildcards, numbers=tuple(BATCH): numbered_trials(wildcards.model, numbers),
            training=TRAINING_SETTINGS,
            checkpoints=list(map(str, of_trials(BATCH, ".checkpoint.safetensors"))),
            code=code("train.py"),
        message:
            f"Training {{wildcards.model}}, trials {BATCH[0]} to {BATCH[-1]}, fold {{wildcards.fold}}"
        script:
            "../scripts/train.py"


# The chosen trial with another seed, for the spread between seeds.
use rule train as train_again with:
    input:
        **LEARNED_FROM,
        best=SEARCH / "{model}" / "best.json",
    output:
        weights=[TRAINED_AGAIN / "weights.safetensors"],
        history=[TRAINED_AGAIN / "history.csv"],
        draws=[TRAINED_AGAIN / "draws.csv.gz"],
        validation=[TRAINED_AGAIN / "validation.json"],
        generated=[TRAINED_AGAIN / "generated.npz"],
    log:
        log_of("training/{model}/seed-{seed}/fold-{fold}"),
    benchmark:
        benchmark_of("training/{model}/seed-{seed}/fold-{fold}")
    resources:
        # The trial is chosen when the job runs.
        mem_mb=memory_of_trials(lambda wildcards: range(N_TRIALS)),
        runtime=growing(720),
        gpu=GPU,
    params:
        **LEARNED_WITH,
        trials=None,
        training=lambda wildcards: TRAINING_SETTINGS | {"seed": int(wildcards.seed)},
        checkpoints=[str(TRAINED_AGAIN / ".checkpoint.safetensors")],
        code=code("train.py"),
    message:
        "Training {wildcards.model} again with seed {wildcards.seed}, fold {wildcards.fold}"
