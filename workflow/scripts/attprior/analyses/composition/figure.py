"""Figure of how attributions follow GC content."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from attprior.plotting.style import (
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    difference_text,
    distribution,
    message,
    styled,
)

LABELS = {
    "spearman": "Spearman correlation of\n|contribution| with GC content",
    "spearman_size": "Size of the correlation",
}


@styled()
def plot(table: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw each example's correlation, and its size, by kind of attribution.

    Parameters
    ----------
    table
        As `attprior.analyses.composition.tables.composition_table` makes it.
    tests
        Differences of the arms by kind and metric.
    arms
        The two arms.
    """
    if table.value.isna().all():
        return message("No example has bases outside sites whose GC content varies")
    colours, kinds = arm_colours(arms), list(table.kind.unique())
    examples = table.groupby(["arm", "kind", "metric", "fold", "example"]).value.mean()
    panels = [(metric, kind) for metric in LABELS for kind in kinds]
    figure, axes = plt.subplots(1, len(panels), figsize=(PAGE_WIDTH, 2.6), squeeze=False)
    for ax, (metric, kind) in zip(axes[0], panels, strict=True):
        for x, arm in enumerate(arms):
            distribution(ax, x, examples.loc[(arm, kind, metric)], colours[arm])
        test = tests[(tests.kind == kind) & (tests.metric == metric)].iloc[0]
        title = f"{KIND_LABELS.get(kind, kind)}\n{difference_text(test)}"
        ax.set_title(title, fontsize=6.5)
        ax.axhline(0, color=GREY, lw=0.8, ls=":")
        ax.set_ylabel(LABELS[metric])
        ax.set_xticks([])
        ax.set_xlim(-0.6, len(arms) - 0.4)
    arm_legend(figure, arms)
    return figure
