"""Figure of attributions against known sites."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.plotting.style import (
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    points,
    styled,
)

LABELS = {
    "share_in_sites": "Share of |contribution|\nin planted sites",
    "auprc": "auPRC of bases in sites",
    "auroc": "auROC of bases in sites",
}


@styled()
def plot_truth(table: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw each metric by kind of attribution, a dot per seed and fold.

    Parameters
    ----------
    table
        As `attprior.analysis.truth.truth_table` makes it.
    arms
        The two arms.
    """
    colours, kinds = arm_colours(arms), list(table.kind.unique())
    figure, axes = plt.subplots(1, len(LABELS), figsize=(PAGE_WIDTH, 2.4))
    for ax, (metric, name) in zip(axes, LABELS.items(), strict=True):
        values = table[table.metric == metric]
        for x, kind in enumerate(kinds):
            for side, arm in zip((-0.2, 0.2), arms, strict=True):
                chosen = values.value[(values.arm == arm) & (values.kind == kind)]
                points(ax, x + side, chosen, colours[arm])
        ax.axhline(values.chance.mean(), color=GREY, lw=0.9, ls=":")
        ax.set_ylabel(name)
        ax.set_xticks(range(len(kinds)), [KIND_LABELS.get(kind, kind) for kind in kinds])
        ax.set_xlim(-0.6, len(kinds) - 0.4)
    arm_legend(figure, arms, [Line2D([], [], color=GREY, lw=0.9, ls=":", label="chance")])
    return figure
