"""pictures: what the networks draw and how they see the recordings, to figures of the report."""

PICTURE_NAMES = [
    *expand("generated-{model}", model=ADVERSARIAL),
    *expand("map-{model}", model=MODELS),
]
FIRST_FOLD = FOLD_NUMBERS[0]  # drawn for all: nothing picks it


rule draw_generated:
    input:
        best=SEARCH / "{model}" / "best.json",
        generated=expand(
            TRAINING / "{{model}}" / "trial-{trial}" / f"fold-{FIRST_FOLD}" / "generated.npz",
            trial=range(N_TRIALS),
        ),
        store=SPECTROGRAMS / "iemocap.h5",
        unlabelled=unlabelled_stores,
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        **figure_files("generated-{model}"),
    log:
        log_of("report/generated-{model}"),
    benchmark:
        benchmark_of("report/generated-{model}")
    wildcard_constraints:
        model="|".join(ADVERSARIAL) or "none",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        fold=FIRST_FOLD,
        training=TRAINING_SETTINGS | {"device": "cpu", "threads": 1},
        resolution=config["report"]["resolution"],
        code=code("draw_generated.py"),
    message:
        "Drawing what the generator of {wildcards.model} drew"
    script:
        "../scripts/draw_generated.py"


rule draw_map:
    input:
        map=EVALUATION / "{model}" / "map.csv",
    output:
        **figure_files("map-{model}"),
    log:
        log_of("report/map-{model}"),
    benchmark:
        benchmark_of("report/map-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        resolution=config["report"]["resolution"],
        code=code("draw_map.py"),
    message:
        "Drawing the map of the recordings by {wildcards.model}"
    script:
        "../scripts/draw_map.py"
