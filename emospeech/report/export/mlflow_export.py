"""Export to MLflow: an experiment with a run for each training run, evaluation and the study."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from emospeech.report.export.exported_runs import RUNNING, ExportedRun
from emospeech.runtime.errors import InputError

NAME, DIGEST = "emospeech.name", "emospeech.digest"  # tags
MOST_METRICS, MOST_PARAMETERS = 1000, 100  # that MLflow accepts at once


def log_runs(runs: Iterable[ExportedRun], uri: str, experiment: str) -> int:
    """Log each run to an experiment of an MLflow tracking server or store.

    Metrics are the columns of history.csv, whose steps are epochs, and the metrics of the run;
    images are artifacts. Runs of an earlier export are kept if nothing has changed, and otherwise
    replaced (`mlflow runs restore` restores them).

    Args:
        runs: The runs.
        uri: The tracking URI, such as sqlite:///mlflow.db or http://localhost:5000.
        experiment: The name of the experiment, which is created if necessary.

    Returns:
        The number of new or changed runs.

    Raises:
        InputError: MLflow cannot use the URI or the experiment.
    """
    # 7 by default, which takes minutes
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    try:
        client = MlflowClient(uri)
        experiment_id = _experiment_id(client, experiment)
        earlier = _earlier_runs(client, experiment_id)
        changed = 0
        for run in runs:
            run_id, earlier_digest = earlier.get(run.name, (None, None))
            digest = run.digest()
            if digest == earlier_digest:
                continue
            _log(client, experiment_id, run, digest)
            changed += 1
            if run_id is not None:
                client.delete_run(run_id)
        return changed
    except (MlflowException, ModuleNotFoundError) as error:
        problem = f"MLflow cannot use it ({error})"
        raise InputError(uri, f"{problem}. Check the URI, or use sqlite:///mlflow.db.") from error


def _experiment_id(client: MlflowClient, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    return client.create_experiment(name) if experiment is None else experiment.experiment_id


def _earlier_runs(client, experiment_id):
    """Return {name: (id, digest)} of the runs of earlier exports."""
    found, token = {}, None
    while True:
        page = client.search_runs([experiment_id], f"tags.`{NAME}` != ''", page_token=token)
        for run in page:
            found[run.data.tags[NAME]] = run.info.run_id, run.data.tags.get(DIGEST)
        token = page.token
        if not token:
            return found


def _log(client: MlflowClient, experiment_id: str, run: ExportedRun, digest: str) -> None:
    start, end = _milliseconds(run.start), _milliseconds(run.end)
    tags: dict[str, Any] = {NAME: run.name}
    created = client.create_run(experiment_id, start, tags, run.name)
    run_id = created.info.run_id
    metrics = [
        Metric(name, value, _milliseconds(time), epoch)
        for epoch, time, row in run.curves()
        for name, value in row.items()
    ]
    metrics += [Metric(name, value, end, len(run.history)) for name, value in run.metrics.items()]
    for batch in _batches(metrics, MOST_METRICS):
        client.log_batch(run_id, metrics=batch)
    parameters = [Param(name, str(v)) for name, v in (run.settings | run.parameters).items()]
    for batch in _batches(parameters, MOST_PARAMETERS):
        client.log_batch(run_id, params=batch)
    with tempfile.TemporaryDirectory() as folder:
        for image in run.images:
            name = image.name if image.epoch is None else f"{image.name}/epoch-{image.epoch}"
            file = Path(folder, f"{name}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(image.png)
        if run.images:
            client.log_artifacts(run_id, folder)
    client.set_tag(run_id, DIGEST, digest)  # last: the run is complete
    if run.state != RUNNING:
        client.set_terminated(run_id, run.state, end)


def _batches(items: Sequence, size: int) -> Iterator[Sequence]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _milliseconds(time):
    return round(time * 1000)
