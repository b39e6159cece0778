"""modisco-lite's page on a TF-MoDISco result."""

import base64
import io
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import matplotlib.pyplot as plt
import pandas as pd
from memelite.io import write_meme
from numpy.typing import NDArray

from attprior.files import atomic_write
from attprior.motifs.database import read_motifs
from attprior.motifs.discovery import read_patterns
from attprior.motifs.matching import match_sets, names_pattern
from attprior.plotting.logo import draw_logo

VALUE = "q value"

log = logging.getLogger(__name__)


def write_report(
    result: str | Path,
    databases: Iterable[str | Path],
    output: str | Path,
    most: int,
    title: str,
) -> None:
    """Write modisco-lite's report: patterns, their seqlets and best matches, in one HTML file.

    All pictures are in the file, so that it opens anywhere. Its matches are those that name a
    pattern, not its own, which it shows however bad they are. Its logos are this library's, since
    its own take most of the time; it draws each a second time, into files that the page needs not.

    Parameters
    ----------
    result
        HDF5 in TF-MoDISco's own layout.
    databases
        MEME or HOMER files.
    most
        Matches shown for each pattern; the overview has three of them at most.
    title
        What was explained.
    """
    from modiscolite import descriptive_report

    databases = [str(path) for path in databases]
    motifs = {page_name(*key): pfm for path in databases for key, pfm in read_motifs(path).items()}
    patterns = read_patterns(result)
    found = match_sets(patterns, {path: path for path in databases}, most)
    most = min(most, len(motifs))
    shown = page_matches(found, list(patterns), most)
    with TemporaryDirectory() as folder:
        database = Path(folder, "motifs.meme")
        write_meme(str(database), motifs)
        with patch.multiple(
            descriptive_report,
            tomtomlite_dataframe=lambda *_, **__: shown,
            plot_to_base64=picture,
            _plot_weights=lambda *_, **__: None,
        ):
            page = descriptive_report.generate_descriptive_report(
                str(result),
                folder,
                meme_motif_db=str(database) if motifs and patterns else None,
                top_n_matches=most,
                ttl=True,
            )
        text = Path(page).read_text(encoding="utf-8")
    # the page says of no arm whose it is, and has its own way to say what a value is
    for old, new in {
        "<h1>TF-MoDISco Report</h1>": f"<h1>TF-MoDISco: {title}</h1>",
        "<title>TF-MoDISco Analysis Report</title>": f"<title>TF-MoDISco: {title}</title>",
        "<th>Q-value</th>": f"<th>{VALUE}</th>",
        '<th class="num_col">P-value</th>': f'<th class="num_col">{VALUE}</th>',
    }.items():
        text = text.replace(old, new)
    with atomic_write(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    log.info("%s: %.1f MB", output, Path(output).stat().st_size / 1e6)


def page_name(identifier: str, name: str) -> str:
    """Name of a motif on the page: its first letters stand for the pattern; it takes no spaces."""
    text = f"{name}_{identifier}" if name != identifier else name
    return re.sub(r"[^\w.:()+-]", "_", text)


def picture(values: NDArray, figsize: tuple[float, float], clamp: bool = True) -> str:
    """Draw a logo as the page takes it, a PNG file in a URL.

    Parameters
    ----------
    values
        (W, 4), heights.
    figsize
        Inches.
    clamp
        Of no effect: letters below zero are always shown.
    """
    figure, ax = plt.subplots(figsize=figsize)
    draw_logo(ax, values.T, start=-0.5)
    ax.spines[:].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, bbox_inches="tight")
    plt.close(figure)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def page_matches(found: pd.DataFrame, patterns: Sequence[str], most: int) -> pd.DataFrame:
    """Matches that name patterns, as the page takes them: a row a pattern, "" for no match.

    Parameters
    ----------
    found
        As `match_sets` makes it.
    """
    named = found[names_pattern(found)].sort_values("rank", kind="stable")
    columns = [f"{kind}{i}" for i in range(most) for kind in ("match", "pval")]
    rows = []
    for pattern in patterns:
        row = dict.fromkeys(columns, "")
        own = named[named.pattern == pattern].head(most)
        for i, match in enumerate(own.itertuples()):
            row |= {f"match{i}": page_name(match.motif, match.name), f"pval{i}": match.q_value}
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)
