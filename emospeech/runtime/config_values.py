"""Conversion of config values to the types in the schema."""

import math
from typing import Any

from emospeech.runtime.errors import InputError


def convert(value: Any, schema: dict, definitions: dict, key: str = "") -> Any:
    """Return a config, or a part of it, with each value converted to the type in its schema.

    YAML 1.1 reads `1e-4` as text, and Snakemake passes nested values of `--config` as text, so text
    becomes a number, a boolean or null. A float without a fraction becomes an integer if the schema
    requires one. Other values are not changed, so that the validation reports them.

    Args:
        value: The value at `key`.
        schema: The JSON schema of this value.
        definitions: The `$defs` of the schema.
        key: The path of the value, with dots.

    Raises:
        InputError: A number is not finite, which a schema cannot exclude.
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {
            name: convert(item, known.get(name, others), definitions, f"{key}.{name}".lstrip("."))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [convert(item, schema.get("items", {}), definitions, key) for item in value]
    types = schema.get("type", [])
    types = {types} if isinstance(types, str) else set(types)
    if isinstance(value, str):
        value = _from_text(value, types)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(key, f"{value} is not a finite number. Use a finite number.")
        if "integer" in types and value.is_integer():
            value = int(value)
    return value


def _from_text(text, types):
    """Return the value that `text` represents, or `text` itself if it fits none of `types`."""
    word = text.lower()
    if word == "null" and "null" in types:
        return None
    if word in ("true", "false") and "boolean" in types:
        return word == "true"
    for number in (int, float) if types & {"integer", "number"} else ():
        try:
            return number(text)
        except ValueError:
            continue
    return text
