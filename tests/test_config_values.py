"""Config values are converted to the types in the schema, and invalid settings are rejected."""

import json
import math
from pathlib import Path

import pytest
import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from emospeech.runtime.config_values import convert
from emospeech.runtime.errors import InputError
from emospeech.search import SearchSpace

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
SCHEMA_FILE = ROOT / "workflow/schemas/config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text())
DEFINITIONS = {"rate": {"type": "number"}}


def converted(value, schema):
    return convert(value, schema, DEFINITIONS, "key")


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("1e-4", "number"),
        ("0.5", ["number", "null"]),
        ("3", "integer"),
        ("3", "number"),
        ("-2E3", "number"),
        ("true", "boolean"),
        ("false", "boolean"),
        ("null", ["object", "null"]),
    ],
)
def test_text_becomes_the_value_that_it_represents(text, types):
    expected = json.loads(text)
    value = converted(text, {"type": types})
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("given", [1.0, "1.0", "1e0", 1])
def test_numbers_without_a_fraction_become_integers(given):
    assert type(converted(given, {"type": "integer"})) is int


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (1.5, "integer"),
        ("many", "integer"),
        ("true", "number"),
        ("1", "boolean"),
        ("1e-4", "string"),
        ("true", "string"),
        (True, "integer"),
        (1.0, "number"),
    ],
)
def test_other_values_are_not_changed(value, types):
    assert converted(value, {"type": types}) is value


def test_nested_values_are_converted():
    rates = {"type": "array", "items": {"$ref": "#/$defs/rate"}}
    schema = {"type": "object", "properties": {"space": {"properties": {"rates": rates}}}}
    given = {"space": {"rates": ["1e-4", 0.1], "misspelt": "1"}, "unknown": ["2"]}
    expected = {"space": {"rates": [1e-4, 0.1], "misspelt": "1"}, "unknown": ["2"]}
    assert converted(given, schema) == expected


@pytest.mark.parametrize("value", [math.inf, math.nan, "inf", "nan", "1e999"])
def test_numbers_that_are_not_finite_are_refused_with_their_key(value):
    with pytest.raises(InputError, match=r"^training\.beta1: "):
        convert({"training": {"beta1": value}}, SCHEMA, SCHEMA["$defs"])


@pytest.mark.parametrize("name", ["config", "demo", "paper", "control"])
def test_configs_of_the_project_need_no_conversion(name):
    config = yaml.safe_load((CONFIG / f"{name}.yaml").read_text())
    assert json.dumps(convert(config, SCHEMA, SCHEMA["$defs"])) == json.dumps(config)


def properties_of(schema, key=""):
    """Yield (key, property) of all properties below a schema."""
    for name, item in schema.get("properties", {}).items():
        yield f"{key}{name}", item
        nested = SCHEMA["$defs"][item["$ref"].rpartition("/")[2]] if "$ref" in item else item
        yield from properties_of(nested, f"{key}{name}.")


def test_every_property_of_the_schema_has_a_description():
    assert not [key for key, item in properties_of(SCHEMA) if "description" not in item]


def test_the_defaults_of_the_schema_are_the_values_of_the_config():
    defaults = {}
    validate(defaults, SCHEMA_FILE)
    assert defaults == yaml.safe_load((CONFIG / "config.yaml").read_text())


@pytest.mark.parametrize(
    "classes",
    [
        {"angry": ["ang"]},
        {"angry": ["ang"], "5": ["sad"]},
        {"angry": ["ang"], 5: ["sad"]},
        {"angry": ["ang"], True: ["sad"]},  # `yes` in YAML
        {"angry": ["ang"], "very sad": ["sad"]},
        {"angry": "ang", "sad": ["sad"]},
        {"angry": [], "sad": ["sad"]},
        {"angry": [False], "sad": ["sad"]},  # `no` in YAML
        ["angry", "sad"],
    ],
    ids=str,
)
def test_classes_that_cannot_be_used_violate_the_schema(classes):
    given = {"target": "emotion", "encoding": "hard"}
    validate(
        {"labels": given | {"classes": {"sad-1": ["sad"], "Angry": ["ang", "0"]}}}, SCHEMA_FILE
    )
    with pytest.raises(WorkflowError):
        validate({"labels": given | {"classes": classes}}, SCHEMA_FILE)


@pytest.mark.parametrize("widths", [(16,), (128, 64)])
def test_filter_sizes_above_an_eighth_of_a_crop_width_are_refused(widths):
    largest = min(widths) // 8
    SearchSpace(crop_width=widths, filter_size=(largest, 2))
    with pytest.raises(InputError, match=rf"^search\.space\.filter_size: .*{largest + 1}"):
        SearchSpace(crop_width=widths, filter_size=(largest + 1, 2))
