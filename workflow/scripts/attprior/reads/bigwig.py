"""Counts of 5' ends that come as bigWigs."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from attprior.bigwig import each_base, read_runs
from attprior.errors import InputError

log = logging.getLogger(__name__)

TOO_MANY = 2.0**31  # the first number that an int32 can't hold

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
        If a file cannot be read, or holds values that are no counts; if a sum is too large.
    """
    nothing = np.empty(0, np.int32)
    total = dict.fromkeys(chroms, (nothing, nothing))
    for path in paths:
        for chrom, runs in count_runs(path, chroms, strand):
            bases, counts = each_base(runs, np.int32)
            total[chrom] = _sum(total[chrom], (bases.astype(np.int32), counts), f"{path}: {chrom}")
    return list(total.values())


def count_runs(
    path: str | Path, chroms: Mapping[str, int], strand: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Read the runs of a bigWig of counts.

    Parameters
    ----------
    path, chroms, strand
        As those of `counts_of_bigwigs`.

    Yields
    ------
    str
        A chromosome that the file has.
    (R,) structured
        Its runs that are not zero, in order: start, end (half-open), value, above zero.

    Raises
    ------
    InputError
        If the file cannot be read; if values are no whole numbers (infinite ones and NaN are not),
        too large for an int32, or negative where they must not be.
    """
    signs: set[float] = set()
    for chrom, runs in read_runs(path, chroms):
        runs = runs[runs["value"] != 0]
        values = runs["value"]
        counts = (np.rint(values) == values) & (np.abs(values) < TOO_MANY)
        if not counts.all():
            first = runs[np.argmin(counts)]
            raise InputError(
                f"{path}: {first['value']:g} at {chrom}:{first['start']} (0-based) is no count. "
                "Give whole numbers of 5' ends, neither normalised nor smoothed."
            )
        signs |= set(np.sign(values).tolist())
        if -1 in signs and (strand != "minus" or 1 in signs):
            raise InputError(
                f"{path}: values from {values.min():g} to {values.max():g} on {chrom}, where those "
                f"of the {strand} track are 0 or more. Give counts of 5' ends; files of the two "
                "strands are listed plus, minus."
            )
        if -1 in signs:
            runs = runs.copy()
            runs["value"] *= -1
        yield chrom, runs
    if -1 in signs:
        log.info("%s: counts are stored negative, taken as positive", path)


def _sum(one: Counts, other: Counts, where: str) -> Counts:
    """Add counts, base by base."""
    bases = np.concatenate([one[0], other[0]])
    counts = np.concatenate([one[1], other[1]])
    order = np.argsort(bases, kind="stable")
    bases = bases[order]
    new = np.flatnonzero(np.diff(bases, prepend=-1))
    if not len(new):
        return bases, counts
    sums = np.add.reduceat(counts[order], new, dtype=np.int64)
    if sums.max() >= TOO_MANY:
        raise InputError(f"{where} has {sums.max()} 5' ends at a base, more than can be counted.")
    return bases[new], sums.astype(np.int32)
