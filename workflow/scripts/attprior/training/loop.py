"""Training of one seed: steps, epochs, early stopping, checkpoints."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attprior.dataset.sampler import Batch, PeakSampler
from attprior.files import aside
from attprior.losses import profile_losses
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.priors import prior_loss

log = logging.getLogger(__name__)

# validation and test negatives are the same for all seeds and arms
HELD_OUT_SEED = 0


@dataclass
class Losses:
    """Means of losses over an epoch's examples."""

    profile: float = 0.0
    count: float = 0.0
    prior: float = 0.0
    prediction: float = 0.0
    total: float = 0.0


@dataclass
class Progress:
    """All that a killed training needs to go on from."""

    key: str
    model: dict[str, Tensor]
    optimiser: dict[str, Any]
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    stale: int = 0
    finished: bool = False


def tensors(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sequences, profiles, controls and positives of a batch on a device, positives first."""
    order = np.argsort(~batch.positive, kind="stable")
    arrays = (batch.sequences, batch.profiles, batch.control, batch.positive)
    return tuple(torch.from_numpy(array[order]).to(device) for array in arrays)


def batch_losses(
    model: ProfileModel, batch: Batch, settings: Mapping, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Profile, count and prior loss of a batch, each a scalar tensor.

    The prior needs the input gradients of positives alone, so positives and negatives pass through
    the model apart: the gradient of the gradient is then taken of half the batch only. No layer
    mixes examples, so the losses are those of the whole batch.
    """
    sequences, profiles, control, positive = tensors(batch, device)
    prior = settings["prior"]
    number = int(positive.sum())
    if prior["kind"] == "none" or number == 0:
        logits, log_counts = model(sequences, control)
        return *profile_losses(logits, log_counts, profiles), logits.new_zeros(())
    peaks = sequences[:number].requires_grad_()
    logits, log_counts = model(peaks, control[:number])
    scalar = profile_scalar(logits).sum()
    (gradient,) = torch.autograd.grad(scalar, peaks, create_graph=True)
    constants = {key: value for key, value in prior.items() if key not in ("kind", "weight")}
    penalty = prior_loss(gradient * peaks, positive[:number], prior["kind"], **constants)
    if number < len(sequences):
        others = model(sequences[number:], control[number:])
        logits, log_counts = torch.cat([logits, others[0]]), torch.cat([log_counts, others[1]])
    return *profile_losses(logits, log_counts, profiles), penalty


def _epoch(
    model: ProfileModel,
    sampler: PeakSampler,
    settings: Mapping,
    device: torch.device,
    seed: int,
    epoch: int,
    optimiser: torch.optim.Optimizer | None = None,
) -> Losses:
    """Pass over an epoch's batches; without an optimiser, only measure predictions."""
    training = optimiser is not None
    model.train(training)
    if not training:
        settings = {**settings, "prior": {"kind": "none"}}
    weight = settings["prior"].get("weight", 0.0)
    sums, examples = np.zeros(3), 0
    both_strands = training and settings["reverse_complement"]
    for batch in sampler.batches(seed, epoch, settings["batch_size"], both_strands):
        with torch.set_grad_enabled(training):
            profile, count, prior = batch_losses(model, batch, settings, device)
            total = profile + settings["count_loss_weight"] * count + weight * prior
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"seed {seed}, epoch {epoch}: the loss is {total.item()} (profile {profile.item()}, "
                f"count {count.item()}, prior {prior.item()}); lower learning_rate or prior/weight"
            )
        if training:
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            optimiser.step()
        size = len(batch.positive)
        sums += size * np.array([profile.item(), count.item(), prior.item()])
        examples += size
    # plain floats: a checkpoint with NumPy's cannot be loaded with weights_only
    profile, count, prior = (sums / max(examples, 1)).tolist()
    prediction = profile + settings["count_loss_weight"] * count
    return Losses(profile, count, prior, prediction, prediction + weight * prior)


def train_seed(
    build: Callable[[], ProfileModel],
    training: PeakSampler,
    validation: PeakSampler,
    settings: Mapping,
    seed: int,
    device: torch.device,
    checkpoint: Path,
    key: str = "",
) -> tuple[dict[str, Tensor], list[dict[str, float]]]:
    """Train one initialisation; go on from its checkpoint where there is one with the same key.

    The best epoch is the one of the lowest validation prediction loss, the prior left out; its
    weights are copied. Training stops after `patience` epochs without an improvement of at least
    `min_improvement`.

    Parameters
    ----------
    build
        Makes the model; called after seeding.
    key
        Says what the checkpoint belongs to; one with another key is not used.

    Returns
    -------
    tuple
        The best epoch's state_dict, on the CPU, and the history, a dict per epoch.

    Raises
    ------
    FloatingPointError
        If a loss is not finite; the last checkpoint stays.
    """
    torch.manual_seed(seed)
    model = build().to(device)
    optimiser = torch.optim.Adam(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    progress = _resume(checkpoint, key) or Progress(key, model.state_dict(), optimiser.state_dict())
    if progress.finished:
        log.info("seed %d: finished before", seed)
        return progress.best, progress.history
    model.load_state_dict(progress.model)
    optimiser.load_state_dict(progress.optimiser)
    for epoch in range(len(progress.history) + 1, settings["epochs"] + 1):
        start = time.perf_counter()
        train = _epoch(model, training, settings, device, seed, epoch, optimiser)
        held_out = _epoch(model, validation, settings, device, HELD_OUT_SEED, 0)
        seconds = time.perf_counter() - start
        improved = held_out.prediction < progress.best_loss - settings["min_improvement"]
        if held_out.prediction < progress.best_loss:
            progress.best_loss = held_out.prediction
            # a copy: state_dict() refers to the live weights
            progress.best = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
        progress.stale = 0 if improved else progress.stale + 1
        progress.history.append(
            {
                "seed": seed,
                "epoch": epoch,
                "training_loss": train.total,
                "training_prediction_loss": train.prediction,
                "training_prior_loss": train.prior,
                "validation_loss": held_out.prediction,
                "validation_profile_loss": held_out.profile,
                "validation_count_loss": held_out.count,
                "seconds": seconds,
            }
        )
        log.info(
            "seed %d, epoch %d: training %.4f (prior %.4f), validation %.4f, %.1f s",
            *(seed, epoch, train.total, train.prior, held_out.prediction, seconds),
        )
        progress.model, progress.optimiser = model.state_dict(), optimiser.state_dict()
        progress.finished = epoch == settings["epochs"] or progress.stale >= settings["patience"]
        _save(progress, checkpoint)
        if progress.finished:
            break
    return progress.best, progress.history


def _save(progress: Progress, path: Path) -> None:
    kept = vars(progress)
    if progress.finished:
        kept = {**kept, "model": {}, "optimiser": {}}
    with aside(path) as temporary:
        torch.save(kept, temporary)


def _resume(path: Path, key: str) -> Progress | None:
    """Progress of a checkpoint, or None where there is none that belongs to this training."""
    if not path.exists():
        return None
    progress = Progress(**torch.load(path, map_location="cpu", weights_only=True))
    if progress.key != key:
        log.info("%s belongs to other settings, data or code; starting anew", path)
        return None
    log.info("going on from %s after epoch %d", path, len(progress.history))
    return progress
