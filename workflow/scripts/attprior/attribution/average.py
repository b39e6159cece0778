"""Attributions of the best peaks averaged over folds, as motif tools and browsers read them.

Letters of shapes: N peaks, L input positions.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.bigwig import Runs, write_runs
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.hdf5 import COMPRESSION, hdf5_aside, open_hdf5
from attprior.sequence import one_hot_codes

log = logging.getLogger(__name__)

CHUNK = 256


def average(paths: Sequence[str | Path], output: str | Path) -> None:
    """Average hypothetical contributions of the best peaks over folds.

    Layout, as ChromBPNet's, which TF-MoDISco and Fi-NeMo read::

        attrs               folds
        regions/            chrom (N,) bytes, start (N,) and summit (N,) int64, in the chromosome
        raw/seq             (N, 4, L) int8, one-hot
        shap/seq            (N, 4, L) float32, hypothetical contributions
        projected_shap/seq  (N, 4, L) float32, contributions: those of the bases that are there

    Parameters
    ----------
    paths
        HDF5 of each fold.

    Raises
    ------
    InputError
        If the folds' best peaks are not the same.
    """
    files = [open_hdf5(path) for path in paths]
    try:
        peaks, length = int(files[0].attrs["peaks"]), files[0]["sequences"].shape[1]
        regions = {name: column[:peaks] for name, column in files[0]["regions"].items()}
        for path, file in zip(paths, files, strict=True):
            if int(file.attrs["peaks"]) != peaks or any(
                not np.array_equal(file["regions"][name][:peaks], column)
                for name, column in regions.items()
            ):
                raise InputError(
                    f"{path}: its best peaks are not those of {paths[0]}, so the two can't be "
                    "averaged; remove both and run again"
                )
        with hdf5_aside(output) as whole, h5py.File(whole, "w") as file:
            file.attrs["folds"] = len(files)
            for name, column in regions.items():
                file[f"regions/{name}"] = column
            shape = (peaks, 4, length)
            storage = {**COMPRESSION, "chunks": (1, 4, length)}
            raw = file.create_dataset("raw/seq", shape, "i1", **storage)
            shap = file.create_dataset("shap/seq", shape, "f4", **storage)
            projected = file.create_dataset("projected_shap/seq", shape, "f4", **storage)
            for first in range(0, peaks, CHUNK):
                rows = slice(first, min(first + CHUNK, peaks))
                one_hot = one_hot_codes(files[0]["sequences"][rows])
                mean = np.mean([own["mean/hypothetical"][rows] for own in files], axis=0)
                raw[rows], shap[rows], projected[rows] = one_hot, mean, mean * one_hot
        log.info("%d peaks, mean of %d folds", peaks, len(files))
    finally:
        for file in files:
            file.close()


def write_bigwig(attributions: str | Path, chrom_sizes: str | Path, output: str | Path) -> None:
    """Write contributions, summed over bases, as a bigWig; where peaks overlap, their mean.

    Parameters
    ----------
    attributions
        HDF5 that `average` wrote.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    with open_hdf5(attributions) as file:
        chroms = file["regions/chrom"][:].astype(str)
        starts = file["regions/start"][:]
        contributions = file["projected_shap/seq"]
        values = np.zeros((len(starts), contributions.shape[2]), np.float32)
        for first in range(0, len(values), CHUNK):
            rows = slice(first, first + CHUNK)
            values[rows] = contributions[rows].sum(axis=1)
    rows_of = pd.Series(chroms).groupby(chroms).indices
    tracks = [
        (chrom, *mean_track(values[rows_of[chrom]], starts[rows_of[chrom]]))
        for chrom in sizes
        if chrom in rows_of
    ]
    write_runs(output, sizes, [_runs(*track) for track in tracks])


def mean_track(values: NDArray, starts: NDArray) -> tuple[NDArray, NDArray]:
    """Mean of the windows that cover a position, at every position that one covers.

    Parameters
    ----------
    values
        Of windows on one chromosome, (N, L).
    starts
        First positions (N,) of the windows.

    Returns
    -------
    tuple
        Positions (P,) in order and their means (P,) float64.
    """
    positions = (starts[:, None] + np.arange(values.shape[1])).ravel()
    positions, place, covered = np.unique(positions, return_inverse=True, return_counts=True)
    return positions, np.bincount(place, values.ravel(), len(positions)) / covered


def _runs(chrom: str, positions: NDArray, values: NDArray) -> Runs:
    """Runs of the bigWig; neighbours of equal value are one."""
    values = values.astype(np.float32)
    new = np.ones(len(positions), dtype=bool)
    new[1:] = (np.diff(positions) != 1) | (np.diff(values) != 0)
    last = np.ones(len(positions), dtype=bool)
    last[:-1] = new[1:]
    return chrom, positions[new], positions[last] + 1, values[new]
