"""report: predictions and metrics, to tables, figures and the page that shows them all."""

TABLES = REPORT / "tables"
FIGURES = REPORT / "figures"
FORMATS = ("csv", "md", "tex")
FIGURE_NAMES = [
    "comparison",
    *expand("confusion-{model}", model=MODELS),
    *expand("learning-{model}", model=MODELS),
]


def table_files(name):
    """Return the files of a table by their format."""
    return {suffix: TABLES / f"{name}.{suffix}" for suffix in FORMATS}


def figure_files(name):
    return {suffix: FIGURES / f"{name}.{suffix}" for suffix in ("pdf", "png")}


rule tabulate_parameters:
    message:
        "Table 1: the parameters of each model"
    input:
        best=expand(SEARCH / "{model}" / "best.json", model=MODELS),
    output:
        **table_files("table-1"),
    params:
        code=code("tabulate_parameters.py"),
    log:
        log_of("report/table-1"),
    benchmark:
        benchmark_of("report/table-1")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/tabulate_parameters.py"


rule tabulate_metrics:
    message:
        "Table 2: the metrics of each model"
    input:
        metrics=EVALUATION / "metrics.csv",
    output:
        **table_files("table-2"),
    params:
        code=code("tabulate_metrics.py"),
    log:
        log_of("report/table-2"),
    benchmark:
        benchmark_of("report/table-2")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/tabulate_metrics.py"


rule tabulate_confusion:
    message:
        "Table 3: the confusion matrix of {wildcards.model}"
    input:
        confusion=EVALUATION / "{model}" / "confusion.csv",
    output:
        **table_files("table-3-{model}"),
    params:
        model="{model}",
        code=code("tabulate_confusion.py"),
    log:
        log_of("report/table-3-{model}"),
    benchmark:
        benchmark_of("report/table-3-{model}")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/tabulate_confusion.py"


rule tabulate_classes:
    message:
        "Table of precision, recall and F1"
    input:
        classes=expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
    output:
        **table_files("classes"),
    params:
        code=code("tabulate_classes.py"),
    log:
        log_of("report/classes"),
    benchmark:
        benchmark_of("report/classes")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/tabulate_classes.py"


rule draw_comparison:
    message:
        "Drawing the comparison of the models"
    input:
        metrics=EVALUATION / "metrics.csv",
    output:
        **figure_files("comparison"),
    params:
        resolution=config["report"]["resolution"],
        code=code("draw_comparison.py"),
    log:
        log_of("report/comparison"),
    benchmark:
        benchmark_of("report/comparison")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/draw_comparison.py"


rule draw_confusion:
    message:
        "Drawing the confusions of {wildcards.model}"
    input:
        confusion=EVALUATION / "{model}" / "confusion.csv",
    output:
        **figure_files("confusion-{model}"),
    params:
        model="{model}",
        resolution=config["report"]["resolution"],
        code=code("draw_confusion.py"),
    log:
        log_of("report/confusion-{model}"),
    benchmark:
        benchmark_of("report/confusion-{model}")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/draw_confusion.py"


rule draw_learning:
    message:
        "Drawing the learning curves of {wildcards.model}"
    input:
        histories=SEARCH / "{model}" / "histories.csv",
    output:
        **figure_files("learning-{model}"),
    params:
        model="{model}",
        resolution=config["report"]["resolution"],
        code=code("draw_learning.py"),
    log:
        log_of("report/learning-{model}"),
    benchmark:
        benchmark_of("report/learning-{model}")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/draw_learning.py"


rule write_report:
    message:
        "Writing the report page"
    input:
        template=ROOT / "emospeech" / "report" / "page.html.jinja",
        metrics=EVALUATION / "metrics.csv",
        corpora=expand(CORPORA / "{corpus}" / "summary.json", corpus=AUDIO),
        best=expand(SEARCH / "{model}" / "best.json", model=MODELS),
        trials=expand(SEARCH / "{model}" / "trials.csv", model=MODELS),
        confusions=expand(EVALUATION / "{model}" / "confusion.csv", model=MODELS),
        classes=expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
        histories=expand(SEARCH / "{model}" / "histories.csv", model=MODELS),
        figures=expand(FIGURES / "{name}.{suffix}", name=FIGURE_NAMES, suffix=["pdf", "png"]),
        tables=expand(
            TABLES / "{name}.{suffix}",
            name=["table-1", "table-2", *expand("table-3-{model}", model=MODELS), "classes"],
            suffix=FORMATS,
        ),
    output:
        page=REPORT / "index.html",
    params:
        config=config,
        code=code("write_report.py"),
    log:
        log_of("report/page"),
    benchmark:
        benchmark_of("report/page")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/write_report.py"
