"""Metrics of predictions and of attributions, on NumPy arrays or CPU and GPU tensors alike.

Letters in shapes: N examples, L input positions, O profile positions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.ndimage import gaussian_filter1d
from scipy.special import rel_entr

PSEUDOCOUNT = 0.001


def _array(values: Any) -> NDArray:
    """Floating-point NumPy array of an array or tensor; integers become float64."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    values = np.asarray(values)
    return values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)


def smooth(values: NDArray, sigma: float, mode: str) -> NDArray:
    """Gaussian smoothing along the last axis, truncated at one standard deviation.

    Parameters
    ----------
    values
        Any shape.
    sigma
        Standard deviation in positions; the kernel has 2 * sigma + 1 taps that sum to 1. 0 leaves
        the values as they are.
    mode
        What lies beyond the ends, as in `scipy.ndimage.gaussian_filter1d`.
    """
    if sigma == 0:
        return values
    return gaussian_filter1d(values, sigma, axis=-1, mode=mode, truncate=1)


def jensen_shannon_divergence(p: Any, q: Any, smooth_sigma: float) -> NDArray:
    """Jensen-Shannon divergence of profiles, in nats: between 0 and log(2).

    Both profiles are smoothed by a Gaussian that ends at one standard deviation and is mirrored at
    the profile's ends, as the published evaluation does it, and then brought to a sum of 1. So
    counts serve as well as probabilities.

    Parameters
    ----------
    p, q
        Profiles, (..., O), not negative.
    smooth_sigma
        Standard deviation of the smoothing in positions; 0 for none.

    Returns
    -------
    ndarray
        (...); NaN where either profile sums to zero.
    """
    p, q = (smooth(_array(profile), smooth_sigma, mode="reflect") for profile in (p, q))
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (profile / profile.sum(axis=-1, keepdims=True) for profile in (p, q))
    middle = (p + q) / 2
    return (rel_entr(p, middle).sum(axis=-1) + rel_entr(q, middle).sum(axis=-1)) / 2


def _per_position(attribution: NDArray) -> NDArray:
    """Attributions (..., 4, L) over the sum of their sizes at each position; zeros stay zeros."""
    total = np.abs(attribution).sum(axis=-2, keepdims=True)
    return np.divide(attribution, total, out=np.zeros_like(attribution), where=total > 0)


def continuous_jaccard(a: Any, b: Any) -> float:
    """Continuous Jaccard similarity of two attributions.

    The four values at a position are divided by the sum of their sizes. A position then scores
    the signed overlap (the smaller size, negative where the signs differ) summed over bases,
    divided by the sum of the larger sizes; positions are summed. So two copies score the number
    of positions with any attribution, and opposites minus as much.

    Parameters
    ----------
    a, b
        Attributions, (4, L).

    Source: Tseng, Shrikumar and Kundaje 2020, the comparison of random initialisations.
    """
    return float(pairwise_jaccard(np.stack([_array(a), _array(b)]))[0, 1])


def pairwise_jaccard(attributions: Any) -> NDArray:
    """Continuous Jaccard similarity of each two of several attributions.

    Parameters
    ----------
    attributions
        (S, 4, L).

    Returns
    -------
    ndarray
        (S, S), symmetric.
    """
    scaled = _per_position(_array(attributions))
    # bases outermost: sums over bases then run over contiguous (S, L) blocks
    scaled = np.ascontiguousarray(scaled.swapaxes(0, 1))
    sizes, signs = np.abs(scaled), np.sign(scaled)
    similarity = np.empty((scaled.shape[1],) * 2)
    for i in range(scaled.shape[1]):
        one = slice(i, i + 1)
        overlap = np.minimum(sizes[:, one], sizes[:, i:]) * (signs[:, one] * signs[:, i:])
        union = np.maximum(sizes[:, one], sizes[:, i:]).sum(axis=0)
        share = np.divide(overlap.sum(axis=0), union, out=np.zeros_like(union), where=union > 0)
        similarity[i, i:] = similarity[i:, i] = share.sum(axis=-1)
    return similarity


def cosine_similarity(a: Any, b: Any) -> float:
    """Cosine of the angle between two arrays of one shape, flattened; 0 if either is all zeros."""
    return float(pairwise_cosine(np.stack([_array(a), _array(b)]))[0, 1])


def pairwise_cosine(attributions: Any) -> NDArray:
    """Cosine similarity of each two of several attributions, (S, ...) -> (S, S)."""
    flat = _array(attributions).reshape(len(attributions), -1).astype(np.float64)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = np.divide(flat, length, out=np.zeros_like(flat), where=length > 0)
    return flat @ flat.T


def spectrum(track: Any, smooth_sigma: float) -> NDArray:
    """Magnitudes of a track's frequencies without the constant, as shares of their sum.

    The track is smoothed as in the Fourier prior: a Gaussian that ends at one standard deviation,
    zeros beyond the ends.

    Parameters
    ----------
    track
        (N, L), not negative: sizes of attributions summed over bases.
    smooth_sigma
        Standard deviation of the smoothing in base pairs; 0 for none.

    Returns
    -------
    ndarray
        (N, L // 2): column k - 1 is the frequency of k cycles over L positions; NaN where a track
        is constant.
    """
    smoothed = smooth(_array(track).astype(np.float64), smooth_sigma, mode="constant")
    magnitude = np.abs(np.fft.rfft(smoothed, axis=-1))[..., 1:]
    total = magnitude.sum(axis=-1, keepdims=True)
    return np.divide(magnitude, total, out=np.full_like(magnitude, np.nan), where=total > 0)


def high_frequency_share(track: Any, freq_limit: int, smooth_sigma: float) -> NDArray:
    """Share of a track's Fourier magnitude in frequencies above a limit.

    Parameters
    ----------
    track
        (N, L), not negative: sizes of attributions summed over bases.
    freq_limit
        Highest frequency that counts as low, in cycles over the L positions.
    smooth_sigma
        Standard deviation of the smoothing before the transform, in base pairs; 0 for none.

    Returns
    -------
    ndarray
        (N,), between 0 and 1; the constant is in neither part of the share.
    """
    return spectrum(track, smooth_sigma)[..., freq_limit:].sum(axis=-1)


def attribution_entropy(attribution: Any) -> NDArray:
    """Shannon entropy, in bits, of how attribution is spread over positions.

    Sizes are summed over bases, 0.001 is added to each position, and the track is divided by its
    sum: at most log2(L) bits, when spread evenly.

    Parameters
    ----------
    attribution
        (N, 4, L).

    Returns
    -------
    ndarray
        (N,).
    """
    track = np.abs(_array(attribution).astype(np.float64)).sum(axis=-2) + PSEUDOCOUNT
    return stats.entropy(track, base=2, axis=-1)


def bin_maxima(values: NDArray, size: int) -> NDArray:
    """Highest value of each bin of `size` positions along the last axis, (..., O) to (..., O / size).

    The last bin may hold fewer positions.
    """
    if size == 1:
        return values
    return np.maximum.reduceat(values, np.arange(0, values.shape[-1], size), axis=-1)


def row_pearson(a: Any, b: Any) -> NDArray:
    """Pearson correlation along the last axis, (..., O) to (...); NaN where either is constant."""
    a, b = (x - x.mean(axis=-1, keepdims=True) for x in (_array(a), _array(b)))
    together = np.einsum("...i,...i->...", a, b)
    lengths = np.sqrt(np.einsum("...i,...i->...", a, a) * np.einsum("...i,...i->...", b, b))
    return np.divide(together, lengths, out=np.full_like(together, np.nan), where=lengths > 0)


def row_spearman(a: Any, b: Any) -> NDArray:
    """Spearman rank correlation along the last axis, as `row_pearson` of ranks, ties averaged."""
    return row_pearson(_row_ranks(_array(a)), _row_ranks(_array(b)))


def _row_ranks(values: NDArray) -> NDArray:
    return stats.rankdata(values, axis=-1)


def row_auprc(labels: NDArray, scores: Any) -> NDArray:
    """Average precision along the last axis, as scikit-learn's, (..., O) to (...).

    Parameters
    ----------
    labels
        (..., O): 1 positive, 0 negative; all else is left out.
    scores
        (..., O).

    Returns
    -------
    ndarray
        (...); NaN where there is no positive.
    """
    labels, scores = np.asarray(labels), _array(scores)
    found = np.full(labels.shape[:-1], np.nan)
    some = (labels == 1).any(axis=-1)
    labels, scores = labels[some], scores[some]
    order = np.argsort(-scores, axis=-1)
    labels, scores = (np.take_along_axis(x, order, axis=-1) for x in (labels, scores))
    hits = np.cumsum(labels == 1, axis=-1)
    precision = hits / np.maximum(hits + np.cumsum(labels == 0, axis=-1), 1)
    # equal scores share a threshold: that after the last of them
    last = np.where(np.diff(scores, axis=-1, append=-np.inf) != 0, np.arange(labels.shape[-1]), -1)
    last = np.where(last < 0, labels.shape[-1], last)
    last = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
    precision = np.take_along_axis(precision, last, axis=-1)
    found[some] = precision.mean(axis=-1, where=labels == 1) if len(labels) else np.nan
    return found


def _correlation(function: Any, a: Any, b: Any) -> float:
    a, b = _array(a).ravel(), _array(b).ravel()
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(function(a, b).statistic)


def pearson(a: Any, b: Any) -> float:
    """Pearson correlation of two arrays of N values; NaN if either is constant."""
    return _correlation(stats.pearsonr, a, b)


def spearman(a: Any, b: Any) -> float:
    """Spearman rank correlation of two arrays of N values; NaN if either is constant."""
    return _correlation(stats.spearmanr, a, b)


def auroc(labels: Any, scores: Any) -> float:
    """Area under the ROC curve of N scores for N binary labels; NaN if there is only one class."""
    from sklearn.metrics import roc_auc_score

    labels = _array(labels).ravel()
    if not len(labels) or not np.ptp(labels):
        return float("nan")
    return float(roc_auc_score(labels, _array(scores).ravel()))


def auprc(labels: Any, scores: Any, weights: Any = None) -> float:
    """Area under the precision-recall curve, as average precision; NaN if there is one class.

    Parameters
    ----------
    weights
        (N,), how many examples each stands for. Where negatives were sampled, their true number
        over that of the sample gives the precision that all of them would.
    """
    from sklearn.metrics import average_precision_score

    labels, scores = _array(labels).ravel(), _array(scores).ravel()
    if not len(labels) or not np.ptp(labels):
        return float("nan")
    return float(average_precision_score(labels, scores, sample_weight=weights))


def with_others(similarity: NDArray) -> NDArray:
    """Mean of each seed's similarities with the other seeds, (S,), from those of all pairs (S, S)."""
    return (similarity.sum(axis=1) - np.diag(similarity)) / (len(similarity) - 1)
