"""Folds: which chromosomes a model learns from, is stopped by, and is tested on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.dataset.store import Labels
from attprior.errors import InputError

SPLITS = ("training", "validation", "test")
FEWEST_PEAKS = 10  # of a split


def split_chromosomes(
    labels: Labels, fold: str, validation: Sequence[str], test: Sequence[str]
) -> pd.DataFrame:
    """Split of each chromosome in a fold.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, split, peaks.

    Raises
    ------
    InputError
        For a chromosome that is not there, and for a split of fewer than ten peaks.
    """
    names = labels.coordinates.names
    for chromosome in (*validation, *test):
        if chromosome not in names:
            raise InputError(
                f"config key 'training/folds/{fold}': no chromosome {chromosome} among those kept "
                f"({', '.join(names)}); correct it, or genome/exclude"
            )
    split = dict.fromkeys(names, "training")
    split |= dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")
    peaks = np.bincount(labels.regions.chromosome, minlength=len(names))
    table = pd.DataFrame({"chrom": names, "split": [split[n] for n in names], "peaks": peaks})
    total = table.groupby("split").peaks.sum()
    for name in SPLITS:
        if total.get(name, 0) < FEWEST_PEAKS:
            raise InputError(
                f"config key 'training/folds/{fold}': {total.get(name, 0)} peaks of {labels.condition} "
                f"lie on the {name} chromosomes ({', '.join(table.chrom[table.split == name])}); at "
                f"least {FEWEST_PEAKS} are needed: move chromosomes between splits, or give more peaks"
            )
    return table


def chromosomes_of_split(fold: str | Path, split: str) -> list[str]:
    """Chromosomes of a split, by the table that `split_chromosomes` gives."""
    table = pd.read_csv(fold, sep="\t", dtype=str, keep_default_na=False)
    return table.chrom[table.split == split].tolist()


def chromosomes_of(labels: Labels, fold: str | Path, split: str) -> np.ndarray:
    """Indices of a split's chromosomes in a condition's data."""
    return labels.coordinates.index(chromosomes_of_split(fold, split))
