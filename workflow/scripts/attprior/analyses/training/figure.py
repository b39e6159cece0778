"""Figure of training: losses by epoch, and the time of an epoch."""

import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from attprior.analyses.learnt import in_words
from attprior.plotting.style import GREY, PAGE_WIDTH, arm_colours, arm_legend, points, styled

CURVES = {
    "training_prediction_loss": "Training,\nprediction loss",
    "validation_loss": "Validation,\nprediction loss",
    "training_prior_loss": "Training,\nprior loss",
}
COLUMNS = 3  # of panels
LINE = 120  # letters
DOT = {"s": 9, "linewidths": 0}
CROSS = {"s": 22, "marker": "x"}


@styled()
def plot(table: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw the losses of every seed and fold, and the mean time of their epochs.

    Parameters
    ----------
    table
        Columns arm, fold, seed, epoch, seconds, best, learnt_nothing (parts with commas), those of
        `CURVES`, constant_loss, and validation_{part}_loss and constant_{part}_loss of each part.
    arms
        The two arms.
    """
    colours = arm_colours(arms)
    nothing = table.learnt_nothing.fillna("").astype(str).str.split(",")
    curves, judged = dict(CURVES), {"validation_loss": "prediction"}
    for part in _parts(table):
        curves[f"validation_{part}_loss"] = f"Validation,\n{part} loss"
        judged[f"validation_{part}_loss"] = part
    rows = -(-(len(curves) + 1) // COLUMNS)
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(PAGE_WIDTH, 0.5 + 1.75 * rows), squeeze=False
    )
    for ax in grid.flat[len(curves) + 1 :]:
        ax.set_visible(False)
    for ax, (column, name) in zip(grid.flat, curves.items(), strict=False):
        for (arm, _, _), run in table.groupby(["arm", "fold", "seed"], sort=False):
            # without a prior there is no loss of one
            if column == "training_prior_loss" and not (run[column].fillna(0) != 0).any():
                continue
            ax.plot(run.epoch, run[column], color=colours[arm], lw=0.8, alpha=0.7)
            if column in judged:
                best = run[run.best == 1]
                cross = np.array([judged[column] in parts for parts in nothing[best.index]], bool)
                for kept, mark in ((best[~cross], DOT), (best[cross], CROSS)):
                    ax.scatter(kept.epoch, kept[column], color=colours[arm], zorder=3, **mark)
        if column in judged:
            levels = table[column.replace("validation", "constant")].dropna().round(6)
            for level in levels.unique():
                ax.axhline(level, color=GREY, lw=0.8, ls="--")
        ax.set_title(name)
        ax.set_xlabel("Epoch")
        ax.set_xlim(0.5, table.epoch.max() + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    last = grid.flat[len(curves)]
    seconds = table.groupby(["arm", "fold", "seed"]).seconds.mean()
    for x, arm in enumerate(arms):
        points(last, x, seconds.loc[arm], colours[arm])
    last.set_title("Time of an epoch\n(s)")
    last.set_ylim(bottom=0)
    last.set_xlim(-0.6, len(arms) - 0.4)
    last.set_xticks([])
    extra = [
        Line2D([], [], color="#444444", marker="o", ms=3, ls="", label="epoch kept"),
        Line2D([], [], color=GREY, lw=0.8, ls="--", label="constant prediction"),
    ]
    lines = in_words(table)
    if lines:
        extra.append(
            Line2D([], [], color="#444444", marker="x", ms=4, ls="", label="no better than that")
        )
        words = f"Learnt nothing - {'; '.join(lines)}"
        figure.supxlabel("\n".join(textwrap.wrap(words, LINE)), fontsize=7)
    arm_legend(figure, arms, extra)
    return figure


def _parts(table: pd.DataFrame) -> list[str]:
    """Parts of the validation loss, in the table's order."""
    names = [name for name in table if name.startswith("constant_") and name != "constant_loss"]
    return [name.removeprefix("constant_").removesuffix("_loss") for name in names]
