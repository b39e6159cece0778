"""Figure of attributions and motif instances against known sites."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.analyses.overlaps import ANY
from attprior.plotting.style import (
    CALLER_LABELS,
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
MARKERS = dict(zip(CALLER_LABELS, "os", strict=True))


@styled()
def plot(table: pd.DataFrame, hits: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw each metric by kind of attribution, a dot per seed and fold, and what instances find.

    Parameters
    ----------
    table
        As `attprior.analyses.truth.tables.truth_table` makes it.
    hits
        As `attprior.analyses.truth.recovery.hits_table` makes it.
    arms
        The two arms.
    """
    colours, kinds = arm_colours(arms), list(table.kind.unique())
    figure, axes = plt.subplots(1, len(LABELS) + 1, figsize=(PAGE_WIDTH, 2.6))
    for ax, (metric, name) in zip(axes, LABELS.items(), strict=False):
        values = table[table.metric == metric]
        for x, kind in enumerate(kinds):
            for side, arm in zip((-0.2, 0.2), arms, strict=True):
                chosen = values.value[(values.arm == arm) & (values.kind == kind)]
                points(ax, x + side, chosen, colours[arm])
        ax.axhline(values.chance.mean(), color=GREY, lw=0.9, ls=":")
        ax.set_ylabel(name)
        names = [KIND_LABELS.get(kind, kind).replace(" × ", "\n× ") for kind in kinds]
        ax.set_xticks(range(len(kinds)), names)
        ax.set_xlim(-0.6, len(kinds) - 0.4)
    shown = hits[(hits.name == ANY) & hits.f1.notna()]
    for row in shown.itertuples():
        colour = colours[row.arm]
        face = colour if row.peaks == "all" else "none"
        shape = {"marker": MARKERS[row.caller], "s": 22, "linewidths": 0.9}
        axes[-1].scatter(row.recall, row.precision, color=face, edgecolors=colour, **shape)
    axes[-1].set(xlabel="Recall of motif instances", ylabel="Precision of motif instances")
    # tenths, so that small differences look small
    lowest = np.floor(10 * shown[["recall", "precision"]].min().min()) / 10 if len(shown) else 0
    axes[-1].set(xlim=(lowest - 0.01, 1.01), ylim=(lowest - 0.01, 1.01))
    extra = [
        Line2D([], [], color=GREY, marker=marker, ls="", ms=4, label=CALLER_LABELS[caller])
        for caller, marker in MARKERS.items()
    ]
    chance = Line2D([], [], color=GREY, lw=0.9, ls=":", label="chance")
    arm_legend(figure, arms, [chance, *extra])
    return figure
