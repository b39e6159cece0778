"""modisco-lite's page on a TF-MoDISco result."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
from memelite.io import write_meme

from attprior.files import aside
from attprior.motifs.database import read_motifs
from attprior.motifs.discovery import read_patterns

mpl.use("Agg")

log = logging.getLogger(__name__)


def write_report(
    result: str | Path,
    databases: Iterable[str | Path],
    output: str | Path,
    most: int,
    title: str,
) -> None:
    """Write modisco-lite's report: patterns, their seqlets and best matches, in one HTML file.

    All pictures are in the file, so that it opens anywhere. Matches are by memelite's Tomtom.

    Parameters
    ----------
    result
        HDF5 in TF-MoDISco's own layout.
    databases
        MEME files.
    most
        Matches shown for each pattern; the overview has three of them at most.
    title
        What was explained.
    """
    from modiscolite.descriptive_report import generate_descriptive_report

    # the page calls a pattern by the first letters of its matches, and takes no spaces
    motifs = {
        re.sub(r"[^\w.:()+-]", "_", f"{name}_{identifier}" if name != identifier else name): pfm
        for path in databases
        for (identifier, name), pfm in read_motifs(path).items()
    }
    matched = bool(motifs) and bool(read_patterns(result))
    with TemporaryDirectory() as folder:
        database = Path(folder, "motifs.meme")
        write_meme(str(database), motifs)
        page = generate_descriptive_report(
            str(result),
            folder,
            meme_motif_db=str(database) if matched else None,
            top_n_matches=min(most, len(motifs)),
            ttl=True,
        )
        text = Path(page).read_text(encoding="utf-8")
    # the page says of no arm whose it is, and its overview calls memelite's p values q values
    for old, new in {
        "<h1>TF-MoDISco Report</h1>": f"<h1>TF-MoDISco: {title}</h1>",
        "<title>TF-MoDISco Analysis Report</title>": f"<title>TF-MoDISco: {title}</title>",
        "<th>Q-value</th>": "<th>P-value</th>",
    }.items():
        text = text.replace(old, new)
    with aside(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    log.info("%s: %.1f MB", output, Path(output).stat().st_size / 1e6)
