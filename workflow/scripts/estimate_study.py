"""Estimate the time, memory and disk space of a study on this machine."""

from pathlib import Path

from emospeech import estimate
from emospeech.report.estimate_tables import Machine, estimate_text
from emospeech.report.paper import TABLE_1
from emospeech.runtime import jobs
from emospeech.runtime.files import write_text
from emospeech.spectrograms.settings import SpectrogramSettings
from emospeech.training.device import describe_device
from emospeech.training.settings import Settings
from emospeech.training.step_times import StepTimer, seconds_to_start


def main(paths, params):
    config, trials = params.config, params.trials
    study, spectrograms = Settings.from_config(params.study), config["spectrograms"]
    corpus = estimate.corpus_size(
        config, Path(params.corpora), Path(params.folds_table), params.unlabelled
    )
    measured = estimate.measured_epochs(config, Path(params.training))
    runs = estimate.study_runs(config, trials, params.n_folds, params.variants, measured, TABLE_1)
    timer = StepTimer(study, SpectrogramSettings(**spectrograms), params.cores)
    start = estimate.start_seconds(config, trials, corpus, seconds_to_start())
    costs = estimate.CostModel(runs.values(), timer.time, start, spectrograms["rows"], study.models)
    found = estimate.StudyEstimate(
        {name: estimate.estimate_training(groups, corpus, costs) for name, groups in runs.items()},
        estimate.other_stages(config, trials, corpus, costs),
        corpus,
        sum(estimate.store_bytes(config, corpus).values()),
        measured,
    )
    hardware = describe_device(timer.device)
    machine = Machine(hardware, timer.precision, params.cores, costs.gpu_bytes)
    write_text(paths.text, f"{estimate_text(found, machine, study.training.patience)}\n")


if __name__ == "__main__":
    jobs.run(main, snakemake)
