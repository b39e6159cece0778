"""Motif databases as MEME files."""

import logging
from pathlib import Path

import numpy as np
from memelite.io import read_meme, write_meme
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import aside

log = logging.getLogger(__name__)

JASPAR_RELEASE = "JASPAR2026"
JASPAR_GROUPS = ("vertebrates", "fungi", "plants", "insects", "nematodes")


def write_jaspar(path: str | Path, group: str) -> None:
    """Write the CORE motifs of a taxonomic group of JASPAR, by the pyjaspar package.

    Each motif is named `MATRIX_ID NAME`; counts become frequencies with a pseudocount of 0.25.

    Raises
    ------
    InputError
        For an unknown group.
    """
    from pyjaspar import jaspardb

    if group not in JASPAR_GROUPS:
        raise InputError(
            f"config key 'motifs/databases': jaspar_{group} is unknown; choose of "
            f"{', '.join('jaspar_' + name for name in JASPAR_GROUPS)}, or give a MEME file"
        )
    motifs = {}
    for motif in jaspardb(release=JASPAR_RELEASE).fetch_motifs(
        collection="CORE", tax_group=[group]
    ):
        counts = np.array([motif.counts[base] for base in "ACGT"], dtype=float) + 0.25
        motifs[f"{motif.matrix_id} {motif.name}"] = counts / counts.sum(axis=0)
    log.info("%d motifs of %s, %s", len(motifs), JASPAR_RELEASE, group)
    with aside(path) as temporary:
        write_meme(str(temporary), motifs)


def read_motifs(path: str | Path) -> dict[tuple[str, str], NDArray]:
    """Motifs of a MEME file: (identifier, name) -> frequencies (4, W).

    Raises
    ------
    InputError
        For a file that cannot be read as MEME.
    """
    try:
        motifs = read_meme(str(path))
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: no MEME motif file ({error})") from None
    named = {}
    for title, frequencies in motifs.items():
        identifier, _, name = title.partition(" ")
        named[identifier, name or identifier] = frequencies
    return named
