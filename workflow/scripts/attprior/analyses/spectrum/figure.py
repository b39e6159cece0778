"""Figure of the attributions' spectra: the mean spectrum, and its measures per example."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from attprior.plotting.style import (
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    difference_text,
    distribution,
    styled,
)

LABELS = {
    "high_frequency_share": "High-frequency share\nof an example",
    "entropy": "Entropy of an example\n(bits)",
}


@styled()
def plot(
    table: pd.DataFrame, curve: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]
) -> Figure:
    """Draw the mean spectrum, high-frequency share and entropy; a row per kind of attribution.

    Parameters
    ----------
    table, curve
        As `attprior.analyses.spectrum.tables` makes them.
    tests
        Differences of the arms by kind and metric.
    arms
        The two arms.
    """
    colours = arm_colours(arms)
    kinds = list(table.kind.unique())
    figure, grid = plt.subplots(
        len(kinds),
        3,
        figsize=(PAGE_WIDTH, 0.4 + 1.9 * len(kinds)),
        squeeze=False,
        gridspec_kw={"width_ratios": [1.7, 1, 1]},
    )
    limit = table.freq_limit.iloc[0]
    examples = table.groupby(["arm", "kind", "metric", "fold", "example"]).value.mean()
    for row, kind in zip(grid, kinds, strict=True):
        for arm in arms:
            mean = curve[(curve.arm == arm) & (curve.kind == kind)]
            row[0].plot(mean.frequency, mean.magnitude, color=colours[arm], lw=1)
        row[0].axvline(limit, color=GREY, lw=0.8, ls="--")
        row[0].annotate(
            "limit",
            (limit, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            color=GREY,
        )
        row[0].yaxis.set_major_formatter(PercentFormatter(1))
        row[0].set_ylim(bottom=0)
        row[0].set_xlim(left=0)
        row[0].set_title(KIND_LABELS.get(kind, kind), loc="left", weight="bold")
        row[0].set_ylabel("Mean share of magnitude")
        for ax, (metric, name) in zip(row[1:], LABELS.items(), strict=True):
            for x, arm in enumerate(arms):
                distribution(ax, x, examples.loc[(arm, kind, metric)], colours[arm])
            test = tests[(tests.kind == kind) & (tests.metric == metric)].iloc[0]
            ax.set_title(difference_text(test), fontsize=6.5)
            ax.set_ylabel(name)
            ax.set_xticks([])
            ax.set_xlim(-0.6, len(arms) - 0.4)
    grid[-1, 0].set_xlabel("Frequency (cycles over the input)")
    arm_legend(figure, arms)
    return figure
