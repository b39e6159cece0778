"""Predicted profiles at the sampled test peaks, as a bigWig."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.analyses.predictions import read_predictions
from attprior.attribution.average import mean_track
from attprior.bigwig import write_runs
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
    rows_of = pd.Series(chroms).groupby(chroms).indices
    runs = []
    for chrom in filter(rows_of.__contains__, sizes):
        positions, values = mean_track(counts[rows_of[chrom]], starts[rows_of[chrom]])
        runs.append((chrom, positions, positions + 1, values))
    if not len(counts):  # a bigWig of no rows can't be opened
        runs = [(next(iter(sizes)), *np.array([[0], [1], [0]]))]
    write_runs(output, sizes, runs)
    log.info("%d peaks, %.0f counts expected in all", len(counts), counts.sum())
