"""report: predictions and metrics, to tables and the page that shows all."""

from emospeech.report.paper import TABLE_3_MODEL

# Tables that hold the run against the paper's Table 3, where the run has the model of that table.
RECOVERED = ["paper", "cells"] if TABLE_3_MODEL in MODELS else []
# The control is another study. What it left is shown once it is there; it is not made for the page.
CONTROL_METRICS = [] if CONTROL is None else Path(CONTROL) / "evaluation" / "metrics.csv"
if CONTROL_METRICS and not CONTROL_METRICS.exists():
    CONTROL_METRICS = []
EVIDENCE = [
    *(
        "intervals",
        "further",
        "folds",
        "comparisons",
        "spread",
        "chance",
        "references",
        "slices",
        "leaks",
        "neighbours",
    ),
    *(["control"] if CONTROL_METRICS else []),
]
TABLE_NAMES = [
    *("table-1", "table-2", *expand("table-3-{model}", model=MODELS), "classes"),
    *EVIDENCE,
    *RECOVERED,
]
# What the evidence is made from, by name.
JUDGED = {
    name: EVALUATION / f"{name}.csv"
    for name in (
        *("metrics", "intervals", "comparisons", "spread", "references", "slices", "leaks"),
        "neighbours",
    )
}
JUDGED |= {"control": CONTROL_METRICS}


rule tabulate_parameters:
    input:
        best=expand(SEARCH / "{model}" / "best.json", model=MODELS),
    output:
        **table_files("table-1"),
    log:
        log_of("report/table-1"),
    benchmark:
        benchmark_of("report/table-1")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_parameters.py"),
    message:
        "Table 1: the parameters of each model"
    script:
        "../scripts/tabulate_parameters.py"


rule tabulate_metrics:
    input:
        metrics=EVALUATION / "metrics.csv",
    output:
        **table_files("table-2"),
    log:
        log_of("report/table-2"),
    benchmark:
        benchmark_of("report/table-2")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_metrics.py"),
    message:
        "Table 2: the metrics of each model"
    script:
        "../scripts/tabulate_metrics.py"


rule tabulate_confusion:
    input:
        confusion=EVALUATION / "{model}" / "confusion.csv",
    output:
        **table_files("table-3-{model}"),
    log:
        log_of("report/table-3-{model}"),
    benchmark:
        benchmark_of("report/table-3-{model}")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        model="{model}",
        code=code("tabulate_confusion.py"),
    message:
        "Table 3: the confusion matrix of {wildcards.model}"
    script:
        "../scripts/tabulate_confusion.py"


rule tabulate_classes:
    input:
        classes=expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
    output:
        **table_files("classes"),
    log:
        log_of("report/classes"),
    benchmark:
        benchmark_of("report/classes")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_classes.py"),
    message:
        "Table of precision, recall and F1"
    script:
        "../scripts/tabulate_classes.py"


rule tabulate_recovery:
    input:
        confusion=EVALUATION / TABLE_3_MODEL / "confusion.csv",
        cells=EVALUATION / "cells.csv",
    output:
        **files_of_tables(["paper", "cells"]),
    log:
        log_of("report/paper"),
    benchmark:
        benchmark_of("report/paper")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_recovery.py"),
    message:
        "Tables that hold the run against the paper's Table 3"
    script:
        "../scripts/tabulate_recovery.py"


rule tabulate_evidence:
    input:
        **JUDGED,
    output:
        **files_of_tables(EVIDENCE),
    log:
        log_of("report/evidence"),
    benchmark:
        benchmark_of("report/evidence")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        tables=EVIDENCE,
        code=code("tabulate_evidence.py"),
    message:
        "Tables to judge the results by: intervals, comparisons, references, slices, leak checks"
    script:
        "../scripts/tabulate_evidence.py"


rule record_provenance:
    input:
        evaluation=EVALUATED,
    output:
        provenance=REPORT / "provenance.json",
    log:
        log_of("report/provenance"),
    benchmark:
        benchmark_of("report/provenance")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        config=config,
        command=command_of_study(),
        # What these hold is told, where they are there; they are no reason to make anything.
        stores=[str(SPECTROGRAMS / f"{corpus}.h5") for corpus in AUDIO],
        benchmarks=benchmark_folder(),
        code=code("record_provenance.py"),
    message:
        "Writing down what is needed to run this again"
    script:
        "../scripts/record_provenance.py"


rule write_report:
    input:
        **JUDGED,
        provenance=REPORT / "provenance.json",
        templates=sorted((ROOT / "emospeech" / "report" / "template").rglob("*.*")),
        cells=EVALUATION / "cells.csv",
        corpora=expand(CORPORA / "{corpus}" / "summary.json", corpus=AUDIO),
        spectrograms=expand(SPECTROGRAMS / "{corpus}.json", corpus=AUDIO),
        best=expand(SEARCH / "{model}" / "best.json", model=MODELS),
        trials=expand(SEARCH / "{model}" / "trials.csv", model=MODELS),
        confusions=expand(EVALUATION / "{model}" / "confusion.csv", model=MODELS),
        classes=expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
        figures=expand(
            FIGURES / "{name}.{suffix}",
            name=[*FIGURE_NAMES, *PICTURE_NAMES],
            suffix=FIGURE_FORMATS,
        ),
        tables=expand(TABLES / "{name}.{suffix}", name=TABLE_NAMES, suffix=TABLE_FORMATS),
    output:
        page=shown(REPORT / "index.html", "page", "The page"),
    log:
        log_of("report/page"),
    benchmark:
        benchmark_of("report/page")
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        command=command_of_one_file(),
        control=CONTROL,
        control_command=command_of_control(),
        code=code("write_report.py"),
    message:
        "Writing the report page"
    script:
        "../scripts/write_report.py"
