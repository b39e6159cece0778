"""The libraries and the peaks of a simulated condition."""

import gzip
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import poisson

from attprior.files import atomic_write
from attprior.simulate.draws import generator
from attprior.simulate.genome import MARGIN, SPACING, UNKNOWN_START, read_fasta
from attprior.simulate.reads import (
    FivePrimeEnds,
    background_rates,
    background_reads,
    bound_reads,
    offsets,
    sam_records,
    write_bam,
)

log = logging.getLogger(__name__)

THRESHOLDED = 0.85
"""Share of the loci among the thresholded peaks."""
NOISE_PEAKS = 0.2
"""Relaxed peaks where nothing is bound, per locus."""
DROPPED = 0.2
"""Share of the thresholded peaks that one replicate alone misses."""


def call_peaks(
    sites: pd.DataFrame,
    per_locus: np.ndarray,
    chromosomes: Mapping[str, int],
    background: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the peaks that a caller would report of these loci.

    Parameters
    ----------
    sites
        Table of `plan_sites`.
    per_locus
        Reads of each locus in both replicates.
    chromosomes
        Lengths (bp).
    background
        Background reads a bp in both replicates, both strands.
    rng
        Source of randomness.

    Returns
    -------
    thresholded
        narrowPeak of the loci with most reads, in genome order.
    relaxed
        Those, the other loci, and places where nothing is bound.
    """
    loci = sites.drop_duplicates("locus")[["chrom", "centre"]].reset_index(drop=True)
    empty = empty_places(loci, chromosomes, round(NOISE_PEAKS * len(loci)), rng)
    calls = pd.concat([loci, empty], ignore_index=True)
    count = len(calls)
    expected = 150 * background
    level = np.repeat([expected, 2 * expected], [len(loci), len(empty)])  # noise, but called
    reads = np.pad(per_locus, (0, len(empty))) + rng.poisson(level)
    summit = calls["centre"] + rng.integers(-10, 11, count)
    width = rng.integers(120, 301, count)
    start = summit - width // 2 + rng.integers(-10, 11, count)
    fold = reads / expected
    peaks = pd.DataFrame(
        {
            "chrom": calls["chrom"],
            "start": start,
            "end": start + width,
            "name": ".",
            "score": (1000 * fold / fold.max()).astype(int),
            "strand": ".",
            "signal": fold.round(4),
            "p_value": np.minimum(-poisson.logsf(reads - 1, expected) / np.log(10), 300).round(4),
            "q_value": -1,
            "summit": summit - start,
        }
    )
    order = {chrom: i for i, chrom in enumerate(chromosomes)}
    relaxed = peaks.sort_values(
        ["chrom", "start"],
        key=lambda column: column.map(order) if column.name == "chrom" else column,
    )
    best = np.argsort(-per_locus, kind="stable")[: round(THRESHOLDED * len(loci))]
    return relaxed[relaxed.index.isin(best)], relaxed


def empty_places(
    loci: pd.DataFrame, chromosomes: Mapping[str, int], number: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Pick at most `number` places, as ``chrom`` and ``centre``, clear of loci and each other."""
    frames = []
    for chrom, length in chromosomes.items():
        centres = np.arange(UNKNOWN_START + MARGIN, length - MARGIN, SPACING)
        taken = loci.loc[loci["chrom"] == chrom, "centre"].to_numpy()
        after = np.searchsorted(taken, centres)
        edges = np.concatenate([[-np.inf], taken, [np.inf]])
        clear = np.minimum(centres - edges[after], edges[after + 1] - centres) > SPACING
        frames.append(pd.DataFrame({"chrom": chrom, "centre": centres[clear]}))
    places = pd.concat(frames, ignore_index=True)
    return places.sample(min(number, len(places)), random_state=rng)


def write_peaks(peaks: pd.DataFrame, path: str | Path) -> None:
    """Write narrowPeak, compressed, without a time stamp so that checksums repeat."""
    text = io.StringIO()
    peaks.to_csv(text, sep="\t", header=False, index=False)
    with atomic_write(path) as target:
        target.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def simulate_experiment(
    condition: str,
    fasta: str | Path,
    table: str | Path,
    *,
    reads_per_locus: float,
    background: float,
    seed: int,
    replicates: Sequence[str | Path],
    control: str | Path,
    thresholded: str | Path,
    thresholded_replicate: str | Path,
    relaxed: str | Path,
) -> None:
    """Write the libraries and peaks of one condition.

    Parameters
    ----------
    condition
        Name of the condition.
    fasta, table
        Genome and sites, of `simulate_genome`.
    reads_per_locus
        Reads of the mean bound locus in all replicates together.
    background
        Background reads a bp, both strands, in all replicates together and in the control.
    seed
        Seed of the data set.
    replicates, control
        Where to write the unfiltered alignments: BAM sorted by coordinate.
    thresholded, thresholded_replicate, relaxed
        Where to write the narrowPeak.gz files: the thresholded peaks, those that one replicate
        alone shows, and the relaxed ones.
    """
    genome = read_fasta(fasta)
    sites = pd.read_csv(table, sep="\t")
    rates, starts = background_rates(genome, condition, seed), offsets(genome)
    background_total = background * (rates.sum(axis=0) > 0).sum()
    per_locus = np.zeros(sites["locus"].max() + 1, dtype=int)
    for number, bam in enumerate(replicates, start=1):
        rng, share = generator(seed, condition, f"replicate {number}"), 1 / len(replicates)
        bound, counts = bound_reads(sites, starts, reads_per_locus * share, rng)
        unbound = background_reads(rates, background_total * share, rng)
        per_locus += counts
        ends = FivePrimeEnds(*map(np.concatenate, zip(bound, unbound, strict=True)))
        with atomic_write(bam) as path:
            write_bam(sam_records(ends, genome, rng), genome, path)
        log.info("%s: %d of %d reads at loci", bam, len(bound.position), len(ends.position))
    rng = generator(seed, condition, "control")
    with atomic_write(control) as path:
        ends = background_reads(rates, background_total, rng)
        write_bam(sam_records(ends, genome, rng), genome, path)
    rng = generator(seed, condition, "peaks")
    lengths = {chrom: len(codes) for chrom, codes in genome.items()}
    idr, ranked = call_peaks(sites, per_locus, lengths, background, rng)
    write_peaks(idr, thresholded)
    write_peaks(idr[rng.random(len(idr)) >= DROPPED], thresholded_replicate)
    write_peaks(ranked, relaxed)
    log.info("%s: %d thresholded and %d relaxed peaks", condition, len(idr), len(ranked))
