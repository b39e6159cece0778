"""Figure of TF-MoDISco patterns, the two arms side by side."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attprior.plotting.logo import draw_logo
from attprior.plotting.style import GREY, PAGE_WIDTH, arm_colours, label, message, styled


def trim(cwm: NDArray, share: float = 0.3, flank: int = 3) -> NDArray:
    """Cut a CWM (4, W) to its heavy part.

    What stays runs from the first to the last position with at least a share of the heaviest
    position's size, and a flank on either side.
    """
    size = np.abs(cwm).sum(axis=0)
    heavy = np.flatnonzero(size >= share * size.max())
    return cwm[:, max(0, heavy[0] - flank) : heavy[-1] + 1 + flank]


def best_overlap(a: NDArray, b: NDArray) -> float:
    """Highest cross-correlation of two CWMs (4, W) over all offsets."""
    return max(sum(np.correlate(x, y, mode="full") for x, y in zip(a, b, strict=True)), default=0.0)


def alike(cwm: NDArray, other: NDArray) -> NDArray:
    """Return a CWM (4, W), reverse complemented if it is then more like the other."""
    flipped = cwm[::-1, ::-1]
    return flipped if best_overlap(flipped, other) > best_overlap(cwm, other) else cwm


def caption(pattern: pd.Series) -> str:
    """Name, match and support of a pattern in a line."""
    sign = "" if pattern.pattern.startswith("pos") else "negative, "
    support = f"{sign}{int(pattern.seqlets)} seqlets"
    if not pattern.matched:
        return f"no match · {support}"
    motif = f" ({pattern.motif})" if pattern.motif != pattern["name"] else ""
    text = f"{pattern['name']}{motif}"
    text = text if len(text) <= 30 else text[:29] + "…"
    return f"{text} · q = {pattern.q_value:.1g} · {support}"


@styled()
def plot(table: pd.DataFrame, cwm: pd.DataFrame, arms: Sequence[str], rows: int = 10) -> Figure:
    """Draw the logo of each pattern beside its counterpart in the other arm.

    Parameters
    ----------
    table, cwm
        As `attprior.analyses.motifs.tables.motifs_table` and `cwm_table` make them.
    arms
        The two arms.
    rows
        Most rows to draw.
    """
    best = table[table.family < rows]
    if best.empty:
        return message("TF-MoDISco found no pattern in either arm")
    matrices = {
        key: group.pivot(index="base", columns="position", values="cwm").to_numpy()
        for key, group in cwm.groupby(["arm", "pattern"])
    }
    colours, numbers = arm_colours(arms), sorted(best.family.unique())
    figure, grid = plt.subplots(
        len(numbers), 2, figsize=(PAGE_WIDTH, 0.3 + 0.8 * len(numbers)), squeeze=False
    )
    for axes, number in zip(grid, numbers, strict=True):
        other = None
        for ax, arm in zip(axes, arms, strict=True):
            ax.set_axis_off()
            pattern = best[(best.family == number) & (best.arm == arm)]
            if pattern.empty:
                ax.text(0.5, 0.5, "no counterpart", ha="center", va="center", color=GREY)
                continue
            pattern = pattern.iloc[0]
            matrix = trim(matrices[arm, pattern.pattern].astype(float))
            matrix = matrix if other is None else alike(matrix, other)
            other = matrix
            draw_logo(ax, matrix)
            # one width for a base in all logos
            middle = matrix.shape[1] / 2
            half = max(15, middle)
            ax.set_xlim(middle - half, middle + half)
            ax.set_title(caption(pattern), fontsize=6.5, loc="center", pad=2)
    for ax, arm in zip(grid[0], arms, strict=True):
        title = ax.get_title()
        ax.set_title(title, fontsize=6.5, pad=2)
        ax.annotate(
            label(arm, 48),
            (0.5, 1),
            xycoords="axes fraction",
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
            va="bottom",
            weight="bold",
            color=colours[arm],
        )
    return figure
