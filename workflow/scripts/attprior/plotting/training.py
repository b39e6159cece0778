"""Figure of training: losses by epoch, and the time of an epoch."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from attprior.plotting.style import PAGE_WIDTH, arm_colours, arm_legend, points, styled

CURVES = {
    "training_prediction_loss": "Training,\nprediction loss",
    "validation_loss": "Validation,\nprediction loss",
    "training_prior_loss": "Training,\nprior loss",
}


@styled()
def plot_training(table: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw the losses of every seed and fold, and the mean time of their epochs.

    Parameters
    ----------
    table
        Columns arm, fold, seed, epoch, seconds, best and those of `CURVES`.
    arms
        The two arms.
    """
    colours = arm_colours(arms)
    figure, axes = plt.subplots(1, len(CURVES) + 1, figsize=(PAGE_WIDTH, 2.3))
    for ax, (column, name) in zip(axes, CURVES.items(), strict=False):
        for (arm, _, _), run in table.groupby(["arm", "fold", "seed"], sort=False):
            # without a prior there is no loss of one
            if column == "training_prior_loss" and not (run[column].fillna(0) != 0).any():
                continue
            ax.plot(run.epoch, run[column], color=colours[arm], lw=0.8, alpha=0.7)
            if column == "validation_loss":
                best = run[run.best == 1]
                ax.scatter(
                    best.epoch, best[column], s=9, color=colours[arm], zorder=3, linewidths=0
                )
        ax.set_title(name)
        ax.set_xlabel("Epoch")
        ax.set_xlim(0.5, table.epoch.max() + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    seconds = table.groupby(["arm", "fold", "seed"]).seconds.mean()
    for x, arm in enumerate(arms):
        points(axes[-1], x, seconds.loc[arm], colours[arm])
    axes[-1].set_title("Time of an epoch\n(s)")
    axes[-1].set_ylim(bottom=0)
    axes[-1].set_xlim(-0.6, len(arms) - 0.4)
    axes[-1].set_xticks([])
    chosen = Line2D([], [], color="#444444", marker="o", ms=3, ls="", label="epoch kept")
    arm_legend(figure, arms, [chosen])
    return figure
