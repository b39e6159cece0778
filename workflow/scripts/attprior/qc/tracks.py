"""What tracks and peaks tell: strands, reads in peaks, widths and GC content of peaks."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.bed import overlaps
from attprior.bigwig import each_base, read_runs
from attprior.genome import Genome, read_chrom_sizes
from attprior.peaks import read_peaks
from attprior.qc.reads import ratio
from attprior.qc.strands import cross_correlation, strand_metrics
from attprior.qc.tables import read_metrics, write_metrics, write_table

log = logging.getLogger(__name__)

SAMPLED = 10_000  # peaks whose GC content is looked at
WINDOW = 500  # bp around a summit in which it is
SEED = 1
PEAK, NEGATIVE = "peak", "negative"
KNOWN = 0.5  # least share of bases that are not N
EXONUCLEASE = ("chip-exo", "chip-nexus")


def measure_tracks(
    tracks: Sequence[str | Path],
    chrom_sizes: str | Path,
    fasta: str | Path,
    peaks: str | Path | None,
    reads: str | Path | None,
    assay: str,
    metrics: str | Path,
    curve: str | Path,
    intervals: str | Path,
) -> None:
    """Measure an experiment by its tracks and peaks.

    Parameters
    ----------
    tracks
        bigWigs of 5' ends: plus and minus strand, or one of both.
    chrom_sizes
        Sizes of the chromosomes used.
    fasta
        The genome.
    peaks
        Prepared peaks; None for a control.
    reads
        Metrics that `measure_reads` wrote, for the read's length; None where there are none.
    assay
        One of `attprior.assays.ASSAYS`.
    metrics
        Table of metric and value: ends (5' ends counted); of two strands share_plus and those of
        `strand_metrics`; with peaks FRiP (share of the 5' ends in peaks), peaks,
        median_peak_width (bp), peak_GC and negative_GC (means).
    curve
        Table of what `cross_correlation` returns; no rows without strands.
    intervals
        Table of at most `SAMPLED` peaks and as many random places: what `peak_content` returns;
        no rows without peaks.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    table = None if peaks is None else read_peaks(peaks)
    merged = {} if table is None else merge(table)
    counts, inside, strands = np.zeros(len(tracks)), 0.0, {}
    of_tracks = [five_prime_counts(track, sizes) for track in tracks]
    for chrom, *ends in zip(sizes, *of_tracks, strict=True):
        counts += [numbers.sum() for _, numbers in ends]
        inside += sum(inside_of(*strand, *merged[chrom]) for strand in ends if chrom in merged)
        if len(tracks) == 2:
            strands[chrom] = (ends[0][0], ends[1][0])
    found = {"ends": counts.sum()}
    correlated = cross_correlation(strands, sizes)
    if len(tracks) == 2:
        length = np.nan if reads is None else read_metrics(reads)["read_length"]
        found["share_plus"] = ratio(counts[0], counts.sum())
        found |= strand_metrics(correlated, length, assay in EXONUCLEASE)
    write_table(correlated, curve)
    content = pd.DataFrame({"kind": [], "width": [], "GC": []})
    if table is not None:
        content = peak_content(table, sizes, Genome.open(fasta))
        means = content.groupby("kind").GC.mean()
        found |= {
            "FRiP": ratio(inside, counts.sum()),
            "peaks": len(table),
            "median_peak_width": (table.end - table.start).median(),
            "peak_GC": means.get(PEAK, np.nan),
            "negative_GC": means.get(NEGATIVE, np.nan),
        }
    write_table(content, intervals)
    write_metrics(found, metrics)


def five_prime_counts(
    track: str | Path, sizes: Mapping[str, int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions (bp) with 5' ends on each chromosome of a bigWig, and how many there are."""
    found = read_runs(track, sizes)
    held, runs = next(found, (None, None))
    for chrom in sizes:
        if chrom != held:  # the file lacks it
            yield np.zeros(0, dtype=np.int64), np.zeros(0)
            continue
        runs = runs[runs["value"] != 0]
        yield each_base(runs, np.float64)
        held, runs = next(found, (None, None))


def merge(intervals: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Starts and ends of what intervals cover, by chromosome."""
    merged = {}
    for chrom, group in intervals.sort_values("start").groupby("chrom"):
        start, end = group.start.to_numpy(), np.maximum.accumulate(group.end.to_numpy())
        new = np.append(True, start[1:] > end[:-1])
        merged[chrom] = start[new], end[np.append(new[1:], True)]
    return merged


def inside_of(
    positions: np.ndarray, counts: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> float:
    """Sum of the counts at positions in half-open intervals that do not overlap."""
    sums = np.append(0, np.cumsum(counts))
    first, last = np.searchsorted(positions, starts), np.searchsorted(positions, ends)
    return float((sums[last] - sums[first]).sum())


def peak_content(peaks: pd.DataFrame, sizes: Mapping[str, int], genome: Genome) -> pd.DataFrame:
    """GC content at summits, and at random places that lie in no peak.

    Parameters
    ----------
    peaks
        Columns chrom, start, end, summit (relative to start); at most `SAMPLED` are drawn.
    sizes
        Length of each chromosome; random places lie anywhere on them, each base as likely.
    genome
        The genome.

    Returns
    -------
    pandas.DataFrame
        Columns kind (`PEAK` or `NEGATIVE`), width (bp, of the peak; NaN for random places) and GC,
        of `WINDOW` bp. It is NaN where the window leaves the chromosome or half of it is unknown.
    """
    drawn = peaks.sample(min(SAMPLED, len(peaks)), random_state=SEED)
    start = drawn.start + drawn.summit - WINDOW // 2
    content = [_content(genome, sizes, *place) for place in zip(drawn.chrom, start, strict=True)]
    found = pd.DataFrame({"kind": PEAK, "width": drawn.end - drawn.start, "GC": content})
    random = random_windows(len(drawn), sizes, np.random.default_rng(SEED))
    random = random[~overlaps(random, peaks)]
    places = zip(random.chrom, random.start, strict=True)
    content = [_content(genome, sizes, *place) for place in places]
    negative = pd.DataFrame({"kind": NEGATIVE, "width": np.nan, "GC": content})
    return pd.concat([found, negative], ignore_index=True)


def random_windows(number: int, sizes: Mapping[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Random intervals of `WINDOW` bp on the chromosomes that hold one: chrom, start, end."""
    names = [chrom for chrom, size in sizes.items() if size >= WINDOW]
    starts = np.array([sizes[chrom] - WINDOW + 1 for chrom in names])
    if not names:
        return pd.DataFrame({"chrom": [], "start": [], "end": []})
    chroms = rng.choice(len(names), number, p=starts / starts.sum())
    start = rng.integers(starts[chroms])
    return pd.DataFrame({"chrom": np.array(names)[chroms], "start": start, "end": start + WINDOW})


def _content(genome: Genome, sizes: Mapping[str, int], chrom: str, start: int) -> float:
    inside = 0 <= start <= sizes[chrom] - WINDOW
    return gc_content(genome.fetch(chrom, start, start + WINDOW)) if inside else np.nan


def gc_content(codes: np.ndarray) -> float:
    """Share of G and C among the known bases (codes 0 to 3); NaN if half or more are unknown."""
    known = (codes < 4).sum()
    return ((codes == 1) | (codes == 2)).sum() / known if known > KNOWN * len(codes) else np.nan
