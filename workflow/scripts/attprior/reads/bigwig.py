"""Counts of 5' ends that come as bigWigs."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from attprior.bigwig import read_runs
from attprior.errors import InputError

log = logging.getLogger(__name__)

Counts = tuple[np.ndarray, np.ndarray]


def counts_of_bigwigs(
    paths: Sequence[str | Path], chroms: Mapping[str, int], strand: str
) -> list[Counts]:
    """Sum bigWigs of counts.

    Parameters
    ----------
    paths
        bigWigs of one strand, or of both strands together.
    chroms
        Sizes of the chromosomes that are used, in bp.
    strand
        ``plus``, ``minus`` or ``unstranded``; counts of the minus strand may be stored negative.

    Returns
    -------
    list of (bases, counts), each (B,) int32
        For each chromosome, the bases with a count, in order, and their counts, above zero.

    Raises
    ------
    InputError
        If a file cannot be read, or holds values that are no counts.
    """
    nothing = np.empty(0, np.int32)
    total = dict.fromkeys(chroms, (nothing, nothing))
    for path in paths:
        for chrom, found in counts_of_bigwig(path, chroms, strand).items():
            total[chrom] = _sum(total[chrom], found)
    return list(total.values())


def counts_of_bigwig(path: str | Path, chroms: Mapping[str, int], strand: str) -> dict[str, Counts]:
    """Read a bigWig of counts: for each chromosome its bases and counts, as `counts_of_bigwigs`.

    Raises
    ------
    InputError
        If the file cannot be read; if values are no whole numbers, or negative where they must
        not be.
    """
    total, signs = {}, set()
    for chrom, runs in read_runs(path, chroms):
        runs = runs[np.nan_to_num(runs["value"]) != 0]
        values = runs["value"]
        whole = np.rint(values) == values
        if not whole.all():
            first = runs[np.argmin(whole)]
            raise InputError(
                f"{path}: {first['value']:g} at {chrom}:{first['start']} (0-based) is no whole "
                "number. Give counts of 5' ends, neither normalised nor smoothed."
            )
        signs |= set(np.sign(values).tolist())
        if -1 in signs and (strand != "minus" or 1 in signs):
            raise InputError(
                f"{path}: values from {values.min():g} to {values.max():g} on {chrom}, where those "
                f"of the {strand} track are 0 or more. Give counts of 5' ends; files of the two "
                "strands are listed plus, minus."
            )
        lengths = (runs["end"] - runs["start"]).astype(np.int64)
        # a run's bases count up from its start
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        bases = (np.repeat(runs["start"], lengths) + within).astype(np.int32)
        total[chrom] = bases, np.repeat(np.abs(values).astype(np.int32), lengths)
    if -1 in signs:
        log.info("%s: counts are stored negative, taken as positive", path)
    return total


def _sum(one: Counts, other: Counts) -> Counts:
    """Add counts, base by base."""
    bases = np.concatenate([one[0], other[0]])
    counts = np.concatenate([one[1], other[1]])
    order = np.argsort(bases, kind="stable")
    bases = bases[order]
    new = np.flatnonzero(np.diff(bases, prepend=-1))
    return bases[new], np.add.reduceat(counts[order], new) if len(new) else counts
