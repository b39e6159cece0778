"""Sequence logos: letters as tall as their values, those below zero upside down.

logomaker draws the same with an artist for each letter, which takes half a second for 100 bp;
here all letters of a kind are one path, so that dozens of logos take a second.
"""

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from attprior.plotting.style import BASE_COLOURS

BASES = "ACGT"


@cache
def letter(base: str) -> Path:
    """Outline of a letter that fills the square from (0, 0) to (1, 1)."""
    path = TextPath((0, 0), base, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    low, high = path.vertices.min(axis=0), path.vertices.max(axis=0)
    return Path((path.vertices - low) / (high - low), path.codes)


def draw_logo(ax: Axes, values: NDArray, start: float = 0, gap: float = 0.06) -> None:
    """Draw a logo.

    Parameters
    ----------
    ax
        Axes to draw in; its limits are set to the logo's.
    values
        (4, W) heights, rows A C G T. At a position, letters stack up from zero, the tallest
        outermost; negative ones stack down.
    start
        Horizontal position of the first letter's left edge; letters are 1 wide.
    gap
        Space between letters, as a share of their width.
    """
    vertices: dict[str, list[NDArray]] = {base: [] for base in BASES}
    for column, sizes in enumerate(values.T):
        top = bottom = 0.0
        for base in np.argsort(np.abs(sizes)):
            height = sizes[base]
            if height == 0:
                continue
            origin = top if height > 0 else bottom
            scaled = letter(BASES[base]).vertices * [1 - gap, height]
            vertices[BASES[base]].append(scaled + [start + column + gap / 2, origin])
            if height > 0:
                top += height
            else:
                bottom += height
    for base, outlines in vertices.items():
        if outlines:
            codes = np.tile(letter(base).codes, len(outlines))
            path = Path(np.concatenate(outlines), codes)
            ax.add_patch(PathPatch(path, facecolor=BASE_COLOURS[base], linewidth=0))
    ax.axhline(0, color="black", lw=0.4, zorder=0)
    ax.set_xlim(start, start + values.shape[1])
    low, high = np.minimum(values, 0).sum(axis=0).min(), np.maximum(values, 0).sum(axis=0).max()
    margin = 0.05 * (high - low) or 1
    ax.set_ylim(low - margin * (low < 0), high + margin)


def heights(rows: pd.DataFrame) -> NDArray:
    """Contributions of consecutive positions as logo heights, (4, W)."""
    return np.stack([rows.contribution.where(rows.base == base, 0) for base in BASES])


def logo_window(rows: pd.DataFrame, width: int) -> tuple[int, int]:
    """Choose the stretch of a locus that holds most contribution, the same for all its rows.

    Sizes of contributions are shares of their sum in each arm and seed, so that all have the same
    say, and are averaged.

    Parameters
    ----------
    rows
        Columns arm, seed, position, contribution of one locus.
    width
        Of the stretch, in base pairs.

    Returns
    -------
    tuple of int
        Its start and end, genomic, 0-based half-open.
    """
    size = rows.contribution.abs()
    total = size.groupby([rows.arm, rows.seed]).transform("sum")
    mean = (size / total).fillna(0).groupby(rows.position).mean()
    width = min(width, len(mean))
    held = np.convolve(mean, np.ones(width), mode="valid")
    start = int(mean.index[0] + np.argmax(held))
    return start, start + width
