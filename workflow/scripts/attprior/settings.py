"""The configuration: checked, completed and resolved to the settings of models and arms."""

import copy
import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

from attprior.errors import InputError
from attprior.models import registry
from attprior.models.shapes import check_fit, check_limit
from attprior.motifs.formats import JASPAR_GROUPS

NAMED = ("models", "arms", "comparisons", "search")
NESTED = dict | list | None
# how YAML writes what is no text
WORDS: dict[Any, tuple[str, ...]] = {
    None: ("null", "~"),
    True: ("true", "yes", "on"),
    False: ("false", "no", "off"),
}
# leaves of a prior that no other kind reads
FOURIER = ("freq_limit", "softness", "smooth_sigma")

Config = dict[str, Any]


def complete(config: Mapping, schema: Mapping) -> Config:
    """Check a configuration against its schema and fill in the defaults.

    Entries of `models`, `arms`, `comparisons`, `search` and `training/folds` that are null are
    removed, so that a later file can take out what an earlier one named. Text that stands where only
    a number, a boolean or null can becomes that, as all of a nested `--config` is text to Snakemake.

    Raises
    ------
    InputError
        For an unknown key (with the nearest known one), a missing key or a wrong value.
    """
    config = typed(dict(config), schema)
    training = config.get("training")
    folds = training.get("folds") if isinstance(training, dict) else None
    for section in [*(config.get(name) for name in NAMED), folds]:
        if isinstance(section, dict):
            for name in [name for name, value in section.items() if value is None]:
                del section[name]
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if errors:
        raise InputError("\n".join(_message(error) for error in errors))
    _fill(config, schema)
    return config


def typed(value: Any, schema: Any, place: str = "") -> Any:
    """Copy of a value of the configuration whose leaves are of the types that the schema wants.

    Parameters
    ----------
    schema
        Of the value; what it says nothing of stays as it is.
    place
        Path of the value, for messages.

    Raises
    ------
    InputError
        For a name that is no text, a date and the like, and a number that is not finite.
    """
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, Mapping):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"{_where(place)} has the name {key!r}, which is no text: YAML takes no, off, yes, "
                    'on and null, numbers and dates for other things; quote it, as in "no": or "1":'
                )
        return {
            key: typed(own, known.get(key, others), f"{place}/{key}" if place else key)
            for key, own in value.items()
        }
    if isinstance(value, list):
        return [
            typed(own, schema.get("items"), f"{place}/{number}") for number, own in enumerate(value)
        ]
    if not isinstance(value, str | int | float | None):
        raise InputError(
            f"{_where(place)} is {value!r}, which is no text, number, boolean or null; quote it"
        )
    wanted = {key: schema[key] for key in ("type", "enum", "anyOf") if key in schema}
    fits = jsonschema.Draft202012Validator(wanted).is_valid
    if isinstance(value, str):
        meant = _meant(value)
        # a text that may stand there stays, but for null
        if wanted and fits(meant) and (meant is None or not fits(value)):
            value = meant
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{_where(place)} is {value}; give a finite number")
        if value.is_integer() and fits(value) and not fits(value + 0.5):
            value = int(value)
    return value


def _meant(text: str) -> Any:
    """Null, boolean or number that a text stands for; the text itself where it stands for none."""
    for meant, words in WORDS.items():
        if text.lower() in words:
            return meant
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _where(place: str) -> str:
    return f"config key '{place}'" if place else "the config"


def _fill(config: Config, schema: Mapping) -> None:
    for key, value in schema.get("properties", {}).items():
        if key not in config and "default" in value:
            config[key] = copy.deepcopy(value["default"])
        if isinstance(config.get(key), dict):
            _fill(config[key], value)


def _message(error: jsonschema.ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path)
    where = _where(place)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        lines = []
        for key in (key for key in error.instance if key not in known):
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            lines.append(
                f"unknown config key '{'/'.join(filter(None, [place, str(key)]))}': {hint}"
            )
        return "\n".join(lines)
    if error.validator == "enum":
        return f"{where} is {error.instance!r}; choose one of {', '.join(map(str, error.validator_value))}"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        # YAML takes 1 for a number and no for false
        text = "string" in error.validator_value
        hint = "; quote it" if text and not isinstance(error.instance, NESTED) else ""
        return f"{where} is {error.instance!r}; expected {wanted}{hint}"
    if error.validator == "anyOf":
        return f"{where} is {error.instance!r}; expected: {error.schema['description']}"
    return f"{where}: {error.message}"


def resolve(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> Config:
    """Settings of a model in an arm: the architecture's defaults, `training`, the model's block and
    the arm's own, in this order.

    Later ones win leaf by leaf. Leaves that the architecture does not read, and those of a prior that
    have no effect in the arm, are dropped, so that an edit of them concerns only what has them.
    Without an arm, these are the model's own settings, whole.

    Raises
    ------
    InputError
        For an unknown architecture.
    """
    settings = layered(config, schema, model, arm)
    registry.set_limit(settings)
    return settings


def layered(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> Config:
    """Settings as `resolve` gives them, but with a `prior/freq_limit` of None where the config has none."""
    layers = [config["training"], config["models"][model]]
    layers += [] if arm is None else [config["arms"][arm]]
    architecture = next(
        layer["architecture"] for layer in reversed(layers) if "architecture" in layer
    )
    defaults = registry.declaration(architecture).defaults
    settings: Config = {}
    for layer in (defaults, {"prior": {"freq_limit": None}}, *layers):
        _update(settings, layer)
    read = read_by(defaults, schema)
    settings = {key: value for key, value in settings.items() if key in read}
    for name, default in defaults.get("options", {}).items():
        own = settings["options"][name]
        if isinstance(own, str) and not isinstance(default, str | None):
            settings["options"][name] = _meant(own)
    if arm is None:
        return settings
    prior = settings["prior"]
    if prior["kind"] == "none":
        settings["prior"] = {"kind": "none"}
    elif prior["kind"] != "fourier":
        settings["prior"] = {key: prior[key] for key in prior if key not in FOURIER}
    return settings


def read_by(defaults: Mapping, schema: Mapping) -> set[str]:
    """Settings that an architecture of such defaults reads: its own, and those of all training."""
    leaves = schema["$defs"]["settings"]["properties"]
    return {key for key, leaf in leaves.items() if "default" in leaf} | set(defaults)


def _update(settings: Config, layer: Mapping) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(settings.get(key), dict):
            _update(settings[key], value)
        else:
            settings[key] = copy.deepcopy(value)


def _kind(value: Any) -> str:
    """What a value of an option is, in words."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return {str: "text", list: "a list", dict: "an object"}.get(type(value), "null")


def model_heads(config: Mapping, schema: Mapping, model: str, arm: str | None = None) -> list[str]:
    """Heads of a model that are attributed: those of `attribution/heads` that it has, in order."""
    architecture = resolve(config, schema, model, arm)["architecture"]
    has = registry.HEADS[registry.declaration(architecture).examples]
    return [head for head in config["attribution"]["heads"] if head in has]


def as_text(settings: Mapping | Sequence) -> str:
    """Settings as one line of JSON, the same for equal settings."""
    return json.dumps(settings, sort_keys=True)


def check_footprints(footprints: Mapping, conditions: Sequence[str]) -> None:
    """Check the sets of bases in which attributions are measured.

    Parameters
    ----------
    footprints
        Block of the completed configuration.
    conditions
        Those of the sheet.

    Raises
    ------
    InputError
        If the sheet has none of the conditions, for two sets of one name, and for an unknown
        database.
    """
    named = [*footprints["intervals"], *footprints["motifs"]]
    # some may be of another sheet: a config is laid over many
    if named and not set(named) & set(conditions):
        raise InputError(
            f"config key 'footprints' is of {', '.join(dict.fromkeys(named))}; the sheet's "
            f"conditions are {', '.join(conditions) or 'none'}"
        )
    for condition, sets in footprints["motifs"].items():
        for name, chosen in sets.items():
            key, database = f"config key 'footprints/motifs/{condition}/{name}'", chosen["database"]
            if name in footprints["intervals"].get(condition, {}):
                raise InputError(f"{key}: a set of intervals has this name too; change one")
            group = database.removeprefix("jaspar_")
            if group != database and group not in JASPAR_GROUPS:
                raise InputError(
                    f"{key}: JASPAR has no group '{group}'; choose of {', '.join(JASPAR_GROUPS)}"
                )


def check(config: Mapping, schema: Mapping) -> None:
    """Check what the schema alone can't: names that refer to others, and shapes.

    Raises
    ------
    InputError
        For an unknown arm in a comparison, chromosomes in two splits of a fold or in the test sets
        of two folds, a model whose settings do not fit its architecture, a model without a head to
        attribute, or an arm's setting that no model reads.
    """
    arms = list(config["arms"])
    for name, pair in config["comparisons"].items():
        for arm in pair:
            if arm not in arms:
                near = difflib.get_close_matches(arm, arms, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"arms: {', '.join(arms)}"
                raise InputError(f"config key 'comparisons/{name}': unknown arm '{arm}'; {hint}")
    for name, fold in config["training"]["folds"].items():
        both = sorted(set(fold["validation"]) & set(fold["test"]))
        if both:
            raise InputError(
                f"config key 'training/folds/{name}': {', '.join(both)} is in validation and test; "
                "keep it in one"
            )
    tested: dict[str, str] = {}
    for name, fold in config["training"]["folds"].items():
        for chromosome in dict.fromkeys(fold["test"]):
            if chromosome in tested:
                raise InputError(
                    f"config key 'training/folds/{name}': {chromosome} is in the test set of fold "
                    f"{tested[chromosome]} too, so that its peaks would be counted twice; test on "
                    "each chromosome in one fold (a fold set to null is taken out)"
                )
            tested[chromosome] = name
    for model in config["models"]:
        for arm in dict.fromkeys(arm for pair in config["comparisons"].values() for arm in pair):
            try:
                check_model(config, schema, model, arm)
            except InputError as error:
                raise InputError(f"config key 'models/{model}' (arm {arm}): {error}") from None
    for arm, layer in config["arms"].items():
        read = {key for model in config["models"] for key in resolve(config, schema, model, arm)}
        for key in layer:
            if key not in read:
                raise InputError(
                    f"config key 'arms/{arm}/{key}': no model reads it "
                    f"({', '.join(config['models'])}); take it out"
                )


def check_model(config: Mapping, schema: Mapping, model: str, arm: str) -> None:
    """Check a model's settings in an arm against its architecture.

    Raises
    ------
    InputError
        For an unknown architecture, a setting in the model's block that it does not read,
        lengths that do not fit each other or the bins, and an arm with negatives of its own.
    """
    settings = resolve(config, schema, model, arm)
    name = settings["architecture"]
    declared = registry.declaration(name)
    leaves = schema["$defs"]["settings"]["properties"]
    for key in declared.defaults:
        if key not in leaves:
            raise InputError(
                f"{declared.path}: DEFAULTS has '{key}', which no config can hold; put it under options"
            )
    for key in config["models"][model]:
        if key not in read_by(declared.defaults, schema):
            raise InputError(
                f"architecture {name} does not read {key}; take it out (it reads "
                f"{', '.join(declared.defaults)}, and what all models do)"
            )
    for key in settings.get("options", {}):
        if key not in declared.defaults["options"]:
            known = ", ".join(declared.defaults["options"])
            raise InputError(f"architecture {name} knows no option '{key}'; it knows {known}")
        default, option = declared.defaults["options"][key], settings["options"][key]
        if default is not None and _kind(option) != _kind(default):
            raise InputError(
                f"option '{key}' of architecture {name} is {option!r}; expected {_kind(default)}, as its "
                f"default is {default!r}"
            )
    check_fit(settings, declared.examples, config["bins"]["width"])
    own = resolve(config, schema, model)
    # noise of all arms is measured by the model's own limit
    for length in (own["input_length"], settings["input_length"]):
        check_limit({**own, "input_length": length})
    if settings["max_unknown"] != own["max_unknown"]:
        raise InputError(
            "max_unknown also says against which negatives models are measured, which must be the same "
            "for all arms; set it in training, or in the model's block"
        )
    heads = model_heads(config, schema, model, arm)
    if not heads:
        raise InputError(
            f"architecture {name} has none of the heads that 'attribution/heads' lists "
            f"({', '.join(config['attribution']['heads'])}); list "
            f"{' or '.join(registry.HEADS[declared.examples])} too"
        )
    if heads != model_heads(config, schema, model):
        raise InputError(
            f"architecture {name} learns from {declared.examples}, which the model's own does not, "
            "so that the arms can't be compared; make it a model of its own"
        )
