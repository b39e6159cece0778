"""A copy of a genome whose peaks hold sites of one motif in a background of known content.

Reads, peaks and labels stay the real ones; models read the copy. Peaks, with a flank on either
side, are stretches to be replaced; those that overlap or touch are one stretch, so that a base is
replaced once. Around each summit there is then one site: where summits lie close to each other, a
site planted for one serves all those from which it is no farther than asked.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tangermeme.ersatz import dinucleotide_shuffle

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.motifs.database import read_motifs
from attprior.peaks import COLUMNS
from attprior.sequence import N_CODE, decode, encode, one_hot_codes, reverse_complement
from attprior.simulate.draws import background_transitions, base_frequencies, draw, generator
from attprior.simulate.motifs import (
    jaspar_probabilities,
    log_odds,
    occupancy,
    with_pseudocount,
    write_meme,
)

log = logging.getLogger(__name__)

SHORTEST = 4  # run of bases (bp) that can be shuffled with its ends and dinucleotides kept
SITE = ["chrom", "start", "end", "name", "strength", "strand"]


class Chromosome(NamedTuple):
    """Where a chromosome's bases are in its FASTA file, as the index tells."""

    length: int
    """In bp."""
    offset: int
    """Of its first base, in bytes."""
    bases: int
    """On a line."""
    width: int
    """Of a line, in bytes."""

    def places(self, start: int, end: int) -> np.ndarray:
        """Return the places (end - start,) of bases in the file, in bytes."""
        lines, columns = np.divmod(np.arange(start, end), self.bases)
        return self.offset + lines * self.width + columns


def plant(
    fasta: str | Path,
    index: str | Path,
    peaks: Sequence[str | Path],
    conditions: Sequence[str],
    *,
    motif: str,
    gc: float | None,
    distance: int,
    flank: int,
    seed: int,
    target: str | Path,
    target_index: str | Path,
    sites: Sequence[str | Path],
    meme: str | Path,
) -> None:
    """Write a copy of a genome with other sequence at peaks, and the sites planted there.

    Bases of which the genome knows nothing (N) stay as they are.

    Parameters
    ----------
    fasta, index
        Genome, not compressed, and its index (.fai).
    peaks
        Checked peaks of each experiment: narrowPeak.
    conditions
        Condition of each of these files.
    motif
        JASPAR matrix, or the path of a MEME file of one motif.
    gc
        Share of G and C of the background, whose bases are independent; None shuffles what is
        there and keeps its dinucleotides.
    distance
        Most base pairs between a summit and the middle of its site.
    flank
        Base pairs replaced on either side of a peak.
    seed
        Seed of all that is drawn; what is drawn for a stretch depends on nothing outside it.
    target, target_index
        Where to write the genome and its index.
    sites
        For each condition, in order, where to write the sites in its peaks: BED6, the score being
        1000 * occupancy.
    meme
        Where to write the motif.

    Raises
    ------
    InputError
        If the motif is unknown, or if its sites fit nowhere.
    """
    name, probabilities = read_motif(motif)
    chromosomes = read_index(index)
    lengths = {chrom: place.length for chrom, place in chromosomes.items()}
    table = pd.concat(
        pd.read_csv(path, sep="\t", names=COLUMNS, dtype={"chrom": str}).assign(condition=condition)
        for path, condition in zip(peaks, conditions, strict=True)
    )
    table["summit"] += table["start"]
    table["start"] = (table["start"] - flank).clip(lower=0)
    table["end"] = np.minimum(table["end"] + flank, table["chrom"].map(lengths))
    counts, rows, lacking = np.zeros(4, dtype=int), [], 0
    with atomic_write(target) as path:
        shutil.copyfile(fasta, path)
        letters = np.memmap(path, dtype=np.uint8, mode="r+")
        for chrom, start, end, summits in stretches(table):
            rng = generator(seed, "plant", chrom, str(start))
            places = chromosomes[chrom].places(start, end)
            codes = background(encode(letters[places].tobytes()), gc, rng)
            counts += np.bincount(codes, minlength=5)[:4]
            near = place_sites(codes, summits - start, len(probabilities), distance, rng)
            lacking += len(summits) - sum(len(served) for served in near.values())
            for offset in near:
                strand, site = plant_site(codes, offset, probabilities, rng)
                rows.append((chrom, start + offset, strand, site))
            letters[places] = np.frombuffer(decode(codes).encode(), dtype=np.uint8)
        letters.flush()
    if not rows:
        raise InputError(
            f"plant/motif: {name} has {len(probabilities)} bp and fits into no peak within "
            f"{distance} bp of its summit. Raise plant/flank."
        )
    frequencies = counts / counts.sum()
    planted = as_bed(rows, name, probabilities, log_odds(probabilities, frequencies))
    for condition, path in zip(dict.fromkeys(conditions), sites, strict=True):
        inside = planted[within(planted, table[table["condition"] == condition])]
        with atomic_write(path) as temporary:
            inside[SITE].to_csv(temporary, sep="\t", header=False, index=False)
        log.info("%s: %d sites", condition, len(inside))
    with atomic_write(meme) as path:
        write_meme({name: probabilities}, frequencies, path)
    with atomic_write(target_index) as path:  # last, as an index must not be older than its genome
        shutil.copyfile(index, path)
    log.info("%d bp replaced, GC content %.3f", counts.sum(), frequencies[1:3].sum())
    if lacking:
        log.warning("%d summits have no room for a site within %d bp", lacking, distance)


def read_motif(motif: str) -> tuple[str, np.ndarray]:
    """Return the name and the probabilities (W, 4) of a JASPAR matrix or of a MEME file's motif.

    Raises
    ------
    InputError
        If JASPAR has no such matrix, or the file is none of MEME's or holds several motifs.
    """
    if not Path(motif).is_file():
        return motif, jaspar_probabilities(motif)
    motifs = read_motifs(motif)
    if len(motifs) != 1:
        raise InputError(
            f"plant/motif: {motif} holds {len(motifs)} motifs; give a file with the one to plant."
        )
    [((name, _), frequencies)] = motifs.items()
    return name, with_pseudocount(np.asarray(frequencies, dtype=float).T)


def read_index(path: str | Path) -> dict[str, Chromosome]:
    """Read the index (.fai) of a FASTA file."""
    rows = (line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines())
    return {name: Chromosome(*map(int, numbers[:4])) for name, *numbers in rows}


def stretches(intervals: pd.DataFrame) -> list[tuple[str, int, int, np.ndarray]]:
    """Join intervals that overlap or touch.

    Parameters
    ----------
    intervals
        Columns chrom, start, end and summit (bp from the start of the chromosome).

    Returns
    -------
    list of (chrom, start, end, summits)
        In order of the chromosomes' names; the different summits (S,) in order.
    """
    joined = []
    for chrom, group in intervals.groupby("chrom"):
        group = group.sort_values("start")
        reached = group["end"].cummax().shift(fill_value=-1)
        for _, part in group.groupby((group["start"] > reached).cumsum()):
            start, end = int(part["start"].min()), int(part["end"].max())
            joined.append((chrom, start, end, np.unique(part["summit"].to_numpy())))
    return joined


def background(codes: np.ndarray, gc: float | None, rng: np.random.Generator) -> np.ndarray:
    """Return other codes (L,) in the place of codes (L,), N where these are N.

    Parameters
    ----------
    codes
        What is there.
    gc
        Share of G and C among independent bases; None shuffles the codes between N and N, with
        their dinucleotides and both ends kept.
    rng
        Source of randomness.
    """
    known = codes != N_CODE
    if gc is not None:
        frequencies = base_frequencies(background_transitions(gc))
        drawn = draw(np.tile(frequencies, (len(codes), 1)), rng)
        return np.where(known, drawn, codes)
    shuffled = codes.copy()
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    for start, end in edges.reshape(-1, 2):
        if end - start >= SHORTEST:
            run = torch.from_numpy(one_hot_codes(codes[None, start:end]))
            drawn = dinucleotide_shuffle(run, n=1, random_state=int(rng.integers(1 << 31)))
            shuffled[start:end] = drawn[0, 0].argmax(dim=0).numpy()
    return shuffled


def place_sites(
    codes: np.ndarray, summits: np.ndarray, width: int, distance: int, rng: np.random.Generator
) -> dict[int, list[int]]:
    """Choose where the sites of a stretch start.

    Parameters
    ----------
    codes
        Of the stretch, shape (L,).
    summits
        In bp from its start, shape (S,), in order.
    width
        Of the motif, in bp.
    distance
        Most base pairs between a summit and the middle of its site.
    rng
        Source of randomness.

    Returns
    -------
    dict of int to list of int
        Start of each site, in bp from the stretch's, and the summits that it serves. Sites do not
        overlap and hold no N; a summit without room for one is in no list.
    """
    placed: dict[int, list[int]] = {}
    for summit in summits.tolist():
        middle = summit - width // 2  # where a site starts that is centred on the summit
        near = [start for start in placed if abs(start - middle) <= distance]
        if near:
            placed[near[0]].append(summit)
            continue
        starts = np.arange(
            max(0, middle - distance), min(len(codes) - width, middle + distance) + 1
        )
        windows = codes[starts[:, None] + np.arange(width)]
        free = (windows != N_CODE).all(axis=1)
        for start in placed:
            free &= np.abs(starts - start) >= width
        if free.any():
            placed[int(rng.choice(starts[free]))] = [summit]
    return placed


def plant_site(
    codes: np.ndarray, start: int, probabilities: np.ndarray, rng: np.random.Generator
) -> tuple[str, np.ndarray]:
    """Put a site into codes (L,), reverse complemented half the time.

    Returns
    -------
    strand
        ``+`` or ``-``.
    site
        Codes in the motif's direction, shape (W,).
    """
    site = draw(probabilities, rng)
    forward = rng.random() < 0.5
    codes[start : start + len(site)] = site if forward else reverse_complement(site)
    return "+" if forward else "-", site


def as_bed(
    rows: Sequence[tuple[str, int, str, np.ndarray]],
    name: str,
    probabilities: np.ndarray,
    odds: np.ndarray,
) -> pd.DataFrame:
    """Give planted sites the columns of BED6, in order of chromosome and start.

    Parameters
    ----------
    rows
        Chromosome, start, strand and codes (W,) of each site.
    name
        Of the motif.
    probabilities, odds
        Of the motif, and its log2 odds (bits), both (W, 4).
    """
    width = len(probabilities)
    table = pd.DataFrame(rows, columns=["chrom", "start", "strand", "site"])
    codes = np.stack(table["site"])
    score = odds[np.arange(width), codes].sum(axis=1)
    strength = np.rint(1000 * occupancy(score, odds.max(axis=1).sum())).astype(int)
    table = table.assign(end=table["start"] + width, name=name, strength=strength)
    return table.sort_values(["chrom", "start"], ignore_index=True)[SITE]


def within(intervals: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Whether each interval lies in one of the stretches of others, bool (N,)."""
    found = np.zeros(len(intervals), dtype=bool)
    joined = pd.DataFrame(stretches(others), columns=["chrom", "start", "end", "summits"])
    for chrom, group in joined.groupby("chrom"):
        here = np.flatnonzero(intervals["chrom"] == chrom)
        start, end = intervals["start"].to_numpy()[here], intervals["end"].to_numpy()[here]
        before = np.searchsorted(group["start"], start, side="right") - 1
        inside = end <= group["end"].to_numpy()[before]
        found[here] = (before >= 0) & inside
    return found
