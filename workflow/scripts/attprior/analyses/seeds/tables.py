"""Which seeds of two arms explain a peak alike."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_score

from attprior import metrics
from attprior.analyses.inputs import Sample, Tables, read_samples

COLUMNS = ["fold", "locus", "summit", "arm", "seed", "cluster", "order"]
COLUMNS += ["other_arm", "other_seed", "similarity"]


def similarities(hypothetical: NDArray) -> NDArray:
    """Continuous Jaccard similarity of each two of several attributions, a mean over positions.

    A copy scores 1 and an opposite -1, but where attributions are all 0.

    Parameters
    ----------
    hypothetical
        (Z, 4, L), of all four bases, as in the analysis of consistency.
    """
    return metrics.pairwise_jaccard(hypothetical) / hypothetical.shape[-1]


def tree(similarity: NDArray) -> NDArray:
    """Average-linkage tree (scipy) of a (Z, Z) similarity; neighbours in it are most alike.

    Distances are 1 less the similarity.
    """
    distances = squareform(1 - similarity, checks=False)
    return optimal_leaf_ordering(linkage(distances, method="average"), distances)


def clusters(similarity: NDArray) -> tuple[NDArray, NDArray]:
    """Cluster seeds by the (Z, Z) similarity of what they explain.

    The tree is cut where the mean silhouette is highest (Rousseeuw, J Comput Appl Math 1987).
    Two seeds are too few for that: they are one cluster.

    Returns
    -------
    tuple
        Clusters (Z,), counted from 1 along the order, and places (Z,) in the order of the tree.
    """
    number = len(similarity)
    if number < 2:
        return np.ones(number, dtype=int), np.arange(number)
    linked = tree(similarity)
    distances = np.maximum(1 - similarity, 0)
    np.fill_diagonal(distances, 0)
    best, highest = np.ones(number, dtype=int), -np.inf
    for count in range(2, number):
        found = fcluster(linked, count, criterion="maxclust")
        if not 1 < len(set(found)) < number:
            continue  # ties leave no such cut
        score = silhouette_score(distances, found, metric="precomputed")
        if score > highest:
            best, highest = found, score
    leaves = leaves_list(linked)
    # named by where they stand
    names = {cluster: name for name, cluster in enumerate(dict.fromkeys(best[leaves]), 1)}
    return np.array([names[cluster] for cluster in best]), np.argsort(leaves)


def seeds_table(samples: Sequence[Sample], loci: int) -> pd.DataFrame:
    """Similarity of DeepSHAP between all seeds of both arms, at the first sampled peaks.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds; the first fold is taken, as for the example loci.
    loci
        Peaks to take.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, a row for each ordered pair of seeds, each with itself too: the first's
        cluster and its place in the order of the tree, and the similarity of the two (`similarities`).
    """
    samples = [sample for sample in samples if sample.fold == samples[0].fold]
    seeds = [(sample.arm, seed) for sample in samples for seed in sample.seeds]
    first, rows = samples[0], []
    for m in range(min(loci, len(first.index))):
        end = first.start[m] + first.codes.shape[1]
        key = (first.fold, f"{first.chrom[m]}:{first.start[m]}-{end}", int(first.summit[m]))
        similarity = similarities(
            np.concatenate([s.hypothetical["deepshap"][:, m] for s in samples])
        )
        cluster, order = clusters(similarity)
        rows += [
            (*key, *seeds[i], cluster[i], order[i], *seeds[j], similarity[i, j])
            for i in range(len(seeds))
            for j in range(len(seeds))
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def tabulate(attributions: Sequence[str], arms: Sequence[str], loci: int) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    return {"table": seeds_table(read_samples(attributions), loci)}
