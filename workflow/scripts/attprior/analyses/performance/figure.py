"""Figure of predictive performance on the test chromosomes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.plotting.style import (
    GREY,
    PAGE_WIDTH,
    arm_colours,
    arm_legend,
    label,
    message,
    points,
    styled,
)

# those that are drawn; the table has more
LABELS = {
    "profile_nll": "Profile NLL ↓",
    "profile_jsd": "Profile JSD (nats) ↓",
    "profile_auprc_bin1": "Profile, auPRC ↑",
    "profile_pearson_bin1": "Profile, Pearson ↑",
    "counts_mse": "Log counts, MSE ↓",
    "counts_mse_all": "Log counts, all, MSE ↓",
    "counts_pearson": "Log counts, Pearson ↑",
    "counts_spearman": "Log counts, Spearman ↑",
    "peaks_auroc": "Peaks, auROC ↑",
    "peaks_auprc": "Peaks, auPRC ↑",
    "peaks_auroc_gc": "Peaks, auROC, same GC ↑",
    "peaks_auprc_gc": "Peaks, auPRC, same GC ↑",
    "cross_entropy": "Cross-entropy (nats) ↓",
    "accuracy": "Accuracy ↑",
    "auroc": "auROC ↑",
    "auprc": "auPRC ↑",
    "auroc_gc": "auROC, same GC ↑",
    "auprc_gc": "auPRC, same GC ↑",
    "auprc_corrected": "auPRC, all negatives ↑",
}
# drawn as lines in the panel of the JSD, which they put to scale
REFERENCES = {
    "profile_jsd_mean_profile": ("mean profile", "--"),
    "profile_jsd_uniform": ("uniform", ":"),
}

LEVEL = {"color": GREY, "lw": 0.9}


@styled()
def plot(table: pd.DataFrame, arms: Sequence[str], split: str = "test") -> Figure:
    """Draw each metric by task, a dot per seed and fold.

    Parameters
    ----------
    table
        Columns arm, fold, seed, split, task, metric, value, constant (of a constant prediction, NaN
        where it is not compared), learnt_nothing (1 where a value is no better than that).
    arms
        The two arms.
    split
        Which chromosomes to show.
    """
    table = table[table.split == split]
    metrics = [metric for metric in LABELS if metric in set(table.metric)]
    if not metrics:
        return message(f"No metrics of the {split} chromosomes")
    colours, tasks = arm_colours(arms), list(table.task.unique())
    columns = min(4, len(metrics))
    rows = int(np.ceil(len(metrics) / columns))
    figure, grid = plt.subplots(
        rows, columns, figsize=(PAGE_WIDTH, 0.7 + 1.6 * rows), squeeze=False
    )
    for ax in grid.flat[len(metrics) :]:
        ax.set_visible(False)
    for number, (ax, metric) in enumerate(zip(grid.flat, metrics, strict=False)):
        values = table[table.metric == metric]
        for x, task in enumerate(tasks):
            for side, arm in zip((-0.2, 0.2), arms, strict=True):
                chosen = values[(values.arm == arm) & (values.task == task)]
                crossed = chosen.learnt_nothing == 1
                points(ax, x + side, chosen.value, colours[arm], crossed=crossed)
        if metric == "profile_jsd":
            _references(ax, table, tasks)
        else:
            _levels(ax, values.groupby("task").constant.mean(), tasks, "--")
        ax.set_title(LABELS[metric])
        ax.set_xlim(-0.6, len(tasks) - 0.4)
        ax.set_xticks(range(len(tasks)), [""] * len(tasks))
        # the lowest panel of each column names the tasks
        if number + columns >= len(metrics):
            _name_tasks(ax, tasks, reserve=number >= columns * (rows - 1))
    extra = []
    if table.constant.notna().any():
        extra.append(Line2D([], [], label="constant prediction", **LEVEL, ls="--"))
    if (table.learnt_nothing == 1).any():
        cross = {"color": "#444444", "marker": "x", "ms": 4, "ls": ""}
        extra.append(Line2D([], [], label="no better than that", **cross))
    arm_legend(figure, arms, extra)
    return figure


def _name_tasks(ax: plt.Axes, tasks: list[str], reserve: bool) -> None:
    """Write the tasks below a panel; without room reserved, into the empty place under it."""
    lean = {"rotation": 35, "ha": "right", "va": "top", "rotation_mode": "anchor"}
    straight = {"ha": "center", "va": "top"}
    for x, task in enumerate(tasks):
        text = ax.annotate(
            label(task, 18),
            (x, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -5),
            textcoords="offset points",
            fontsize=plt.rcParams["xtick.labelsize"],
            annotation_clip=False,
            **(lean if len(tasks) > 1 else straight),
        )
        text.set_in_layout(reserve)


def _levels(
    ax: plt.Axes, means: pd.Series, tasks: list[str], dashes: str, name: str | None = None
) -> None:
    """Draw a line at each task's value, where it has one."""
    for x, task in enumerate(tasks):
        if np.isfinite(means.get(task, np.nan)):
            ax.plot([x - 0.42, x + 0.42], [means[task]] * 2, label=name, ls=dashes, **LEVEL)
            name = None


def _references(ax: plt.Axes, table: pd.DataFrame, tasks: list[str]) -> None:
    for metric, (name, dashes) in REFERENCES.items():
        means = table[table.metric == metric].groupby("task").value.mean()
        _levels(ax, means, tasks, dashes, name)
    if ax.get_legend_handles_labels()[0]:
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.35 * (high - low))
        ax.legend(loc="upper left", fontsize=6, borderpad=0, labelspacing=0.2)
