"""Attributions and predictions along one place of the genome, by all seeds of an arm.

Letters of shapes: N windows, L input positions, T tasks, S strands, O profile positions, Z seeds.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax

from attprior.assays import STRANDS
from attprior.attribution.deepshap import deepshap
from attprior.attribution.shuffles import references_of
from attprior.dataset.windows import Windows, open_windows
from attprior.errors import InputError
from attprior.locus import Locus
from attprior.models.architecture import Architecture, Head
from attprior.models.registry import declaration
from attprior.models.saved import load_model
from attprior.sequence import N_CODE, decode, is_repeat, of_present_base, one_hot_codes
from attprior.training.device import choose_device

log = logging.getLogger(__name__)


def cut(locus: Locus, longest: int) -> NDArray:
    """Edges of the fewest equal parts of a locus that are no longer than some length (bp)."""
    number = -(-(locus.end - locus.start) // longest)
    return np.linspace(locus.start, locus.end, number + 1).round().astype(np.int64)


def place_windows(locus: Locus, windows: Windows) -> tuple[NDArray, NDArray]:
    """Parts of a locus, and the input window that is centred on each.

    A part is as long as what a window predicts at most: its profile, or its bin. At a chromosome's
    ends windows are moved inside.

    Returns
    -------
    tuple
        Edges (N + 1,) of the parts and first positions (N,) of the windows, both in the chromosome.

    Raises
    ------
    InputError
        If a window is longer than the chromosome, or holds an N.
    """
    coordinates, length = windows.labels.coordinates, windows.input_length
    chromosome = coordinates.names.index(locus.chrom)
    size, offset = coordinates.lengths[chromosome], coordinates.offsets[chromosome]
    if size < length:
        raise InputError(
            f"config key 'locus': {locus.chrom} of '{locus}' has {size} bp, but the model reads "
            f"{length} bp; choose a place on another chromosome"
        )
    edges = cut(locus, windows.profile_length or windows.labels.bins.width)
    starts = np.clip(windows.starts((edges[:-1] + edges[1:]) // 2), 0, size - length)
    unknown = (windows.sequences(starts + offset) == N_CODE).any(axis=1)
    if unknown.any():
        start = int(starts[unknown][0])
        raise InputError(
            f"config key 'locus': around '{locus}' the model reads {locus.chrom}:{start + 1}-"
            f"{start + length}, which holds an N, and N can't be attributed; choose a place "
            "farther from it"
        )
    return edges, starts


def along(values: NDArray, firsts: Sequence[int], edges: NDArray) -> NDArray:
    """Join what windows say about their parts.

    Parameters
    ----------
    values
        (..., N, W), a value for each base from a window's `firsts` on.
    edges
        (N + 1,) of the parts.

    Returns
    -------
    ndarray
        (..., bases of all parts); NaN where a window says nothing.
    """
    joined = np.full((*values.shape[:-2], edges[-1] - edges[0]), np.nan)
    for i, first in enumerate(firsts):
        start, end = max(edges[i], first), min(edges[i + 1], first + values.shape[-1])
        if start < end:
            part = values[..., i, start - first : end - first]
            joined[..., start - edges[0] : end - edges[0]] = part
    return joined


def attribute_locus(
    locus: Locus,
    labels: str | Path,
    fasta: str | Path,
    models: Mapping[int, str | Path],
    head: str,
    references: int,
    batch_size: int,
    device: str = "auto",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Attribute and predict a locus with all seeds of an arm.

    Each base's values are of the window that is centred on its part of the locus (`place_windows`).

    Parameters
    ----------
    models
        Seed to its model.
    head
        Such as `profile`, or `count.ENCSR000BGQ`.
    references
        Shuffles of each window, the same for all seeds.
    batch_size
        Pairs of sequence and reference at once.

    Returns
    -------
    contributions, predictions : pandas.DataFrame
        Contributions: columns seed, position (0-based), base, contribution (DeepSHAP).
        Predictions: seed, task, strand, start, end (0-based half-open), observed, predicted. Of
        profile models a row for each base, with counts of 5' ends; of others one for each part,
        with the probability that the bin in its middle is bound, and nothing observed.

    Raises
    ------
    InputError
        If windows of the models do not fit there.
    """
    where = choose_device(device)
    opened = {seed: load_model(path) for seed, path in models.items()}
    description = next(iter(opened.values()))[1]
    tasks, settings = description["tasks"], description["settings"]
    windows = open_windows(labels, fasta, settings)
    edges, starts = place_windows(locus, windows)
    log.info("%s: %d windows of %d bp", locus, len(starts), windows.input_length)
    coordinates = windows.labels.coordinates
    offset = coordinates.offsets[coordinates.names.index(locus.chrom)]
    codes = windows.sequences(starts + offset)
    sequences = torch.from_numpy(one_hot_codes(codes))
    control = torch.from_numpy(windows.counts(starts + offset, control=True))
    shuffles = references_of(sequences, references, seed=0)
    repeats = int(is_repeat(codes).sum())
    if repeats:
        log.warning(
            "%s: %d of %d windows are a repeat of a few bases, which has no other shuffle than "
            "itself to be compared with, so that contributions in their part are 0",
            *(locus, repeats, len(codes)),
        )
    bases = {
        "position": np.arange(locus.start, locus.end),
        "base": list(decode(windows.genome[offset + locus.start : offset + locus.end])),
    }
    contributions, predictions = [], []
    for seed, (model, _) in opened.items():
        model = model.to(where)
        hypothetical, _ = deepshap(
            model, sequences, control, shuffles, batch_size, where, Head.named(head, tasks)
        )
        found = along(of_present_base(hypothetical.numpy(), codes), starts, edges)
        contributions.append(pd.DataFrame({"seed": seed, **bases, "contribution": found}))
        outputs = predict(model, sequences, control, batch_size, where)
        if declaration(settings["architecture"]).examples == "profiles":
            table = _profiles(outputs, windows, starts, starts + offset, edges, tasks)
        else:
            table = _bins(outputs[0], edges, tasks)
        table.insert(0, "seed", seed)
        predictions.append(table)
    return pd.concat(contributions, ignore_index=True), pd.concat(predictions, ignore_index=True)


@torch.no_grad()
def predict(
    model: Architecture,
    sequences: torch.Tensor,
    control: torch.Tensor,
    batch_size: int,
    device: torch.device,
) -> list[NDArray]:
    """Outputs of a model, each with N first."""
    parts = [
        [output.cpu().numpy() for output in model(own.to(device), held.to(device))]
        for own, held in zip(sequences.split(batch_size), control.split(batch_size), strict=True)
    ]
    return [np.concatenate(output) for output in zip(*parts, strict=True)]


def _profiles(
    outputs: Sequence[NDArray],
    windows: Windows,
    starts: NDArray,
    absolute: NDArray,
    edges: NDArray,
    tasks: Sequence[str],
) -> pd.DataFrame:
    """Counts at each base: observed, and the predicted profile times the predicted count."""
    logits, log_counts = (output.astype(np.float64) for output in outputs[:2])
    # models predict log(1 + count)
    expected = softmax(logits, axis=-1) * np.maximum(np.expm1(log_counts), 0)[..., None]
    firsts = starts + (windows.input_length - windows.profile_length) // 2
    observed, predicted = (
        along(np.moveaxis(counts, 0, -2), firsts, edges)  # (T, S, bases)
        for counts in (windows.counts(absolute), expected)
    )
    position = np.arange(edges[0], edges[-1])
    return pd.concat(
        pd.DataFrame(
            {
                "task": task,
                "strand": strand,
                "start": position,
                "end": position + 1,
                "observed": observed[t, s],
                "predicted": predicted[t, s],
            }
        )
        for t, task in enumerate(tasks)
        for s, strand in enumerate(STRANDS[windows.labels.strands])
    )


def _bins(logits: NDArray, edges: NDArray, tasks: Sequence[str]) -> pd.DataFrame:
    """Probabilities (N, T) that bins are bound."""
    return pd.concat(
        pd.DataFrame(
            {
                "task": task,
                "strand": ".",
                "start": edges[:-1],
                "end": edges[1:],
                "observed": np.nan,
                "predicted": expit(logits[:, t]),
            }
        )
        for t, task in enumerate(tasks)
    )
