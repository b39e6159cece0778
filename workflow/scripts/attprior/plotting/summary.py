"""Figure of every analysis's headline, over all conditions, models and comparisons."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.plotting.style import GREY, PAGE_WIDTH, label, message, styled

# Okabe and Ito's palette, less its yellow, which is lost on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SIGNIFICANT = 0.05
COLUMNS = 3


@styled()
def plot_summary(table: pd.DataFrame) -> Figure:
    """Draw the gain of each headline, a panel per comparison, a dot per condition and model.

    Parameters
    ----------
    table
        As `attprior.analysis.summary.summary_table` makes it.
    """
    if table.empty:
        return message("Nothing was tested")
    table = table.assign(who=_who(table))
    colours = _colours(list(table.who.unique()))
    metrics, comparisons = list(table.metric.unique()), list(table.comparison.unique())
    columns = min(COLUMNS, len(comparisons))
    rows = int(np.ceil(len(comparisons) / columns))
    height = 0.9 + rows * (0.75 + 0.17 * len(metrics))
    shape = {"figsize": (PAGE_WIDTH, height), "squeeze": False, "sharex": True, "sharey": True}
    figure, grid = plt.subplots(rows, columns, **shape)
    for ax in grid.flat[len(comparisons) :]:
        ax.set_visible(False)
    for ax, comparison in zip(grid.flat, comparisons, strict=False):
        _panel(ax, table[table.comparison == comparison], metrics, colours)
    _separate(grid, table, metrics)
    for ax in grid[:, 0]:
        arrows = table.drop_duplicates("metric").set_index("metric").better
        names = [f"{name} {'↑' if arrows[name] > 0 else '↓'}" for name in metrics]
        ax.set_yticks(range(len(metrics)), names)
    grid[0, 0].set_ylim(len(metrics) - 0.5, -0.5)
    grid[0, 0].set_xlim(-1.12, 1.12)
    grid[0, 0].set_xticks([-1, 0, 1])
    figure.supxlabel("← worse     effect (rank-biserial correlation)     better →", fontsize=7)
    _legend(figure, colours)
    return figure


def _who(table: pd.DataFrame) -> pd.Series:
    """What a dot is of: its condition, and its model if there are several."""
    several = table.model.nunique() > 1
    return table.condition + (", " + table.model if several else "")


def _colours(names: list[str]) -> dict[str, str]:
    """A colour for each; one for all where they are too many to be told apart."""
    many = len(names) > len(COLOURS)
    return {name: GREY if many else COLOURS[i] for i, name in enumerate(names)}


def _panel(ax: Axes, rows: pd.DataFrame, metrics: list[str], colours: dict[str, str]) -> None:
    # a filter's name follows its arm's after a comma
    first, second = rows["first"].iloc[0].split(",")[0], rows.second.iloc[0]
    ax.set_title(f"{label(second, 30)}\nagainst {label(first, 22)}")
    ax.axvline(0, color=GREY, lw=0.8)
    for place, metric in enumerate(metrics):
        own = rows[(rows.metric == metric) & rows.gain.notna()]
        spread = np.linspace(-0.28, 0.28, len(own)) if len(own) > 1 else [0]
        for offset, row in zip(spread, own.itertuples(), strict=False):
            colour = colours[row.who]
            found = row.p_value < SIGNIFICANT
            ax.scatter(
                row.gain,
                place + offset,
                s=13,
                facecolors=colour if found else "white",
                edgecolors=colour,
                linewidths=0.8,
                zorder=3,
            )


def _separate(grid: np.ndarray, table: pd.DataFrame, metrics: list[str]) -> None:
    """Draw a line wherever one analysis ends and the next begins."""
    analysis = table.drop_duplicates("metric").set_index("metric").analysis
    for place in range(1, len(metrics)):
        if analysis[metrics[place]] != analysis[metrics[place - 1]]:
            for ax in grid.flat:
                ax.axhline(place - 0.5, color="#DDDDDD", lw=0.6, zorder=0)


def _legend(figure: Figure, colours: dict[str, str]) -> None:
    dot = {"marker": "o", "ls": "", "ms": 4}
    handles = [
        Line2D([], [], color=colour, label=label(name), **dot)
        for name, colour in colours.items()
        if colour != GREY
    ]
    handles.append(Line2D([], [], color=GREY, label=f"p < {SIGNIFICANT}", **dot))
    handles.append(Line2D([], [], color=GREY, mfc="white", label=f"p ≥ {SIGNIFICANT}", **dot))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)))
