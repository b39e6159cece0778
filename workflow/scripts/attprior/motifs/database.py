"""Motif sets: JASPAR's, and files of one's own."""

import logging
import sqlite3
from pathlib import Path

import numpy as np
from memelite.io import read_meme, write_meme
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import aside
from attprior.motifs.formats import motif_format
from attprior.motifs.homer import named_motifs, read_homer_motifs

log = logging.getLogger(__name__)

JASPAR_RELEASE = "JASPAR2026"
MAX_DEVIATION = 0.05  # of the sum of a position's frequencies from 1


def write_jaspar(path: str | Path, group: str) -> None:
    """Write the CORE motifs of a taxonomic group of JASPAR, by the pyjaspar package.

    Each motif is named `MATRIX_ID NAME`; counts become frequencies with a pseudocount of 0.25.
    """
    from pyjaspar import jaspar_releases, jaspardb
    from pyjaspar.utils import get_jaspardb_path

    motifs = {}
    database = jaspardb(release=JASPAR_RELEASE)
    # the package lies where files may not be locked, nor does it change
    source = Path(get_jaspardb_path(jaspar_releases[JASPAR_RELEASE]))
    database.conn = sqlite3.connect(f"{source.as_uri()}?immutable=1", uri=True)
    for motif in database.fetch_motifs(collection="CORE", tax_group=[group]):
        counts = np.array([motif.counts[base] for base in "ACGT"], dtype=float) + 0.25
        motifs[f"{motif.matrix_id} {motif.name}"] = counts / counts.sum(axis=0)
    log.info("%d motifs of %s, %s", len(motifs), JASPAR_RELEASE, group)
    with aside(path) as temporary:
        write_meme(str(temporary), motifs)


def read_motifs(path: str | Path) -> dict[tuple[str, str], NDArray]:
    """Motifs of a MEME or HOMER file: (identifier, name) -> frequencies (4, W).

    Raises
    ------
    InputError
        For a file of another format, a motif that is not whole, and for numbers that are no
        frequencies.
    """
    homer = motif_format(path) == "homer"
    motifs = named_motifs(read_homer_motifs(path)) if homer else _read_meme(path)
    for (identifier, _), frequencies in motifs.items():
        deviation = np.abs(frequencies.sum(axis=0) - 1)
        if (frequencies < 0).any() or (deviation > MAX_DEVIATION).any():
            raise InputError(
                f"{path}: motif {identifier} has a position whose numbers are no frequencies (they "
                "do not add up to 1); divide counts by their sum"
            )
    return {key: frequencies / frequencies.sum(axis=0) for key, frequencies in motifs.items()}


def _read_meme(path: str | Path) -> dict[tuple[str, str], NDArray]:
    try:
        motifs = read_meme(str(path))
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: no MEME motif file ({error})") from None
    with open(path, encoding="utf-8") as lines:
        announced = sum(line.startswith("MOTIF") for line in lines)
    if announced != len(motifs):
        raise InputError(
            f"{path}: {announced} motifs are announced, but {len(motifs)} could be read: some are "
            "not whole, or have the same name"
        )
    named = {}
    for title, frequencies in motifs.items():
        identifier, _, name = title.partition(" ")
        named[identifier, name or identifier] = frequencies
    return named
