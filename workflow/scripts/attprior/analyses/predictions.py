"""Predictions of an arm's seeds at sampled test peaks.

Letters in shapes: Z seeds, M peaks, T tasks, S strands, O profile positions.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attprior.hdf5 import open_hdf5


class Predictions(NamedTuple):
    """Predictions of an arm's seeds at test peaks, and what was observed there."""

    arm: str
    fold: str
    seeds: list[int]
    locus: list[str]  # (M,) chrom:start-end of the input window
    start: NDArray  # (M,) of the profile
    summit: NDArray  # (M,)
    probabilities: NDArray  # (Z, M, T, S, O)
    totals: NDArray  # (Z, M, T, S) counts predicted
    observed: NDArray  # (M, T, S, O) counts

    @property
    def counts(self) -> NDArray:
        """Expected counts (Z, M, T, S, O): the profile's probabilities times the count."""
        return self.probabilities * self.totals[..., None]


def read_predictions(path: str | Path, loci: int | None) -> Predictions:
    """Read predictions at the first sampled peaks, which are those of the example loci.

    Parameters
    ----------
    loci
        How many; None for all that were sampled.
    """
    with open_hdf5(path) as file:
        index = file["sample/index"][:loci]
        start, summit = (file[f"regions/{name}"][:][index] for name in ("start", "summit"))
        chrom = file["regions/chrom"][:][index].astype(str)
        length = file["sequences"].shape[1]
        probabilities = file["sample/profiles"][:, :loci].astype(np.float64)
        return Predictions(
            arm=str(file.attrs["arm"]),
            fold=str(file.attrs["fold"]),
            seeds=[int(seed) for seed in file["sample/seeds"]],
            locus=[f"{name}:{at}-{at + length}" for name, at in zip(chrom, start, strict=True)],
            start=start + (length - probabilities.shape[-1]) // 2,
            summit=summit,
            probabilities=probabilities,
            # models predict log(1 + count)
            totals=np.maximum(np.expm1(file["sample/log_counts"][:, :loci].astype(np.float64)), 0),
            observed=file["sample/observed"][:loci].astype(np.float64),
        )
