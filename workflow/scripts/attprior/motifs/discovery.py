"""TF-MoDISco on attributions, and its patterns."""

import logging
from bisect import bisect, insort
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.hdf5 import hdf5_aside, open_hdf5

if TYPE_CHECKING:
    from modiscolite.core import SeqletSet

log = logging.getLogger(__name__)

SIGNS = ("pos_patterns", "neg_patterns")
SEQLETS = ["chrom", "start", "end", "pattern", "score", "strand", "contribution", "peak"]


def middle(length: int, window: int) -> slice:
    """The middle `window` positions of `length`; all of them where they are fewer."""
    width = min(window, length)
    start = (length - width) // 2
    return slice(start, start + width)


def read_middle(path: str | Path, window: int) -> tuple[NDArray, NDArray]:
    """One-hot sequences and hypothetical contributions around summits.

    Parameters
    ----------
    path
        Attributions of an arm, averaged over its folds.
    window
        Base pairs in the middle of the input that are kept.

    Returns
    -------
    tuple
        One-hot (N, W, 4) and hypothetical contributions (N, W, 4), float32.

    Raises
    ------
    InputError
        For contributions that are not finite.
    """
    with open_hdf5(path) as file:
        kept = middle(file["raw/seq"].shape[2], window)
        one_hot, hypothetical = (
            np.ascontiguousarray(file[name][:, :, kept].transpose(0, 2, 1), dtype=np.float32)
            for name in ("raw/seq", "shap/seq")
        )
    infinite = ~np.isfinite(hypothetical).all(axis=(1, 2))
    if infinite.any():
        raise InputError(
            f"{path}: contributions of {infinite.sum()} of {len(infinite)} sequences are not "
            f"finite, first in row {infinite.argmax()}: a model of the arm diverged; train it with "
            "a smaller training/learning_rate"
        )
    return one_hot, hypothetical


def read_origins(path: str | Path, window: int) -> tuple[NDArray, NDArray]:
    """Chromosomes (N,) and first positions (N,) of the middle `window` positions of each peak."""
    with open_hdf5(path) as file:
        kept = middle(file["raw/seq"].shape[2], window)
        return file["regions/chrom"].asstr()[:], file["regions/start"][:] + kept.start


def find_patterns(
    one_hot: NDArray, hypothetical: NDArray, max_seqlets: int, leiden_runs: int
) -> tuple[list | None, list | None]:
    """Patterns (modisco-lite's) of positive and of negative contributions; None for none.

    Parameters
    ----------
    one_hot, hypothetical
        (N, W, 4), float32.
    """
    if not (one_hot * hypothetical).any():
        log.warning("no contributions other than zero, so no patterns")
        return None, None
    # imports of minutes' compilation, needed here alone
    from modiscolite.tfmodisco import TFMoDISco

    try:
        return TFMoDISco(
            one_hot=one_hot,
            hypothetical_contribs=hypothetical,
            max_seqlets_per_metacluster=max_seqlets,
            n_leiden_runs=leiden_runs,
        )
    # it has no case for contributions that are no noise around zero with something in it: those
    # of one sign alone, in a few positions alone, or the same in all sequences
    except (IndexError, ValueError, ZeroDivisionError):
        log.warning("TF-MoDISco can make nothing of these contributions", exc_info=True)
        return None, None


def each_place_once(
    found: Sequence[list | None], chroms: NDArray, origins: NDArray
) -> list[list | None]:
    """Leave each place one seqlet, where windows of several peaks overlap.

    That of the strongest contribution stays; others go that are of another peak's window and share
    more than half of their bases with one that stays, as the windows' patterns may be aligned a few
    bases apart. Patterns of which some go are averaged anew, and sorted again by their seqlets.

    Parameters
    ----------
    found
        Patterns (modisco-lite's) of positive and of negative contributions; None for none.
    chroms, origins
        (N,), chromosomes of the windows, and their first positions.
    """
    seqlets = [s for patterns in found for pattern in patterns or [] for s in pattern.seqlets]
    longest = max(map(len, seqlets), default=0)
    seqlets.sort(key=lambda seqlet: -abs(seqlet.contrib_scores.sum(dtype=float)))
    places: dict[str, list[tuple[int, int, int]]] = {chrom: [] for chrom in chroms}
    kept = set()
    for seqlet in seqlets:
        peak, there = seqlet.example_idx, places[chroms[seqlet.example_idx]]
        start, end = (int(origins[peak] + side) for side in (seqlet.start, seqlet.end))
        near = there[bisect(there, (start - longest,)) : bisect(there, (end,))]
        if not any(
            other != peak and 2 * (min(end, to) - max(start, at)) > min(end - start, to - at)
            for at, to, other in near
        ):
            insort(there, (start, end, peak))
            kept.add(id(seqlet))
    if len(kept) < len(seqlets):
        log.info("%d of %d seqlets are left, one a place", len(kept), len(seqlets))
    result = []
    for patterns in found:
        rest = [_with(kept, pattern) for pattern in patterns or []]
        rest = [pattern for pattern in rest if pattern is not None]
        result.append(sorted(rest, key=lambda pattern: -len(pattern.seqlets)) or None)
    return result


def _with(kept: set[int], pattern: "SeqletSet") -> "SeqletSet | None":
    """A pattern of those of its seqlets alone whose identities are kept; None if none is."""
    from modiscolite.core import SeqletSet

    mine = [id(seqlet) in kept for seqlet in pattern.seqlets]
    if not any(mine) or all(mine):
        return pattern if any(mine) else None
    fewer = SeqletSet([seqlet for seqlet in pattern.seqlets if id(seqlet) in kept])
    if pattern.subclusters is not None:
        fewer.subclusters = np.asarray(pattern.subclusters)[mine]
        parts = {name: _with(kept, part) for name, part in pattern.subcluster_to_subpattern.items()}
        fewer.subcluster_to_subpattern = {name: part for name, part in parts.items() if part}
    return fewer


def discover(
    attributions: str | Path,
    result: str | Path,
    meme: str | Path,
    seqlets: str | Path,
    window: int,
    max_seqlets: int,
    leiden_runs: int,
) -> None:
    """Find patterns with TF-MoDISco; nothing found is a result, not an error.

    Parameters
    ----------
    attributions
        Attributions of an arm, averaged over its folds.
    result
        HDF5 in TF-MoDISco's own layout.
    meme
        Base frequencies of the trimmed patterns, as a MEME file.
    seqlets
        Where the seqlets of the patterns lie, as BED: see `locate`.
    """
    from modiscolite.io import save_hdf5

    with open_hdf5(attributions) as file:
        length = file["raw/seq"].shape[2]
    if window > length:
        log.warning(
            "config key 'motifs/modisco/window': %d bp are more than the model's input of %d bp, "
            "so all of the input is used",
            *(window, length),
        )
    one_hot, hypothetical = read_middle(attributions, window)
    log.info("TF-MoDISco on %d sequences of %d bp", *one_hot.shape[:2])
    found = find_patterns(one_hot, hypothetical, max_seqlets, leiden_runs)
    positive, negative = each_place_once(found, *read_origins(attributions, window))
    with hdf5_aside(result) as whole:
        save_hdf5(whole, positive, negative, one_hot.shape[1])
    patterns = read_patterns(result)
    for name, pattern in patterns.items():
        log.info("%s: %d seqlets", name, pattern["seqlets"])
    if not patterns:
        log.info("no patterns")
    # an import of a second, which other uses of this module do without
    from memelite.io import write_meme

    with atomic_write(meme) as temporary:
        write_meme(str(temporary), {name: trim(p["pfm"], p["cwm"]) for name, p in patterns.items()})
    with atomic_write(seqlets) as temporary:
        locate(result, attributions).to_csv(temporary, sep="\t", index=False, header=False)


def read_patterns(path: str | Path) -> dict[str, dict]:
    """Read the patterns of a TF-MoDISco result.

    Returns
    -------
    dict
        Name (`pos_patterns.pattern_0`) -> `pfm` (4, W) base frequencies, `cwm` (4, W) mean
        contributions, `seqlets` their number, in the result's order; empty where nothing was found.
    """
    with open_hdf5(path) as file:
        return {
            name: {
                "pfm": group["sequence"][:].T,
                "cwm": group["contrib_scores"][:].T,
                "seqlets": int(group["seqlets/n_seqlets"][0]),
            }
            for name, group in _groups(file).items()
        }


def _groups(file: h5py.File) -> dict[str, h5py.Group]:
    """Groups of the patterns of a result by their names, in the result's order."""
    return {
        f"{sign}.{name}": file[sign][name]
        for sign in SIGNS
        for name in sorted(file.get(sign, {}), key=lambda name: int(name.rsplit("_", 1)[1]))
    }


def locate(result: str | Path, attributions: str | Path) -> pd.DataFrame:
    """Where in the genome the seqlets of a TF-MoDISco result lie.

    Parameters
    ----------
    result
        HDF5 in TF-MoDISco's own layout.
    attributions
        What it was found in.

    Returns
    -------
    pandas.DataFrame
        A row per seqlet, sorted by chromosome and start. Columns of BED6 - chrom, start, end,
        pattern, score (the seqlet's absolute contribution, of 1000 for the strongest), strand (on
        which the pattern reads as in the result) - then contribution (summed over the seqlet) and
        peak (row of the attributions, from 0).
    """
    tables = [pd.DataFrame(columns=SEQLETS)]
    with open_hdf5(result) as found:
        chroms, origins = read_origins(attributions, int(found.attrs["window_size"]))
        for name, group in _groups(found).items():
            seqlets = {key: group["seqlets"][key][:] for key in ("example_idx", "start", "end")}
            peaks = seqlets["example_idx"]
            reverse = group["seqlets/is_revcomp"][:].astype(bool)
            contributions = group["seqlets/contrib_scores"][:].sum(axis=(1, 2), dtype=float)
            table = {
                "chrom": chroms[peaks],
                "start": origins[peaks] + seqlets["start"],
                "end": origins[peaks] + seqlets["end"],
                "pattern": name,
                "strand": np.where(reverse, "-", "+"),
                "contribution": contributions,
                "peak": peaks,
            }
            tables.append(pd.DataFrame(table))
    table = pd.concat(tables[1:]) if tables[1:] else tables[0]
    size = table.contribution.abs().astype(float)
    table["score"] = (1000 * size / size.max()).round().astype(int)
    table["contribution"] = table.contribution.map("{:.4g}".format)
    return table.sort_values(["chrom", "start", "end"], kind="stable")[SEQLETS]


def core(cwm: NDArray, share: float = 0.3, flank: int = 2) -> slice:
    """Positions of a pattern (4, W) where its contributions are, and a few bases around.

    Parameters
    ----------
    share
        Positions count whose summed absolute contribution is at least this share of the greatest.
    """
    weight = np.abs(cwm).sum(axis=0)
    kept = np.flatnonzero(weight >= share * weight.max())
    return slice(int(max(kept[0] - flank, 0)), int(min(kept[-1] + flank + 1, len(weight))))


def trim(pfm: NDArray, cwm: NDArray, share: float = 0.3, flank: int = 2) -> NDArray:
    """Cut a pattern (4, W) to its core."""
    return pfm[:, core(cwm, share, flank)]
