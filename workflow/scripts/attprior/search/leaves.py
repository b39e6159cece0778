"""Leaves of settings by their paths, such as `prior/weight`, and what a trial makes of them."""

import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from attprior.models.registry import declaration, set_limit
from attprior.models.shapes import check_fit

Settings = dict[str, Any]


def paths_of(key: str) -> list[str]:
    """Paths that a key of `leaves` names; several change together."""
    return [path.strip() for path in key.split(",")]


def by_path(values: Mapping[str, Any]) -> dict[str, Any]:
    """Value of each path, for values by key."""
    found = {}
    for key, value in values.items():
        paths = paths_of(key)
        found |= dict(zip(paths, value if len(paths) > 1 else [value], strict=True))
    return found


def holds(settings: Mapping, path: str) -> bool:
    """Whether settings have a leaf at a path."""
    for part in path.split("/"):
        if not isinstance(settings, Mapping) or part not in settings:
            return False
        settings = settings[part]
    return not isinstance(settings, Mapping)


def put(settings: Settings, path: str, value: Any) -> None:
    """Set the leaf at a path; blocks on the way are made."""
    *blocks, last = path.split("/")
    for block in blocks:
        settings = settings.setdefault(block, {})
    settings[last] = value


def combinations(leaves: Mapping[str, Mapping]) -> Iterator[dict[str, Any]]:
    """Every combination of the leaves' choices, by key; the last key changes first."""
    choices = [leaf["choices"] for leaf in leaves.values()]
    for values in itertools.product(*choices):
        yield dict(zip(leaves, values, strict=True))


def trial_settings(definition: Mapping, values: Mapping[str, Any]) -> Settings:
    """Settings of a trial: the arm's, with the values of its leaves in their places.

    Leaves that have no effect beside the trial's kind of prior are left out.

    Parameters
    ----------
    definition
        As `attprior.search.definition.define` makes it.
    values
        Value of each key of the search's leaves.

    Raises
    ------
    InputError
        If they do not fit each other.
    """
    found = by_path(values)
    bases = definition["settings"]
    settings = copy.deepcopy(bases[found.get("prior/kind", next(iter(bases)))])
    for path, value in found.items():
        if holds(settings, path):
            put(settings, path, value)
    set_limit(settings)
    check_fit(settings, declaration(settings["architecture"]).examples, definition["bin_width"])
    return settings


def trial_arm(definition: Mapping, values: Mapping[str, Any]) -> Settings:
    """Arm by which the config gives a trial's settings: the search's own, with the trial's leaves."""
    settings = trial_settings(definition, values)
    arm = copy.deepcopy(definition["arm"])
    for path, value in by_path(values).items():
        if holds(settings, path):
            put(arm, path, value)
    return arm
