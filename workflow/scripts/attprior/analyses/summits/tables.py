"""Whether attribution lies near summits and in peaks.

Letters in shapes: S seeds, M sampled examples, L input positions.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior import metrics
from attprior.analyses.inputs import Sample, Tables, read_samples
from attprior.analyses.sites import site_mask
from attprior.analyses.tracks import join, per_example, sized_tracks
from attprior.dataset.store import Labels
from attprior.statistics import differences

COLUMNS = ["arm", "fold", "seed", "kind", "example", "metric", "value", "n"]
CURVE_COLUMNS = ["arm", "fold", "seed", "kind", "distance", "density", "n"]
BIN = 10  # bp of distance


def read_regions(labels: str | Path) -> pd.DataFrame:
    """Peaks of all experiments of a condition: columns chrom, start, end, summit."""
    data = Labels.open(labels, counts=False)
    regions = data.regions
    offset = data.coordinates.offsets[regions.chromosome]
    places = {column: regions[column] - offset for column in ("start", "end", "summit")}
    return pd.DataFrame({"chrom": np.array(data.coordinates.names)[regions.chromosome], **places})


def summit_distance(peaks: pd.DataFrame, chrom: NDArray, start: NDArray, length: int) -> NDArray:
    """Distance (bp) of each base of windows to the nearest summit of its chromosome.

    Parameters
    ----------
    peaks
        Columns chrom, summit.
    chrom, start
        (M,) windows, each on a chromosome with a summit.
    length
        Of the windows, in base pairs.

    Returns
    -------
    ndarray of int
        (M, length).
    """
    distance = np.empty((len(chrom), length), dtype=np.int64)
    positions = start[:, None] + np.arange(length)
    for name in np.unique(chrom):
        summits = np.unique(peaks.summit[peaks.chrom == name])
        here = chrom == name
        after = np.searchsorted(summits, positions[here])
        distance[here] = np.minimum(
            np.abs(positions[here] - summits[np.maximum(after - 1, 0)]),
            np.abs(positions[here] - summits[np.minimum(after, len(summits) - 1)]),
        )
    return distance


def summits_table(
    samples: Sequence[Sample], peaks: pd.DataFrame, arms: Sequence[str], seed: int
) -> pd.DataFrame:
    """How each example's attributions lie to summits and peaks.

    Metrics of an example's L bases: `spearman`, rank correlation of |contribution| with the
    distance to the nearest summit, negative where attribution is near summits; `auprc`, average
    precision of the bases in peaks, ranked by |contribution|. The second is left out of examples
    that lie in peaks as a whole.

    Parameters
    ----------
    samples
        Attributions of both arms in all folds.
    peaks
        Columns chrom, start, end, summit.
    arms
        The two arms.
    seed
        Of the shuffles that make the rows of `attprior.analyses.tracks.BOUND`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; `arm` is an arm or the bound, `example` the row among the fold's
        attributed peaks, `n` the number of bases in peaks.
    """
    tables = []
    for sample, arm, kind, track in sized_tracks(samples, arms[0], seed):
        place = (sample.chrom, sample.start, track.shape[-1])
        mask, distance = site_mask(peaks, *place), summit_distance(peaks, *place)
        auprc = metrics.row_auprc(np.broadcast_to(mask, track.shape), track)
        auprc[:, mask.all(axis=1)] = np.nan
        values = {"spearman": metrics.row_spearman(track, distance[None]), "auprc": auprc}
        n = np.tile(mask.sum(axis=1), len(sample.seeds))
        tables += [
            per_example(sample, value, arm=arm, kind=kind, metric=metric, n=n).dropna()
            for metric, value in values.items()
        ]
    return join(tables, COLUMNS)


def curve_table(
    samples: Sequence[Sample], peaks: pd.DataFrame, arms: Sequence[str], seed: int
) -> pd.DataFrame:
    """How dense attribution is at each distance to the nearest summit.

    Parameters
    ----------
    samples, peaks, arms, seed
        As of `summits_table`.

    Returns
    -------
    pandas.DataFrame
        Columns `CURVE_COLUMNS`: `distance` (bp) is the middle of a bin of `BIN` bp, `density` the
        mean |contribution| of its bases over that of all bases of an example, a mean over
        examples weighted by their bases there, `n` the number of bases.
    """
    tables = []
    for sample, arm, kind, track in sized_tracks(samples, arms[0], seed):
        length = track.shape[-1]
        bins = summit_distance(peaks, sample.chrom, sample.start, length) // BIN
        mean = track.mean(axis=-1, keepdims=True)
        density = np.divide(track, mean, out=np.zeros_like(track), where=mean > 0)
        for number, own, any_there in zip(sample.seeds, density, mean[..., 0] > 0, strict=True):
            kept = bins[any_there].ravel()
            n = np.bincount(kept)
            total = np.bincount(kept, own[any_there].ravel())
            some = np.flatnonzero(n)
            tables.append(
                pd.DataFrame(
                    {
                        "arm": arm,
                        "fold": sample.fold,
                        "seed": number,
                        "kind": kind,
                        "distance": BIN * some + (BIN - 1) / 2,
                        "density": total[some] / n[some],
                        "n": n[some],
                    }
                )
            )
    return join(tables, CURVE_COLUMNS)


def tabulate(attributions: Sequence[str], labels: str, arms: Sequence[str], seed: int) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    samples, peaks = read_samples(attributions), read_regions(labels)
    table = summits_table(samples, peaks, arms, seed)
    return {
        "table": table,
        "curve": curve_table(samples, peaks, arms, seed),
        "tests": differences(table, arms, ["kind", "metric"]),
    }
