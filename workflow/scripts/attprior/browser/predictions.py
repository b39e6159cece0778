"""Predicted profiles at the sampled test peaks, as a bigWig."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pybigtools
from numpy.typing import NDArray

from attprior.analysis.profiles import read_predictions
from attprior.attribution.average import mean_track
from attprior.files import aside
from attprior.genome import read_chrom_sizes

log = logging.getLogger(__name__)


def write_predictions(
    paths: Sequence[str | Path],
    task: int,
    strand: int,
    chrom_sizes: str | Path,
    output: str | Path,
) -> None:
    """Write the counts that an arm's models expect at each base of the sampled test peaks.

    Profile times total count, mean over seeds; where peaks overlap, also over peaks.

    Parameters
    ----------
    paths
        HDF5 of each fold's attributions.
    task, strand
        Their numbers in the models' output.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    folds = [read_predictions(path, None) for path in paths]
    chroms = np.array([locus.rpartition(":")[0] for found in folds for locus in found.locus])
    starts = np.concatenate([found.start for found in folds])
    counts = np.concatenate([found.counts[:, :, task, strand].mean(axis=0) for found in folds])
    # all before it is written: pybigtools passes over what a generator raises
    tracks = [
        (chrom, *mean_track(counts[chroms == chrom], starts[chroms == chrom])) for chrom in sizes
    ]
    # a bigWig of no rows can't be opened
    rows = _rows(tracks) if len(counts) else iter([(next(iter(sizes)), 0, 1, 0.0)])
    with aside(output) as temporary:
        pybigtools.open(str(temporary), "w").write(sizes, rows)
    log.info("%d peaks, %.0f counts expected in all", len(counts), counts.sum())


def _rows(
    tracks: Sequence[tuple[str, NDArray, NDArray]],
) -> Iterator[tuple[str, int, int, float]]:
    """Rows of the bigWig, one a base: no two neighbours are equal."""
    for chrom, positions, values in tracks:
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            yield chrom, position, position + 1, value
