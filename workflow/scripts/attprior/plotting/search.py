"""Figure of a search: what its trials' attributions have of noise, against what they predict."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from attprior.plotting.style import (
    ARM_COLOURS,
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    label,
    message,
    styled,
)

LABELS = 25  # more of them than that hide the dots
WORSE = 20  # times as far from the best loss as the median is: trials that did not learn


@styled()
def plot_search(table: pd.DataFrame) -> Figure:
    """Draw each trial's high-frequency share over its validation loss, a panel for each kind.

    Parameters
    ----------
    table
        As `attprior.search.result.pareto_table` makes it.
    """
    if table.empty:
        return message("no trial has attributions that could be measured")
    kinds = list(table.kind.unique())
    figure, axes = plt.subplots(1, len(kinds), figsize=(PAGE_WIDTH, 3), squeeze=False)
    colours = dict(enumerate(ARM_COLOURS))
    for ax, kind in zip(axes[0], kinds, strict=True):
        whole = table[table.kind == kind]
        own = _in_view(whole)
        for front, trials in own.groupby("front"):
            colour = colours[front]
            place = (trials.validation_loss, trials.high_frequency_share)
            ax.scatter(*place, s=14, color=colour, alpha=0.8, linewidths=0, zorder=2 + front)
        best = own[own.front == 1].sort_values("validation_loss")
        ax.step(
            best.validation_loss,
            best.high_frequency_share,
            where="post",
            color=colours[1],
            lw=0.8,
            zorder=1,
        )
        for trial in (own if len(own) <= LABELS else best).itertuples():
            ax.annotate(
                # numbers of a column with fractions are all floats
                trial.label if isinstance(trial.label, str) else f"{trial.label:g}",
                (trial.validation_loss, trial.high_frequency_share),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=6,
                zorder=4,
            )
        if len(own) < len(whole):
            text = f"{len(whole) - len(own)} further right"
            ax.text(1, 1, text, transform=ax.transAxes, ha="right", va="bottom", color=GREY)
        ax.margins(0.1)
        ax.set_title(KIND_LABELS.get(kind, kind), loc="left", weight="bold")
        ax.set_xlabel("Validation, prediction loss")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    axes[0, 0].set_ylabel("High-frequency share")
    handles = [
        Line2D(
            [], [], color=colours[1], marker="o", ms=4, lw=0.8, label="no trial is better in both"
        ),
        Line2D([], [], color=colours[0], marker="o", ms=4, ls="", label="other trials"),
        Line2D([], [], ls="", label=f"label: {label(table.labelled.iloc[0])}"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _in_view(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out trials that did not learn, which would press all others into a corner."""
    loss = table.validation_loss
    limit = loss.min() + WORSE * (loss.median() - loss.min())
    return table[loss <= limit] if limit > loss.min() else table
