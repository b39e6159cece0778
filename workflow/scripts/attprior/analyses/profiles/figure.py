"""Figure of predicted and observed profiles at example loci."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from attprior.plotting.style import (
    GREY,
    PAGE_WIDTH,
    PALE,
    SIDES,
    arm_colours,
    label,
    message,
    styled,
)


@styled()
def plot(table: pd.DataFrame, totals: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw expected and observed counts at each locus, a row per task, arms side by side.

    Parameters
    ----------
    table, totals
        As `attprior.analyses.profiles.tables` makes them.
    arms
        The two arms.
    """
    if table.empty:
        return message("No peaks were sampled")
    colours = arm_colours(arms)
    loci, tasks = list(table.locus.unique()), list(table.task.unique())
    height = 0.5 + len(loci) * (0.35 + 0.85 * len(tasks))
    figure = plt.figure(figsize=(PAGE_WIDTH, height))
    blocks = figure.subfigures(len(loci), 1, squeeze=False)[:, 0]
    for block, locus in zip(blocks, loci, strict=True):
        block.suptitle(locus, fontsize=7.5, weight="bold")
        grid = block.subplots(len(tasks), 2, squeeze=False, sharex=True, sharey="row")
        for row, task in zip(grid, tasks, strict=True):
            for ax, arm in zip(row, arms, strict=True):
                _panel(ax, _of(table, arm, locus, task), colours[arm])
                ax.set_title(_summary(_of(totals, arm, locus, task)), loc="left", fontsize=6)
            # no count is negative, whichever side it is drawn on
            row[0].yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
            row[0].set_ylabel(_task_label(task, len(tasks)), fontsize=6)
    figure.supxlabel("Position relative to the summit (bp)", fontsize=7)
    _legend(figure, arms, bool(table.sd.notna().any()))
    return figure


def _of(table: pd.DataFrame, arm: str, locus: str, task: str) -> pd.DataFrame:
    return table[(table.arm == arm) & (table.locus == locus) & (table.task == task)]


def _task_label(task: str, tasks: int) -> str:
    return f"{label(task, 16)}\n5′ ends per bp" if tasks > 1 else "5′ ends per bp"


def _panel(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    for strand, values in rows.groupby("strand", sort=False):
        side, position = SIDES[strand], values.position - values.summit
        observed, mean = side * values.observed, side * values.predicted
        ax.fill_between(position, observed, step="mid", color=PALE, lw=0)
        spread = values.sd.fillna(0)
        ax.fill_between(position, mean - spread, mean + spread, color=colour, alpha=0.35, lw=0)
        ax.plot(position, mean, color=colour, lw=0.9)
        ax.set_xlim(position.min(), position.max())
    ax.axhline(0, color=GREY, lw=0.4)


def _summary(totals: pd.DataFrame) -> str:
    """Counts of a task at a locus, all strands together, and the mean divergence, in words."""
    by_seed = totals.groupby("seed")[["observed", "predicted"]].sum()
    predicted, several = by_seed.predicted, len(by_seed) > 1
    counts = f"{predicted.mean():.0f}" + (f" ± {predicted.std():.0f}" if several else "")
    return f"{by_seed.observed.iloc[0]:.0f} counts, predicted {counts}; JSD {totals.jsd.mean():.2f}"


def _legend(figure: Figure, arms: Sequence[str], spread: bool) -> None:
    words = "mean ± SD of seeds" if spread else "one seed"
    handles = [Patch(color=PALE, label="observed")]
    handles += [
        Line2D([], [], color=colour, lw=1.4, label=f"{label(arm)}: {words}")
        for arm, colour in arm_colours(arms).items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
