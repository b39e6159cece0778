"""Trained models as files: weights, and all that building the model takes."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.models.architecture import Architecture
from attprior.models.registry import declaration


def model_class(architecture: str) -> type[Architecture]:
    """Class of an architecture: the one subclass of `Architecture` that its file defines.

    Raises
    ------
    InputError
        If there is no such architecture, or its file defines none or several.
    """
    path = declaration(architecture).path
    module = importlib.import_module(f"attprior.models.{architecture}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Architecture)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise InputError(f"{path}: {len(found)} subclasses of Architecture; define one")
    return found[0]


def build(description: Mapping) -> Architecture:
    """Model of a description: `settings`, `tasks` (names), `strands`, `controls`.

    Raises
    ------
    InputError
        For a module that works in place, which no attribution could be taken of after training.
    """
    architecture = description["settings"]["architecture"]
    model = model_class(architecture)(
        description["settings"],
        len(description["tasks"]),
        description["strands"],
        description["controls"],
    )
    for name, module in model.named_modules():
        if getattr(module, "inplace", False):
            raise InputError(
                f"{declaration(architecture).path}: {name} is {module}, which overwrites what it "
                "reads, while DeepSHAP needs both; take inplace=True out"
            )
    return model


def save_model(path: str | Path, weights: Mapping[str, Tensor], description: Mapping) -> None:
    """Write `model.pt`: the state_dict, and the description as JSON."""
    # by its name torch would put the name into the file
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        torch.save({"weights": dict(weights), "description": json.dumps(description)}, file)


def load_model(path: str | Path) -> tuple[Architecture, dict]:
    """Model in evaluation mode and its description; loaded with `weights_only=True`."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    description = json.loads(saved["description"])
    model = build(description)
    model.load_state_dict(saved["weights"])
    return model.eval(), description
