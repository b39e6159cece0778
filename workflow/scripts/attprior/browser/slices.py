"""The parts of tracks that lie at a few loci, as text that igv.js reads."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pybigtools

from attprior.bed import feature_rows
from attprior.locus import Locus

PEAK_COLOUR, SUMMIT_COLOUR = "170,170,170", "0,0,0"


def signal_rows(paths: Sequence[str | Path], loci: Sequence[Locus]) -> Iterator[str]:
    """Rows of bedGraph from bigWigs: the first as it is, the second, if any, below the line.

    So both strands make one track, the minus strand upside down.
    """
    for path, sign in zip(paths, (1, -1), strict=False):
        track = pybigtools.open(str(path))
        chroms = track.chroms()
        for locus in loci:
            if locus.chrom not in chroms:
                continue
            for start, end, value in track.records(*locus):
                start, end = max(start, locus.start), min(end, locus.end)
                yield f"{locus.chrom}\t{start}\t{end}\t{sign * value:.5g}\n"


def bed_rows(path: str | Path, loci: Sequence[Locus]) -> Iterator[str]:
    """Rows of BED6 at loci."""
    for fields in feature_rows(path, loci):
        yield "\t".join(fields[:6]) + "\n"


def peak_rows(path: str | Path, loci: Sequence[Locus]) -> Iterator[str]:
    """Rows of BED9 from a narrowPeak: peaks in grey, and each one's summit in black."""
    for chrom, start, end, *fields in feature_rows(path, loci):
        summit = int(start) + int(fields[6])
        for first, last, colour, name in (
            (start, end, PEAK_COLOUR, "peak"),
            (summit, summit + 1, SUMMIT_COLOUR, "summit"),
        ):
            row = (chrom, first, last, name, 0, ".", first, last, colour)
            yield "\t".join(map(str, row)) + "\n"


def fullest_window(paths: Sequence[str | Path], locus: Locus, width: int) -> Locus:
    """The stretch of a locus that holds most contribution, over bigWigs of several arms.

    Sizes of contributions are shares of their sum in each arm, so that all have the same say. The
    middle where there are none.
    """
    width = min(width, locus.end - locus.start)
    shares = np.zeros(locus.end - locus.start)
    for path in paths:
        track = pybigtools.open(str(path))
        if locus.chrom in track.chroms():
            size = np.abs(track.values(*locus, fillna=0))
            shares += size / (size.sum() or 1)
    held = np.convolve(shares, np.ones(width), mode="valid")
    middle = (len(held) - 1) // 2
    first = locus.start + (int(np.argmax(held)) if shares.any() else middle)
    return Locus(locus.chrom, first, first + width)
