"""Copy the files of the last rung of each trial of a fold to the folder of the trial."""

import shutil

from emospeech.runtime import jobs
from emospeech.runtime.files import atomic_path, read_json
from emospeech.training.trial import last_slots


def main(paths, params):
    later = [read_json(path) for path in paths.rungs]
    slots = last_slots(params.sizes[0], later, params.fold)
    for name in params.names:
        sources, targets = iter(getattr(paths, f"rung_{name}")), getattr(paths, name)
        by_rung = [[next(sources) for _ in range(size)] for size in params.sizes]
        for trial_id, (rung, slot) in slots.items():
            with atomic_path(targets[trial_id]) as temporary:
                shutil.copyfile(by_rung[rung][slot], temporary)


if __name__ == "__main__":
    jobs.run(main, snakemake)
