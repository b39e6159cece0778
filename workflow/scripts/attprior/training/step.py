"""One step of training: a batch of several seeds, its losses, and their gradients piece by piece.

Letters of shapes: Z seeds, and those of `attprior.models.architecture`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attprior.dataset.windows import Batch, BinBatch
from attprior.errors import InputError
from attprior.models.architecture import Architecture, Outputs
from attprior.priors import attribute, differentiated, prior_loss, rescale_multipliers
from attprior.training.ensemble import Ensemble
from attprior.training.optimiser import Optimiser

log = logging.getLogger(__name__)

# leaves of a prior that its loss takes
CONSTANTS = ("freq_limit", "softness", "smooth_sigma")
DRAWN = ("references", "share")
CPU_EXAMPLES = 32  # what a CPU's caches hold of a step; more at once is slower

Data = dict[str, Tensor]
"""What a batch holds, by name: (Z, N, ...), or (1, N, ...) where it is the same for all seeds."""


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


def first_pieces(
    build: Callable[[], Architecture], settings: Mapping, device: torch.device
) -> Pieces:
    """How a step is split before any lack of memory."""
    examples = settings["batch_size"] * (2 if settings["reverse_complement"] else 1)
    if device.type == "cpu" and not build().mixes_examples:
        return Pieces(examples=-(-examples // CPU_EXAMPLES))
    return Pieces()


def tensors(batches: Sequence[Batch | BinBatch], device: torch.device) -> Data:
    """What batches hold on a device, each in the order positives first."""
    orders = [np.argsort(~batch.positive, kind="stable") for batch in batches]
    return {
        name: torch.from_numpy(
            np.stack([vars(b)[name][order] for b, order in zip(batches, orders, strict=True)])
        ).to(device, non_blocking=True)
        for name in vars(batches[0])
    }


def draw(data: Data, prior: Mapping, seeds: Sequence[tuple[int, ...]]) -> Data:
    """Draw what some attributions need, for the examples that a prior is of.

    Returns
    -------
    dict
        `references` (Z, N, 4, L), dinucleotide shuffles; `share` (Z, N), uniform in [0, 1).
    """
    # an import of a second, which most trainings do without
    from tangermeme.ersatz import dinucleotide_shuffle

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
