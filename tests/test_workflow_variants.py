"""The workflow with variants: its training runs, shared results, and the section of the page."""

import numpy as np
import pandas as pd
import pytest
import yaml

from emospeech.training.device import resolve_precision
from tests.test_workflow import Project
from tests.test_workflow_manifest import STUDY, write_own, write_unlabelled

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(900)]

SAME = resolve_precision("auto", "cpu")  # the precision of the study, stated
VARIANTS = {
    "same": {"training": {"precision": SAME}, "models": {"names": ["BasicDCGAN"]}},
    "joint": {"training": {"update": "joint"}, "models": {"names": ["BasicDCGAN"]}},
    "averaged": {"evaluation": {"crops": 2}},
    "hours": {"training": {"unlabelled_hours": 0.003}},
    "meetings": {"training": {"unlabelled": ["meetings"]}, "models": {"names": ["BasicDCGAN"]}},
}
MANIFESTS = {name: {"folder": name} for name in ("own", "meetings")}
WITH_VARIANTS = STUDY | {
    "models": {"names": ["BasicCNN", "BasicDCGAN"], "shared_units": 16, "latent_size": 8},
    "corpora": {"labelled": "own", "manifests": MANIFESTS},
    "training": STUDY["training"] | {"seeds": 2, "unlabelled": ["own", "meetings"]},
    "variants": VARIANTS,
}
SHARED = ("train", "train_again", "evaluate_model", "extract_spectrograms")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which the variants were compared."""
    project = Project(tmp_path_factory.mktemp("variants"))
    write_own(project.folder / "own")
    write_unlabelled(project.folder / "meetings")
    write(project, VARIANTS)
    done = run(project, "variants")
    assert done.returncode == 0, done.output
    return project


def write(project, variants):
    study = yaml.safe_dump(WITH_VARIANTS | {"variants": variants})
    (project.folder / "own.yaml").write_text(study)


def run(project, *arguments):
    return project.run(*arguments, config="own.yaml", demo=False)


def planned(project, variants, target="variants"):
    """Return {rule: number of jobs} of a dry run with other variants."""
    write(project, variants)
    try:
        return project.planned(target, config="own.yaml", demo=False)
    finally:
        write(project, VARIANTS)


def test_variants_are_in_the_page_and_a_second_run_has_nothing_to_do(project):
    page = (project.folder / "results/own/report/index.html").read_text()
    assert 'id="study-variants"' in page
    assert "figures/hours.pdf" in page
    for target in ("variants", "all"):
        assert "Nothing to be done" in run(project, target).output


def test_training_with_the_same_settings_differs_by_exactly_zero(project):
    """The variant `same` was trained by its own jobs, with the precision stated."""
    results = project.folder / "results/own"
    assert len([*results.glob("variants/same/training/*/seed-*/fold-*/history.csv")]) == 6
    table = pd.read_csv(results / "variants/differences.csv")
    same = table[table["variant"] == "same"]
    assert len(same) > 0
    assert (same[["value", "low", "high", "error"]].fillna(0) == 0).all(axis=None)
    others = table[table["variant"].isin(["averaged", "meetings"]) & (table["metric"] == "mae")]
    assert (others["value"] != 0).all(), "the others have other predictions"


def test_only_what_differs_is_trained(project):
    variants = project.folder / "results/own/variants"
    trained = {path.relative_to(variants).parts[0] for path in variants.glob("*/training")}
    assert trained == {"same", "joint", "hours", "meetings"}
    models = {path.name for path in (variants / "hours/training").iterdir()}
    assert models == {"BasicDCGAN"}, "the CNN does not use the pool"
    metrics = pd.read_csv(variants / "metrics.csv")
    hours = metrics.groupby(["variant", "model"])["hours"].first()
    assert hours["hours", "BasicDCGAN"] < hours["base", "BasicDCGAN"]
    assert hours["averaged", "BasicDCGAN"] == hours["base", "BasicDCGAN"]
    assert np.isnan(hours["base", "BasicCNN"])


def test_variants_are_checked_for_leaks(project):
    leaks = pd.read_csv(project.folder / "results/own/variants/leaks.csv")
    assert set(leaks["result"]) == {"passed"}
    cases = leaks.set_index("check")["cases"]
    for name in ("same, BasicDCGAN", "hours, BasicDCGAN", "meetings, BasicDCGAN"):
        assert cases[f"{name} learns labels of the training part only"] > 0
    assert cases["averaged, BasicCNN, seed 1 predicts no recording twice"] > 0


def test_a_changed_variant_reruns_alone(project):
    assert not planned(project, VARIANTS)
    joint = VARIANTS["joint"] | {"training": {"update": "joint", "patience": 2}}
    jobs = planned(project, VARIANTS | {"joint": joint})
    assert jobs["train_variant"] == 6, "two seeds and three folds"
    assert jobs["predict_variant"] == 2
    assert not jobs.keys() & set(SHARED)
    fewer = {name: VARIANTS[name] for name in ("same", "averaged")}
    assert not planned(project, fewer).keys() & {*SHARED, "train_variant", "predict_variant"}


@pytest.mark.parametrize(
    ("changes", "predictions"),
    [
        ({"training": {"unlabelled_hours": 0.004}}, 2),  # of BasicDCGAN with two seeds
        ({"training": {"unlabelled_hours": 0.004}, "models": {"shared_units": 8}}, 4),
        ({"models": {"names": ["BasicCNN", "BasicAPC"]}}, 2),
    ],
)
def test_variants_are_limited_to_the_models_that_they_concern(project, changes, predictions):
    jobs = planned(project, {"other": changes})
    assert jobs["predict_variant"] == predictions
    models = changes.get("models", {}).keys() - {"names"}
    assert jobs.get("train_variant", 0) == 3 * predictions * bool(models or "training" in changes)


def test_a_study_without_variants_does_not_use_them(project):
    jobs = planned(project, {}, target="all")
    assert jobs.keys() == {"record_provenance", "write_report"}


@pytest.mark.parametrize(
    ("variants", "named"),
    [
        ({"joint": {"training": {"update": "together"}}}, "variants.joint: training.update"),
        ({"joint": {"training": {"seeds": 3}}}, "variants.joint.training.seeds"),
        ({"joint": {"labels": {"shuffle": True}}}, "variants.joint.labels.shuffle"),
        ({"joint": {"trainings": {"update": "joint"}}}, "trainings"),
        ({"joint": {"models": {"names": ["BasicLSTM"]}}}, "variants.joint"),
        ({"joint": {"training": {"unlabelled": ["meeting"]}}}, "no such corpus as meeting"),
        ({"Joint": {"training": {"update": "joint"}}}, "Joint"),
        ({"base": {"training": {"update": "joint"}}}, "base"),
        ({"joint": {"labels": {"encoding": "histogram"}}}, "ratings"),
        ({"joint": 3}, "variants.joint"),
    ],
)
def test_unusable_variants_are_named(project, variants, named):
    write(project, variants)
    try:
        done = run(project, "--dry-run")
    finally:
        write(project, VARIANTS)
    assert done.returncode != 0
    (line,) = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert named in line


def test_variants_without_any_are_an_error(project):
    write(project, {})
    try:
        done = run(project, "variants", "--dry-run")
    finally:
        write(project, VARIANTS)
    assert done.returncode != 0
    assert "error: config, at variants" in done.output
