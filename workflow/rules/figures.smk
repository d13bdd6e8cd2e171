"""figures: what the other stages made, to the figures of the report."""

# The one on the page has the most parts of all; the others are there for the asking.
OUTLINED = max(MODELS, key=lambda model: (model in ADVERSARIAL, model.startswith("Multitask")))
FIGURE_NAMES = [
    f"outline-{OUTLINED}",
    "balance",
    "example",
    "comparison",
    *expand("confusion-{model}", model=MODELS),
    *expand("scatter-{model}", model=MODELS),
    "trials",
    *expand("learning-{model}", model=MODELS),
]


rule draw_outline:
    input:
        best=SEARCH / "{model}" / "best.json",
    output:
        **figure_files("outline-{model}"),
    log:
        log_of("report/outline-{model}"),
    benchmark:
        benchmark_of("report/outline-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        model="{model}",
        rows=config["spectrograms"]["rows"],
        networks=NETWORKS,
        resolution=config["report"]["resolution"],
        code=code("draw_outline.py"),
    message:
        "Drawing {wildcards.model} as it is built"
    script:
        "../scripts/draw_outline.py"


rule draw_balance:
    input:
        recordings=CORPORA / "iemocap" / "recordings.csv",
        folds=FOLDS,
    output:
        **figure_files("balance"),
    log:
        log_of("report/balance"),
    benchmark:
        benchmark_of("report/balance")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        seed=SEED,
        oversample=config["labels"]["oversample"],
        resolution=config["report"]["resolution"],
        code=code("draw_balance.py"),
    message:
        "Drawing the labels before and after oversampling"
    script:
        "../scripts/draw_balance.py"


rule draw_example:
    input:
        store=SPECTROGRAMS / "iemocap.h5",
        words=CORPORA / "iemocap" / "words.csv",
    output:
        **figure_files("example"),
    log:
        log_of("report/example"),
    benchmark:
        benchmark_of("report/example")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        width=max(trial["crop_width"] for trial in TRIALS[OUTLINED]),
        seed=SEED,
        edge=config["crops"]["edge"],
        resolution=config["report"]["resolution"],
        code=code("draw_example.py"),
    message:
        "Drawing a recording, its words and a crop of it"
    script:
        "../scripts/draw_example.py"


rule draw_comparison:
    input:
        metrics=EVALUATION / "metrics.csv",
        intervals=EVALUATION / "intervals.csv",
    output:
        **figure_files("comparison"),
    log:
        log_of("report/comparison"),
    benchmark:
        benchmark_of("report/comparison")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        resolution=config["report"]["resolution"],
        code=code("draw_comparison.py"),
    message:
        "Drawing the comparison of the models"
    script:
        "../scripts/draw_comparison.py"


rule draw_confusion:
    input:
        confusion=EVALUATION / "{model}" / "confusion.csv",
    output:
        **figure_files("confusion-{model}"),
    log:
        log_of("report/confusion-{model}"),
    benchmark:
        benchmark_of("report/confusion-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        model="{model}",
        resolution=config["report"]["resolution"],
        code=code("draw_confusion.py"),
    message:
        "Drawing the confusions of {wildcards.model}"
    script:
        "../scripts/draw_confusion.py"


rule draw_scatter:
    input:
        predictions=expand(
            EVALUATION / "{{model}}" / "fold-{fold}" / "predictions.csv", fold=FOLD_NUMBERS
        ),
    output:
        **figure_files("scatter-{model}"),
    log:
        log_of("report/scatter-{model}"),
    benchmark:
        benchmark_of("report/scatter-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        model="{model}",
        resolution=config["report"]["resolution"],
        code=code("draw_scatter.py"),
    message:
        "Drawing predicted against actual valence of {wildcards.model}"
    script:
        "../scripts/draw_scatter.py"


rule draw_trials:
    input:
        trials=expand(SEARCH / "{model}" / "trials.csv", model=MODELS),
    output:
        **figure_files("trials"),
    log:
        log_of("report/trials"),
    benchmark:
        benchmark_of("report/trials")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        resolution=config["report"]["resolution"],
        code=code("draw_trials.py"),
    message:
        "Drawing the search by parameter"
    script:
        "../scripts/draw_trials.py"


rule draw_learning:
    input:
        histories=SEARCH / "{model}" / "histories.csv",
    output:
        **figure_files("learning-{model}"),
    log:
        log_of("report/learning-{model}"),
    benchmark:
        benchmark_of("report/learning-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        model="{model}",
        resolution=config["report"]["resolution"],
        code=code("draw_learning.py"),
    message:
        "Drawing the learning curves of {wildcards.model}"
    script:
        "../scripts/draw_learning.py"
