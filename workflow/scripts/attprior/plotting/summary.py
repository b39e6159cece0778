"""Figure of every analysis's headline, over all conditions, models and comparisons."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attprior.plotting.style import GREY, PAGE_WIDTH, difference_text, label, message, styled

# Okabe and Ito's palette, less its yellow, which is lost on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
COLUMNS = 3
ROW, GAP = 0.125, 0.06  # inches of an interval, and between metrics


@styled()
def plot_summary(table: pd.DataFrame) -> Figure:
    """Draw the difference of each headline with its interval, a panel per comparison.

    Parameters
    ----------
    table
        As `attprior.analyses.summary.summary_table` makes it.
    """
    table = table[table.difference.notna()]
    if table.empty:
        return message("Nothing was compared")
    table = table.assign(
        who=_who(table), of=table.of.astype(object).fillna(""), scale=_scales(table)
    )
    colours = _colours(list(table.who.unique()))
    places = _places(table)
    comparisons = list(table.comparison.unique())
    columns = min(COLUMNS, len(comparisons))
    rows = int(np.ceil(len(comparisons) / columns))
    height = 0.95 + rows * (0.4 + places.iloc[-1] + ROW)
    shape = {"figsize": (PAGE_WIDTH, height), "squeeze": False, "sharex": True, "sharey": True}
    figure, grid = plt.subplots(rows, columns, **shape)
    for ax in grid.flat[len(comparisons) :]:
        ax.set_visible(False)
    for ax, comparison in zip(grid.flat, comparisons, strict=False):
        own = table[table.comparison == comparison]
        _panel(ax, own, places, colours, with_text=columns == 1)
    _name_metrics(grid, table, places)
    grid[0, 0].set_ylim(places.iloc[-1] + ROW, -ROW)
    grid[0, 0].set_xlim(-1.08, 1.08)
    grid[0, 0].set_xticks([0])
    figure.supxlabel(
        "← worse     difference, each metric to its own scale     better →", fontsize=7
    )
    _legend(figure, colours)
    return figure


def _who(table: pd.DataFrame) -> pd.Series:
    """What an interval is of: its condition, and its model if there are several."""
    several = table.model.nunique() > 1
    return table.condition + (", " + table.model if several else "")


def _seeds(row) -> np.ndarray:
    """Differences of a row's seeds."""
    return np.array(str(row.by_seed).split(), dtype=float) if row.by_seed else np.empty(0)


def _scales(table: pd.DataFrame) -> pd.Series:
    """Largest number that is drawn of a row's metric."""
    largest = [
        np.nanmax(np.abs([row.difference, row.low, row.high, *_seeds(row)]))
        for row in table.itertuples()
    ]
    return pd.Series(largest, table.index).groupby(table.metric).transform("max").replace(0, 1)


def _places(table: pd.DataFrame) -> pd.Series:
    """Height (inches from the top) of each metric, condition and part."""
    keys = table.drop_duplicates(["metric", "who", "of"])
    order = {metric: place for place, metric in enumerate(table.metric.unique())}
    keys = keys.assign(order=keys.metric.map(order)).sort_values("order", kind="stable")
    height = ROW * np.arange(len(keys)) + GAP * keys.order.to_numpy()
    return pd.Series(height, pd.MultiIndex.from_frame(keys[["metric", "who", "of"]]))


def _colours(names: list[str]) -> dict[str, str]:
    """A colour for each; one for all where they are too many to be told apart."""
    many = len(names) > len(COLOURS)
    return {name: GREY if many else COLOURS[i] for i, name in enumerate(names)}


def _panel(
    ax: Axes, rows: pd.DataFrame, places: pd.Series, colours: dict[str, str], with_text: bool
) -> None:
    # a filter's name follows its arm's after a comma
    first, second = rows["first"].iloc[0].split(",")[0], rows.second.iloc[0]
    ax.set_title(f"{label(second, 30)}\nagainst {label(first, 22)}")
    ax.axvline(0, color=GREY, lw=0.8)
    for row in rows.itertuples():
        colour, y = colours[row.who], places[(row.metric, row.who, row.of)]
        turned = row.better / row.scale
        seeds = turned * _seeds(row)
        ax.scatter(seeds, [y + ROW / 4] * len(seeds), s=4, color=colour, alpha=0.6, linewidths=0)
        if np.isfinite(row.low):
            ax.plot([turned * row.low, turned * row.high], [y, y], color=colour, lw=1)
        face = "white" if row.verdict == "cannot tell" else colour
        dot = {"s": 14, "facecolors": face, "edgecolors": colour, "linewidths": 0.8}
        ax.scatter(turned * row.difference, y, zorder=3, **dot)
        if with_text:
            place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
            beside = ax.get_yaxis_transform()
            ax.annotate(difference_text(row), (1, y), xycoords=beside, fontsize=5.5, **place)


def _name_metrics(grid: np.ndarray, table: pd.DataFrame, places: pd.Series) -> None:
    """Name the metrics beside the first panel of each row, and part the analyses by lines."""
    first = table.drop_duplicates("metric").set_index("metric")
    middles = places.groupby("metric", sort=False).mean()
    names = [f"{name} {'↑' if first.better[name] > 0 else '↓'}" for name in middles.index]
    for ax in grid[:, 0]:
        ax.set_yticks(middles, names)
    tops = places.groupby("metric", sort=False).min()
    for before, metric in zip(middles.index, middles.index[1:], strict=False):
        if first.analysis[before] != first.analysis[metric]:
            for ax in grid.flat:
                ax.axhline(tops[metric] - (ROW + GAP) / 2, color="#DDDDDD", lw=0.6, zorder=0)


def _legend(figure: Figure, colours: dict[str, str]) -> None:
    dot = {"marker": "o", "ls": "", "ms": 4}
    handles = [
        Line2D([], [], color=colour, label=label(name), **dot)
        for name, colour in colours.items()
        if colour != GREY
    ]
    handles.append(Line2D([], [], color=GREY, label="better or worse", **dot))
    handles.append(Line2D([], [], color=GREY, mfc="white", label="cannot tell", **dot))
    handles.append(Line2D([], [], color=GREY, marker="o", ls="", ms=1.7, label="a seed"))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(6, len(handles)))
