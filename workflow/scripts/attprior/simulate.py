"""A data set whose truth is known: genome, planted motif sites, reads, peaks, and a portal.

The genome is a first-order Markov chain with the dinucleotides of the human genome. Into it go
loci, each bound by one transcription factor: most carry one to three sites drawn from the
factor's JASPAR matrix, some a site that mutations have weakened, and some no site at all though
bound (as when a partner tethers the factor). Reads pile up on both sides of a site as in
ChIP-exo, over a background whose bias the control shares.

Sequences are arrays of codes, 0 to 3 for A C G T and 4 for N; intervals are 0-based half-open.
Every random draw comes from a generator keyed by the seed and by what is drawn, so that nothing
of one factor's libraries depends on how many other factors there are or on the order of the jobs.
"""

import gzip
import hashlib
import io
import json
import logging
import shutil
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from Bio import SeqIO
from pyjaspar import jaspardb
from scipy.stats import poisson

from attprior.errors import InputError
from attprior.files import aside
from attprior.sequence import BASES, N_CODE, decode, encode, reverse_complement

log = logging.getLogger(__name__)

JASPAR_RELEASE = "JASPAR2026"
PSEUDOCOUNT = 0.01
"""Weight of a uniform base in a motif's probabilities."""

UNKNOWN_START = 1000
"""Length of the run of N that opens each chromosome (bp), as telomeres do."""
MARGIN = 1000
"""Distance of any locus from the run of N and from the chromosome's end (bp)."""
SPACING = 340
"""Least distance between the centres of two loci (bp), so that no two peaks touch."""
SITE_NUMBERS = (0.6, 0.3, 0.1)
"""Shares of the loci with one, two and three sites."""
SOURCE = ["locus", "kind", "chrom", "centre", "start", "end", "strand", "sequence", "score"]
LOCUS_NOISE = 0.3
"""Standard deviation of the log of what affects a locus's reads besides its sites."""

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
THRESHOLDED = 0.85
"""Share of the loci among the thresholded peaks."""
NOISE_PEAKS = 0.2
"""Relaxed peaks where nothing is bound, per locus."""
DROPPED = 0.2
"""Share of the thresholded peaks that one replicate alone misses."""


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random generator of one thing to draw.

    Parameters
    ----------
    seed
        Seed of the whole data set.
    names
        What is drawn: other names, independent numbers.
    """
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


# --- genome and sites -------------------------------------------------------------------------


def human_transitions() -> np.ndarray:
    """Return the transition probabilities between neighbouring bases of the human genome.

    Counts of dinucleotides in hg19, in millions, by RSAT's count-words, as tabulated by M. Love
    (https://mikelove.wordpress.com/2011/12/02/2-mers/); averaged here over both strands. CpG
    comes to a quarter of what its bases would give.

    Returns
    -------
    numpy.ndarray
        Shape (4, 4): the row is the base before, each row sums to 1.
    """
    counts = np.array(
        [
            [279.490734, 143.903156, 199.880889, 220.891389],
            [207.352244, 148.888857, 28.162976, 199.989641],
            [169.602085, 121.929296, 148.965391, 144.228762],
            [187.721077, 169.672559, 207.716132, 280.279142],
        ]
    )
    counts = counts + counts[::-1, ::-1].T  # XY on one strand is Y'X' on the other
    return counts / counts.sum(axis=1, keepdims=True)


def base_frequencies(transitions: np.ndarray) -> np.ndarray:
    """Return the stationary distribution (4,) of transition probabilities (4, 4)."""
    return np.linalg.matrix_power(transitions, 64)[0]


def draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a code from each distribution: probabilities (..., 4), uint8 codes (...)."""
    thresholds = np.cumsum(probabilities, axis=-1)[..., :3]
    return (rng.random((*thresholds.shape[:-1], 1)) > thresholds).sum(axis=-1, dtype=np.uint8)


def random_chromosome(length: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a chromosome, opened by a run of N.

    About sqrt(length) chains advance side by side and are then laid end to end. Each starts from
    the stationary distribution, so only the dinucleotides across their seams, one in
    sqrt(length), are those of independent bases.

    Parameters
    ----------
    length
        Length of the chromosome (bp).
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        uint8 codes, shape (length,).
    """
    transitions = human_transitions()
    steps = int(np.ceil(np.sqrt(length)))
    chains = np.empty((steps, steps), dtype=np.uint8)
    chains[:, 0] = draw(np.tile(base_frequencies(transitions), (steps, 1)), rng)
    for step in range(1, steps):
        chains[:, step] = draw(transitions[chains[:, step - 1]], rng)
    codes = chains.reshape(-1)[:length].copy()
    codes[:UNKNOWN_START] = N_CODE
    return codes


def jaspar_probabilities(matrix: str) -> np.ndarray:
    """Return the base probabilities of a JASPAR matrix.

    Parameters
    ----------
    matrix
        Identifier with version, such as ``MA0139.2``.

    Returns
    -------
    numpy.ndarray
        Shape (W, 4), no entry zero.

    Raises
    ------
    InputError
        If the release has no such matrix.
    """
    motif = jaspardb(release=JASPAR_RELEASE).fetch_motif_by_id(matrix)
    if motif is None:
        raise InputError(
            f"simulate/motifs: {matrix!r} is not in {JASPAR_RELEASE}. "
            "Give an identifier with its version, such as MA0139.2."
        )
    counts = np.array([motif.counts[base] for base in BASES]).T
    frequencies = counts / counts.sum(axis=1, keepdims=True)
    return (frequencies + PSEUDOCOUNT / 4) / (1 + PSEUDOCOUNT)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Return log2 odds (W, 4) of motif probabilities (W, 4) against the genome's bases, in bits."""
    return np.log2(probabilities / base_frequencies(human_transitions()))


def occupancy(score: np.ndarray, best: float) -> np.ndarray:
    """Return how much of the time a site is bound, by a two-state model.

    Half the time at half the best score, the odds growing by sqrt(2) a bit (a bit of log-odds
    counts for half: sites in cells are weighed down by what else binds there), with a floor of
    5 % for what binding to any DNA gives.

    Parameters
    ----------
    score
        Log-odds of the sites (bits), any shape.
    best
        Score of the motif's best sequence (bits).
    """
    return 0.05 + 0.95 / (1 + 2 ** ((best / 2 - score) / 2))


def place_loci(
    chromosomes: Mapping[str, int], loci: Mapping[str, int], seed: int
) -> dict[str, pd.DataFrame]:
    """Spread the loci of all conditions over the genome without overlap.

    Parameters
    ----------
    chromosomes
        Lengths (bp).
    loci
        How many loci each condition has.
    seed
        Seed of the data set.

    Returns
    -------
    dict of str to pandas.DataFrame
        For each condition its loci, in order: ``chrom`` and ``centre`` (bp).

    Raises
    ------
    InputError
        If they don't fit.
    """
    rng = generator(seed, "loci")
    room = np.array(list(chromosomes.values())) - UNKNOWN_START - 2 * MARGIN
    count = sum(loci.values())
    if (room <= 0).any() or room.sum() < (count + len(room)) * SPACING:
        raise InputError(
            f"simulate/loci: {count} loci of {SPACING} bp do not fit into the simulate/chromosomes,"
            f" of which {np.maximum(room, 0).sum():,} bp can hold loci (each chromosome loses "
            f"{UNKNOWN_START + 2 * MARGIN:,} bp at its ends). Ask for fewer loci or lengthen them."
        )
    shares = np.diff(np.rint(np.cumsum([0, *room]) / room.sum() * count)).astype(int)
    frames = []
    for chrom, space, number in zip(chromosomes, room, shares, strict=True):
        gaps = np.sort(rng.integers(0, space - number * SPACING, number, endpoint=True))
        starts = UNKNOWN_START + MARGIN + gaps + SPACING * np.arange(number)
        frames.append(pd.DataFrame({"chrom": chrom, "centre": starts + SPACING // 2}))
    placed = pd.concat(frames, ignore_index=True)
    owner = rng.permutation(np.repeat(list(loci), list(loci.values())))
    return {name: placed[owner == name].reset_index(drop=True) for name in loci}


def weaken(site: np.ndarray, information: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mutate two or three positions of a site, rather those that matter.

    Parameters
    ----------
    site
        Codes, shape (W,).
    information
        Information content of the motif's positions (bits), shape (W,).
    rng
        Source of randomness.
    """
    share = information.clip(min=0) + 1e-3
    positions = rng.choice(len(site), size=rng.integers(2, 4), replace=False, p=share / share.sum())
    mutated = site.copy()
    mutated[positions] = (site[positions] + rng.integers(1, 4, len(positions))) % 4
    return mutated


def plan_sites(
    loci: pd.DataFrame,
    probabilities: np.ndarray,
    *,
    missing: float,
    weak: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Decide what each locus of a condition carries, and how strongly it is bound.

    Parameters
    ----------
    loci
        ``chrom`` and ``centre`` of each locus.
    probabilities
        Of the motif, shape (W, 4).
    missing, weak
        Shares of the loci that carry no site, and one weakened site.
    rng
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        A row per source of reads, that is per site and per bound locus without one: ``locus``
        (number), ``kind`` (strong, weak, missing), ``chrom``, ``centre``, ``start``, ``end``,
        ``strand``, ``sequence`` (as on the plus strand), ``score`` (log-odds, bits), ``occupancy``
        (0 to 1), ``weight`` (reads, where the mean locus gets 1). Without a site ``start`` and
        ``end`` are the centre, ``strand`` is ``.`` and what describes a site is empty.
    """
    width, odds = len(probabilities), log_odds(probabilities)
    information = (probabilities * odds).sum(axis=1)
    n_missing, n_weak = round(missing * len(loci)), round(weak * len(loci))
    n_strong = len(loci) - n_missing - n_weak
    kinds = rng.permutation(np.repeat(["missing", "weak", "strong"], [n_missing, n_weak, n_strong]))
    rows = []
    for locus, (chrom, centre, kind) in enumerate(
        zip(loci["chrom"], loci["centre"].tolist(), kinds, strict=True)
    ):
        shared = {"locus": locus, "kind": str(kind), "chrom": chrom, "centre": centre}
        if kind == "missing":
            rows.append({**shared, "start": centre, "end": centre, "strand": ".", "sequence": ""})
            continue
        number = 1 if kind == "weak" else int(rng.choice([1, 2, 3], p=SITE_NUMBERS))
        starts = np.cumsum([0, *(width + rng.integers(3, 21, number - 1))])
        starts += centre + rng.integers(-10, 11) - (starts[-1] + width) // 2
        for start in starts.tolist():
            site = draw(probabilities, rng)
            if kind == "weak":
                site = weaken(site, information, rng)
            forward = rng.random() < 0.5
            planted = site if forward else reverse_complement(site)
            rows.append(
                {
                    **shared,
                    "start": start,
                    "end": start + width,
                    "strand": "+" if forward else "-",
                    "sequence": decode(planted),
                    "score": odds[np.arange(width), site].sum(),
                }
            )
    sites = pd.DataFrame(rows, columns=SOURCE)
    sites["occupancy"] = occupancy(sites["score"], odds.max(axis=1).sum())
    sites["weight"] = reads_weight(sites, rng)
    return sites


def reads_weight(sites: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return each source's share of reads, on average 1 a locus.

    Reads follow occupancy, times log-normal noise that a locus's sites share. A locus without a
    site is as well bound as some strong locus, drawn at random.

    Parameters
    ----------
    sites
        Columns ``locus``, ``kind`` and ``occupancy`` of `plan_sites`.
    rng
        Source of randomness.
    """
    noise = rng.lognormal(0, LOCUS_NOISE, sites["locus"].max() + 1)
    weight = sites["occupancy"].to_numpy() * noise[sites["locus"]]
    empty = (sites["kind"] == "missing").to_numpy()
    strong = sites["kind"] == "strong"
    totals = pd.Series(weight)[strong].groupby(sites["locus"][strong]).sum().to_numpy()
    weight[empty] = rng.choice(totals, empty.sum()) if len(totals) else 1.0
    return weight / weight.sum() * len(noise)


def write_fasta(sequences: Mapping[str, np.ndarray], path: Path) -> None:
    """Write chromosomes, given by name as codes, as FASTA of 80 letters a line."""
    with path.open("w") as file:
        for name, codes in sequences.items():
            letters = decode(codes)
            file.write(f">{name}\n")
            file.writelines(letters[i : i + 80] + "\n" for i in range(0, len(letters), 80))


def read_fasta(path: str | Path) -> dict[str, np.ndarray]:
    """Read chromosomes, by name, as uint8 codes."""
    return {record.id: encode(bytes(record.seq)) for record in SeqIO.parse(path, "fasta")}


def write_meme(motifs: Mapping[str, np.ndarray], path: Path) -> None:
    """Write motifs, given by name as probabilities (W, 4), in MEME's minimal format."""
    frequencies = base_frequencies(human_transitions())
    with path.open("w") as file:
        file.write(
            "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n"
        )
        file.write(" ".join(f"{b} {f:.4f}" for b, f in zip(BASES, frequencies, strict=True)))
        for name, probabilities in motifs.items():
            file.write(
                f"\n\nMOTIF {name}\n"
                f"letter-probability matrix: alength= 4 w= {len(probabilities)} nsites= 20 E= 0\n"
            )
            np.savetxt(file, probabilities, fmt="%.6f")


def simulate_genome(
    chromosomes: Mapping[str, int],
    motifs: Mapping[str, str],
    *,
    loci: int,
    missing: float,
    weak: float,
    seed: int,
    fasta: str | Path,
    meme: str | Path,
    sites: Sequence[str | Path],
    tables: Sequence[str | Path],
) -> None:
    """Write the genome with the sites of all conditions planted in it.

    Parameters
    ----------
    chromosomes
        Lengths (bp).
    motifs
        For each condition its JASPAR matrix.
    loci
        Number of bound loci of each condition.
    missing, weak
        Shares of them without a site, and with a weakened one.
    seed
        Seed of the data set.
    fasta, meme
        Where to write the genome and the motifs, named after the conditions.
    sites
        For each condition, where to write its sites: BED6, the score being 1000 * occupancy.
    tables
        For each condition, where to write the table of `plan_sites`.

    Raises
    ------
    InputError
        If a matrix is unknown, the loci don't fit, or the shares exceed 1.
    """
    if missing + weak > 1:
        raise InputError(
            f"simulate/missing ({missing}) and simulate/weak ({weak}) are shares of the same loci: "
            "together they may not exceed 1."
        )
    probabilities = {name: jaspar_probabilities(matrix) for name, matrix in motifs.items()}
    placed = place_loci(chromosomes, dict.fromkeys(motifs, loci), seed)
    genome = {
        chrom: random_chromosome(length, generator(seed, "genome", chrom))
        for chrom, length in chromosomes.items()
    }
    for name, bed_path, table_path in zip(motifs, sites, tables, strict=True):
        planned = plan_sites(
            placed[name],
            probabilities[name],
            missing=missing,
            weak=weak,
            rng=generator(seed, "sites", name),
        )
        bed = planned[planned["kind"] != "missing"].copy()
        for chrom, start, end, sequence in bed[["chrom", "start", "end", "sequence"]].values:
            genome[chrom][start:end] = encode(sequence)
        bed["name"], bed["strength"] = name, (1000 * bed["occupancy"]).round().astype(int)
        columns = ["chrom", "start", "end", "name", "strength", "strand"]
        with aside(bed_path) as path:
            bed[columns].to_csv(path, sep="\t", header=False, index=False)
        with aside(table_path) as path:
            planned.to_csv(path, sep="\t", index=False, float_format="%.5f")
        log.info("%s: %d loci with %d sites", name, len(placed[name]), len(bed))
    with aside(fasta) as path:
        write_fasta(genome, path)
    with aside(meme) as path:
        write_meme(probabilities, path)


# --- reads ------------------------------------------------------------------------------------


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


# --- peaks ------------------------------------------------------------------------------------


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
    with aside(path) as target:
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
        with aside(bam) as path:
            write_bam(sam_records(ends, genome, rng), genome, path)
        log.info("%s: %d of %d reads at loci", bam, len(bound.position), len(ends.position))
    rng = generator(seed, condition, "control")
    with aside(control) as path:
        ends = background_reads(rates, background_total, rng)
        write_bam(sam_records(ends, genome, rng), genome, path)
    rng = generator(seed, condition, "peaks")
    lengths = {chrom: len(codes) for chrom, codes in genome.items()}
    idr, ranked = call_peaks(sites, per_locus, lengths, background, rng)
    write_peaks(idr, thresholded)
    write_peaks(idr[rng.random(len(idr)) >= DROPPED], thresholded_replicate)
    write_peaks(ranked, relaxed)
    log.info("%s: %d thresholded and %d relaxed peaks", condition, len(idr), len(ranked))


# --- portal -----------------------------------------------------------------------------------

DATE = "2026-01-01"
PORTAL_FILES = {
    "replicate_1": {"output_type": "unfiltered alignments", "biological_replicates": [1]},
    "replicate_2": {"output_type": "unfiltered alignments", "biological_replicates": [2]},
    "thresholded": {
        "output_type": "IDR thresholded peaks",
        "biological_replicates": [1, 2],
        "preferred_default": True,
    },
    "thresholded_replicate": {
        "output_type": "IDR thresholded peaks",
        "biological_replicates": [1],
    },
    "relaxed": {"output_type": "IDR ranked peaks", "biological_replicates": [1, 2]},
    "control": {"output_type": "unfiltered alignments", "biological_replicates": [1]},
}
"""What a condition deposits, and how the portal describes it; all but the control is treatment."""


def file_object(accession: str, experiment: str, kind: str, payload: Path) -> dict:
    """Return the portal's object of a file.

    Parameters
    ----------
    accession, experiment
        Accessions of the file and of its experiment.
    kind
        A key of `PORTAL_FILES`.
    payload
        The file itself.
    """
    described = PORTAL_FILES[kind]
    content = payload.read_bytes()
    bam = payload.suffix == ".bam"
    extension = "bam" if bam else "bed.gz"
    return {
        "@id": f"/files/{accession}/",
        "@type": ["File", "Item"],
        "accession": accession,
        "title": accession,
        "status": "released",
        "dataset": f"/experiments/{experiment}/",
        "file_format": "bam" if bam else "bed",
        "file_type": "bam" if bam else "bed narrowPeak",
        **({} if bam else {"file_format_type": "narrowPeak"}),
        "output_category": "alignment" if bam else "annotation",
        **described,
        "technical_replicates": [f"{n}_1" for n in described["biological_replicates"]],
        "assembly": "simulated",
        "date_created": f"{DATE}T00:00:00.000000+00:00",
        "file_size": len(content),
        "md5sum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "href": f"/files/{accession}/@@download/{accession}.{extension}",
        "no_file_available": False,
    }


def experiment_object(
    accession: str, condition: str, files: Sequence[str], control: str | None
) -> dict:
    """Return the portal's object of an experiment.

    Parameters
    ----------
    accession
        Of the experiment.
    condition
        The transcription factor.
    files
        Accessions of its files.
    control
        Accession of its control; None where it is a control itself.
    """
    is_control = control is None
    replicates = 1 if is_control else 2
    title = "Control" if is_control else "TF"
    paths = [f"/files/{name}/" for name in files]
    return {
        "@id": f"/experiments/{accession}/",
        "@type": ["Experiment", "Dataset", "Item"],
        "accession": accession,
        "status": "released",
        "assay_title": f"{title} ChIP-seq",
        "assay_term_name": "ChIP-seq",
        "assay_term_id": "OBI:0000716",
        **({"control_type": "input library"} if is_control else {}),
        **({} if is_control else {"target": f"/targets/{condition}-human/"}),
        "biosample_summary": "simulated cells",
        "description": f"Simulated {title} ChIP-seq of {condition}",
        "possible_controls": [] if is_control else [f"/experiments/{control}/"],
        "replicates": [f"/replicates/{accession}-{n}/" for n in range(1, replicates + 1)],
        "replication_type": "unreplicated" if is_control else "isogenic",
        "files": paths,
        "original_files": paths,
        "revoked_files": [],
        "assembly": ["simulated"],
        "date_created": f"{DATE}T00:00:00.000000+00:00",
        "date_released": DATE,
        "alternate_accessions": [],
        "supersedes": [],
        "superseded_by": [],
    }


def simulate_portal(
    conditions: Sequence[str], files: Mapping[str, Sequence[str | Path]], index: str | Path
) -> None:
    """Lay out the conditions' files as the ENCODE portal serves them.

    Beside the index appear ``experiments/ACCESSION.json``, ``files/ACCESSION.json`` and the files
    themselves under ``files/ACCESSION/@@download/``: the portal's URLs, but for ``.json``. The
    index is written last: where it is, the portal is whole.

    Parameters
    ----------
    conditions
        Names; the n-th condition is experiment 2n-1, and its control 2n.
    files
        For each kind of `PORTAL_FILES`, the file of each condition.
    index
        Table to write: ``accession``, ``condition``, ``kind`` of every experiment and file.
    """
    portal = Path(index).parent
    Path(index).unlink(missing_ok=True)
    for folder in ("experiments", "files"):
        shutil.rmtree(portal / folder, ignore_errors=True)
    rows, file_number = [], 0
    for n, condition in enumerate(conditions):
        treatment, control = (f"TSTSR{2 * n + k:06d}" for k in (1, 2))
        held: dict[str, list[str]] = {treatment: [], control: []}
        for kind in PORTAL_FILES:
            file_number += 1
            accession, payload = f"TSTFF{file_number:06d}", Path(files[kind][n])
            experiment = control if kind == "control" else treatment
            held[experiment].append(accession)
            described = file_object(accession, experiment, kind, payload)
            target = portal / described["href"].lstrip("/")
            target.parent.mkdir(parents=True)
            with aside(target) as path:
                shutil.copyfile(payload, path)
            write_json(described, portal / "files" / f"{accession}.json")
            rows.append((accession, condition, kind))
        for accession, its_control in ((treatment, control), (control, None)):
            described = experiment_object(accession, condition, held[accession], its_control)
            write_json(described, portal / "experiments" / f"{accession}.json")
            kind = "control experiment" if its_control is None else "experiment"
            rows.append((accession, condition, kind))
    with aside(index) as path:
        table = pd.DataFrame(rows, columns=["accession", "condition", "kind"])
        table.sort_values("accession").to_csv(path, sep="\t", index=False)
    log.info("%s: %d experiments and %d files", portal, 2 * len(conditions), file_number)


def write_json(content: Mapping, path: Path) -> None:
    """Write an object as indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with aside(path) as target:
        target.write_text(json.dumps(content, indent=1) + "\n")
