"""Figures of quality control: one of an experiment, and one of all."""

import textwrap
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from attprior.plotting.style import GREY, PAGE_WIDTH, label, styled
from attprior.qc.standards import BAD, GOOD, LEFT_OUT, METRICS, NONE, WARNING
from attprior.qc.strands import HIGHEST, LOWEST
from attprior.qc.tracks import WINDOW

# Okabe and Ito's, told apart by anyone; signs say the same without colour
VERDICT_COLOURS = {GOOD: "#56B4E9", WARNING: "#F0E442", BAD: "#D55E00", NONE: "#E8E8E8"}
VERDICT_SIGNS = {GOOD: "✓", WARNING: "!", BAD: "✗", NONE: ""}
FIRST, SECOND = "#0072B2", GREY
NOTE = 125  # letters in a line of the warnings


def value_text(metric: str, value: float) -> str:
    """A metric's value as people read it."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞"
    if metric.startswith("share") or metric in ("FRiP", "peak_GC", "negative_GC"):
        return f"{value:.1%}"
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


@styled()
def plot_experiment(
    verdicts: pd.DataFrame,
    curve: pd.DataFrame,
    intervals: pd.DataFrame,
    fingerprint: pd.DataFrame | None,
    replicates: pd.DataFrame | None,
    experiment: str,
    assay: str,
) -> Figure:
    """Draw an experiment's quality: the verdicts, and what they come from.

    What does not apply to the experiment says why instead.

    Parameters
    ----------
    verdicts
        What `attprior.qc.standards.judge` returns.
    curve
        Strand cross-correlation: shift, correlation; empty without strands.
    intervals
        Peaks and random intervals: kind, width, GC; empty without peaks.
    fingerprint
        Columns sample, share_of_bins, share_of_reads.
    replicates
        Reads in bins, a column for each replicate.
    experiment, assay
        Its name and assay, for the title.
    """
    texts = dict.fromkeys(["threshold", "verdict", "source", "note"], "")
    verdicts = verdicts.astype(dict.fromkeys(texts, object)).fillna(texts)
    values = verdicts.set_index("metric").value
    why = verdicts.set_index("metric").note.str.removeprefix(LEFT_OUT)
    words = _sentences(verdicts)
    rows = -(-len(METRICS) // 3)
    heights = [0.165 * rows + 0.1, 0.125 * len(words) + 0.12, 1.75, 1.75]
    figure = plt.figure(figsize=(PAGE_WIDTH, sum(heights) + 0.3))
    figure.suptitle(f"{experiment}, {assay}", fontsize=9, fontweight="bold")
    table, notes, upper, lower = figure.subfigures(4, 1, height_ratios=heights)
    _verdicts(table, verdicts, rows)
    _words(notes, words)
    panels = [*upper.subplots(1, 3), *lower.subplots(1, 3)]
    _funnel(panels[0], values)
    if fingerprint is None:
        _absent(panels[1], "Fingerprint", why["fingerprint_JSD"])
    else:
        _fingerprint(panels[1], fingerprint)
    if curve.empty:
        _absent(panels[2], "Strand cross-correlation", why["NSC"] or "no reads on both strands")
    else:
        _cross_correlation(panels[2], curve, values)
    if intervals.empty:
        _absent(panels[3], "Peak widths", why["peaks"])
        _absent(panels[4], "GC content", why["peaks"])
    else:
        _widths(panels[3], intervals)
        _content(panels[4], intervals)
    if replicates is None or replicates.empty:
        _absent(panels[5], "Replicates", why["Pearson"])
    else:
        _replicates(panels[5], replicates, values)
    return figure


def _sentences(verdicts: pd.DataFrame) -> list[str]:
    """Lines that tell what misses a standard, and what is left out."""
    missed = [
        f"{VERDICT_SIGNS[row.verdict]} {METRICS[row.metric]} {value_text(row.metric, row.value)} "
        f"({row.threshold}): {row.note}"
        for row in verdicts[verdicts.verdict.isin([WARNING, BAD])].itertuples()
    ]
    absent = verdicts[verdicts.note.str.startswith(LEFT_OUT)].groupby("note", sort=False)
    missing = [
        f"– {', '.join(METRICS[metric] for metric in rows.metric)}: {note}" for note, rows in absent
    ]
    sentences = [*(missed or ["Nothing misses a standard."]), *missing]
    return [
        line for text in sentences for line in textwrap.wrap(text, NOTE, subsequent_indent="   ")
    ]


def _verdicts(figure, verdicts: pd.DataFrame, rows: int) -> None:
    """Draw all metrics in three columns, with a square in the verdict's colour."""
    ax = figure.subplots()
    ax.set(xlim=(0, 3), ylim=(rows, -0.4))
    ax.axis("off")
    for number, row in enumerate(verdicts.itertuples()):
        x, y = number // rows, number % rows + 0.5
        colour = VERDICT_COLOURS[row.verdict]
        ax.add_patch(Rectangle((x, y - 0.4), 0.045, 0.8, color=colour, lw=0))
        sign = VERDICT_SIGNS[row.verdict]
        ax.text(x + 0.0225, y, sign, ha="center", va="center", fontsize=6)
        shown = GREY if np.isnan(row.value) else "black"
        ax.text(x + 0.07, y, METRICS[row.metric], va="center", color=shown)
        ax.text(
            x + 0.93, y, value_text(row.metric, row.value), va="center", ha="right", color=shown
        )


def _words(figure, words: list[str]) -> None:
    figure.text(0.012, 0.5, "\n".join(words), va="center", fontsize=6.5, linespacing=1.3)


def _absent(ax: Axes, title: str, why: str) -> None:
    ax.set_title(title)
    ax.axis("off")
    text = textwrap.fill(f"left out: {why}", 30)
    ax.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=ax.transAxes)


def _funnel(ax: Axes, values: Mapping[str, float]) -> None:
    """How many reads are left after each step."""
    mapped = values["reads"] * values["share_mapped"]
    steps = {
        "Reads": values["reads"],
        "Mapped": mapped,
        "Kept": values["reads_kept"],
        "Fragments": values["fragments"],
        "Distinct": values["distinct_fragments"],
        "5′ ends": values["ends"],
        "in peaks": values["ends"] * values["FRiP"],
    }
    steps = {name: number for name, number in steps.items() if np.isfinite(number)}
    y = np.arange(len(steps))
    ax.barh(y, steps.values(), color=FIRST, height=0.6)
    most = max(steps.values())
    for at, number in zip(y, steps.values(), strict=True):
        ax.text(number + 0.03 * most, at, value_text("reads", number), va="center", fontsize=6)
    ax.set_yticks(y, steps.keys())
    ax.set(title="From reads to peaks", xlabel="Number", xlim=(0, 1.35 * most), ylim=(6.6, -0.6))
    ax.xaxis.set_major_formatter(EngFormatter(sep=" "))
    ax.xaxis.set_major_locator(MaxNLocator(3))


def _fingerprint(ax: Axes, fingerprint: pd.DataFrame) -> None:
    ax.plot([0, 1], [0, 1], color=GREY, lw=0.6, ls=":", label="even")
    styles = {"sample": (FIRST, "-"), "control": (SECOND, "--")}
    for name, table in fingerprint.groupby("sample", sort=False):
        colour, line = styles[name]
        ax.plot(table.share_of_bins, table.share_of_reads, color=colour, ls=line, lw=1, label=name)
    ax.set(title="Fingerprint", xlabel="Bins, emptiest first", ylabel="Share of reads")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(loc="upper left")


def _cross_correlation(ax: Axes, curve: pd.DataFrame, values: Mapping[str, float]) -> None:
    ax.plot(curve["shift"], curve.correlation, color=FIRST, lw=0.9)
    low, high = ax.get_ylim()
    marks = {"fragment_length": ("peak", "-"), "phantom_length": ("phantom peak", ":")}
    for metric, (name, line) in marks.items():
        at = values[metric]
        if np.isfinite(at):
            text = f"{name}, {at:.0f} bp"
            ax.plot([at, at], [low, high], color="black", ls=line, lw=0.7, label=text)
    ax.set(
        title="Strand cross-correlation",
        xlabel="Shift of strands (bp)",
        ylabel="Pearson correlation",
        xlim=(LOWEST, HIGHEST),
        # the legend has its own room over the curve
        ylim=(low, high + 0.35 * (high - low)),
    )
    ax.xaxis.set_major_locator(MultipleLocator(500))
    ax.legend(loc="upper right", borderpad=0)


def _widths(ax: Axes, intervals: pd.DataFrame) -> None:
    widths = intervals.width[intervals.kind == "peak"]
    most = np.percentile(widths, 99)
    low, high = widths.min(), max(most, widths.min() + 10)
    ax.hist(widths.clip(upper=high), bins=np.linspace(low - 0.5, high + 0.5, 40), color=FIRST)
    ax.axvline(widths.median(), color="black", lw=0.7, label=f"median {widths.median():,.0f} bp")
    ax.set(title="Peak widths", xlabel="Width (bp), last bar: all wider", ylabel="Peaks")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    low, high = ax.get_ylim()
    ax.set_ylim(low, 1.2 * high)
    ax.legend(loc="upper right", borderpad=0)


def _content(ax: Axes, intervals: pd.DataFrame) -> None:
    bins = np.linspace(0, 1, 51)
    styles = {"peak": (FIRST, "-", "summits"), "negative": (SECOND, "--", "elsewhere")}
    for kind, (colour, line, name) in styles.items():
        content = intervals.GC[intervals.kind == kind].dropna()
        if len(content):
            shares, _ = np.histogram(
                content, bins=bins, weights=np.full(len(content), 1 / len(content))
            )
            text = f"{name}, mean {content.mean():.0%}"
            ax.stairs(shares, bins, color=colour, ls=line, lw=1, label=text)
    ax.set(title="GC content", xlabel=f"GC content of {WINDOW} bp", ylabel="Share of places")
    ax.set_xlim(*_span(intervals.GC.dropna()))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylim(0, 1.45 * ax.get_ylim()[1])
    ax.legend(loc="upper right", borderpad=0)


def _span(values: pd.Series) -> tuple[float, float]:
    low, high = np.percentile(values, [0.1, 99.9]) if len(values) else (0, 1)
    return max(0, low - 0.05), min(1, high + 0.05)


def _replicates(ax: Axes, counts: pd.DataFrame, values: Mapping[str, float]) -> None:
    """Draw the first two replicates against each other."""
    x, y = counts.iloc[:, 0] + 1, counts.iloc[:, 1] + 1
    ax.scatter(x, y, s=2, color=FIRST, alpha=0.25, linewidths=0, rasterized=True)
    limits = (0.8, 1.5 * max(x.max(), y.max()))
    ax.plot(limits, limits, color=GREY, lw=0.6, ls=":")
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    more = "" if counts.shape[1] == 2 else f" (1, 2 of {counts.shape[1]})"
    ax.set(
        title=f"Replicates{more}",
        xlabel="Reads per bin + 1, replicate 1",
        ylabel="Reads per bin + 1,\nreplicate 2",
    )
    text = f"least Pearson {values['Pearson']:.2f}\nleast Spearman {values['Spearman']:.2f}"
    ax.text(0.04, 0.98, text, transform=ax.transAxes, va="top")


@styled()
def plot_summary(table: pd.DataFrame) -> Figure:
    """Draw all experiments and their metrics, coloured by verdict.

    Parameters
    ----------
    table
        What `attprior.qc.summary.summarise` writes.
    """
    # what no experiment has or is judged by is seen on its own page
    shown = [m for m in METRICS if (table[f"{m}_verdict"] != NONE).any()]
    shown += [m for m in ("fragments", "ends", "peaks") if m not in shown]
    columns = ["overall", *sorted(shown, key=list(METRICS).index)]
    names = {"overall": "Overall"} | METRICS
    height = 1.75 + 0.2 * len(table)
    figure, ax = plt.subplots(figsize=(PAGE_WIDTH, height))
    for y, row in enumerate(table.to_dict("records")):
        for x, column in enumerate(columns):
            found = row["overall"] if column == "overall" else row[f"{column}_verdict"]
            box = Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, color=VERDICT_COLOURS[found], lw=0)
            ax.add_patch(box)
            text = VERDICT_SIGNS[found] if column == "overall" else value_text(column, row[column])
            dark = "white" if found == BAD else "black"
            ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=6, color=dark)
    ax.set(xlim=(0, len(columns)), ylim=(len(table), 0))
    ax.set_xticks(
        np.arange(len(columns)) + 0.5,
        [label(names[column], 18) for column in columns],
        rotation=45,
        ha="left",
        rotation_mode="anchor",
    )
    ax.xaxis.tick_top()
    ax.set_yticks(
        np.arange(len(table)) + 0.5,
        [f"{row.experiment} ({row.assay})" for row in table.itertuples()],
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    handles = [
        Patch(color=VERDICT_COLOURS[found], label=f"{VERDICT_SIGNS[found]} {name}".strip())
        for found, name in (
            (GOOD, "good"),
            (WARNING, "warning"),
            (BAD, "bad"),
            (NONE, "no standard, or left out"),
        )
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure
