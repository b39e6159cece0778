"""Motifs as probabilities, and how strongly their sites are bound."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pyjaspar import jaspardb

from attprior.errors import InputError
from attprior.sequence import BASES

JASPAR_RELEASE = "JASPAR2026"
PSEUDOCOUNT = 0.01
"""Weight of a uniform base in a motif's probabilities."""


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
            f"the config names a motif {matrix!r}, which is not in {JASPAR_RELEASE}. "
            "Give an identifier with its version, such as MA0139.2."
        )
    counts = np.array([motif.counts[base] for base in BASES]).T
    return with_pseudocount(counts / counts.sum(axis=1, keepdims=True))


def with_pseudocount(frequencies: np.ndarray) -> np.ndarray:
    """Return probabilities (W, 4) without zeros from observed frequencies (W, 4)."""
    return (frequencies + PSEUDOCOUNT / 4) / (1 + PSEUDOCOUNT)


def log_odds(probabilities: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Return log2 odds (W, 4) of motif probabilities (W, 4) against base frequencies (4,), in bits."""
    return np.log2(probabilities / frequencies)


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


def write_meme(motifs: Mapping[str, np.ndarray], frequencies: np.ndarray, path: Path) -> None:
    """Write motifs, given by name as probabilities (W, 4), in MEME's minimal format.

    Parameters
    ----------
    motifs
        Probabilities, shape (W, 4), by name.
    frequencies
        Of the background's bases, shape (4,).
    path
        Where to write.
    """
    with path.open("w", encoding="utf-8") as file:
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
