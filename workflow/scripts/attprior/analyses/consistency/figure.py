"""Figure of the agreement between seeds."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.plotting.style import (
    GREY,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    difference_text,
    distribution,
    message,
    styled,
)

LABELS = {"jaccard": "Continuous Jaccard\nbetween seeds", "cosine": "Cosine\nbetween seeds"}
TITLES = {"gradient": "Gradients", "deepshap": "DeepSHAP"}
LINES = {
    "bound: bases shuffled": ("bases shuffled", "-."),
    "bound: positions shuffled": ("positions shuffled", "--"),
    "bound: both shuffled": ("both shuffled", ":"),
}


@styled()
def plot(table: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw each example's mean similarity between seeds, with the bounds of shuffled ones.

    Parameters
    ----------
    table
        As `attprior.analyses.consistency.tables.consistency_table` makes it.
    tests
        Differences of the arms by kind and metric.
    arms
        The two arms.
    """
    if table.empty:
        return message("One seed was trained, so there is nothing to compare between seeds")
    colours = arm_colours(arms)
    kinds = list(table.kind.unique())
    figure, grid = plt.subplots(1, 2 * len(kinds), figsize=(PAGE_WIDTH, 2.6), squeeze=False)
    panels = [(kind, metric) for metric in LABELS for kind in kinds]
    for ax, (kind, metric) in zip(grid[0], panels, strict=True):
        values = table[(table.kind == kind) & (table.metric == metric)]
        for x, arm in enumerate(arms):
            own = values[values.arm == arm].groupby(["fold", "example"]).value.mean()
            distribution(ax, x, own, colours[arm])
        _bounds(ax, values)
        test = tests[(tests.kind == kind) & (tests.metric == metric)].iloc[0]
        ax.set_title(f"{TITLES.get(kind, kind)}\n{difference_text(test)}", fontsize=6.5)
        ax.set_ylabel(LABELS[metric])
        ax.set_xticks([])
        ax.set_xlim(-0.6, len(arms) - 0.4)
    lines = [Line2D([], [], color=GREY, lw=0.9, ls=ls, label=name) for name, ls in LINES.values()]
    arm_legend(figure, arms, lines)
    return figure


def _bounds(ax: Axes, values: pd.DataFrame) -> None:
    """Draw bounds as lines; one far above all dots is written down, so as not to squash them."""
    low, high = ax.get_ylim()
    above = []
    for bound, (name, dashes) in LINES.items():
        mean = values.value[values.arm == bound].mean()
        if mean > high + 0.5 * (high - low):
            above.append(f"{name}: {mean:.3g} ↑")
        else:
            ax.axhline(mean, color=GREY, lw=0.9, ls=dashes)
    if above:
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.1 * (high - low) * len(above))
        text = {"ha": "center", "va": "top", "fontsize": 6, "color": GREY}
        ax.text(0.5, 1, "\n".join(above), transform=ax.transAxes, **text)
