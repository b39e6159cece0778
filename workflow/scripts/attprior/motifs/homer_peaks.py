"""What HOMER is given: training peaks, and a background like the negatives of training."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.dataset.sampler import Sampler, best_peaks, first_of_locus, sampler
from attprior.dataset.store import Labels
from attprior.dataset.windows import open_windows
from attprior.files import atomic_write

log = logging.getLogger(__name__)

SEQUENCES = 50_000  # HOMER's default, targets and background together


def training_chromosomes(labels: Labels, test: Sequence[str]) -> np.ndarray:
    """Indices of the chromosomes that no fold tests on; of all, if folds test on each of them."""
    kept = [name for name in labels.coordinates.names if name not in test]
    if not kept:
        log.warning("folds test on every chromosome, so HOMER sees the peaks of all")
    return labels.coordinates.index(kept or labels.coordinates.names)


def training_summits(labels: Labels, chromosomes: np.ndarray, peaks: int | None) -> np.ndarray:
    """Summits (N,) of each task's best peaks on some chromosomes, one a locus: its best by rank."""
    best = best_peaks(labels.regions, chromosomes, 1 if peaks is None else peaks)
    regions = labels.regions[best].sort_values("rank", kind="stable")
    return regions[first_of_locus(regions)].sort_index().summit.to_numpy()


def write_homer_peaks(
    labels: str | Path, output: str | Path, test: Sequence[str], peaks: int | None = None
) -> None:
    """Write a condition's training peaks in HOMER's peak format, a row per summit.

    Parameters
    ----------
    labels
        Labelled HDF5.
    output
        Peaks of one base: HOMER centres its windows there.
    test
        Chromosomes that are in the test set of any fold, whose peaks are left out.
    peaks
        How many of each task's best are written, by signal; None for all.
    """
    data = Labels.open(labels, counts=False)
    chromosomes = training_chromosomes(data, test)
    summits = training_summits(data, chromosomes, peaks)
    log.info(
        "%d summits on %s",
        *(len(summits), ", ".join(data.coordinates.names[c] for c in chromosomes)),
    )
    _write_positions(data, summits, output, "peak")


def write_homer_background(
    labels: str | Path,
    fasta: str | Path,
    output: str | Path,
    settings: Mapping,
    test: Sequence[str],
    seed: int,
    sequences: int | None = None,
    peaks: int | None = None,
) -> None:
    """Write windows drawn as the negatives of training are, in HOMER's peak format.

    Parameters
    ----------
    settings
        Of the model whose negatives they are like.
    test
        Chromosomes that are in the test set of any fold, from which none is drawn.
    seed
        The same seed gives the same windows.
    sequences
        Targets and background together, as HOMER's -N counts them: `SEQUENCES` if None, and in
        any case at least as many windows as summits.
    peaks
        As `write_homer_peaks` takes it.
    """
    windows = open_windows(labels, fasta, settings, counts=False)
    data = windows.labels
    chromosomes = training_chromosomes(data, test)
    summits = len(training_summits(data, chromosomes, peaks))
    number = max((sequences or SEQUENCES) - summits, summits)
    drawn = negatives(sampler(windows, chromosomes, settings), number, seed)
    log.info("%d windows", len(drawn))
    _write_positions(data, np.sort(drawn) + windows.input_length // 2, output, "background")


def negatives(examples: Sampler, number: int, seed: int) -> np.ndarray:
    """First positions (M,) of a sampler's negative windows, `number` of them or a few more or less.

    The numbers of negatives go by that of positives, of which there are none without peaks; then
    there are none.
    """
    _, positive = replace(examples, negatives_per_positive=0).epoch(seed, 0)
    if not len(positive):
        return np.empty(0, dtype=np.int64)
    many = replace(examples, negatives_per_positive=number / len(positive))
    starts, positive = many.epoch(seed, 0)
    return starts[~positive]


def _write_positions(labels: Labels, positions: np.ndarray, output: str | Path, kind: str) -> None:
    coordinates = labels.coordinates
    chromosome = coordinates.chromosome(positions)
    # 1-based, closed
    base = positions - coordinates.offsets[chromosome] + 1
    table = pd.DataFrame(
        {
            "id": [f"{kind}_{number}" for number in range(1, len(positions) + 1)],
            "chrom": np.array(coordinates.names)[chromosome],
            "start": base,
            "end": base,
            "strand": "+",
        }
    )
    with atomic_write(output) as temporary:
        table.to_csv(temporary, sep="\t", index=False, header=False)
