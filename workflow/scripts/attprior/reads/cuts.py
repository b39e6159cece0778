"""Cut sites of ATAC-seq: whether 5' ends were moved to the middle of the cut before.

Tn5 copies the 9 bp between its two cuts, and prefers the same bases there whichever way round. So
the sequence about 5' ends of the plus strand is that about those of the minus strand 8 bp further
on; makers of fragments files bring the two together, by +4 and -5 bp or +4 and -4.

Letters of shapes: P 5' ends, W positions about one.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from attprior.genome import Genome

log = logging.getLogger(__name__)

APART = 8  # bp between the two 5' ends of a cut (Adey et al., Genome Biology 2010, 11:R119)
SHIFTS = {0: (0, 0), 8: (4, -4), 9: (4, -5)}  # by how much nearer the strands' 5' ends are
LAGS = range(-4, 15)  # bp between the strands' 5' ends that are looked at
ABOUT = range(-8, 14)  # positions about a 5' end of the plus strand that hold the site
REACH = 25  # bp on either side whose bases are counted: all of these, at every lag
ENOUGH, FEWEST = 20_000, 500  # 5' ends of each strand
SEED = 1
# least correlation of the strands' base contents, and by how much it is above that of any other
# lag: .98 and .53 on yeast (500,000 fragments; the same to .02 with 1,000)
LEAST, LEAD = 0.8, 0.2

Ends = tuple[np.ndarray, np.ndarray, np.ndarray]


def shift_made(
    chunks: Iterator[Ends], chroms: Sequence[str], genome: Genome
) -> tuple[int, int] | None:
    """Tell from the sequence about 5' ends by how much they were shifted.

    Parameters
    ----------
    chunks
        Numbers of chromosomes, -1 for those not used; positions (bp); whether on the minus strand.
        The first are read, until there are enough.
    chroms
        Names of the chromosomes.
    genome
        The genome.

    Returns
    -------
    tuple
        bp by which 5' ends of the plus and of the minus strand were moved, one of `SHIFTS`; None
        where it can't be told: of few reads, or of others than Tn5's.
    """
    strands = _sites(chunks)
    if min(map(len, strands)) < FEWEST:
        return None
    plus, minus = (_contents(sites, chroms, genome) for sites in strands)
    about = REACH + np.array(ABOUT)
    alike = {
        lag: np.corrcoef(plus[:, about].ravel(), minus[:, about - lag].ravel())[0, 1]
        for lag in LAGS
    }
    best, second = sorted(alike, key=alike.get, reverse=True)[:2]
    log.info(
        "cut sites: the strands' bases correlate by %.2f where 5' ends lie %d bp apart, by %.2f at "
        "the next best, %d bp",
        *(alike[best], best, alike[second], second),
    )
    if not (alike[best] >= LEAST and alike[best] - alike[second] >= LEAD):
        return None
    return SHIFTS.get(APART - best)


def _sites(chunks: Iterator[Ends]) -> list[np.ndarray]:
    """Chromosome and position of 5' ends of the plus and the minus strand, (P, 2) each.

    A place counts once, so that none outweighs the others.
    """
    found = [np.empty((0, 2), np.int64)] * 2
    for chroms, positions, minus in chunks:
        sites = np.stack([chroms, positions], axis=1).astype(np.int64)
        for strand, chosen in enumerate((~minus, minus)):
            mine = sites[chosen & (chroms >= 0)]
            found[strand] = np.unique(np.concatenate([found[strand], mine]), axis=0)
        if min(map(len, found)) >= ENOUGH:
            break
    rng = np.random.default_rng(SEED)
    return [rng.permutation(sites)[:ENOUGH] for sites in found]


def _contents(sites: np.ndarray, chroms: Sequence[str], genome: Genome) -> np.ndarray:
    """Share of each base at each position about 5' ends, less its mean over them, (4, W)."""
    counts, window = np.zeros((4, 2 * REACH + 1)), np.arange(-REACH, REACH + 1)
    sites = sites[np.argsort(sites[:, 0])]
    numbers, first = np.unique(sites[:, 0], return_index=True)
    for number, positions in zip(numbers, np.split(sites[:, 1], first[1:]), strict=True):
        codes = genome.chromosome(chroms[number])
        inside = (positions >= REACH) & (positions < len(codes) - REACH)
        around = codes[positions[inside, None] + window]
        counts += [(around == base).sum(axis=0) for base in range(4)]
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    return shares - shares.mean(axis=1, keepdims=True)
