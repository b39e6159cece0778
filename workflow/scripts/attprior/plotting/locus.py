"""Figure of one place of the genome: what lies there, and how each seed of each arm explains it."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from attprior.locus import Locus, read_locus
from attprior.plotting.logo import draw_logo, heights, logo_window
from attprior.plotting.style import ARM_COLOURS, GREY, PAGE_WIDTH, PALE, SIDES, label, styled

# inches
LANE, PROFILE, TRACK, LOGO, TEXT = 0.15, 0.62, 0.28, 0.42, 0.45
LETTER = 0.055  # width of a small letter
SHADE = "#EEEEEE"


@styled()
def plot_locus(
    locus: str,
    of: str,
    contributions: pd.DataFrame,
    predictions: pd.DataFrame,
    features: pd.DataFrame,
    firsts: Sequence[str],
    flank: int,
) -> Figure:
    """Draw a locus: features, then each arm's predictions and contributions, then logos.

    Parameters
    ----------
    locus
        As genome browsers write it.
    of
        Condition and model, for the title.
    contributions, predictions
        Tables of `attprior.attribution.locus.attribute_locus` under each other, with a column `arm`.
    features
        As `attprior.analyses.locus.features_table` makes it.
    firsts
        Arms that a comparison names first.
    flank
        Half the width (bp) of the stretch that logos show, which is where most contribution is.
    """
    where = read_locus(locus, "locus")
    arms, seeds = list(contributions.arm.unique()), list(contributions.seed.unique())
    tasks = list(predictions.task.unique())
    colours = {arm: ARM_COLOURS[arm not in firsts] for arm in arms}
    stretch = logo_window(contributions, 2 * flank)
    lanes = list(dict.fromkeys(zip(features.kind, features.source, strict=True)))
    of_arm = [*([PROFILE] * len(tasks)), *([TRACK] * len(seeds))]
    upper = [LANE * max(len(lanes), 1), *(of_arm * len(arms))]
    lower = [LOGO] * (len(arms) * len(seeds))
    sizes = [sum(upper) + TEXT + 0.2 * len(arms), sum(lower) + TEXT + 0.2 * len(arms)]
    figure = plt.figure(figsize=(PAGE_WIDTH, sum(sizes) + 0.3))
    figure.get_layout_engine().set(h_pad=0.02, hspace=0)
    fold, split = contributions.fold[0], contributions.split[0]
    figure.suptitle(f"{where}; {of}, {fold} ({split} chromosome)", fontsize=7.5, weight="bold")
    above, below = figure.subfigures(2, 1, height_ratios=sizes)
    axes = iter(_stack(above, upper, sharex=True))
    _features(next(axes), where, features, lanes)
    for arm in arms:
        own = predictions[predictions.arm == arm]
        panels = [next(axes) for _ in tasks]
        panels[0].set_title(label(arm, 80), color=colours[arm], loc="left", pad=2)
        for ax, task in zip(panels, tasks, strict=True):
            everyone = predictions[predictions.task == task]
            _predictions(ax, own[own.task == task], everyone, colours[arm])
            _side(ax, label(task, 16) if len(tasks) > 1 else "")
        values = contributions[contributions.arm == arm]
        for seed in seeds:
            ax = next(axes)
            track = values[values.seed == seed]
            ax.axvspan(*stretch, color=SHADE, lw=0)
            ax.fill_between(
                track.position + 0.5, track.contribution, step="mid", color=colours[arm], lw=0.3
            )
            _bare(ax, values.contribution, seed)
    _positions(ax, where.chrom, (where.start, where.end))
    axes = iter(_stack(below, lower))
    inside = contributions[contributions.position.between(stretch[0], stretch[1] - 1)]
    for arm in arms:
        values = inside[inside.arm == arm]
        for i, seed in enumerate(seeds):
            ax = next(axes)
            draw_logo(ax, heights(values[values.seed == seed]), stretch[0])
            _bare(ax, values.contribution, seed)
            if i == 0:
                ax.set_title(label(arm, 80), color=colours[arm], loc="left", pad=2)
    _positions(ax, where.chrom, stretch)
    return figure


def _stack(figure: SubFigure, sizes: Sequence[float], sharex: bool = False) -> list[Axes]:
    """Axes under each other, of these heights."""
    ratios = {"height_ratios": sizes, "hspace": 0}
    return list(
        figure.subplots(len(sizes), 1, squeeze=False, sharex=sharex, gridspec_kw=ratios)[:, 0]
    )


def _features(
    ax: Axes, locus: Locus, features: pd.DataFrame, lanes: Sequence[tuple[str, str]]
) -> None:
    """Draw a lane of boxes for each source; a peak's summit is a black line."""
    room = LETTER / PAGE_WIDTH * (locus.end - locus.start) * 1.2
    for y, (kind, source) in enumerate(lanes):
        rows = features[(features.kind == kind) & (features.source == source)]
        # a name stands after its box where there is room up to the next box
        following = [*rows.start[1:], locus.end]
        for row, following_start in zip(rows.itertuples(), following, strict=True):
            start, end = max(row.start, locus.start), min(row.end, locus.end)
            ax.broken_barh([(start, end - start)], (y - 0.35, 0.7), color="#A6A6A6", lw=0)
            if not pd.isna(row.summit) and locus.start <= row.summit < locus.end:
                ax.vlines(row.summit + 0.5, y - 0.35, y + 0.35, color="black", lw=0.8)
            fits = end + room * (len(row.name) + 1) < min(following_start, locus.end)
            if kind != "peak" and row.name != "." and fits:
                ax.text(end + room / 2, y, row.name, fontsize=5, va="center", color=GREY)
    ax.set_ylim(max(len(lanes), 1) - 0.4, -0.6)
    names = [f"{kind}s, {label(source, 40)}" for kind, source in lanes]
    ax.set_yticks(range(len(lanes)), names, fontsize=5.5)
    if not lanes:
        ax.text(0.5, 0.5, "no peak or site", transform=ax.transAxes, ha="center", color=GREY)
    ax.tick_params(length=0, labelbottom=False)
    ax.spines[:].set_visible(False)


def _predictions(ax: Axes, own: pd.DataFrame, everyone: pd.DataFrame, colour: str) -> None:
    """Draw a task's observed values in grey, and a line for each seed; the minus strand hangs."""
    for strand, values in own.groupby("strand", sort=False):
        for i, (_, seed) in enumerate(values.groupby("seed")):
            # the last value once more, so that its step has a width
            edges = np.append(seed.start, seed.end.iloc[-1])
            observed, predicted = (
                SIDES[strand] * np.append(v, v.iloc[-1]) for v in (seed.observed, seed.predicted)
            )
            if i == 0 and np.isfinite(observed).any():
                ax.fill_between(edges, observed, step="post", color=PALE, lw=0)
            ax.step(edges, predicted, where="post", color=colour, lw=0.5, alpha=0.8)
    signed = everyone[["observed", "predicted"]].mul(everyone.strand.map(SIDES), axis=0)
    if own.observed.isna().all():
        ax.set_ylim(0, 1)
    else:
        low, high = np.nanmin(signed.to_numpy()), np.nanmax(signed.to_numpy())
        ax.set_ylim(min(low, 0), max(high, 1))
    ax.yaxis.set_major_locator(MaxNLocator(3, integer=own.observed.notna().any()))
    # no count is negative, whichever side it is drawn on
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.axhline(0, color=GREY, lw=0.4)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(bottom=False, labelbottom=False, labelsize=5.5)
    ax.set_ylabel("P(bound)" if own.observed.isna().all() else "5′ ends\nper bp", fontsize=5.5)


def _side(ax: Axes, text: str) -> None:
    """Name a panel at its right upper corner."""
    ax.text(1, 0.98, text, transform=ax.transAxes, ha="right", va="top", fontsize=5.5, color=GREY)


def _bare(ax: Axes, values: pd.Series, seed: int) -> None:
    """Give axes limits of some values, a seed as their name, and nothing else."""
    low, high = min(values.min(), 0), max(values.max(), 0)
    margin = 0.08 * (high - low) or 1
    ax.set_ylim(low - margin, high + margin)
    ax.set_yticks([])
    ax.tick_params(bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_ylabel(f"seed {seed}", rotation=0, ha="right", va="center", color=GREY, fontsize=6)


def _positions(ax: Axes, chrom: str, limits: tuple[int, int]) -> None:
    """Draw the lowest axes' positions."""
    ax.set_xlim(*limits)
    ax.spines["bottom"].set_visible(True)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.tick_params(bottom=True, labelbottom=True)
    ax.set_xlabel(f"Position on {chrom} (bp)")
