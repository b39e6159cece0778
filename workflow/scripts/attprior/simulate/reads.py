"""Reads of a simulated library, from 5' ends to BAM."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from attprior.sequence import N_CODE, decode
from attprior.simulate.draws import generator

READ_LENGTH = 36
FRONT = 15.0
"""Mean distance from the motif's edge at which the exonuclease stops (bp)."""
FRONT_WIDTH = 1.5
TAIL = 10.0
"""Mean of the exponential tail beyond the front (bp)."""
HUMP_WIDTH = 50.0
"""Standard deviation of 5' ends around the centre of a bound locus without a site (bp)."""
REGION = 5000
"""Distance between the knots of the regional bias (bp)."""
REGION_BIAS = 0.4
"""Standard deviation of the log rate at those knots."""
GC_WINDOW = 6
GC_BIAS = 1.0
"""Gain in the log rate from a window without G and C to one of nothing else."""

UNMAPPED, LOW_MAPQ, SECONDARY, DUPLICATES = 0.05, 0.08, 0.02, 0.10
"""Shares of the unwanted kinds of reads in an unfiltered library."""


class FivePrimeEnds(NamedTuple):
    """The 5' ends of N reads."""

    position: np.ndarray
    """Shape (N,), int: bp from the start of the first chromosome, all laid end to end."""
    reverse: np.ndarray
    """Shape (N,), bool: whether the read is on the minus strand."""


def offsets(genome: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Return where each chromosome starts when all are laid end to end (bp)."""
    ends = np.cumsum([len(codes) for codes in genome.values()]).tolist()
    return dict(zip(genome, [0, *ends], strict=False))


def background_rates(genome: Mapping[str, np.ndarray], condition: str, seed: int) -> np.ndarray:
    """Return how likely a background read is to start at each position.

    The log rate is a smooth regional bias (interpolated between normal knots) plus a preference
    for G and C in the first bases of the read, as fragmentation and amplification give.

    Parameters
    ----------
    genome
        Codes of each chromosome.
    condition
        Whose libraries: treatment and control of a condition share the bias.
    seed
        Seed of the data set.

    Returns
    -------
    numpy.ndarray
        Shape (2, length of the genome): 5' ends on the plus and on the minus strand; sums to 1,
        and is zero where a read would reach N or leave the chromosome.
    """
    rates = []
    for chrom, codes in genome.items():
        rng, length = generator(seed, "bias", condition, chrom), len(codes)
        knots = np.arange(0, length + REGION, REGION)
        regional = np.interp(np.arange(length), knots, rng.normal(0, REGION_BIAS, len(knots)))
        strong = np.convolve((codes == 1) | (codes == 2), np.ones(GC_WINDOW)) / GC_WINDOW
        content = np.stack([strong[GC_WINDOW - 1 :], strong[:length]])  # read on from a 5' end
        rate = np.exp(regional + GC_BIAS * content)
        known = np.flatnonzero(codes != N_CODE)[0]
        rate[0, :known] = rate[0, length - READ_LENGTH + 1 :] = 0
        rate[1, : known + READ_LENGTH - 1] = 0
        rates.append(rate)
    joined = np.concatenate(rates, axis=1)
    return joined / joined.sum()


def background_reads(rates: np.ndarray, expected: float, rng: np.random.Generator) -> FivePrimeEnds:
    """Draw a Poisson number of background reads from the rates of `background_rates`."""
    cumulative = np.cumsum(rates)
    picks = rng.random(rng.poisson(expected)) * cumulative[-1]
    strand, position = np.divmod(np.searchsorted(cumulative, picks, "right"), rates.shape[1])
    return FivePrimeEnds(position, strand == 1)


def bound_reads(
    sites: pd.DataFrame,
    starts: Mapping[str, int],
    reads_per_locus: float,
    rng: np.random.Generator,
) -> tuple[FivePrimeEnds, np.ndarray]:
    """Draw the reads of the bound loci.

    At a site, 5' ends on the plus strand lie upstream of the motif's left edge and those on the
    minus strand downstream of its right edge: a sharp front where the exonuclease stops, then an
    exponential tail. A locus without a site gives a hump of both strands.

    Parameters
    ----------
    sites
        Table of `plan_sites`.
    starts
        Where each chromosome starts (see `offsets`).
    reads_per_locus
        Expected reads of the mean locus.
    rng
        Source of randomness.

    Returns
    -------
    ends
        The reads.
    per_locus
        Number of reads of each locus, in order.
    """
    source = np.repeat(np.arange(len(sites)), rng.poisson(sites["weight"] * reads_per_locus))
    reverse = rng.random(len(source)) < 0.5
    distance = rng.normal(FRONT, FRONT_WIDTH, len(source)) + rng.exponential(TAIL, len(source))
    hump = rng.normal(0, HUMP_WIDTH, len(source))
    empty = (sites["kind"] == "missing").to_numpy()[source]
    left, right = sites["start"].to_numpy()[source], sites["end"].to_numpy()[source] - 1
    position = np.where(reverse, right + distance, left - distance)
    position = np.rint(np.where(empty, left + hump, position)).astype(int)
    position += sites["chrom"].map(starts).to_numpy()[source]
    per_locus = np.bincount(sites["locus"].to_numpy()[source], minlength=sites["locus"].max() + 1)
    return FivePrimeEnds(position, reverse), per_locus


def sam_records(
    ends: FivePrimeEnds, genome: Mapping[str, np.ndarray], rng: np.random.Generator
) -> list[str]:
    """Turn reads into sorted SAM lines of an unfiltered library.

    Of the reads a share becomes copies of others, flagged as duplicates, and a share gets a low
    mapping quality; secondary alignments elsewhere and unmapped reads come on top.

    Parameters
    ----------
    ends
        Mapped reads.
    genome
        Codes of each chromosome.
    rng
        Source of randomness.
    """
    codes, number = np.concatenate(list(genome.values())), len(ends.position)
    start = ends.position - np.where(ends.reverse, READ_LENGTH - 1, 0)
    flag = np.where(ends.reverse, 16, 0)
    duplicate = rng.random(number) < DUPLICATES
    copied = rng.choice(np.flatnonzero(~duplicate), duplicate.sum())
    start[duplicate], flag[duplicate] = start[copied], flag[copied] + 1024
    quality = rng.integers(30, 43, number)
    low = rng.random(number) < LOW_MAPQ
    quality[low] = rng.integers(0, 30, low.sum()) * rng.integers(0, 2, low.sum())

    index = np.array(list(offsets(genome).values()))
    elsewhere = random_starts(codes, index, round(SECONDARY * number), rng)
    read = np.concatenate([np.arange(number), rng.integers(0, number, len(elsewhere))])
    start = np.concatenate([start, elsewhere])
    flag = np.concatenate([flag, 256 + 16 * rng.integers(0, 2, len(elsewhere))])
    quality = np.concatenate([quality, np.zeros_like(elsewhere)])

    order = np.lexsort([flag, start])
    read, start, flag, quality = read[order], start[order], flag[order], quality[order]
    chrom = np.searchsorted(index, start, "right") - 1
    names, good = list(genome), "I" * READ_LENGTH
    mapped = [
        f"r{r}\t{f}\t{names[c]}\t{p}\t{q}\t{READ_LENGTH}M\t*\t0\t0\t{s}\t{good}\n"
        for r, f, c, p, q, s in zip(
            read.tolist(),
            flag.tolist(),
            chrom.tolist(),
            (start - index[chrom] + 1).tolist(),
            quality.tolist(),
            words(codes[start[:, None] + np.arange(READ_LENGTH)]),
            strict=True,
        )
    ]
    random = words(rng.integers(0, 4, (round(UNMAPPED * number), READ_LENGTH)))
    unmapped = [
        f"r{r}\t4\t*\t0\t0\t*\t*\t0\t0\t{s}\t{good}\n" for r, s in enumerate(random, start=number)
    ]
    return mapped + unmapped


def random_starts(
    codes: np.ndarray, index: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw where reads may start: clear of N, and ending in the chromosome they start in.

    Parameters
    ----------
    codes
        Of all chromosomes laid end to end.
    index
        Where each of them starts.
    number
        How many starts to return, at most: a third of what is drawn, so hardly ever fewer.
    rng
        Source of randomness.
    """
    start = rng.integers(0, len(codes) - READ_LENGTH, 3 * number)
    whole = np.searchsorted(index, start) == np.searchsorted(index, start + READ_LENGTH)
    return start[whole & (codes[start] != N_CODE)][:number]


def words(codes: np.ndarray) -> list[str]:
    """Spell out sequences of equal length: codes (N, L), N strings."""
    length = codes.shape[1]
    text = decode(codes)
    return [text[i : i + length] for i in range(0, len(text), length)]


def write_bam(records: Sequence[str], genome: Mapping[str, np.ndarray], path: Path) -> None:
    """Write sorted SAM lines as BAM; the same records give the same bytes.

    Raises
    ------
    subprocess.CalledProcessError
        If samtools fails.
    """
    header = "@HD\tVN:1.6\tSO:coordinate\n" + "".join(
        f"@SQ\tSN:{name}\tLN:{len(codes)}\n" for name, codes in genome.items()
    )
    subprocess.run(
        ["samtools", "view", "--no-PG", "-b", "-o", str(path), "-"],
        input=(header + "".join(records)).encode(),
        check=True,
    )
