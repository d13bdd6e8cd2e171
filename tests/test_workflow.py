"""The workflow as a user runs it: a small study in a copy of the project, and changes to it."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import yaml

from emospeech.report.templates import summaries
from tests import browser, test_docs
from tests.run_environment import run_environment

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[1]
PROJECT = ["Snakefile", "config", "emospeech", "envs", "profiles", "slurm", "workflow"]
MODELS = ["BasicCNN", "MultitaskDCGAN"]
SMALL = {
    "results": "results/small",
    "corpora": {
        "synthetic": {
            "root": "results/small/synthetic",
            "utterances": 90,
            "meetings": 2,
            "hours": 0.02,
        }
    },
    "spectrograms": {"rows": 32},
    "models": {"names": MODELS, "shared_units": 16, "latent_size": 8},
    "search": {
        "trials": 1,
        "space": {"crop_width": [16], "filter_size": [2], "filters": [4], "batch_size": [8]},
    },
    "training": {"max_epochs": 2},
    "evaluation": {"permutations": 200, "resamples": 200},
    "report": {"resolution": 60},
}


class Project:
    """A copy of the project, which can only import the packages that a run needs."""

    def __init__(self, folder):
        self.folder, self.environment = folder, run_environment()
        for name in PROJECT:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)
        (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))

    def run(self, *arguments, typed=None, **options):
        """Run snakemake with `typed` on stdin; return the process, with `output` as text."""
        process = self.start(*arguments, **options, stdin=subprocess.PIPE if typed else None)
        process.output, _ = process.communicate(typed)
        return process

    def start(
        self,
        *arguments,
        config="small.yaml",
        cores=2,
        demo=True,
        folder=None,
        stdin=None,
        prefix=(),
    ):
        """Start snakemake in a new process group in `folder`, by default the project's folder.

        The command starts with `prefix`.
        """
        files = [*(["config/demo.yaml"] if demo else []), *([config] if config else [])]
        # The arguments come first, because a target after --configfile would be read as its value.
        command = [*prefix, sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)]
        command += ["--configfile", *files] if files else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
        return subprocess.Popen(
            command,
            cwd=folder or self.folder,
            env=environment | self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def planned(self, *arguments, **options):
        """Return {rule: number of jobs} of a dry run."""
        return counted_jobs(self.run("--dry-run", *arguments, **options))

    @contextmanager
    def edited(self, text, *names):
        """Append text to files of the project in a `with` block."""
        before = {self.folder / name: (self.folder / name).read_text() for name in names}
        for path, content in before.items():
            path.write_text(content + text)
        try:
            yield
        finally:
            for path, content in before.items():
                path.write_text(content)


def counted_jobs(done):
    """Return {rule: number of jobs} in the output of a dry run."""
    assert done.returncode == 0, done.output
    rows = re.findall(r"^([a-z_0-9]+) +(\d+)$", done.output, re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small study after a complete run on two cores."""
    project = Project(tmp_path_factory.mktemp("project"))
    done = project.run()
    assert done.returncode == 0, done.output
    return project


def test_the_demo_plans_all_stages_and_trainings(tmp_path):
    planned = Project(tmp_path).planned(config=None)
    trials = yaml.safe_load((ROOT / "config/demo.yaml").read_text())["search"]["trials"]
    assert planned["train_0_to_1"] == 4 * 5
    assert trials == 2, "both in one job of train_0_to_1"
    assert planned["evaluate_model"] == 4
    assert sum(planned.values()) < 60
    stages = "synthesize_iemocap synthesize_ami read_corpus assign_folds compute_metrics"
    assert {*stages.split(), "extract_spectrograms", "select_trial", "write_report"} <= set(planned)


def test_output_page_lists_every_column(project):
    results = project.folder / "results/small"
    documented = test_docs.documented_files()
    for file in [*results.rglob("*.csv"), *results.rglob("*.csv.gz")]:
        path = test_docs.generic(str(file.relative_to(results)))
        if not path.startswith("synthetic/"):
            columns = {test_docs.generic_column(name) for name in pd.read_csv(file, nrows=0)}
            assert columns - test_docs.documented_columns(documented[path]) == set(), path


def test_the_study_writes_the_documented_results(project):
    results = project.folder / "results/small"
    names = "recording path duration session speaker gender dialogue start end emotion valence"
    recordings = pd.read_csv(results / "corpora/iemocap/recordings.csv")
    assert list(recordings) == [*names.split(), "activation", "dominance", "raters"]
    assert len(recordings) == 90
    words = pd.read_csv(results / "corpora/ami/words.csv")
    assert list(words) == ["recording", "speaker", "word", "start", "end"]
    assert list(pd.read_csv(results / "folds.csv")) == ["fold", "recording", "part"]
    for model in MODELS:
        folds = range(1, 6)
        tables = [results / f"evaluation/{model}/fold-{n}/predictions.csv" for n in folds]
        tested = pd.concat(map(pd.read_csv, tables))
        assert tested["recording"].is_unique
        assert set(tested["speaker"]) == {f"Ses0{n}M" for n in folds}
        assert json.loads((results / f"search/{model}/best.json").read_text())["trial"] == 0
        assert (results / f"report/figures/confusion-{model}.pdf").read_bytes()[:4] == b"%PDF"
    metrics = pd.read_csv(results / "evaluation/metrics.csv")
    crops = pd.read_csv(results / "evaluation/crops.csv").query("crop_seed == 1")
    own = metrics[metrics["scope"] == "pooled"].merge(crops, on=["model", "task"])
    assert len(own) == 3, "the tasks of two models"
    assert own["uar5_x"].equals(own["uar5_y"]), "the seed of the study gives its metrics"
    assert own["rho_x"].equals(own["rho_y"])
    variability = pd.read_csv(results / "evaluation/variability.csv").query("metric == 'rho'")
    assert variability["deviation_crops"].max() > 0
    assert set(variability["model"]) == set(MODELS)
    for name in ("metrics", "intervals", "comparisons", "subgroups"):
        table = pd.read_csv(results / f"evaluation/{name}.csv")
        found = {*table["model"], *table.get("other", [])}
        assert found == {*MODELS, "baseline", "baseline_crop"}, name
    references = pd.read_csv(results / "evaluation/references.csv")["reference"]
    assert set(references) == {"majority", "prior", "uniform", "rater"}
    assert set(pd.read_csv(results / "evaluation/leaks.csv")["result"]) == {"passed"}
    provenance = json.loads((results / "report/provenance.json").read_text())
    used = {model: pd.read_csv(results / f"search/{model}/trials.csv") for model in MODELS}
    expected = {model: [*table["training_precision"].unique()] for model, table in used.items()}
    assert provenance["training_precision"] == expected
    page = (results / "report/index.html").read_text()
    assert all(model in page for model in MODELS)
    for table in ("table-1", "table-2", "table-3-BasicCNN", "classes"):
        for suffix in ("csv", "md", "tex", "html"):
            assert (results / f"report/tables/{table}.{suffix}").stat().st_size > 100


def test_trainings_write_logs(project):
    logs = list((project.folder / "results/small/logs/training").rglob("*.log"))
    assert len(logs) == len(MODELS) * 5
    assert all("validation UAR" in log.read_text() for log in logs)


def test_a_second_run_has_nothing_to_do(project):
    assert "Nothing to be done" in project.run().output


def test_one_core_gives_the_same_bytes(project):
    again = SMALL | {"results": "results/again"}
    again["corpora"] = {"synthetic": SMALL["corpora"]["synthetic"] | {"root": "results/again/x"}}
    (project.folder / "again.yaml").write_text(yaml.safe_dump(again))
    tables = [f"evaluation/{name}.csv" for name in ("metrics", "intervals")]
    targets = [f"results/again/{table}" for table in tables]
    done = project.run(*targets, config="again.yaml", cores=1)
    assert done.returncode == 0, done.output
    first, second = project.folder / "results/small", project.folder / "results/again"
    files = [*first.glob("evaluation/**/predictions.csv"), *first.glob("corpora/**/*.*")]
    files += [*first.glob("spectrograms/*.h5"), *first.glob("training/**/*.safetensors")]
    files += [*first.glob("training/**/generated.npz"), *first.glob("training/**/draws.csv.gz")]
    assert len(files) == 20 + 12 + 2 + 10 + 10 + 10
    files += [first / table for table in tables]
    for file in files:
        assert file.read_bytes() == (second / file.relative_to(first)).read_bytes(), file


def test_the_networks_of_the_study_score_recordings(project):
    wavs = sorted(map(str, project.folder.glob("results/small/synthetic/**/Ses01*.wav")))[:2]
    command = [sys.executable, "-m", "emospeech", "predict", "--model", MODELS[1]]
    done = subprocess.run(
        [*command, "--results", "results/small", *wavs],
        cwd=project.folder,
        env=os.environ | run_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    header, *rows = done.stdout.splitlines()
    assert header.startswith("file,p1,")
    assert header.endswith(",activation_expected,activation_expected_std")
    assert [row.split(",")[0] for row in rows] == wavs


def test_check_corpora_prints_its_results(project):
    done = project.run("check_corpora")
    assert done.returncode == 0, done.output
    assert re.search(r"^iemocap: \d+ of \d+ numbers ", done.output, re.MULTILINE)
    assert re.search(r"^meetings +all +171 +2 +169 .*EN2001a, ", done.output, re.MULTILINE)


def test_check_stores_finds_a_changed_byte(project):
    done = project.run("check_stores")
    assert done.returncode == 0, done.output
    assert re.search(r"^90 recordings of .* words, ", done.output, re.MULTILINE)
    store = project.folder / "results/small/spectrograms/iemocap.h5"
    whole, stamp = store.read_bytes(), store.stat()
    damaged = bytearray(whole)
    damaged[len(whole) * 2 // 3] ^= 1
    store.write_bytes(damaged)
    os.utime(store, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    try:
        done = project.run("check_stores")
        assert done.returncode != 0
        line = r"error: results/small/spectrograms/iemocap\.h5: .* the frames of Ses0"
        assert re.search(line, done.output), done.output
    finally:
        store.write_bytes(whole)
        os.utime(store, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


# The rules whose script uses a module. Their jobs and those that depend on them run again.
EDITS = {
    "emospeech/report/figures/confusion.py": {"draw_model"},
    "emospeech/search.py": {"select_trial"},
    "emospeech/evaluation/scores.py": {"compute_metrics"},
    "emospeech/training/engine.py": {"train"},
    "emospeech/corpora/iemocap_transcripts.py": {"read_corpus"},
    "emospeech/folds.py": {"assign_folds"},
    "emospeech/synthetic/ami_plan.py": {"synthesize_ami"},
}
# {rule: other rules, whose jobs do not depend on the rule}.
UPSTREAM = {
    "train": {
        "synthesize_iemocap",
        "synthesize_ami",
        "read_corpus",
        "extract_spectrograms",
        "assign_folds",
    },
    "draw_model": {"train", "evaluate_model", "compute_metrics", "draw_results"},
    "select_trial": {"train", "extract_spectrograms"},
    "compute_metrics": {"train", "evaluate_model", "select_trial", "draw_corpus"},
    "read_corpus": {"synthesize_iemocap", "synthesize_ami"},
    "assign_folds": {"read_corpus", "extract_spectrograms"},
    "synthesize_ami": {"synthesize_iemocap", "assign_folds"},
}


@pytest.mark.parametrize("module", EDITS)
def test_an_edit_reruns_the_jobs_that_use_the_module(project, module):
    with project.edited("\nEDITED = True\n", module):
        done = project.run("--dry-run")
    changed = re.search(r"params have changed.*?:\n +(.*)", done.output)
    assert set(changed.group(1).split(", ")) == EDITS[module]
    jobs = counted_jobs(done)
    assert not UPSTREAM[min(EDITS[module])] & set(jobs)
    assert jobs.get("read_corpus", 1) == 1, "not of the other corpus"


def test_a_comment_reruns_nothing(project):
    with project.edited("\n# a comment\n", *EDITS):
        assert project.planned() == {}


def test_one_job_redraws_a_deleted_figure(project):
    figure = "results/small/report/figures/confusion-BasicCNN.pdf"
    drawn = (project.folder / figure).read_bytes()
    (project.folder / figure).unlink()
    assert project.planned(figure) == {"draw_model": 1}
    assert project.run(figure).returncode == 0
    assert (project.folder / figure).read_bytes() == drawn
    assert project.run().returncode == 0  # updates the page


def test_deleted_tables_and_figures_are_regenerated_without_training(project):
    """First the tables and figures of the report, then the evaluation tables as well."""
    results = project.folder / "results/small"
    shown = [*results.glob("report/tables/*"), *results.glob("report/figures/*")]
    counted = [file for file in results.glob("evaluation/*.csv") if "acoustics" not in file.stem]
    for name in ("confusion", "classes"):
        counted += results.glob(f"evaluation/*/{name}.csv")
    made = {file: file.read_bytes() for file in (*shown, *counted)}
    formats = {"tables": {"csv", "md", "tex", "html"}, "figures": {"csv", "pdf", "png"}}
    names = {(file.parent.name, file.stem) for file in shown}
    assert len(shown) == sum(len(formats[folder]) for folder, _ in names)
    assert {(*name, end) for name in names for end in formats[name[0]]} == {
        (file.parent.name, file.stem, file.suffix[1:]) for file in shown
    }
    targets = [str(file.relative_to(project.folder)) for file in shown]
    for file in shown:
        file.unlink()
    assert {rule.split("_")[0] for rule in project.planned(*targets)} == {"draw", "tabulate"}
    for file in counted:
        file.unlink()
    planned = project.planned(*targets)
    assert {"compute_metrics", "bootstrap_intervals", "check_leaks"} <= set(planned)
    learning = {"train", "select_trial", "evaluate_model", "predict_baseline"}
    assert not learning & set(planned)
    assert project.run(*targets).returncode == 0
    assert project.run().returncode == 0  # updates the page and the other evaluation tables
    for file, before in made.items():
        assert file.read_bytes() == before, file


def test_snakemakes_own_report_shows_the_page_without_network(project, monkeypatch):
    """Runs the command in the README. Browsers do not display data URIs of several megabytes."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where no server listens
    command = re.search(r"snakemake --report (\S+) ", (ROOT / "README.md").read_text())
    done = project.run("--report", command[1])
    assert done.returncode == 0, done.output
    shutil.unpack_archive(project.folder / command[1], project.folder / "own")
    text = (project.folder / "own/report/report.html").read_text()
    assert not re.search(r'(src|href)="https?://[^"]*\.(js|css|woff2?)"', text)
    assert max(map(len, re.findall(r"data:[^\"')]+", text))) < 2**20
    (page,) = (project.folder / "own/report").rglob("index.html")
    made = project.folder / "results/small/report/index.html"
    assert page.read_bytes() == made.read_bytes()
    assert str(page.relative_to(project.folder / "own/report")) in text
    for category in ("Tables", "Figures", "The page"):
        assert f'"{category}"' in text
    lines = {name: json.dumps(summary) for name, summary in summaries("valence").items()}
    missing = {name for name, line in lines.items() if line not in text}
    absent = {"control", "paper", "cells"}  # the small study has no BasicDCGAN
    absent |= {"forecast", "forecasts", "variants", "hours"}  # nor an APC model or variants
    assert missing == absent
    if browser.PROGRAM:
        found = browser.look_at_snakemakes_report(project.folder / "own/report/report.html")
        named = {"Tables": "Classes", "Figures": "Shared layer", "The page": "Report"}
        for category, title in named.items():
            assert title in found["lists"][category]
        for path, content in found["shown"].items():
            if path.endswith(".png"):
                assert content > 100, f"the width of {path}"
            else:
                csv = project.folder / Path(path).with_suffix(".csv")
                rows = pd.read_csv(csv) if csv.exists() else []
                assert content.count("\n") > len(rows), f"the text of {path}"


def test_the_report_shows_the_control_if_it_exists(project):
    control = project.folder / "results/control/evaluation/metrics.csv"
    page = project.folder / "results/small/report/index.html"
    assert "config/demo.yaml small.yaml config/control.yaml" in page.read_text()
    control.parent.mkdir(parents=True)
    shutil.copy(project.folder / "results/small/evaluation/metrics.csv", control)
    try:
        assert project.planned() == {"tabulate_evidence": 1, "write_report": 1}
        assert project.run().returncode == 0
        assert 'id="control"' in page.read_text()
        assert page.with_name("tables").joinpath("control.tex").exists()
    finally:
        control.unlink()
    assert project.run().returncode == 0
    assert 'id="control"' not in page.read_text()
    assert "results/control" in page.read_text()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("search={'trialz': 3}", r"^error: config, at search: .*'trialz' was unexpected"),
        ("search={'trials': 'many'}", r"^error: config, at search\.trials: 'many' is not of type"),
        ("trainning={'patience': 3}", r"^error: config, .*'trainning' was unexpected"),
        ("folds={'validation': 'X'}", r"^error: config, at folds\.validation: 'X' is not one of"),
    ],
)
def test_a_wrong_key_or_value_is_an_error_in_one_line(project, change, line):
    done = project.run("--config", change)
    assert done.returncode != 0
    assert re.search(line, done.output, re.MULTILINE), done.output
    assert "Traceback" not in done.output


def test_a_missing_corpus_folder_is_an_error_with_hints(project):
    for arguments, key, source in (
        ([], "corpora.iemocap.root is not set", "sail.usc.edu"),
        (
            ["--config", "corpora={'iemocap': {'root': 'no/such'}}"],
            "no/such",
            "sail.usc.edu",
        ),
        (
            ["--config", "corpora={'iemocap': {'root': '.'}}"],
            "corpora.ami.audio is not set",
            "corpora.ami.fetch: true",
        ),
        (
            ["--config", "corpora={'labelled': 'quechua', 'quechua': {'fetch': True}}"],
            "corpora.quechua.root is not set",
            "CC BY 4.0",
        ),
    ):
        done = project.run(*arguments, config=None, demo=False)
        assert done.returncode != 0
        for hint in (key, source, "--configfile config/demo.yaml"):
            assert hint in done.output
        assert "Traceback" not in done.output


def test_an_unreadable_wav_is_named_and_stops_the_run(project):
    synthetic = project.folder / "results/small/synthetic"
    copy = project.folder / "real"
    shutil.copytree(synthetic, copy)
    wav = sorted(copy.rglob("Session3/**/*.wav"))[0]
    wav.write_bytes(b"RIFF no more")
    real = SMALL | {"results": "results/real"}
    real["corpora"] = {
        "synthetic": None,
        "iemocap": {"root": str(copy / "IEMOCAP_full_release")},
        "ami": {
            "audio": str(copy / "amicorpus"),
            "annotations": str(copy / "ami_public_manual_1.6.2"),
        },
    }
    (project.folder / "real.yaml").write_text(yaml.safe_dump(real))
    done = project.run(config="real.yaml", demo=False)
    assert done.returncode != 0
    log = (project.folder / "results/real/logs/corpora/read_iemocap.log").read_text()
    assert re.fullmatch(rf"error: .*{wav.name}: .*\n", log), log
    assert log.strip() in done.output, "the log of the failed job is shown"
    assert not (project.folder / "results/real/corpora/iemocap/recordings.csv").exists()


def test_additional_seeds_train_only_the_selected_trials(project):
    """One model of the small study, with selection per fold. Its training runs are not repeated."""
    again = SMALL | {"models": SMALL["models"] | {"names": ["BasicCNN"]}}
    again["search"] = SMALL["search"] | {"select": "fold"}
    again["training"] = SMALL["training"] | {"seeds": 2}
    again["evaluation"] = SMALL["evaluation"] | {"crops": 2}
    (project.folder / "seeds.yaml").write_text(yaml.safe_dump(again))
    table = "results/small/evaluation/seeds.csv"
    made = {"select_trial": 1, "evaluate_model": 1, "train_again": 5, "predict_again": 1}
    assert project.planned(table, config="seeds.yaml") == made | {"compare_seeds": 1}
    done = project.run(table, config="seeds.yaml")
    assert done.returncode == 0, done.output
    assert pd.read_csv(project.folder / table)["seed"].tolist() == [1, 2]
    folder = project.folder / "results/small/training/BasicCNN"
    own, other = (folder / name / "fold-1/weights.safetensors" for name in ("trial-0", "seed-2"))
    assert own.read_bytes() != other.read_bytes()
