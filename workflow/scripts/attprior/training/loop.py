"""Training of several seeds together: steps, epochs, early stopping, checkpoints.

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
from tangermeme.ersatz import dinucleotide_shuffle
from torch import Tensor

from attprior.dataset.sampler import HELD_OUT_SEED, Sampler
from attprior.dataset.windows import Batch, BinBatch
from attprior.errors import InputError
from attprior.files import aside
from attprior.models.architecture import Architecture, Outputs
from attprior.priors import (
    AT_SEQUENCES,
    attribute,
    differentiated,
    prior_loss,
    rescale_multipliers,
    weight_at,
)
from attprior.training.constant import Constant, best_constant
from attprior.training.ensemble import Ensemble
from attprior.training.optimiser import Optimiser

log = logging.getLogger(__name__)

# leaves of a prior that its loss takes
CONSTANTS = ("freq_limit", "softness", "smooth_sigma")
DRAWN = ("references", "share")
CPU_EXAMPLES = 32  # what a CPU's caches hold of a step; more at once is slower
WORKERS = 4  # threads that make batches ahead of a GPU

Data = dict[str, Tensor]
"""What a batch holds, by name: (Z, N, ...), or (1, N, ...) where it is the same for all seeds."""


@dataclass
class Losses:
    """Means of losses over an epoch's examples; `parts` are those of the prediction loss."""

    parts: dict[str, float]
    prediction: float
    prior: float
    total: float


@dataclass
class Progress:
    """All that a killed training of a seed needs to go on from."""

    key: str
    model: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    stale: int = 0
    finished: bool = False


@dataclass
class Pieces:
    """Into how many pieces a step is split, as its whole does not fit the device's memory."""

    seeds: int = 1
    examples: int = 1

    def halve(self, seeds: int, examples: int, divisible: bool) -> None:
        """Make the pieces half as large: first of seeds, which changes nothing, then of examples.

        Raises
        ------
        InputError
            If they cannot be smaller.
        """
        if self.seeds < seeds:
            self.seeds *= 2
        elif divisible and self.examples < examples:
            self.examples *= 2
        else:
            raise InputError(
                f"the device has too little memory for a batch of {examples} examples that cannot be "
                "split; lower batch_size"
            )
        log.warning(
            "the device's memory is too small for a step; it is taken in %d pieces of seeds by %d of "
            "examples from now on, with the same result",
            *(self.seeds, self.examples),
        )


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
    """Train initialisations; each goes on from its checkpoint where there is one with the same key.

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


def first_pieces(
    build: Callable[[], Architecture], settings: Mapping, device: torch.device
) -> Pieces:
    """How a step is split before any lack of memory."""
    examples = settings["batch_size"] * (2 if settings["reverse_complement"] else 1)
    if device.type == "cpu" and not build().mixes_examples:
        return Pieces(examples=-(-examples // CPU_EXAMPLES))
    return Pieces()


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
            data |= _draw(data, settings["prior"], [(seed, epoch, number) for seed in seeds])
        yield data


def _draw(data: Data, prior: Mapping, seeds: Sequence[tuple[int, ...]]) -> Data:
    """Draw what some attributions need, for the examples that a prior is of.

    Returns
    -------
    dict
        `references` (Z, N, 4, L), dinucleotide shuffles; `share` (Z, N), uniform in [0, 1).
    """
    sequences = data["sequences"]
    found = {
        "references": torch.zeros_like(sequences),
        "share": sequences.new_zeros(sequences.shape[:2]),
    }
    for member, number in enumerate(counts(data, prior).sum(dim=1).tolist()):
        state = np.random.SeedSequence(seeds[member]).generate_state(2)
        own = sequences[member, :number].cpu()
        # of sequences with unknown bases the columns are shuffled one by one
        known = own.sum(dim=(1, 2)) == own.shape[2]
        rng = np.random.default_rng(state)
        shuffled = own[:, :, torch.from_numpy(rng.permutation(own.shape[2]))]
        if known.any():
            pairs = dinucleotide_shuffle(own[known], n=1, random_state=int(state[0] >> 1))
            shuffled[known] = pairs[:, 0]
        found["references"][member, :number] = shuffled.to(sequences)
        share = rng.random(number, dtype=np.float32)
        found["share"][member, :number] = torch.from_numpy(share)
    return found


def tensors(batches: Sequence[Batch | BinBatch], device: torch.device) -> Data:
    """What batches hold on a device, each in the order positives first."""
    orders = [np.argsort(~batch.positive, kind="stable") for batch in batches]
    return {
        name: torch.from_numpy(
            np.stack([vars(b)[name][order] for b, order in zip(batches, orders, strict=True)])
        ).to(device, non_blocking=True)
        for name in vars(batches[0])
    }


def step(
    ensemble: Ensemble,
    data: Data,
    settings: Mapping,
    weight: float,
    pieces: Pieces,
    optimiser: Optimiser | None,
) -> dict[str, Tensor]:
    """Losses (Z,) of a batch, by name; with an optimiser, move the weights.

    A step that does not fit the device's memory is split, from then on.
    """
    while True:
        if optimiser is not None:
            optimiser.zero_grad()
        try:
            found = _in_pieces(ensemble, data, settings, weight, pieces, optimiser)
            break
        except torch.OutOfMemoryError:
            # outside, so that what failed is freed
            size = data["sequences"].shape[1]
        pieces.halve(len(ensemble), size, divisible=not ensemble.model.mixes_examples)
        torch.cuda.empty_cache()
    if optimiser is not None:
        optimiser.step()
    return found


def _in_pieces(
    ensemble: Ensemble,
    data: Data,
    settings: Mapping,
    weight: float,
    pieces: Pieces,
    optimiser: Optimiser | None,
) -> dict[str, Tensor]:
    """Losses (Z,) of a batch, by name, computed piece by piece; gradients add up."""
    number, size = len(ensemble), data["sequences"].shape[1]
    stride = -(-number // min(pieces.seeds, number))
    counted = counts(data, settings["prior"]).sum(dim=1).clamp(min=1)
    found = []
    for first in range(0, number, stride):
        members = slice(first, min(first + stride, number))
        own = {k: v if len(v) == 1 and number > 1 else v[members] for k, v in data.items()}
        sums: dict[str, Tensor] = {}
        rows = -(-size // min(pieces.examples, size))
        # positives come first, so that most pieces are of one kind and few are passed in two halves
        for begin in range(0, size, rows):
            part = {name: value[:, begin : begin + rows] for name, value in own.items()}
            share = part["sequences"].shape[1] / size
            share_counted = (
                counts(part, settings["prior"]).sum(dim=1)
                / counted[members if len(counted) > 1 else slice(None)]
            )
            with torch.set_grad_enabled(optimiser is not None):
                parts, prediction, prior = batch_losses(ensemble, members, part, settings)
                prediction, prior = share * prediction, share_counted * prior
                total = prediction + weight * prior
            if optimiser is not None:
                total.sum().backward()
            parts = {name: share * value for name, value in parts.items()}
            for name, value in {**parts, "prediction": prediction, "prior": prior}.items():
                sums[name] = sums.get(name, 0.0) + value.detach()
        found.append(sums)
    return {name: torch.cat([sums[name] for sums in found]) for name in found[0]}


def counts(data: Data, prior: Mapping) -> Tensor:
    """Which examples (Z, N) a prior is of."""
    positive = data["positive"]
    return torch.ones_like(positive) if prior.get("examples") == "all" else positive


def batch_losses(
    ensemble: Ensemble, members: slice, data: Data, settings: Mapping
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Parts of the prediction loss, the prediction loss, and the prior loss of a batch, each (Z,).

    The prior needs attributions of the positives alone, so positives and negatives pass through the
    models apart, and what an attribution costs is spent on half the batch only. Where layers mix
    examples, the whole batch passes once more, to be predicted.

    Parameters
    ----------
    members
        Which members of the ensemble.
    data
        Of these members; positives come first. With `DRAWN` where the attribution needs them.
    """
    model, prior = ensemble.model, settings["prior"]
    sequences, control = data["sequences"], data.get("control")
    counted = counts(data, prior)
    seeds, first = len(counted), int(counted.sum(dim=1).max())

    half = settings["precision"] == "bfloat16"

    def own_control(rows: slice, copies: int = 1) -> Tensor | None:
        return None if control is None else torch.cat([control[:, rows]] * copies, dim=1)

    def computed(call: Callable[..., Outputs], points: Tensor, *arguments: object) -> Outputs:
        with torch.autocast(points.device.type, torch.bfloat16, enabled=half):
            outputs = call(members, points, *arguments)
        return tuple(output.float() if half else output for output in outputs)

    def forward(rows: slice) -> Outputs:
        return computed(ensemble.forward, sequences[:, rows], own_control(rows))

    if prior["kind"] == "none" or first == 0:
        penalty = sequences.new_zeros(members.stop - members.start)
        return *_prediction_losses(model, forward(slice(None)), data), penalty

    rows, weighting = slice(0, first), prior["scalar_weighting"]

    def scalar_of(flat: Tensor) -> tuple[Tensor, Outputs]:
        points = flat.unflatten(0, (seeds, -1))
        copies = points.shape[1] // first  # sequences and their references
        outputs = computed(ensemble.forward, points, own_control(rows, copies))
        each = tuple(output.flatten(0, 1) for output in outputs)
        return model.scalar(each, model.constants(each, weighting)), outputs

    def written(flat: Tensor) -> tuple[Tensor, Outputs]:
        points = flat.unflatten(0, (seeds, -1))
        gradient, *outputs = computed(ensemble.gradient, points, own_control(rows), weighting)
        return gradient.flatten(0, 1), tuple(outputs)

    drawn = [data[name][:, rows].flatten(0, 1) for name in DRAWN if name in data]
    if prior["attribution"] == "rescale":
        gradient_of = rescale_multipliers(scalar_of, model, drawn[0])
    else:
        gradient_of = written if model.writes_gradient() else differentiated(scalar_of, model)
    attributions, outputs = attribute(
        gradient_of, sequences[:, rows].flatten(0, 1), prior["attribution"], *drawn
    )
    constants = {name: prior[name] for name in CONSTANTS if name in prior}
    attributions = attributions.unflatten(0, (seeds, -1))
    penalty = torch.stack(
        [
            prior_loss(attributions[seed], counted[seed, rows], prior["kind"], **constants)
            for seed in range(seeds)
        ]
    )
    if outputs is None or model.mixes_examples:
        outputs = forward(slice(None))
    elif first < sequences.shape[1]:
        others = forward(slice(first, None))
        outputs = tuple(torch.cat(pair, dim=1) for pair in zip(outputs, others, strict=True))
    return *_prediction_losses(model, outputs, data), penalty


def _prediction_losses(
    model: Architecture, outputs: Outputs, data: Data
) -> tuple[dict[str, Tensor], Tensor]:
    """Parts of the prediction loss and the whole, each (Z,)."""
    losses = []
    for member in range(len(outputs[0])):
        own = {name: v[member if len(v) > 1 else 0] for name, v in data.items()}
        losses.append(model.loss(tuple(output[member] for output in outputs), own))
    parts = {name: torch.stack([p[name] for p, _ in losses]) for name in losses[0][0]}
    return parts, torch.stack([total for _, total in losses])


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
    with aside(path) as temporary, open(temporary, "wb") as file:
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
