"""figures: what the other stages made, to the figures of the report."""

FIGURE_NAMES = [
    "comparison",
    *expand("confusion-{model}", model=MODELS),
    *expand("scatter-{model}", model=MODELS),
    *expand("learning-{model}", model=MODELS),
]


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
