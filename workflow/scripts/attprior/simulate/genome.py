"""The genome of a simulated data set, and the sites planted in it."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from Bio import SeqIO

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.sequence import N_CODE, decode, encode, reverse_complement
from attprior.simulate.draws import (
    background_transitions,
    base_frequencies,
    draw,
    generator,
)
from attprior.simulate.motifs import jaspar_probabilities, log_odds, occupancy, write_meme

log = logging.getLogger(__name__)

UNKNOWN_START = 1000
"""Length of the run of N that opens each chromosome (bp), as telomeres do."""
MARGIN = 1000
"""Distance of any locus from the run of N and from the chromosome's end (bp)."""
SPACING = 340
"""Least distance between the centres of two loci (bp), so that no two peaks touch."""
SOURCE = ["locus", "kind", "chrom", "centre", "start", "end", "strand", "sequence", "score"]
LOCUS_NOISE = 0.3
"""Standard deviation of the log of what affects a locus's reads besides its sites."""


def random_chromosome(length: int, transitions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a chromosome, opened by a run of N.

    About sqrt(length) chains advance side by side and are then laid end to end. Each starts from
    the stationary distribution, so only the dinucleotides across their seams, one in
    sqrt(length), are those of independent bases.

    Parameters
    ----------
    length
        Length of the chromosome (bp).
    transitions
        Transition probabilities of neighbouring bases, shape (4, 4).
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        uint8 codes, shape (length,).
    """
    steps = int(np.ceil(np.sqrt(length)))
    chains = np.empty((steps, steps), dtype=np.uint8)
    chains[:, 0] = draw(np.tile(base_frequencies(transitions), (steps, 1)), rng)
    for step in range(1, steps):
        chains[:, step] = draw(transitions[chains[:, step - 1]], rng)
    codes = chains.reshape(-1)[:length].copy()
    codes[:UNKNOWN_START] = N_CODE
    return codes


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
    frequencies: np.ndarray,
    *,
    missing: float,
    weak: float,
    numbers: Sequence[float],
    distance: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Decide what each locus of a condition carries, and how strongly it is bound.

    Parameters
    ----------
    loci
        ``chrom`` and ``centre`` of each locus.
    probabilities
        Of the motif, shape (W, 4).
    frequencies
        Of the background's bases, shape (4,).
    missing, weak
        Shares of the loci that carry no site, and one weakened site.
    numbers
        Shares of the other loci with one, two, … sites.
    distance
        Most base pairs between a locus's centre and the middle of its sites.
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
    width, odds = len(probabilities), log_odds(probabilities, frequencies)
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
        number = 1 if kind == "weak" else int(rng.choice(len(numbers), p=numbers)) + 1
        starts = np.cumsum([0, *(width + rng.integers(3, 21, number - 1))])
        starts += centre + rng.integers(-distance, distance + 1) - (starts[-1] + width) // 2
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
    with path.open("w", encoding="utf-8") as file:
        for name, codes in sequences.items():
            letters = decode(codes)
            file.write(f">{name}\n")
            file.writelines(letters[i : i + 80] + "\n" for i in range(0, len(letters), 80))


def read_fasta(path: str | Path) -> dict[str, np.ndarray]:
    """Read chromosomes, by name, as uint8 codes."""
    return {record.id: encode(bytes(record.seq)) for record in SeqIO.parse(path, "fasta")}


def simulate_genome(
    chromosomes: Mapping[str, int],
    motifs: Mapping[str, str],
    *,
    loci: int,
    missing: float,
    weak: float,
    numbers: Sequence[float],
    distance: int,
    gc: float | None,
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
    numbers
        Shares of the others with one, two, … sites.
    distance
        Most base pairs between a locus's centre and the middle of its sites.
    gc
        Share of G and C in the background; None for the human genome's dinucleotides.
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
        If a matrix is unknown, the loci don't fit, or the shares are wrong.
    """
    if missing + weak > 1:
        raise InputError(
            f"simulate/missing ({missing}) and simulate/weak ({weak}) are shares of the same loci: "
            "together they may not exceed 1."
        )
    if abs(sum(numbers) - 1) > 1e-9:
        raise InputError(
            f"simulate/numbers ({', '.join(map(str, numbers))}) are the shares of the loci with "
            "one, two, … sites: together they have to be 1."
        )
    transitions = background_transitions(gc)
    frequencies = base_frequencies(transitions)
    probabilities = {name: jaspar_probabilities(matrix) for name, matrix in motifs.items()}
    placed = place_loci(chromosomes, dict.fromkeys(motifs, loci), seed)
    genome = {
        chrom: random_chromosome(length, transitions, generator(seed, "genome", chrom))
        for chrom, length in chromosomes.items()
    }
    for name, bed_path, table_path in zip(motifs, sites, tables, strict=True):
        planned = plan_sites(
            placed[name],
            probabilities[name],
            frequencies,
            missing=missing,
            weak=weak,
            numbers=numbers,
            distance=distance,
            rng=generator(seed, "sites", name),
        )
        bed = planned[planned["kind"] != "missing"].copy()
        for chrom, start, end, sequence in bed[["chrom", "start", "end", "sequence"]].values:
            genome[chrom][start:end] = encode(sequence)
        bed["name"], bed["strength"] = name, (1000 * bed["occupancy"]).round().astype(int)
        columns = ["chrom", "start", "end", "name", "strength", "strand"]
        with atomic_write(bed_path) as path:
            bed[columns].to_csv(path, sep="\t", header=False, index=False)
        with atomic_write(table_path) as path:
            planned.to_csv(path, sep="\t", index=False, float_format="%.5f")
        log.info("%s: %d loci with %d sites", name, len(placed[name]), len(bed))
    with atomic_write(fasta) as path:
        write_fasta(genome, path)
    with atomic_write(meme) as path:
        write_meme(probabilities, frequencies, path)
