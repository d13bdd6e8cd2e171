"""Settings of a training run, nested as in the config file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from emospeech.crops.settings import CropSettings
from emospeech.labels import LabelSettings
from emospeech.models.settings import ApcSettings, ModelSettings


@dataclass(frozen=True)
class TrainingSettings:
    """Schedule, optimiser and device: the config section `training`."""

    patience: int = 5  # epochs without a strictly higher validation UAR before stopping
    max_epochs: int = 200
    class_loss: str = "softmax"  # cross entropy; or "binary", Equation 1 on each output
    update: str = "separate"  # an update per loss; "joint": one for their sum
    beta1: float = 0.5  # of Adam
    beta2: float = 0.999
    unlabelled: tuple[str, ...] = ("ami", "iemocap")  # corpora of the unlabelled pool
    unlabelled_hours: float | None = None  # of the pool; None: all of it
    precision: str = "float32"  # of the training passes; "bfloat16", "tf32" (GPU) or "auto"
    device: str = "auto"  # the GPU if there is one; or "cpu", "cuda"
    threads: int = 1  # of torch on a CPU; results depend on it, so it is not taken from --cores


@dataclass(frozen=True)
class Settings:
    """The sections of the config that a training run and its evaluation depend on."""

    seed: int = 1  # of the study; fixes the crops that validation and test use
    crops: CropSettings = field(default_factory=CropSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    apc: ApcSettings = field(
        default_factory=ApcSettings
    )  # training.apc in the config; for APC models

    @classmethod
    def from_config(cls, config: Mapping) -> "Settings":
        """Return the settings in the config sections `{section: {key: value}}`.

        Raises:
            KeyError: A section is missing.
            TypeError: A section has an unknown key.
        """
        training = dict(config["training"])
        apc = training.pop("apc", {})
        return cls(
            seed=config["seed"],
            crops=CropSettings(**config["crops"]),
            labels=LabelSettings(**config["labels"]),
            models=ModelSettings(**config["models"]),
            training=TrainingSettings(**training),
            apc=ApcSettings(**apc),
        )

    def to_config(self, training_key: str = "") -> dict:
        """Return the sections as in the config file.

        `training.apc` is left out, unless `training_key` is "apc".
        """
        sections = asdict(self)
        apc = sections.pop("apc")
        if training_key == "apc":
            sections["training"]["apc"] = apc
        return sections
