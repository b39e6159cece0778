"""Whether models that differ in their random initialisation alone explain a peak alike."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analyses.inputs import KINDS, Sample, Tables, read_samples
from attprior.statistics import differences

COLUMNS = ["arm", "fold", "seed", "kind", "example", "metric", "value"]
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
    """Mean similarity of each seed's attributions with those of the other seeds, for each example.

    Attributions are those of all four bases: hypothetical contributions and input gradients. The
    bounds are the similarity of the first arm's attributions with shuffled copies of themselves.

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
        Columns `COLUMNS`; `arm` is an arm or a bound's name. The mean over an arm's seeds is that
        over its pairs. No rows if there is but one seed, as there is nothing to compare.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for sample in samples:
        if len(sample.seeds) < 2:
            continue
        for kind in KINDS:
            for m, example in enumerate(sample.index):
                attributions = sample.hypothetical[kind][:, m]
                for metric, similarity in PAIRWISE.items():
                    values = metrics.with_others(similarity(attributions))
                    rows += _rows(sample, sample.arm, kind, example, metric, values)
                if sample.arm != arms[0]:
                    continue
                for bound, shuffle in BOUNDS.items():
                    shuffled = [shuffle(attribution, rng) for attribution in attributions]
                    for metric, similarity in SINGLE.items():
                        values = map(similarity, attributions, shuffled)
                        rows += _rows(sample, bound, kind, example, metric, values)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    sample: Sample, arm: str, kind: str, example: int, metric: str, values: Iterable[float]
) -> list[tuple]:
    return [
        (arm, sample.fold, seed, kind, int(example), metric, value)
        for seed, value in zip(sample.seeds, values, strict=True)
    ]


def tabulate(attributions: Sequence[str], arms: Sequence[str], seed: int) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    table = consistency_table(read_samples(attributions), arms, seed)
    return {"table": table, "tests": differences(table, arms, ["kind", "metric"], pairs=True)}
