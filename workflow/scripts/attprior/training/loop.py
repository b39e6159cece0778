"""Training of several seeds together: epochs, early stopping, checkpoints.

Letters of shapes: Z seeds, and those of `attprior.models.architecture`.
"""

import logging
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attprior.dataset.sampler import HELD_OUT_SEED, Sampler
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.models.architecture import Architecture, Outputs
from attprior.priors import AT_SEQUENCES, weight_at
from attprior.training.constant import Constant, best_constant
from attprior.training.ensemble import Ensemble
from attprior.training.optimiser import Optimiser
from attprior.training.step import Data, Pieces, draw, first_pieces, step, tensors

log = logging.getLogger(__name__)

WORKERS = 4  # threads that make batches ahead of a GPU


@dataclass
class Losses:
    """Means of losses over an epoch's examples; `parts` are those of the prediction loss."""

    parts: dict[str, float]
    prediction: float
    prior: float
    total: float


@dataclass
class Progress:
    """State needed to resume training a seed."""

    key: str
    model: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    stale: int = 0
    finished: bool = False


def train_seeds(
    build: Callable[[], Architecture],
    training: Sampler,
    validation: Sampler,
    settings: Mapping,
    checkpoints: Mapping[int, Path],
    device: torch.device,
    key: str = "",
    together: int = 1,
) -> dict[int, tuple[dict[str, Tensor], list[dict[str, float]]]]:
    """Train initialisations; each resumes from its checkpoint where there is one with the same key.

    The best epoch of a seed is the one of the lowest validation prediction loss, the prior left out;
    its weights are copied. A seed stops after `patience` epochs without an improvement of at least
    `min_improvement`. What is drawn for a seed depends on it and the epoch alone, so that seeds
    trained together end as they do alone, but for rounding.

    With `start: mean` a new seed starts at the best constant prediction of the training examples, and
    each epoch's validation loss is set beside that of this prediction.

    Parameters
    ----------
    build
        Makes a model; called after seeding.
    checkpoints
        Seed to its checkpoint.
    key
        Says what a checkpoint belongs to; one with another key is not used.
    together
        Most seeds in one pass over the device. Models with dropout, negatives matched by GC content
        and DeepLIFT's multipliers are trained one seed at a time.

    Returns
    -------
    dict
        Seed to the best epoch's state_dict, on the CPU, and the history, a dict per epoch.

    Raises
    ------
    InputError
        If losses of a seed are not finite, after all others are trained; its last checkpoint stays.
    """
    settings = _long_enough(settings, training)
    progress = {seed: _resume(path, key) for seed, path in checkpoints.items()}
    together = together if _stackable(settings) else 1
    set_arithmetic(settings)
    if any(state is None or not state.finished for state in progress.values()):
        constant, level = _constant(build, training, validation, settings, device)
    for seed, state in progress.items():
        if state is None:
            start = constant if settings["start"] == "mean" else None
            progress[seed] = _begin(build, seed, key, start)

    def epochs(seed: int) -> int:
        return len(progress[seed].history)

    unfinished = sorted((s for s in progress if not progress[s].finished), key=epochs)
    diverged = []
    for _, group in groupby(unfinished, key=epochs):
        group = list(group)
        for first in range(0, len(group), together):
            seeds = {seed: progress[seed] for seed in group[first : first + together]}
            diverged += _train_group(
                build, training, validation, settings, seeds, checkpoints, device, level
            )
    if diverged:
        raise InputError(
            f"the loss of seed {', '.join(map(str, diverged))} is no longer a finite number; the "
            "other seeds are trained. Lower learning_rate or prior/weight, or leave the seed out"
        )
    return {seed: (state.best, state.history) for seed, state in progress.items()}


def _long_enough(settings: Mapping, training: Sampler) -> Mapping:
    """Settings with more epochs and patience, in proportion, where epochs have too few steps."""
    if not settings["min_steps"]:
        return settings
    examples = len(training.epoch(HELD_OUT_SEED, 0)[0])
    steps = max(-(-examples // settings["batch_size"]), 1)
    stretch = settings["min_steps"] / (settings["epochs"] * steps)
    if stretch <= 1:
        return settings
    longer = {key: math.ceil(stretch * settings[key]) for key in ("epochs", "patience")}
    log.info(
        "an epoch has %d steps, so there are up to %d epochs, for the %d steps of min_steps, and a "
        "patience of %d",
        *(steps, longer["epochs"], settings["min_steps"], longer["patience"]),
    )
    return {**settings, **longer}


def _stackable(settings: Mapping) -> bool:
    """Whether seeds can share a pass: batches of one size, and nothing drawn or hooked within it."""
    rescaled = settings["prior"].get("attribution") == "rescale"
    return not (settings.get("dropout") or settings["match_gc"] or rescaled)


def set_arithmetic(settings: Mapping) -> None:
    """Set the precision of products on a GPU, and whether results must repeat to the bit."""
    inexact = settings["precision"] != "float32"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = inexact
    if settings["deterministic"]:
        # cuBLAS reads it when it is first used
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(settings["deterministic"])


def _train_group(
    build: Callable[[], Architecture],
    training: Sampler,
    validation: Sampler,
    settings: Mapping,
    progress: Mapping[int, Progress],
    checkpoints: Mapping[int, Path],
    device: torch.device,
    level: Losses,
) -> list[int]:
    """Train seeds that are at the same epoch to their ends; return those whose loss diverged."""
    live, diverged, pieces = list(progress), [], first_pieces(build, settings, device)
    while live:
        # anew when seeds have stopped, without them
        optimiser = _restore(build, [progress[seed] for seed in live], settings, device)
        ensemble, average = optimiser.ensemble, optimiser.average
        seeds = tuple(live)
        while seeds == tuple(live):
            epoch = len(progress[seeds[0]].history) + 1
            start = time.perf_counter()
            trained = _epoch(ensemble, training, settings, device, seeds, epoch, pieces, optimiser)
            held_out = _epoch(average, validation, settings, device, (HELD_OUT_SEED,), 0, pieces)
            seconds = (time.perf_counter() - start) / len(seeds)
            for member, seed in enumerate(seeds):
                loss = trained[member]
                if not math.isfinite(loss.total + held_out[member].prediction):
                    log.error(
                        "seed %d, epoch %d: the loss is %s (prediction %s, prior %s, validation %s); "
                        "the seed stops, and %s stays",
                        *(seed, epoch, loss.total, loss.prediction, loss.prior),
                        *(held_out[member].prediction, checkpoints[seed]),
                    )
                    diverged.append(seed)
                    live.remove(seed)
                    continue
                state = progress[seed]
                state.model = ensemble.state(member)
                state.optimiser = optimiser.state(member)
                evaluated = average.state(member)
                _record(state, seed, loss, held_out[member], evaluated, level, seconds, settings)
                _save(state, checkpoints[seed])
                if state.finished:
                    live.remove(seed)
    return diverged


def _restore(
    build: Callable[[], Architecture],
    states: Sequence[Progress],
    settings: Mapping,
    device: torch.device,
) -> Optimiser:
    """Optimiser of the seeds' models, as their progress has them."""
    models = [build() for _ in states]
    for model, state in zip(models, states, strict=True):
        model.load_state_dict(state.model)
    ensemble = Ensemble([model.to(device) for model in models])
    begun = [state.optimiser for state in states if state.optimiser]
    return Optimiser(ensemble, settings, begun)


def _record(
    state: Progress,
    seed: int,
    trained: Losses,
    held_out: Losses,
    evaluated: Mapping[str, Tensor],
    level: Losses,
    seconds: float,
    settings: Mapping,
) -> None:
    """Add an epoch to a seed's history, keep its weights if they are the best, and see if it ends.

    Parameters
    ----------
    evaluated
        The weights that were measured: those of the last step, or their running mean.
    level
        Validation losses of the best constant prediction.
    """
    improved = held_out.prediction < state.best_loss - settings["min_improvement"]
    if held_out.prediction < state.best_loss:
        state.best_loss = held_out.prediction
        state.best = {name: value.cpu() for name, value in evaluated.items()}
    state.stale = 0 if improved else state.stale + 1
    epoch = len(state.history) + 1
    state.history.append(
        {
            "seed": seed,
            "epoch": epoch,
            "training_loss": trained.total,
            "training_prediction_loss": trained.prediction,
            "training_prior_loss": trained.prior,
            "validation_loss": held_out.prediction,
            **{f"validation_{part}_loss": loss for part, loss in held_out.parts.items()},
            "constant_loss": level.prediction,
            **{f"constant_{part}_loss": loss for part, loss in level.parts.items()},
            "seconds": seconds,
        }
    )
    state.finished = epoch == settings["epochs"] or state.stale >= settings["patience"]
    log.info(
        "seed %d, epoch %d: training %.4f (prior %.4f), validation %.4f, %.1f s",
        *(seed, epoch, trained.total, trained.prior, held_out.prediction, seconds),
    )


def _epoch(
    ensemble: Ensemble,
    sampler: Sampler,
    settings: Mapping,
    device: torch.device,
    seeds: Sequence[int],
    epoch: int,
    pieces: Pieces,
    optimiser: Optimiser | None = None,
) -> list[Losses]:
    """Pass over an epoch's batches; without an optimiser, only measure predictions.

    Parameters
    ----------
    seeds
        What batches are drawn for: each member's own, or one for all.

    Returns
    -------
    list
        Means over the epoch, of each member.
    """
    training = optimiser is not None
    ensemble.model.train(training)
    if not training:
        settings = {**settings, "prior": {"kind": "none"}}
    elif len(seeds) == 1:
        # what dropout draws must not depend on what was drawn before a job was killed
        torch.manual_seed(int(np.random.SeedSequence([seeds[0], epoch]).generate_state(1)[0]))
    prior = settings["prior"]
    weight = 0.0
    if prior["kind"] != "none":
        weight = weight_at(epoch, prior["weight"], prior["schedule"], prior["rate"])
    sums: dict[str, Tensor] = {}
    examples = 0
    for data in _batches(sampler, settings, device, seeds, epoch, training):
        size = data["sequences"].shape[1]
        if training and ensemble.model.mixes_examples and size < 2:
            continue  # one example has no variance to be normed by
        found = step(ensemble, data, settings, weight, pieces, optimiser)
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + size * value
        examples += size
    means = {name: (value / examples).tolist() for name, value in sums.items()}
    losses = []
    for member in range(len(ensemble)):
        parts = {name: value[member] for name, value in means.items()}
        prediction, penalty = parts.pop("prediction"), parts.pop("prior")
        losses.append(Losses(parts, prediction, penalty, prediction + weight * penalty))
    return losses


def _batches(
    sampler: Sampler,
    settings: Mapping,
    device: torch.device,
    seeds: Sequence[int],
    epoch: int,
    training: bool,
) -> Iterator[Data]:
    """Batches of all seeds on a device, positives first."""
    both_strands = training and settings["reverse_complement"]
    workers = WORKERS if device.type == "cuda" else 0
    each = (
        sampler.batches(seed, epoch, settings["batch_size"], both_strands, workers=workers)
        for seed in seeds
    )
    drawn = settings["prior"].get("attribution", AT_SEQUENCES[0]) not in AT_SEQUENCES
    for number, batches in enumerate(zip(*each, strict=True)):
        data = tensors(batches, device)
        if drawn:
            data |= draw(data, settings["prior"], [(seed, epoch, number) for seed in seeds])
        yield data


def _constant(
    build: Callable[[], Architecture],
    training: Sampler,
    validation: Sampler,
    settings: Mapping,
    device: torch.device,
) -> tuple[Outputs, Losses]:
    """Best constant prediction of the training examples, and its validation losses."""
    workers = WORKERS if device.type == "cuda" else 0
    size = settings["batch_size"]
    constant = best_constant(training.batches(HELD_OUT_SEED, 0, size, False, workers=workers))
    ensemble = Ensemble([Constant(build().to(device), constant).to(device)])
    # in the pieces of the models, as the loss of bins is not the mean of its pieces'
    pieces = first_pieces(build, settings, device)
    return constant, _epoch(ensemble, validation, settings, device, (HELD_OUT_SEED,), 0, pieces)[0]


def _begin(
    build: Callable[[], Architecture], seed: int, key: str, start: Outputs | None
) -> Progress:
    """Progress of a seed that has not been trained; its last biases are those of `start`, if any."""
    torch.manual_seed(seed)
    model = build()
    if start is not None:
        model.start_at(start)
    return Progress(key, model.state_dict())


def _save(progress: Progress, path: Path) -> None:
    kept = vars(progress)
    if progress.finished:
        kept = {**kept, "model": {}, "optimiser": {}}
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        torch.save(kept, file)


def _resume(path: Path, key: str) -> Progress | None:
    """Progress of a checkpoint, or None where there is none that belongs to this training."""
    if not path.exists():
        return None
    try:
        progress = Progress(**torch.load(path, map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError) as error:
        log.warning("%s cannot be read (%s); starting anew", path, str(error).splitlines()[0])
        return None
    if progress.key != key:
        log.info("%s belongs to other settings, data or code; starting anew", path)
        return None
    log.info("going on from %s after epoch %d", path, len(progress.history))
    return progress
