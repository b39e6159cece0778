"""What the analyses read, and how their tables are written.

Letters in shapes: S seeds, M sampled examples, L input positions.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.hdf5 import open_hdf5
from attprior.sequence import of_present_base

Tables = dict[str, pd.DataFrame]  # by the names that an analysis declares
KINDS = ("gradient", "deepshap")


class Sample(NamedTuple):
    """Attributions of the test peaks that an arm's seeds share."""

    arm: str
    fold: str
    seeds: list[int]
    index: NDArray  # (M,) row among the test peaks
    chrom: NDArray  # (M,)
    start: NDArray  # (M,) of the input window
    summit: NDArray  # (M,)
    codes: NDArray  # (M, L) 0 to 3 for A C G T, 4 for N
    hypothetical: dict[str, NDArray]  # kind -> (S, M, 4, L)

    def contributions(self, kind: str) -> NDArray:
        """Contributions (S, M, L) of the bases that the sequences have."""
        return of_present_base(self.hypothetical[kind], self.codes)


def read_sample(path: str | Path) -> Sample:
    """Read the sampled part of an arm's attributions in one fold."""
    with open_hdf5(path) as file:
        index = file["sample/index"][:]
        order = np.argsort(index)  # h5py reads rows in rising order only

        def rows(name: str) -> NDArray:
            values = file[name][index[order]]
            return values[np.argsort(order)]

        return Sample(
            arm=str(file.attrs["arm"]),
            fold=str(file.attrs["fold"]),
            seeds=[int(seed) for seed in file["sample/seeds"]],
            index=index,
            chrom=rows("regions/chrom").astype(str),
            start=rows("regions/start"),
            summit=rows("regions/summit"),
            codes=rows("sequences"),
            hypothetical={kind: file[f"sample/{kind}"][:] for kind in KINDS},
        )


def read_samples(paths: Iterable[str | Path]) -> list[Sample]:
    """Read attributions of both arms in all folds.

    Raises
    ------
    InputError
        If the arms of a fold were not attributed on the same peaks.
    """
    samples, first = [], {}
    for path in paths:
        sample = read_sample(path)
        other = first.setdefault(sample.fold, sample)
        if not (
            np.array_equal(sample.chrom, other.chrom)
            and np.array_equal(sample.summit, other.summit)
        ):
            raise InputError(
                f"{path}: sampled peaks of arm '{sample.arm}' are not those of arm "
                f"'{other.arm}' in fold '{sample.fold}', so the two can't be paired; remove that "
                "file of both and run again"
            )
        samples.append(sample)
    return samples


def collect_tables(
    paths: Sequence[str | Path], arms: Sequence[str], folds: Sequence[str]
) -> pd.DataFrame:
    """Join tables of each arm and fold, given in this order, under columns `arm` and `fold`."""
    tables = []
    for (arm, fold), path in zip(product(arms, folds), paths, strict=True):
        table = read_table(path)
        table.insert(0, "fold", fold)
        table.insert(0, "arm", arm)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote."""
    return pd.read_csv(path, sep="\t")


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a TSV with header and six significant digits, complete or not at all."""
    with atomic_write(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.6g", na_rep="NA")
