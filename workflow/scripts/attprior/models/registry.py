"""Which architectures there are, and what each says of itself.

An architecture is one file of this folder, and its name is the file's. The file holds

- `EXAMPLES`: what it is trained on, "profiles" (peaks and random intervals with counts) or "bins"
  (bins of the genome with labels);
- `DEFAULTS`: a value for each setting that it reads beside those that all training reads. It needs
  `input_length`, `batch_size`, `profile_length` where examples are profiles, and, of `prior`,
  `weight` and `freq_limit`. Settings that no other architecture has stand under `options`;
- one subclass of `attprior.models.architecture.Architecture`, which says what its methods must do.

`EXAMPLES` and `DEFAULTS` are written out as plain values: they are read from the file's text, so
that a run is planned without torch. A config then names the file: `architecture: mine`.
"""

import copy
import difflib
from pathlib import Path
from typing import Any, NamedTuple

from attprior import models
from attprior.declarations import constants
from attprior.errors import InputError
from attprior.models.shapes import free_frequencies

# heads by kind of examples: what a model predicts, and attributions can be of
HEADS = {"profiles": ("profile", "count"), "bins": ("logit",)}
DECLARED = ("EXAMPLES", "DEFAULTS")
NEEDED = ("input_length", "batch_size", "prior")


class Declaration(NamedTuple):
    """What an architecture's file says: where it is, its kind of examples, its settings."""

    path: Path
    examples: str
    defaults: dict[str, Any]


def names() -> list[str]:
    """Names of all architectures."""
    files = [path for folder in models.__path__ for path in sorted(Path(folder).glob("*.py"))]
    return [path.stem for path in files if "DEFAULTS" in constants(path, DECLARED)]


def declaration(name: str) -> Declaration:
    """What the file of an architecture says.

    Raises
    ------
    InputError
        If there is no such architecture, or its file lacks something.
    """
    paths = [Path(folder) / f"{name}.py" for folder in models.__path__]
    path = next((path for path in paths if path.is_file()), None)
    if path is None or "DEFAULTS" not in constants(path, DECLARED):
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names())}"
        raise InputError(f"unknown architecture '{name}'; {hint}")
    found = constants(path, DECLARED)
    if found.get("EXAMPLES") not in HEADS:
        raise InputError(
            f"{path}: EXAMPLES is {found.get('EXAMPLES')!r}; set it to {' or '.join(HEADS)}"
        )
    needed = NEEDED + ("profile_length",) * (found["EXAMPLES"] == "profiles")
    missing = [key for key in needed if key not in found["DEFAULTS"]]
    missing += [
        f"prior/{key}"
        for key in ("weight", "freq_limit")
        if key not in found["DEFAULTS"].get("prior", {})
    ]
    if missing:
        raise InputError(f"{path}: DEFAULTS lacks {', '.join(missing)}; add a value for each")
    return Declaration(path, found["EXAMPLES"], copy.deepcopy(found["DEFAULTS"]))


def set_limit(settings: dict[str, Any]) -> None:
    """Give `prior/freq_limit` its default where it is None.

    It is that of the architecture at the `input_length` of the architecture, and 15 % of any other.
    """
    prior, length = settings["prior"], settings["input_length"]
    if prior.get("freq_limit", 0) is None:
        defaults = declaration(settings["architecture"]).defaults
        own = defaults["prior"]["freq_limit"] if length == defaults["input_length"] else None
        prior["freq_limit"] = own or free_frequencies(length)
