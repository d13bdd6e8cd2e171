"""Copy the files of the last rung of each trial of a fold to the folder of the trial."""

import shutil

from emospeech.runtime import jobs
from emospeech.runtime.files import atomic_path, read_json
from emospeech.training.trial import last_slots


def main(paths, settings):
    later = [read_json(path) for path in paths.rungs]
    slots = last_slots(settings.sizes[0], later, settings.fold)
    for name in settings.names:
        sources, targets = iter(getattr(paths, f"rung_{name}")), getattr(paths, name)
        by_rung = [[next(sources) for _ in range(size)] for size in settings.sizes]
        for trial_id, (rung, slot) in slots.items():
            with atomic_path(targets[trial_id]) as temporary:
                shutil.copyfile(by_rung[rung][slot], temporary)


if __name__ == "__main__":
    jobs.run(main, snakemake)
