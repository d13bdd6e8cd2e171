"""What a user sees in the terminal: the progress of a run, its errors, and the table of results."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from emospeech.__main__ import main
from emospeech.report import paper
from tests import report_data
from tests.run_environment import run_environment

LOGGER = Path(__file__).parents[1] / "workflow/logger"
SNAKEFILE = """
rule all:
    input: "a", "b"

rule train_0_to_1:
    output: touch("a")
    log: "results/logs/training/a.log"
    message: "Training a network"
    shell: "{config[command]}"

rule draw_figure:
    output: touch("b")
    log: "results/logs/report/b.log"
    shell: "true"
"""
LOG = "results/logs/training/a.log"
FAILURE = f"printf 'loading\\nerror: a.wav: is empty. Remove it.\\n' > {LOG}; exit 1"


@pytest.fixture
def start(tmp_path):
    """A function that starts a workflow whose training runs a shell command."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)

    def start(command):
        environment = os.environ | run_environment()
        paths = [str(LOGGER), environment.get("PYTHONPATH", "")]
        arguments = ["--cores", "1", "--keep-going", "--logger", "progress"]
        (tmp_path / "config.yaml").write_text(f"command: |\n  {command}\n")
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config.yaml"],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": os.pathsep.join(paths)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell starts background jobs with SIGINT ignored, which children inherit.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )

    return start


@pytest.mark.workflow
def test_progress_counts_jobs_and_trainings(start):
    process = start("true")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    lines = [line.split(maxsplit=4) for line in output.splitlines()]
    assert ["training", "Training a network"] in [line[3:] for line in lines]
    assert ["report", "Draw figure"] in [line[3:] for line in lines]
    assert ["3/3", "2/2", "Finished"] in [line[1:] for line in lines]
    assert len(lines) == 5, "header, two jobs, end and the path of the log"
    assert "Nothing to be done" in start("true").communicate()[0]


@pytest.mark.workflow
def test_progress_shows_the_error_line_of_a_failed_job(start, tmp_path):
    process = start(FAILURE)
    output, _ = process.communicate()
    assert process.returncode == 1
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert errors[0] == "error: a.wav: is empty. Remove it."
    assert LOG in errors[1]
    assert "1 of 3 jobs" in errors[2]
    assert len(errors) == 3
    assert "loading" not in output
    (log,) = (tmp_path / ".snakemake/log").glob("*.log")
    assert output.endswith(f"{log.relative_to(tmp_path)}\n")
    assert "Error in rule train_0_to_1" in log.read_text()


@pytest.mark.workflow
def test_an_interrupted_run_stops_its_jobs_and_fails(start, tmp_path):
    process = start("touch started; sleep 60")
    while not (tmp_path / "started").exists():
        time.sleep(0.1)
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 1
    assert time.monotonic() - begin < 30
    assert "error: " not in output
    assert "Run the same command to continue" in output


def test_the_results_of_a_study_are_printed_next_to_those_of_the_paper(tmp_path, capsys):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report/provenance.json").write_text(json.dumps(report_data.provenance()))
    for name in ("metrics", "intervals"):
        table = getattr(report_data, name)()
        table.to_csv(tmp_path / "evaluation" / f"{name}.csv", index=False)
    assert main(["results", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    rows = {line.split()[0]: line.split() for line in lines if line.split()}
    metrics = report_data.metrics().query("task == 'valence' and scope == 'pooled'")
    for model, uar5, uar3, rho in metrics[["model", "uar5", "uar3", "rho"]].to_numpy():
        interval = [f"{100 * (uar5 - 0.05):.2f}", "to", f"{100 * (uar5 + 0.05):.2f}"]
        own = [f"{100 * uar5:.2f}", *interval, "24.00", f"{100 * uar3:.2f}", f"{rho:.4f}"]
        printed = paper.TABLE_2[model]
        published = [f"{100 * printed[name]:.2f}" for name in ("uar5", "uar3")]
        assert rows[model] == [model, *own, *published, f"{printed['rho']:.4f}"]


def test_the_results_of_another_corpus_are_not_compared_with_the_paper(tmp_path, capsys):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "report").mkdir()
    own = report_data.provenance(corpora={"labelled": "own"})
    (tmp_path / "report/provenance.json").write_text(json.dumps(own))
    for name in ("metrics", "intervals"):
        table = getattr(report_data, name)()
        table.to_csv(tmp_path / "evaluation" / f"{name}.csv", index=False)
    assert main(["results", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "BasicDCGAN" in text
    assert "Paper" not in text
    assert "43.88" not in text


def test_results_that_do_not_exist_are_an_error_in_one_line(tmp_path, capsys):
    assert main(["results", str(tmp_path / "none")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}/none/evaluation/metrics.csv: ")
