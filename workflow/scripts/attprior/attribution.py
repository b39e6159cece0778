"""DeepSHAP and input gradients of the scalar that a model's architecture names.

Letters of shapes: N examples, L input positions, S strands, O profile positions, C controls,
K references, M sampled examples.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import torch
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.ersatz import dinucleotide_shuffle
from torch import Tensor, nn

from attprior.dataset.windows import Windows
from attprior.files import aside
from attprior.models.architecture import Architecture
from attprior.models.saved import load_model
from attprior.sequence import N_CODE, one_hot_codes
from attprior.training.device import choose_device
from attprior.training.job import chromosomes_of, open_windows

log = logging.getLogger(__name__)

CHUNK = 64
WORST_MEDIAN_DELTA = 1e-2


class _Attributed(nn.Module):
    """The attributed scalar of a model as a column; remembers its outputs.

    Controls and what the scalar holds constant are inputs, so that they stay a sequence's own in
    all its references.
    """

    def __init__(self, model: Architecture) -> None:
        super().__init__()
        self.model = model
        self.outputs: list[Tensor] = []

    def forward(self, sequences: Tensor, constants: Tensor, control: Tensor) -> Tensor:
        scalar = self.model.scalar(self.model(sequences, control), constants)
        self.outputs.append(scalar.detach())
        return scalar.unsqueeze(1)


def scalar_constants(model: Architecture, sequences: Tensor, control: Tensor) -> Tensor:
    """What the scalar of each sequence holds constant: (N, T, S, O) probabilities of a profile."""
    with torch.no_grad():
        return model.constants(model(sequences, control))


def input_gradient(model: Architecture, sequences: Tensor, control: Tensor) -> Tensor:
    """Gradient (N, 4, L) of the scalar with respect to one-hot sequences (N, 4, L)."""
    sequences = sequences.clone().requires_grad_()
    scalar = model.scalar(model(sequences, control))
    return torch.autograd.grad(scalar.sum(), sequences)[0]


def deepshap(
    model: Architecture,
    sequences: Tensor,
    control: Tensor,
    references: Tensor,
    batch_size: int,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """DeepSHAP of the scalar, by tangermeme's DeepLIFT/SHAP with the rescale rule.

    Parameters
    ----------
    sequences
        (N, 4, L), one-hot.
    control
        (N, C, S, O); held at a sequence's own in its references.
    references
        (N, K, 4, L), one-hot.
    batch_size
        Pairs of sequence and reference at once.

    Returns
    -------
    tuple
        Hypothetical contributions (N, 4, L): what each base would contribute, averaged over the
        references; times one-hot they are the contributions. And relative convergence deltas (N,):
        mean over references of |f(x) - f(r) - sum of contributions| over the mean of |f(x) - f(r)|.
    """
    wrapped = _Attributed(model).eval()
    constants = torch.cat(
        [
            scalar_constants(model, part.to(device), own.to(device)).cpu()
            for part, own in zip(
                sequences.split(batch_size), control.split(batch_size), strict=True
            )
        ]
    )
    multipliers = deep_lift_shap(
        wrapped,
        sequences,
        args=(constants, control),
        references=references,
        batch_size=batch_size,
        raw_outputs=True,
        warning_threshold=float("inf"),
        device=str(device),
    )
    # contribution of base b where the reference has r: multiplier of b less multiplier of r
    hypothetical = multipliers - (multipliers * references).sum(dim=2, keepdim=True)
    differences = torch.cat([torch.sub(*both.cpu().chunk(2)) for both in wrapped.outputs])
    differences = differences.view(len(sequences), -1)
    summed = (hypothetical * sequences.unsqueeze(1)).sum(dim=(2, 3))
    scale = differences.abs().mean(dim=1).clamp(min=1e-12)
    deltas = (differences - summed).abs().mean(dim=1) / scale
    return hypothetical.mean(dim=1), deltas


def choose_regions(
    windows: Windows, test: np.ndarray, peaks: int | None, sample: int, seed: int = 0
) -> tuple[np.ndarray, int, np.ndarray]:
    """Summits to attribute: the best peaks, and a sample of test peaks.

    Peaks whose input leaves its chromosome or holds an N are left out and counted.

    Parameters
    ----------
    test
        Indices of the test chromosomes.
    peaks
        How many of the best peaks, by rank within their task; None for all.
    sample
        How many test peaks at random.

    Returns
    -------
    tuple
        Summits (N,), how many of the first are the best peaks, and rows (M,) of the sample.
    """
    regions = windows.labels.regions.sort_values(["rank", "task"], kind="stable")
    regions = regions.drop_duplicates("summit")
    starts = windows.starts(regions.summit.to_numpy())
    whole = windows.labels.coordinates.inside(starts, windows.input_length)
    known = np.zeros(len(regions), dtype=bool)
    known[whole] = (windows.sequences(starts[whole]) != N_CODE).all(axis=1)
    if not known.all():
        log.info("%d peaks at a chromosome's end or with N are left out", (~known).sum())
    regions = regions[known].reset_index(drop=True)
    of_test = np.flatnonzero(regions.chromosome.isin(test))
    drawn = np.sort(np.random.default_rng(seed).permutation(of_test)[:sample])
    best = min(len(regions), peaks or len(regions))
    rows = np.concatenate([np.arange(best), drawn[drawn >= best]])
    return regions.summit.to_numpy()[rows], best, np.flatnonzero(np.isin(rows, drawn))


def attribute(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    models: Mapping[int, str | Path],
    output: str | Path,
    references: int,
    peaks: int | None,
    sample: int,
    batch_size: int,
    device: str = "auto",
    attrs: Mapping[str, str] | None = None,
) -> None:
    """Attribute peaks with all seeds of an arm; write one HDF5.

    Layout::

        attrs             what is attributed; peaks: how many of the first rows are the best peaks,
                          the same in all folds; references
        regions/          chrom (N,) bytes, start (N,) and summit (N,) int64, in the chromosome
        sequences         (N, L) uint8, codes 0 to 3 for A, C, G, T
        mean/hypothetical (N, 4, L) float32, DeepSHAP's hypothetical contributions, mean over seeds
        sample/           index (M,) rows of sampled test peaks, seeds (Z,), deepshap and gradient
                          (Z, M, 4, L) float32: hypothetical contributions, input gradients
        deltas            (Z, N) float32, relative convergence deltas

    Parameters
    ----------
    models
        Seed to its model.
    """
    where = choose_device(device)
    loaded = {seed: load_model(path)[0].to(where) for seed, path in models.items()}
    settings = load_model(next(iter(models.values())))[1]["settings"]
    windows = open_windows(labels, fasta, settings)
    summits, best, sampled = choose_regions(
        windows, chromosomes_of(windows, fold, "test"), peaks, sample
    )
    starts = windows.starts(summits)
    coordinates = windows.labels.coordinates
    chromosome = coordinates.chromosome(summits)
    offset = coordinates.offsets[chromosome]
    codes, length = windows.sequences(starts), windows.input_length
    log.info("%d sequences, %d seeds, %d references", len(starts), len(loaded), references)
    with aside(output) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(attrs or {})
        file.attrs["peaks"], file.attrs["references"] = best, references
        file["regions/chrom"] = np.array(coordinates.names, dtype="S")[chromosome]
        file["regions/start"], file["regions/summit"] = starts - offset, summits - offset
        file["sequences"] = codes
        file["sample/index"], file["sample/seeds"] = sampled, np.array(list(loaded))
        mean = file.create_dataset("mean/hypothetical", (len(starts), 4, length), "f4")
        shape = (len(loaded), len(sampled), 4, length)
        deepshaps = file.create_dataset("sample/deepshap", shape, "f4")
        gradients = file.create_dataset("sample/gradient", shape, "f4")
        deltas = np.zeros((len(loaded), len(starts)), dtype=np.float32)
        for first in range(0, len(starts), CHUNK):
            rows = np.arange(first, min(first + CHUNK, len(starts)))
            sequences = torch.from_numpy(one_hot_codes(codes[rows]))
            control = torch.from_numpy(windows.counts(starts[rows], control=True))
            shuffles = dinucleotide_shuffle(sequences, n=references, random_state=first)
            in_sample = np.isin(rows, sampled)
            places = np.searchsorted(sampled, rows[in_sample])
            total = torch.zeros(len(rows), 4, length)
            for number, model in enumerate(loaded.values()):
                hypothetical, delta = deepshap(
                    model, sequences, control, shuffles, batch_size, where
                )
                total += hypothetical
                deltas[number, rows] = delta
                if in_sample.any():
                    deepshaps[number, places] = hypothetical[in_sample]
                    gradients[number, places] = input_gradient(
                        model, sequences[in_sample].to(where), control[in_sample].to(where)
                    ).cpu()
            mean[rows] = total / len(loaded)
            log.info("%d of %d sequences", rows[-1] + 1, len(starts))
        file["deltas"] = deltas
        _report_deltas(deltas, list(loaded))


def _report_deltas(deltas: np.ndarray, seeds: Sequence[int]) -> None:
    for seed, values in zip(seeds, deltas, strict=True):
        median, worst = np.median(values), values.max()
        log.info("seed %d: convergence delta median %.1e, worst %.1e", seed, median, worst)
        if median > WORST_MEDIAN_DELTA:
            log.warning(
                "seed %d: the median relative convergence delta %.1e is over %.0e; an operation of "
                "the model has no DeepLIFT rule, do not trust its DeepSHAP",
                *(seed, median, WORST_MEDIAN_DELTA),
            )
