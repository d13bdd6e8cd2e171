"""Settings of training runs for tests, given by the keys that differ from the defaults."""

from dataclasses import fields, replace

from emospeech.training.settings import Settings


def with_keys(settings, **keys):
    """Return settings with some keys changed, each in the section that has it."""
    for section in ("crops", "labels", "models", "training"):
        part = getattr(settings, section)
        own = {field.name: keys.pop(field.name) for field in fields(part) if field.name in keys}
        settings = replace(settings, **{section: replace(part, **own)})
    return replace(settings, **keys)


def settings_of(**keys):
    """Return the default settings on the CPU with some keys changed."""
    return with_keys(Settings(), **{"device": "cpu"} | keys)
