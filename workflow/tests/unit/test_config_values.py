"""Any value at any key of a config: taken, or refused with a message, and nothing else."""

import copy
import datetime
import json
import math
from itertools import product
from pathlib import Path

import pytest
import yaml
from attprior.errors import InputError
from attprior.search import definition as searches
from attprior.settings import check, check_footprints, complete, resolve
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "schemas/config.schema.yaml").read_text())
LEAST = {"experiments": "sheet.tsv", "genome": {}}
BOUNDS = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
FULL = complete(
    {
        **LEAST,
        "models": {
            "profile": {"prior": {"freq_limit": 150}},
            "binary": {"architecture": "binary"},
            "basset": {"architecture": "basset", "input_length": 800},
        },
        "propose": {"target": "GATA2"},
        "footprints": {
            "intervals": {"TF": {"sites": "sites.bed"}},
            "motifs": {"TF": {"motifs": {"database": "jaspar_fungi", "names": ["MA1"]}}},
        },
        "search": {
            "found": {
                "condition": "TF",
                "model": "profile",
                "arm": "with_prior",
                "leaves": {
                    "prior/weight": {"low": 1, "high": 10, "log": True},
                    "peaks": {"low": 0.1, "high": 1},
                    "prior/softness": {"choices": [None, 0.2]},
                    "widths,dilations": {"choices": [[[7, 3], [1, 2]], [[5, 3], [2, 2]]]},
                },
            }
        },
        "simulate": {},
        "plant": {"motif": "GATA"},
    },
    SCHEMA,
)
ODD = [
    math.nan,
    math.inf,
    -math.inf,
    -1,
    0,
    0.5,
    1,
    1.5,
    2,
    75,
    76,
    10**400,
    1e300,
    True,
    False,
    None,
]
ODD += ["", "no", "1", "0.5", "nan", "null", "true", "../x", "a b", datetime.date(2020, 1, 1), b"x"]
ODD += [[], {}, [1], ["a"], [None], {"a": 1}, {1: 2}, {False: {}}, {None: None}, [[3], [1]]]


def refused(config):
    with pytest.raises(InputError) as error:
        check(complete({**LEAST, **config}, SCHEMA), SCHEMA)
    return str(error.value)


def places(tree, above=()):
    """Paths of all values, through mappings and lists."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in pairs:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def numbers(schema, place=""):
    """Schemas of numbers, by their places."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    if not isinstance(schema, dict):
        return
    types = schema.get("type", [])
    if {"integer", "number"} & set([types] if isinstance(types, str) else types):
        yield place, schema
    for key, value in schema.items():
        yield from numbers(value, f"{place}/{key}")


def plan(config):
    """All that is checked of a config without the sheet."""
    config = complete(config, SCHEMA)
    check(config, SCHEMA)
    if "footprints" in config:
        check_footprints(config["footprints"], ["TF"])
    searches.check(config, SCHEMA, ["TF"])
    return config


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(places(FULL))),
            st.sampled_from(["set", "add", "remove"]),
            st.sampled_from(ODD) | st.integers(-3, 3000) | st.floats() | st.text(max_size=3),
            st.sampled_from(["new", "", "prior", 1, False, None, datetime.date(2020, 1, 1)]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_change_of_a_config_is_taken_or_refused(changes):
    config = copy.deepcopy(FULL)
    for (*above, last), change, value, name in changes:
        block = config
        try:
            for key in above:
                block = block[key]
            if change == "remove":
                del block[last]
            else:
                block[name if change == "add" and isinstance(block, dict) else last] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        config = plan(config)
    except InputError:
        return
    # what is taken can be handed to jobs as JSON, and is the same when it is completed again
    json.dumps(config, allow_nan=False)
    assert complete(config, SCHEMA) == config
    for model in config["models"]:
        for arm in config["arms"]:
            json.dumps(resolve(config, SCHEMA, model, arm), allow_nan=False)


def test_every_number_has_bounds():
    found = dict(numbers(SCHEMA))
    assert len(found) > 80
    for place, schema in found.items():
        for either in BOUNDS:
            assert set(either) & set(schema), place


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *product(
            ["learning_rate", "peaks", "clip_norm", "epochs"], [math.nan, math.inf, -math.inf]
        ),
        *product(["learning_rate", "clip_norm"], ["nan", "inf", "1e999"]),
    ],
)
def test_numbers_are_finite(key, value):
    assert f"config key 'training/{key}' is {float(value)}; give a finite number" in refused(
        {"training": {key: value}}
    )


@pytest.mark.parametrize(
    "config",
    [
        {"models": {"profile": {"options": {"own": [1, math.nan]}}}},
        {"search": {"s": {"leaves": {"learning_rate": {"choices": [math.nan]}}}}},
    ],
)
def test_numbers_that_the_schema_does_not_know_are_finite_too(config):
    assert "is nan; give a finite number" in refused(config)


@pytest.mark.parametrize("peaks", [1.5, 100.5, 0, -1])
def test_peaks_are_a_share_or_a_whole_number(peaks):
    assert f"config key 'training/peaks' is {peaks}; expected: Training peaks" in refused(
        {"training": {"peaks": peaks}}
    )


@pytest.mark.parametrize(
    ("given", "taken"), [(0.1, 0.1), (1, 1), (100, 100), (100.0, 100), ("0.1", 0.1), ("100", 100)]
)
def test_peaks_that_are_a_share_or_a_whole_number_are_taken(given, taken):
    peaks = complete({**LEAST, "training": {"peaks": given}}, SCHEMA)["training"]["peaks"]
    assert (peaks, type(peaks)) == (taken, type(taken))


def as_snakemake_reads(text):
    """Value of a nested `--config`: YAML of which all leaves are text."""
    return yaml.load(text, Loader=yaml.BaseLoader)


@pytest.mark.parametrize(
    ("section", "text", "taken"),
    [
        ("propose", "{target: GATA2, peaks_only: true}", {"target": "GATA2", "peaks_only": True}),
        ("propose", "{target: '1', biosample: null}", {"target": "1", "biosample": None}),
        ("training", "{epochs: 5, learning_rate: 1e-4}", {"epochs": 5, "learning_rate": 1e-4}),
        ("training", "{tile_stride: null, match_gc: yes}", {"tile_stride": None, "match_gc": True}),
        ("training", "{peaks: 300, widths: [5, 3]}", {"peaks": 300, "widths": [5, 3]}),
        (
            "training",
            "{seeds: [1, 2], precision: float32}",
            {"seeds": [1, 2], "precision": "float32"},
        ),
        ("reads", "{atac_shift: [4, -4]}", {"atac_shift": [4, -4]}),
        ("genome", "{name: 1, fasta: on}", {"name": "1", "fasta": "on"}),
    ],
)
def test_values_of_a_nested_command_line_are_what_the_schema_wants(section, text, taken):
    found = complete({**LEAST, section: as_snakemake_reads(text)}, SCHEMA)[section]
    assert {key: found[key] for key in taken} == taken
    assert all(type(found[key]) is type(taken[key]) for key in taken)


def test_searched_values_of_a_nested_command_line_are_what_their_settings_want():
    text = (
        "{s: {condition: TF, arm: with_prior, leaves: {epochs: {choices: [5, 10]}, learning_rate: "
        "{low: 1e-4, high: 1e-2, log: true}, prior/softness: {choices: [null, 0.2]}, "
        "'widths,dilations': {choices: [[[5, 3], [1, 2]]]}}}}"
    )
    config = plan({**LEAST, "search": as_snakemake_reads(text)})
    assert searches.define(config, SCHEMA, "s")["leaves"] == {
        "epochs": {"choices": [5, 10]},
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True, "integer": False},
        "prior/softness": {"choices": [None, 0.2]},
        "widths,dilations": {"choices": [[[5, 3], [1, 2]]]},
    }


@pytest.mark.parametrize("name", ["no", "on", "1", "0.5", "null", "2020-01-01"])
@pytest.mark.parametrize("section", ["arms", "models", "comparisons", "search", "training/folds"])
def test_names_that_yaml_takes_for_other_things_are_to_be_quoted(section, name):
    *above, last = section.split("/")
    config = yaml.safe_load(f"{last}: {{{name}: {{}}}}")
    for key in above:
        config = {key: config}
    message = refused(config)
    assert message.startswith(f"config key '{section}' has the name ")
    assert "quote it" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "training: {folds: {f: {validation: [2], test: ['3']}}}",
            "config key 'training/folds/f/validation/0' is 2; expected string; quote it",
        ),
        (
            "training: {folds: {f: {validation: ['2'], test: [1, X]}}}",
            "config key 'training/folds/f/test/0' is 1; expected string; quote it",
        ),
        (
            "comparisons: {a: [no, with_prior]}",
            "config key 'comparisons/a/0' is False; expected string; quote it",
        ),
        ("genome: {name: 2020-01-01}", "is no text, number, boolean or null; quote it"),
    ],
)
def test_texts_that_yaml_takes_for_other_things_are_to_be_quoted(text, message):
    assert message in refused(yaml.safe_load(text))
