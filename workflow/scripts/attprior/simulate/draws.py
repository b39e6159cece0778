"""Random draws of bases, reproducible from a seed."""

import zlib

import numpy as np


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


def background_transitions(gc: float | None) -> np.ndarray:
    """Return the transition probabilities (4, 4) of a background.

    Parameters
    ----------
    gc
        Share of G and C among bases that are independent of each other; None for the human
        genome's dinucleotides.
    """
    return human_transitions() if gc is None else np.tile([1 - gc, gc, gc, 1 - gc], (4, 1)) / 2


def base_frequencies(transitions: np.ndarray) -> np.ndarray:
    """Return the stationary distribution (4,) of transition probabilities (4, 4)."""
    return np.linalg.matrix_power(transitions, 64)[0]


def draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a code from each distribution: probabilities (..., 4), uint8 codes (...)."""
    thresholds = np.cumsum(probabilities, axis=-1)[..., :3]
    return (rng.random((*thresholds.shape[:-1], 1)) > thresholds).sum(axis=-1, dtype=np.uint8)
