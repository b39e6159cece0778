"""What a search looks for, by its block of the config: checked, and gathered in one."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema

from attprior import settings
from attprior.errors import InputError
from attprior.search.leaves import Settings, combinations, holds, paths_of

TRIALS = 20
# a change of these changes what the prediction loss is a loss of
LOSS_DEFINING = ("count_loss_weight", "profile_length")


def complete(config: Mapping, schema: Mapping, name: str) -> dict[str, Any]:
    """Block of a search with its defaults.

    Parameters
    ----------
    config, schema
        Completed configuration, and its schema.
    """
    known = schema["properties"]["search"]["additionalProperties"]["properties"]
    defaults = {key: leaf["default"] for key, leaf in known.items() if "default" in leaf}
    block = {**defaults, **config["search"][name]}
    block["leaves"] = {key: _typed(key, leaf, schema) for key, leaf in block["leaves"].items()}
    block["model"] = block["model"] or next(iter(config["models"]))
    block["fold"] = block["fold"] or next(iter(config["training"]["folds"]))
    return block


def _typed(key: str, leaf: Mapping, schema: Mapping) -> dict[str, Any]:
    """A leaf whose values are of their settings' types, as `attprior.settings.typed` makes them."""
    leaf, paths = dict(leaf), paths_of(key)
    schemas = [_schema_of(path, schema) for path in paths]
    each = schemas[0] if len(paths) == 1 else None
    leaf |= {end: settings.typed(leaf[end], each, key) for end in ("low", "high") if end in leaf}
    if "choices" in leaf:
        leaf["choices"] = [
            [settings.typed(*pair, key) for pair in zip(choice, schemas, strict=False)]
            if each is None and isinstance(choice, list) and len(choice) == len(paths)
            else settings.typed(choice, each, key)
            for choice in leaf["choices"]
        ]
    return leaf


def trials(config: Mapping, schema: Mapping, name: str) -> int:
    """How many trials a search has."""
    block = complete(config, schema, name)
    if block["sampler"] == "grid":
        return len(list(combinations(block["leaves"])))
    return block["trials"] or TRIALS


def define(config: Mapping, schema: Mapping, name: str) -> dict[str, Any]:
    """All that a search's trials depend on, but for their number and the data.

    Noise is measured by the model's own limit and smoothing, the same in all trials.

    Returns
    -------
    dict
        `settings` of a trial before its leaves by kind of prior, `arm`, `leaves` (low, high, log and
        integer, or choices), `sampler`, `seed`, `seeds`, `objectives`, `sample`, `references`,
        `freq_limit` (cycles over `input_length`), `smooth_sigma` (bp), `bin_width`.
    """
    block = complete(config, schema, name)
    own = settings.resolve(config, schema, block["model"])
    kept = ("sampler", "seed", "seeds", "objectives", "sample")
    return {
        "settings": _bases(config, schema, block),
        "arm": config["arms"][block["arm"]],
        "leaves": {key: _space(key, leaf, schema) for key, leaf in block["leaves"].items()},
        **{key: block[key] for key in kept},
        "references": config["attribution"]["references"],
        "freq_limit": own["prior"]["freq_limit"],
        "smooth_sigma": own["prior"]["smooth_sigma"],
        "input_length": own["input_length"],
        "bin_width": config["bins"]["width"],
    }


def _bases(config: Mapping, schema: Mapping, block: Mapping) -> dict[str, Settings]:
    """Settings of a search's arm, by each kind of prior that its trials can have."""
    arm = config["arms"][block["arm"]]
    own = settings.resolve(config, schema, block["model"], block["arm"])
    kinds = [own["prior"]["kind"]]
    for key, leaf in block["leaves"].items():
        paths = paths_of(key)
        if "prior/kind" in paths:
            at, choices = paths.index("prior/kind"), leaf.get("choices", [])
            kinds = choices if len(paths) == 1 else [values[at] for values in choices]
    bases = {}
    for kind in kinds:
        searched = {**arm, "prior": {**arm.get("prior", {}), "kind": kind}}
        changed = {**config, "arms": {block["arm"]: searched}}
        # the limit of a prior follows a trial's input_length where the config has none
        bases[kind] = settings.layered(changed, schema, block["model"], block["arm"])
    return bases


def _schema_of(path: str, schema: Mapping) -> Mapping:
    """Schema of the leaf at a path; an architecture's own option can be anything."""
    found: Mapping = schema["$defs"]["settings"]
    for part in path.split("/"):
        found = found.get("properties", {}).get(part, {})
    return found


def _space(key: str, leaf: Mapping, schema: Mapping) -> dict[str, Any]:
    """Values that a leaf can have."""
    if "choices" in leaf:
        return {"choices": leaf["choices"]}
    types = _types(_schema_of(key, schema))
    low, high = leaf["low"], leaf["high"]
    whole = "number" not in types if types else isinstance(low, int) and isinstance(high, int)
    return {"low": low, "high": high, "log": leaf.get("log", False), "integer": whole}


def _types(leaf: Mapping) -> list[str]:
    types = leaf.get("type", [])
    return types if isinstance(types, list) else [types]


def check(config: Mapping, schema: Mapping, conditions: Iterable[str]) -> None:
    """Check all searches of a config, as far as can be told before any trial.

    Parameters
    ----------
    config, schema
        Completed configuration, and its schema.
    conditions
        Those of the sheet.

    Raises
    ------
    InputError
        For unknown names, leaves that do not exist or have no effect, and values that they can't
        have.
    """
    for name in config["search"]:
        where = f"config key 'search/{name}"
        block = complete(config, schema, name)
        known = {
            "condition": conditions,
            "model": config["models"],
            "arm": config["arms"],
            "fold": config["training"]["folds"],
        }
        for key, names in known.items():
            if block[key] not in names:
                hint = _hint(block[key], names)
                raise InputError(f"{where}/{key}': unknown {key} '{block[key]}'; {hint}")
        if block["sampler"] == "grid" and block["trials"]:
            raise InputError(f"{where}/trials': a grid tries all that it holds; take the key out")
        for key, leaf in block["leaves"].items():
            _check_values(f"{where}/leaves/{key}'", key, leaf, block["sampler"], schema)
        bases = _bases(config, schema, block)
        seen: set[str] = set()
        for key in block["leaves"]:
            for path in paths_of(key):
                _check_path(f"{where}/leaves/{key}'", path, bases, schema)
                if path in seen:
                    raise InputError(f"{where}/leaves/{key}': {path} is searched twice")
                seen.add(path)


def _hint(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"


def _leaves(tree: Mapping, above: str = "") -> Iterator[str]:
    """Paths of all leaves."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}/")
        else:
            yield f"{above}{key}"


def _check_path(where: str, path: str, bases: Mapping[str, Mapping], schema: Mapping) -> None:
    """Check that a leaf exists, that some trial reads it, and that trials stay comparable."""
    if path == "architecture":
        raise InputError(f"{where}: a search has one architecture; make one for each model")
    if path in LOSS_DEFINING:
        raise InputError(
            f"{where}: {path} changes what the prediction loss is a loss of, so that trials could "
            "not be compared; take it out"
        )
    if any(holds(base, path) for base in bases.values()):
        return
    if path.startswith("prior/") and _schema_of(path, schema):
        raise InputError(
            f"{where}: {path} has no effect where prior/kind is {', '.join(bases)}; name an arm that "
            "has such a prior"
        )
    known = dict.fromkeys(leaf for base in bases.values() for leaf in _leaves(base))
    hint = _hint(path, [leaf for leaf in known if leaf not in (*LOSS_DEFINING, "architecture")])
    raise InputError(f"{where}: unknown setting '{path}'; {hint}")


def _check_values(where: str, key: str, leaf: Mapping, sampler: str, schema: Mapping) -> None:
    """Check a leaf's range or choices against the schema of its setting."""
    paths = paths_of(key)
    if "choices" in leaf:
        if not leaf.keys().isdisjoint(("low", "high", "log")):
            raise InputError(f"{where}: choices and a range; give one of them")
        values = leaf["choices"] if len(paths) > 1 else [[value] for value in leaf["choices"]]
    else:
        if not {"low", "high"} <= leaf.keys():
            raise InputError(f"{where}: neither a range nor choices; give low and high, or choices")
        if len(paths) > 1 or sampler == "grid":
            why = "keys that change together have" if len(paths) > 1 else "a grid has"
            raise InputError(f"{where}: {why} no range; give choices")
        types = _types(_schema_of(key, schema))
        if types and not {"integer", "number"} & set(types):
            raise InputError(f"{where}: {key} is no number; give choices")
        if leaf["low"] >= leaf["high"]:
            raise InputError(
                f"{where}: low is {leaf['low']}, which is not below high, {leaf['high']}"
            )
        if leaf.get("log") and leaf["low"] <= 0:
            raise InputError(f"{where}: low is {leaf['low']}; with log: true it must be above 0")
        if paths == ["peaks"] and leaf["low"] <= 1 < leaf["high"]:
            raise InputError(
                f"{where}: peaks up to 1 are a share, and past it a number; give a range of either"
            )
        values = [[leaf["low"]], [leaf["high"]]]
    for joined in values:
        if not isinstance(joined, list) or len(joined) != len(paths):
            raise InputError(f"{where}: {joined!r} has no value for each of {', '.join(paths)}")
        for path, value in zip(paths, joined, strict=True):
            errors = jsonschema.Draft202012Validator(_schema_of(path, schema)).iter_errors(value)
            for error in errors:
                raise InputError(f"{where}: {error.message}; correct this value of {path}")
