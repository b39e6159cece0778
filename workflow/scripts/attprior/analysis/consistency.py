"""Whether models that differ in their random initialisation alone explain a peak alike."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analysis.inputs import KINDS, Sample

COLUMNS = ["arm", "fold", "kind", "example", "metric", "value", "pairs"]
PAIRWISE: dict[str, Callable] = {
    "jaccard": metrics.pairwise_jaccard,
    "cosine": metrics.pairwise_cosine,
}
SINGLE: dict[str, Callable] = {
    "jaccard": metrics.continuous_jaccard,
    "cosine": metrics.cosine_similarity,
}


def shuffle_bases(attribution: NDArray, rng: np.random.Generator) -> NDArray:
    """Shuffle (4, L) attributions among the bases of each position."""
    return rng.permuted(attribution, axis=0)


def shuffle_positions(attribution: NDArray, rng: np.random.Generator) -> NDArray:
    """Shuffle (4, L) attributions among positions, a position's four values together."""
    return rng.permutation(attribution, axis=1)


def shuffle_both(attribution: NDArray, rng: np.random.Generator) -> NDArray:
    """Shuffle (4, L) attributions among positions and bases."""
    return rng.permutation(attribution.ravel()).reshape(attribution.shape)


BOUNDS: dict[str, Callable] = {
    "bound: bases shuffled": shuffle_bases,
    "bound: positions shuffled": shuffle_positions,
    "bound: both shuffled": shuffle_both,
}


def consistency_table(samples: list[Sample], arms: Sequence[str], seed: int) -> pd.DataFrame:
    """Mean similarity of attributions between seeds, for each sampled example.

    Attributions are those of all four bases: hypothetical contributions and input gradients. The
    bounds are the similarity of the first arm's attributions with shuffled copies of themselves,
    a mean over its seeds.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    arms
        The two arms.
    seed
        Of the shuffles.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; `arm` is an arm or a bound's name, `pairs` the similarities averaged.
        No rows if there is but one seed, as there is nothing to compare.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for sample in samples:
        count = len(sample.seeds)
        if count < 2:
            continue
        pairs = np.triu_indices(count, k=1)
        for kind in KINDS:
            for m, example in enumerate(sample.index):
                attributions = sample.hypothetical[kind][:, m]
                key = (sample.fold, kind, int(example))
                for metric, similarity in PAIRWISE.items():
                    value = similarity(attributions)[pairs].mean()
                    rows.append((sample.arm, *key, metric, value, len(pairs[0])))
                if sample.arm != arms[0]:
                    continue
                for bound, shuffle in BOUNDS.items():
                    shuffled = [shuffle(attribution, rng) for attribution in attributions]
                    for metric, similarity in SINGLE.items():
                        values = [
                            similarity(*pair) for pair in zip(attributions, shuffled, strict=True)
                        ]
                        rows.append((bound, *key, metric, np.mean(values), count))
    return pd.DataFrame(rows, columns=COLUMNS)
