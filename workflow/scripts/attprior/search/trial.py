"""A trial: models trained with its settings, and what they predict and attribute.

Letters of shapes: M sampled examples, L input positions.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from attprior import metrics
from attprior.attribution.deepshap import deepshap
from attprior.attribution.methods import input_gradient
from attprior.attribution.regions import choose_regions
from attprior.attribution.shuffles import references_of
from attprior.dataset.folds import chromosomes_of
from attprior.dataset.sampler import sampler_of
from attprior.dataset.windows import Windows, open_windows
from attprior.errors import InputError
from attprior.models.architecture import Architecture
from attprior.models.registry import declaration
from attprior.models.saved import build
from attprior.search.study import Measure
from attprior.training.constant import learnt_nothing
from attprior.training.device import choose_device
from attprior.training.loop import train_seeds

log = logging.getLogger(__name__)


def measurer(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    definition: Mapping,
    batch_size: int,
    device: str = "auto",
) -> Measure:
    """Open a condition's data, and give the function that trains and measures on it.

    The function measures `validation_loss` (of the best epoch, without the prior), `epochs` (up to
    the best one), `seconds` (of training), and of contributions at sampled validation peaks, by
    gradient and by DeepSHAP, `high_frequency_share` and `entropy`; each a mean over seeds. It never
    looks at test chromosomes. It raises InputError where settings do not work: losses that are not
    finite, lengths that do not fit, too little memory.

    Parameters
    ----------
    definition
        As `attprior.search.definition.define` makes it; with `study`, the study's name.
    batch_size
        Pairs of sequence and reference that are attributed at once.
    """
    where = choose_device(device)
    opened = open_windows(labels, fasta, next(iter(definition["settings"].values())))
    validation_chromosomes = chromosomes_of(opened.labels, fold, "validation")
    seeds = definition["seeds"]

    def measure(settings: Mapping, folder: Path) -> dict[str, float]:
        windows = replace(
            opened,
            input_length=settings["input_length"],
            profile_length=settings.get("profile_length", 0),
        )
        data = windows.labels
        description = {
            "settings": settings,
            "tasks": data.tasks,
            "strands": data.strands,
            "controls": data.controls,
        }
        trained = train_seeds(
            lambda: build(description),
            sampler_of(windows, fold, "training", settings),
            sampler_of(windows, fold, "validation", settings),
            settings,
            {seed: folder / f"seed_{seed}.pt" for seed in seeds},
            where,
            json.dumps([definition["study"], settings], sort_keys=True),
            len(seeds) if where.type == "cuda" else 1,
        )
        regions = choose_regions(
            windows, validation_chromosomes, peaks=1, sample=definition["sample"]
        )
        if not len(regions.sampled):
            raise InputError(
                "no validation peak can be attributed: all leave their chromosome, hold an N or are a repeat"
            )
        starts = windows.starts(regions.summits[regions.sampled])
        found = []
        for weights, history in trained.values():
            model = build(description)
            model.load_state_dict(weights)
            model = model.to(where).eval()
            best = min(history, key=lambda row: row["validation_loss"])
            learnt_nothing(best, declaration(settings["architecture"]).examples)
            found.append(
                {
                    "validation_loss": best["validation_loss"],
                    "epochs": best["epoch"],
                    "seconds": sum(row["seconds"] for row in history),
                    **noise(model, windows, starts, definition, batch_size, where),
                }
            )
        return {name: float(np.mean([one[name] for one in found])) for name in found[0]}

    return measure


def noise(
    model: Architecture,
    windows: Windows,
    starts: np.ndarray,
    definition: Mapping,
    batch_size: int,
    device: torch.device,
) -> dict[str, float]:
    """High-frequency share and entropy of a model's contributions, means over examples.

    Parameters
    ----------
    starts
        First positions (M,) of the input windows.
    definition
        With `references`, `freq_limit`, `input_length` and `smooth_sigma`.

    Returns
    -------
    dict
        `gradient_high_frequency_share`, `deepshap_entropy` and so on.
    """
    sequences = torch.from_numpy(windows.one_hot(starts))
    control = torch.from_numpy(windows.counts(starts, control=True))
    shuffles = references_of(sequences, definition["references"], seed=0)
    hypothetical, deltas = deepshap(model, sequences, control, shuffles, batch_size, device)
    gradients = [
        input_gradient(model, own.to(device), held.to(device)).cpu()
        for own, held in zip(sequences.split(batch_size), control.split(batch_size), strict=True)
    ]
    log.info("convergence delta of DeepSHAP: median %.1e", deltas.median().item())
    attributions = {"gradient": torch.cat(gradients), "deepshap": hypothetical.cpu()}
    # a limit in cycles over the input stays the same period at another length
    limit = round(definition["freq_limit"] * windows.input_length / definition["input_length"])
    found = {}
    for kind, values in attributions.items():
        share, entropy = _spread(values * sequences, limit, definition["smooth_sigma"])
        found |= {f"{kind}_high_frequency_share": share, f"{kind}_entropy": entropy}
    return found


def _spread(contributions: Tensor, freq_limit: int, smooth_sigma: float) -> tuple[float, float]:
    """Mean high-frequency share and entropy of contributions (M, 4, L); NaN of constant ones."""
    track = contributions.abs().sum(dim=1)
    share = metrics.high_frequency_share(track, freq_limit, smooth_sigma)
    share = share[np.isfinite(share)]
    entropy = metrics.attribution_entropy(contributions).mean()
    return float(share.mean()) if len(share) else math.nan, float(entropy)
