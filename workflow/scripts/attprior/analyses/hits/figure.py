"""Figure of how many peaks hold a motif instance."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.analyses.overlaps import ANY
from attprior.plotting.style import (
    CALLER_LABELS,
    GREY,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    label,
    message,
    styled,
)


@styled()
def plot(table: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw the share of peaks with an instance against their rank, a panel per caller.

    Solid: of any pattern. Dashed: of patterns that match the motif with most peaks by
    contributions.

    Parameters
    ----------
    table
        As `attprior.analyses.hits.tables.hits_table` makes it.
    arms
        The two arms.
    """
    if table.empty:
        return message("No peaks were searched for motif instances.")
    named = table[(table.name != ANY) & (table.caller == "finemo")]
    peaks = named.groupby("name").with_hit.sum().sort_values(ascending=False, kind="stable")
    lines = {ANY: "-"} | {name: "--" for name in peaks.index[:1]}
    colours = arm_colours(arms)
    figure, axes = plt.subplots(1, len(CALLER_LABELS), figsize=(PAGE_WIDTH, 2.4), sharey=True)
    for ax, caller in zip(axes, CALLER_LABELS, strict=True):
        for arm in arms:
            for name, style in lines.items():
                chosen = table[(table.arm == arm) & (table.caller == caller) & (table.name == name)]
                ranks = (chosen["first"] + chosen["last"]) / 2
                ax.plot(ranks, chosen.share, style, color=colours[arm], lw=1.1)
        ax.set_title(CALLER_LABELS[caller])
        ax.set_xlabel("Rank of the peak")
        ax.set_ylim(-0.02, 1.02)
    axes[0].set_ylabel("Share of peaks with an instance")
    words = {ANY: "any pattern"}
    extra = [
        Line2D([], [], color=GREY, ls=style, lw=1.1, label=words.get(name, label(name, 20)))
        for name, style in lines.items()
    ]
    arm_legend(figure, arms, extra)
    return figure
