"""Export to TensorBoard: a folder with an event file for each run."""

import struct
from collections.abc import Iterable
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from emospeech.report.export.exported_runs import ExportedRun, Image

SUFFIX = ".emospeech"  # of the event files, so that a new export replaces the files of an old one


def write_event_files(runs: Iterable[ExportedRun], folder: str | Path) -> int:
    """Write an event file for each run, to `{folder}/{name of the run}`.

    Tags are the columns of history.csv and the names of the metrics; steps are epochs. TensorBoard
    stores values in float32. Event files of an earlier export are replaced.

    Returns:
        The number of runs.
    """
    count = 0
    for run in runs:
        target = Path(folder, run.name)
        old = list(target.glob(f"events.out.tfevents.*{SUFFIX}"))
        writer = EventFileWriter(str(target), filename_suffix=SUFFIX)
        for event in _events(run):
            writer.add_event(event)
        writer.close()
        for file in old:
            file.unlink()
        count += 1
    return count


def _events(run: ExportedRun):
    if run.parameters:
        summary = hparams_pb(run.parameters, trial_id=run.name, start_time_secs=run.start)
        yield Event(wall_time=run.start, summary=summary)
    ends = {}
    for epoch, end, row in run.curves():
        ends[epoch] = end
        yield Event(wall_time=end, step=epoch, summary=_scalars(row))
    yield Event(wall_time=run.end, step=len(run.history), summary=_scalars(run.metrics))
    for image in run.images:
        step = image.epoch or 0
        yield Event(wall_time=ends.get(step, run.end), step=step, summary=_image_summary(image))


def _scalars(values):
    return Summary(value=[Summary.Value(tag=name, simple_value=v) for name, v in values.items()])


def _image_summary(image: Image):
    width, height = struct.unpack(">II", image.png[16:24])  # in the header of a PNG
    content = Summary.Image(
        width=width, height=height, colorspace=4, encoded_image_string=image.png
    )
    return Summary(value=[Summary.Value(tag=image.name, image=content)])
