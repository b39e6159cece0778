"""Sizes of contributions along the sampled windows, with the bound that shuffling gives.

Letters in shapes: S seeds, M sampled examples, L input positions.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.analyses.inputs import KINDS, Sample

BOUND = "bound: positions shuffled"


def sized_tracks(
    samples: Sequence[Sample], first: str, seed: int
) -> Iterator[tuple[Sample, str, str, NDArray]]:
    """Go through the tracks of |contribution|, and shuffled ones of the first arm.

    What the shuffled ones score is what attributions that know nothing of the positions would.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    first
        The arm whose tracks are shuffled, each over its positions.
    seed
        Of the shuffles.

    Yields
    ------
    tuple
        The sample, its arm or `BOUND`, the kind of attribution and the tracks (S, M, L).
    """
    rng = np.random.default_rng(seed)
    for sample in samples:
        for kind in KINDS:
            track = np.abs(sample.contributions(kind))
            yield sample, sample.arm, kind, track
            if sample.arm == first:
                yield sample, BOUND, kind, rng.permuted(track, axis=-1)


def per_example(sample: Sample, values: NDArray, **keys: object) -> pd.DataFrame:
    """Long table of a value (S, M) of each seed and example; `keys` become columns."""
    return pd.DataFrame(
        {
            "fold": sample.fold,
            "seed": np.repeat(sample.seeds, len(sample.index)),
            "example": np.tile(sample.index, len(sample.seeds)),
            **keys,
            "value": values.ravel(),
        }
    )


def join(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Put tables under each other, columns in order; the header alone where there are none."""
    if not tables:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(tables, ignore_index=True)[list(columns)]
