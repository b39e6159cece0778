"""Figure of attribution against summits and peaks."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.analyses.tracks import BOUND
from attprior.plotting.style import (
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    arm_legend,
    by_kind,
    message,
    seed_curves,
    styled,
)

LABELS = {
    "spearman": "Spearman of |contribution|\nand distance to summit",
    "auprc": "auPRC of the bases\nin peaks",
}
BOUND_LINE = {"color": GREY, "lw": 0.9, "ls": ":"}


@styled()
def plot(
    table: pd.DataFrame, curve: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]
) -> Figure:
    """Draw the density of attribution by distance to the nearest summit, and both metrics.

    Parameters
    ----------
    table, curve
        As `attprior.analyses.summits.tables` makes them.
    tests
        Differences of the arms by kind and metric.
    arms
        The two arms.
    """
    if table.empty:
        return message("No test peaks were sampled")
    kinds = list(table.kind.unique())
    figure, axes = plt.subplots(1, len(kinds) + len(LABELS), figsize=(PAGE_WIDTH, 2.4))
    for ax, kind in zip(axes, kinds, strict=False):
        seed_curves(ax, curve[curve.kind == kind], "distance", "density", arms)
        ax.axhline(1, **BOUND_LINE)
        ax.set_title(KIND_LABELS.get(kind, kind))
        ax.set_xlabel("Distance to summit (bp)")
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
    axes[0].set_ylabel("|Contribution| of a base\nover an example's mean")
    for ax, (metric, name) in zip(axes[len(kinds) :], LABELS.items(), strict=True):
        by_kind(ax, table[table.metric == metric], tests[tests.metric == metric], arms, BOUND)
        ax.set_ylabel(name)
    arm_legend(figure, arms, [Line2D([], [], **BOUND_LINE, label="positions shuffled")])
    return figure
