"""Motif sets: JASPAR's, and files of one's own."""

import logging
import re
import sqlite3
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.motifs.formats import is_number, motif_format
from attprior.motifs.homer import named_motifs, read_homer_motifs
from attprior.text import lines

log = logging.getLogger(__name__)

JASPAR_RELEASE = "JASPAR2026"
MAX_DEVIATION = 0.05  # of the sum of a position's frequencies from 1


def write_jaspar(path: str | Path, group: str) -> None:
    """Write the CORE motifs of a taxonomic group of JASPAR, by the pyjaspar package.

    Each motif is named `MATRIX_ID NAME`; counts become frequencies with a pseudocount of 0.25.
    """
    # imports of a second, which other uses of this module do without
    from memelite.io import write_meme
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
    with atomic_write(path) as temporary:
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
    motifs = named_motifs(read_homer_motifs(path)) if homer else _named(read_meme(path))
    for (identifier, _), frequencies in motifs.items():
        deviation = np.abs(frequencies.sum(axis=0) - 1)
        if (frequencies < 0).any() or (deviation > MAX_DEVIATION).any():
            raise InputError(
                f"{path}: motif {identifier} has a position whose numbers are no frequencies (they "
                "do not add up to 1); divide counts by their sum"
            )
    return {key: frequencies / frequencies.sum(axis=0) for key, frequencies in motifs.items()}


def read_meme(path: str | Path) -> dict[str, NDArray]:
    """Motifs of a MEME file: what follows ``MOTIF``, with single spaces -> frequencies (4, W).

    Empty for a file without motifs.

    Raises
    ------
    InputError
        If the file is missing or no text, for a row that is no four numbers, a motif that is not
        whole, and for two of the same name.
    """
    motifs: dict[str, NDArray] = {}
    title, first, width, rows = None, 0, None, []

    def finish() -> None:
        if title is not None and (not rows or len(rows) != width):
            raise InputError(
                f"{path}, line {first}: motif {title} is not whole: {len(rows)} rows of "
                f"frequencies, but w= says {width}"
            )
        if title is not None:
            motifs[title] = np.array(rows).T

    for number, line in lines(path, skip=b""):
        values = line.split()
        if line.startswith("MOTIF"):
            finish()
            title, first, width, rows = " ".join(values)[5:].strip(), number, None, []
            if title in motifs:
                raise InputError(f"{path}, line {number}: another motif is called {title}")
        elif title is not None and width is None and line.startswith("letter-probability"):
            found = re.search(r"\bw=\s*(\d+)", line)
            width = int(found[1]) if found else 0
        elif width is not None and len(rows) < width:
            if len(values) != 4 or not all(map(is_number, values)):
                raise InputError(
                    f"{path}, line {number}: row {len(rows) + 1} of the {width} of motif {title} is "
                    f"{line[:60].strip()!r}, not four numbers"
                )
            rows.append([float(value) for value in values])
    finish()
    return motifs


def _named(motifs: dict[str, NDArray]) -> dict[tuple[str, str], NDArray]:
    """(Identifier, name) -> frequencies of motifs by their titles."""
    named = {}
    for title, frequencies in motifs.items():
        identifier, _, name = title.partition(" ")
        named[identifier, name or identifier] = frequencies
    return named
