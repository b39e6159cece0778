"""TF-MoDISco on attributions, and its patterns."""

import logging
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from memelite.io import write_meme
from numpy.typing import NDArray

from attprior.files import aside
from attprior.sequence import one_hot_codes

log = logging.getLogger(__name__)

SIGNS = ("pos_patterns", "neg_patterns")


def mean_attributions(paths: Sequence[str | Path], window: int) -> tuple[NDArray, NDArray]:
    """One-hot sequences and hypothetical contributions around summits, averaged over folds.

    Parameters
    ----------
    paths
        HDF5 of each fold, of the same peaks.
    window
        Base pairs in the middle of the input that are kept.

    Returns
    -------
    tuple
        One-hot (N, W, 4) and hypothetical contributions (N, W, 4), float32.
    """
    total = 0.0
    for path in paths:
        with h5py.File(path) as file:
            peaks = int(file.attrs["peaks"])
            length = file["sequences"].shape[1]
            width = min(window, length)
            middle = slice((length - width) // 2, (length - width) // 2 + width)
            total = total + file["mean/hypothetical"][:peaks, :, middle]
            codes = file["sequences"][:peaks, middle]
    one_hot = one_hot_codes(codes).transpose(0, 2, 1)
    return one_hot, (total / len(paths)).transpose(0, 2, 1)


def discover(
    attributions: Sequence[str | Path],
    result: str | Path,
    meme: str | Path,
    window: int,
    max_seqlets: int,
    leiden_runs: int,
) -> None:
    """Find patterns with TF-MoDISco; nothing found is a result, not an error.

    Parameters
    ----------
    attributions
        HDF5 of each fold of an arm.
    result
        HDF5 in TF-MoDISco's own layout.
    meme
        Base frequencies of the trimmed patterns, as a MEME file.
    """
    # imports of minutes' compilation, needed here alone
    from modiscolite.io import save_hdf5
    from modiscolite.tfmodisco import TFMoDISco

    one_hot, hypothetical = mean_attributions(attributions, window)
    log.info("TF-MoDISco on %d sequences of %d bp", *one_hot.shape[:2])
    positive, negative = TFMoDISco(
        one_hot=one_hot,
        hypothetical_contribs=hypothetical,
        max_seqlets_per_metacluster=max_seqlets,
        n_leiden_runs=leiden_runs,
    )
    with aside(result) as temporary:
        save_hdf5(temporary, positive, negative, one_hot.shape[1])
    patterns = read_patterns(result)
    for name, pattern in patterns.items():
        log.info("%s: %d seqlets", name, pattern["seqlets"])
    if not patterns:
        log.info("no patterns")
    with aside(meme) as temporary:
        write_meme(str(temporary), {name: trim(p["pfm"], p["cwm"]) for name, p in patterns.items()})


def read_patterns(path: str | Path) -> dict[str, dict]:
    """Read the patterns of a TF-MoDISco result.

    Returns
    -------
    dict
        Name (`pos_patterns.pattern_0`) -> `pfm` (4, W) base frequencies, `cwm` (4, W) mean
        contributions, `seqlets` their number, in the result's order; empty where nothing was found.
    """
    patterns = {}
    with h5py.File(path) as file:
        for sign in SIGNS:
            group = file.get(sign, {})
            for name in sorted(group, key=lambda name: int(name.rsplit("_", 1)[1])):
                patterns[f"{sign}.{name}"] = {
                    "pfm": group[name]["sequence"][:].T,
                    "cwm": group[name]["contrib_scores"][:].T,
                    "seqlets": int(group[name]["seqlets/n_seqlets"][0]),
                }
    return patterns


def trim(pfm: NDArray, cwm: NDArray, share: float = 0.3, flank: int = 2) -> NDArray:
    """Cut a pattern (4, W) to where its contributions are, and a few bases around.

    Parameters
    ----------
    share
        Positions count whose summed absolute contribution is at least this share of the greatest.
    """
    weight = np.abs(cwm).sum(axis=0)
    kept = np.flatnonzero(weight >= share * weight.max())
    return pfm[:, max(kept[0] - flank, 0) : kept[-1] + flank + 1]
