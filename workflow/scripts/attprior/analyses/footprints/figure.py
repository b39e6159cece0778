"""Figure of attribution in footprints, motif instances and peaks of other factors."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from attprior.analyses.tracks import BOUND
from attprior.plotting.style import (
    GREY,
    KIND_LABELS,
    PAGE_WIDTH,
    arm_legend,
    by_kind,
    label,
    message,
    seed_curves,
    styled,
)

LABELS = {"share": "Share of |contribution|\ninside", "auprc": "auPRC of the bases\ninside"}
BOUND_LINE = {"color": GREY, "lw": 0.9, "ls": ":"}
MOST_LINE = {"color": GREY, "lw": 0.9, "ls": "--"}


@styled()
def plot(
    table: pd.DataFrame, curve: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]
) -> Figure:
    """Draw ranked enrichment, the share inside and auPRC; a row per set.

    Parameters
    ----------
    table, curve
        As `attprior.analyses.footprints.tables` makes them.
    tests
        Differences of the arms by set, kind and metric.
    arms
        The two arms.
    """
    if table.empty:
        return message("No sampled test peak has bases inside any of the sets")
    sets = list(table.set.unique())
    figure = plt.figure(figsize=(PAGE_WIDTH, 0.4 + 2.1 * len(sets)))
    for part, name in zip(figure.subfigures(len(sets), 1, squeeze=False)[:, 0], sets, strict=True):
        _draw_set(part, *(rows[rows["set"] == name] for rows in (table, curve, tests)), arms)
        n = tests.examples[tests["set"] == name].max()
        part.suptitle(
            f"{label(name, 60)} · n = {n}", x=0.01, ha="left", weight="bold", fontsize=7.5
        )
    lines = [
        Line2D([], [], **BOUND_LINE, label="positions shuffled"),
        Line2D([], [], **MOST_LINE, label="most possible"),
    ]
    arm_legend(figure, arms, lines)
    return figure


def _draw_set(
    figure: SubFigure,
    table: pd.DataFrame,
    curve: pd.DataFrame,
    tests: pd.DataFrame,
    arms: Sequence[str],
) -> None:
    kinds = list(table.kind.unique())
    axes = figure.subplots(1, len(kinds) + len(LABELS))
    for ax, kind in zip(axes, kinds, strict=False):
        _draw_curve(ax, curve[curve.kind == kind], arms)
        ax.set_title(KIND_LABELS.get(kind, kind))
    axes[0].set_ylabel("Enrichment")
    for ax, (metric, name) in zip(axes[len(kinds) :], LABELS.items(), strict=True):
        by_kind(ax, table[table.metric == metric], tests[tests.metric == metric], arms, BOUND)
        ax.set_ylabel(name)


def _draw_curve(ax: Axes, curve: pd.DataFrame, arms: Sequence[str]) -> None:
    """Draw enrichment against the share of bases that is ranked highest."""
    ax.plot("top", "most", data=curve.groupby("top", as_index=False).most.mean(), **MOST_LINE)
    seed_curves(ax, curve, "top", "enrichment", arms)
    shuffled = curve[curve.arm == BOUND].groupby("top", as_index=False).enrichment.mean()
    ax.plot("top", "enrichment", data=shuffled, **BOUND_LINE)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    ax.set_xlabel("Highest bases")
    ax.set_ylim(bottom=0)
