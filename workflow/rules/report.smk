"""report: tables, provenance and the report itself."""

from emospeech.report.paper import TABLE_3_MODEL

# Tables that compare the study with the paper's Table 3, if it has the model of that table.
PAPER_TABLES = ["paper", "cells"] if COMPARABLE and TABLE_3_MODEL in MODELS else []
STUDY_TABLES = ["labels", "composition", "parameters"]
CONTROL_METRICS = control_metrics()
RESULT_TABLES = [
    *("table-1", "table-2", *expand("table-3-{model}", model=MODELS), "classes"),
    *PAPER_TABLES,
]
EVIDENCE_TABLES = [
    *("intervals", "further", "folds", "comparisons", "variability", "chance"),
    *("references", "subgroups", "leaks", "neighbours"),
    *(["control"] if CONTROL_METRICS else []),
    *(["forecasts"] if models_drawn("forecast") else []),
]
HISTORIES = expand(SEARCH / "{model}" / "histories.csv", model=models_drawn("forecast"))
EVIDENCE = evaluation_files(
    *("metrics", "intervals", "comparisons", "variability", "references", "subgroups", "leaks"),
    "neighbours",
)
EVIDENCE |= {"control": CONTROL_METRICS, "histories": HISTORIES}
MODEL_RESULTS = {
    "best": ALL_BEST,
    "confusions": expand(EVALUATION / "{model}" / "confusion.csv", model=MODELS),
    "classes": expand(EVALUATION / "{model}" / "classes.csv", model=MODELS),
    "cells": EVALUATION / "cells.csv",
}


use rule job as tabulate_results with:
    input:
        **MODEL_RESULTS,
        metrics=EVALUATION / "metrics.csv",
    output:
        **table_files(*RESULT_TABLES),
    pathvars:
        job="report/results-tables",
    localrule: True
    params:
        **script_params("tabulate_results"),
        tables=RESULT_TABLES,
        comparable=COMPARABLE,


use rule job as tabulate_evidence with:
    input:
        **EVIDENCE,
    output:
        **table_files(*EVIDENCE_TABLES),
    pathvars:
        job="report/evidence",
    localrule: True
    params:
        **script_params("tabulate_evidence"),
        tables=EVIDENCE_TABLES,
        comparable=COMPARABLE,
        target=LABELS.target,


use rule job as tabulate_variants with:
    input:
        variants=COMPARISON,
    output:
        **table_files("variants"),
    pathvars:
        job="report/variants-table",
    localrule: True
    params:
        **script_params("tabulate_evidence"),
        tables=["variants"],
        comparable=COMPARABLE,
        target=LABELS.target,


use rule job as tabulate_study with:
    input:
        **LABELLED,
        best=ALL_BEST,
    output:
        **table_files(*STUDY_TABLES),
    pathvars:
        job="report/study-tables",
    localrule: True
    params:
        **script_params("tabulate_study"),
        rows=config["spectrograms"]["rows"],
        models=STUDY["models"],
        labels=STUDY["labels"],


use rule job as record_provenance with:
    input:
        evaluation=EVALUATED,
        trials=ALL_TRIALS,
        hardware=files_of_all_trainings("hardware.json"),
    output:
        provenance=REPORT / "provenance.json",
    pathvars:
        job="report/provenance",
    localrule: True
    params:
        **script_params("record_provenance"),
        config=config,
        command=lambda wildcards: study_command(
            target="variants" if page_shows_variants() else None
        ),
        # The stores are not inputs of the rule, because only existing ones are described.
        stores=[str(SPECTROGRAMS / f"{corpus}.h5") for corpus in CORPORA_OF_STUDY],
        benchmarks=BENCHMARKS,


use rule job as write_report with:
    input:
        **EVIDENCE,
        **MODEL_RESULTS,
        provenance=REPORT / "provenance.json",
        recordings=LABELLED["recordings"],
        templates=sorted((ROOT / "emospeech" / "report" / "template").rglob("*.*")),
        corpora=expand(CORPORA / "{corpus}" / "summary.json", corpus=CORPORA_OF_STUDY),
        spectrograms=expand(SPECTROGRAMS / "{corpus}.json", corpus=CORPORA_OF_STUDY),
        trials=ALL_TRIALS,
        figures=expand(FIGURES / "{name}.{suffix}", name=FIGURE_NAMES, suffix=FIGURE_FORMATS),
        tables=expand(
            TABLES / "{name}.{suffix}",
            name=[*RESULT_TABLES, *EVIDENCE_TABLES],
            suffix=TABLE_FORMATS,
        ),
        study=expand(TABLES / "{name}.csv", name=STUDY_TABLES),
        variants=if_page_shows_variants(COMPARISON),
        # The page is not written if a variant has a leak.
        variant_leaks=if_page_shows_variants(VARIANTS_FOLDER / "leaks.csv"),
        variant_files=if_page_shows_variants(
            [
                *expand(FIGURES / "{name}.{suffix}", name=VARIANT_FIGURES, suffix=FIGURE_FORMATS),
                *expand(TABLES / "variants.{suffix}", suffix=TABLE_FORMATS),
            ]
        ),
    output:
        page=report_item(REPORT / "index.html", "page", "The page"),
    pathvars:
        job="report/page",
    localrule: True
    params:
        **script_params("write_report"),
        labels=STUDY["labels"],
        labelled=LABELLED_CORPUS,
        command=f"{study_command()} --force",  # the report appends targets
        control_command=study_command(ROOT / "config" / "control.yaml"),
        docs=os.path.relpath(ROOT / "docs", REPORT),
