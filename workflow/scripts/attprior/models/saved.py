"""Trained models as files: weights, and all that building the model takes."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from attprior.files import aside
from attprior.models.profile import ProfileModel


def build(description: Mapping) -> ProfileModel:
    """Model of a description: `settings`, `tasks` (names), `strands`, `controls`."""
    return ProfileModel(
        description["settings"],
        len(description["tasks"]),
        description["strands"],
        description["controls"],
    )


def save_model(path: str | Path, weights: Mapping[str, Tensor], description: Mapping) -> None:
    """Write `model.pt`: the state_dict, and the description as JSON."""
    with aside(path) as temporary:
        torch.save({"weights": dict(weights), "description": json.dumps(description)}, temporary)


def load_model(path: str | Path) -> tuple[ProfileModel, dict]:
    """Model in evaluation mode and its description; loaded with `weights_only=True`."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    description = json.loads(saved["description"])
    model = build(description)
    model.load_state_dict(saved["weights"])
    return model.eval(), description
