"""Update the tables of docs/configuration.md from the schema of the config.

`make docs` runs this script. The text above the first table of keys is written by hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
PAGE = ROOT / "docs" / "configuration.md"
GENERAL = "Settings of the whole study."
FIRST_HEADING = "## General\n"
HEADER = "| key | type | default | unit | source | meaning |\n|---|---|---|---|---|---|"


def resolve(item: dict, definitions: dict) -> dict:
    """Return a schema merged with its definition; the keywords of the schema take precedence."""
    if "$ref" not in item:
        return item
    definition = resolve(definitions[item["$ref"].rpartition("/")[2]], definitions)
    return definition | {name: value for name, value in item.items() if name != "$ref"}


def settings(item: dict, definitions: dict, key: str = "") -> Iterator[tuple[str, dict]]:
    """Yield (dotted key, schema) of each setting below a schema, in the order of the schema."""
    item = resolve(item, definitions)
    has_parts = "properties" in item or "additionalProperties" in item
    if key and (item.get("type") != "object" or not has_parts):
        yield key, item
    if key != "search.fixed":  # its description covers the hyperparameters of each model
        parts = item.get("properties", {})
        if isinstance(others := item.get("additionalProperties"), dict):
            parts = parts | {f"<{others.get('title', 'name')}>": others}
        for name, part in parts.items():
            yield from settings(part, definitions, f"{key}.{name}".lstrip("."))


def describe_type(item: dict, definitions: dict) -> str:
    """Return the allowed values of a setting in words."""
    item = resolve(item, definitions)
    if "enum" in item:
        return ", ".join(f"`{value}`" for value in item["enum"])
    types = item["type"] if isinstance(item["type"], list) else [item["type"]]
    names = {"object": "section", "array": "list", "string": "text"}
    text = names[types[0]] if types[0] in names else str(types[0])
    if item.get("pattern") == definitions["folder_or_null"]["pattern"]:
        text = "path"
    if "items" in item:
        length = f" of {item['maxItems']}" if "maxItems" in item else ""
        text += f"{length} ({describe_type(item['items'], definitions)})"
    text = " or ".join([text, *("text" for kind in types[1:] if kind == "string")])
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {item[name]}" for name, sign in limits.items() if name in item]
    if "multipleOf" in item:
        bounds.append(f"multiple of {item['multipleOf']}")
    return " ".join(filter(None, [text, ", ".join(bounds), "or null" if "null" in types else ""]))


def describe_default(value: object) -> str:
    """Return a default as YAML."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def render(page: str) -> str:
    """Return the page with tables that match the schema."""
    schema = yaml.safe_load(SCHEMA.read_text())
    definitions = schema["$defs"]
    parts, section = [page.partition(FIRST_HEADING)[0].rstrip() + "\n"], None
    for key, item in settings(schema, definitions):
        name = key.partition(".")[0] if "." in key else "general"
        if name != section:
            section = name
            text = schema["properties"].get(name, {}).get("description", GENERAL)
            parts.append(f"\n## {name.capitalize()}\n\n{text}\n\n{HEADER}\n")
        default = describe_default(item["default"]) if "default" in item else "required"
        meaning = item["description"].replace("<", "&lt;")
        cells = [f"`{key}`", describe_type(item, definitions), default]
        cells += [item.get("unit", ""), item.get("source", ""), meaning]
        parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
