"""The types of the values in a config, as the schema asks for them."""

import math

from emospeech.runtime.errors import InputError

NUMBERS = {"integer", "number"}


def convert(value, schema, definitions, key=""):
    """Return a config, or a part of it, with each value in the type that its schema asks for.

    Text becomes a number, a boolean or null: YAML 1.1 reads `1e-4` as text, and Snakemake passes
    all values nested in `--config` on as text. A float without a fraction becomes an integer where
    the schema asks for one. Values that do not fit stay as they are, for the validation to report.

    Args:
        value: What the config holds at `key`.
        schema: The JSON schema of this value.
        definitions: The `$defs` of the schema.
        key: The path of the value, with dots.

    Raises:
        InputError: for a number that is not finite, which a schema cannot exclude.
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {
            name: convert(item, known.get(name, {}), definitions, f"{key}.{name}".lstrip("."))
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
            raise InputError(key, f"{value} is not a finite number. Replace it by a finite one.")
        if "integer" in types and value.is_integer():
            value = int(value)
    return value


def _from_text(text, types):
    """Return what `text` stands for, or `text` itself where none of `types` fits."""
    word = text.lower()
    if word == "null" and "null" in types:
        return None
    if word in ("true", "false") and "boolean" in types:
        return word == "true"
    for number in (int, float) if types & NUMBERS else ():
        try:
            return number(text)
        except ValueError:
            continue
    return text
