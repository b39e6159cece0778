"""The look of all figures: sizes, colours, and the few ways in which values are drawn."""

import hashlib
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from attprior.files import atomic_write
from attprior.numbers import interval_text, short

PAGE_WIDTH = 7.0  # inches: a journal's two columns
DPI = 200
# told apart by lightness as well as hue, so by anyone and in print
ARM_COLOURS = ("#5B7C99", "#E07B00")
# Okabe and Ito's palette
BASE_COLOURS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}
GREY, PALE = "#767676", "#C4C4C4"
SIDES = {"+": 1, "-": -1, ".": 1}  # of profiles: the minus strand hangs down
CALLER_LABELS = {"finemo": "In contributions (Fi-NeMo)", "fimo": "In sequence (FIMO)"}
KIND_LABELS = {"gradient": "Gradient × input", "deepshap": "DeepSHAP"}

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    # a panel does not cover what hangs into it from its neighbour
    "axes.facecolor": "none",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    # letters stay letters: they can be searched, and edited in a drawing program
    "svg.fonttype": "none",
    # equal tables give equal files
    "svg.hashsalt": "attprior",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style within the block; works as a decorator too."""
    with plt.rc_context(RC):
        yield


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each path, in the format that its suffix names, and close it."""
    with plt.rc_context(RC):
        for path in map(Path, paths):
            kind = path.suffix[1:]
            with atomic_write(path) as temporary:
                metadata = {"Date": None} if kind == "svg" else None
                figure.savefig(temporary, format=kind, metadata=metadata)
                if kind == "svg":
                    text = numbered_clips(in_thousandths(temporary.read_text(encoding="utf-8")))
                    temporary.write_text(text, encoding="utf-8")
    plt.close(figure)


def in_thousandths(text: str) -> str:
    """Cut the coordinates of an SVG after three digits, and no number that is written in it.

    A thousandth of a point is not seen, but makes files a third smaller.
    """
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d{3})\d+", r"\1", tag[0]), text)


def numbered_clips(text: str) -> str:
    """Name the clip paths of an SVG by its content and their number.

    matplotlib names them by where they are in memory, which differs from run to run.
    """
    clips = re.findall(r'<clipPath id="(p[0-9a-f]{10})"', text)
    if not clips:
        return text
    name = re.compile("|".join(clips))
    # figures on one page must not share names
    content = hashlib.sha256(name.sub("", text).encode()).hexdigest()[:8]
    numbers = {clip: f"p{content}_{number}" for number, clip in enumerate(clips)}
    return name.sub(lambda found: numbers[found[0]], text)


def label(name: str, width: int = 34) -> str:
    """Name of an arm, task or metric as people write it, in lines of a width in letters."""
    return "\n".join(textwrap.wrap(name.replace("_", " "), width)) or name


def arm_colours(arms: Sequence[str]) -> dict[str, str]:
    """Colour of each arm of a comparison; the first of the two is always the same."""
    return dict(zip(arms, ARM_COLOURS, strict=True))


def arm_legend(figure: FigureBase, arms: Sequence[str], extra: Iterable[Line2D] = ()) -> None:
    """Put a legend of the arms, and of further lines, above all panels."""
    handles = [
        *(Patch(color=colour, label=label(arm)) for arm, colour in arm_colours(arms).items()),
        *extra,
    ]
    letters = sum(max(map(len, h.get_label().split("\n"))) + 6 for h in handles)
    columns = len(handles) if letters <= 105 else 2  # what fits the page's width
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def message(text: str) -> Figure:
    """Make a figure that says why there is none."""
    with plt.rc_context(RC):
        figure = plt.figure(figsize=(PAGE_WIDTH, 1))
        figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY, fontsize=9)
        return figure


def points(
    ax: Axes,
    x: float,
    values: ArrayLike,
    colour: str,
    width: float = 0.3,
    crossed: ArrayLike = False,
) -> None:
    """Draw each value as a dot, or a cross where so marked, and their mean as a black bar."""
    values = np.asarray(values, dtype=float)
    crossed = np.broadcast_to(crossed, values.shape)[np.isfinite(values)]
    values = values[np.isfinite(values)]
    if not len(values):
        return
    # evenly spread, and the same each time; a few seeds need less room than many
    spread = width * min(1, len(values) / 12)
    order = np.random.default_rng(0).permutation(len(values))
    offset = (order + 0.5) / len(values) - 0.5
    place = x + spread * offset
    dots = ~crossed
    ax.scatter(place[dots], values[dots], s=9, color=colour, alpha=0.6, linewidths=0)
    ax.scatter(place[crossed], values[crossed], s=16, color=colour, marker="x", linewidths=0.9)
    ax.plot([x - width / 2, x + width / 2], [values.mean()] * 2, color="black", lw=1)


def distribution(ax: Axes, x: float, values: ArrayLike, colour: str, width: float = 0.5) -> None:
    """Draw many values as dots with a box (quartiles, median, whiskers of 1.5 ranges) on top."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return
    offset = np.random.default_rng(0).uniform(-width / 2, width / 2, len(values))
    # thousands of dots are a blot, and a heavy file
    shown = np.linspace(0, len(values) - 1, min(len(values), 500)).astype(int)
    ax.scatter(x + offset[shown], values[shown], s=4, color=colour, alpha=0.35, linewidths=0)
    line = {"color": "black", "lw": 0.8}
    ax.boxplot(
        values,
        positions=[x],
        widths=width * 0.45,
        showfliers=False,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops={"color": "black", "lw": 1.4},
        manage_ticks=False,
    )


def by_kind(
    ax: Axes, table: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str], bound: str
) -> None:
    """Draw a metric of both arms by kind of attribution, with their difference beneath.

    Parameters
    ----------
    table
        A metric's values of each example: columns arm, fold, seed, kind, example, value.
    tests
        Differences of the arms by kind.
    arms
        The two arms. A dot is an example, a mean over seeds; a diamond is a seed in a fold.
    bound
        The arm whose mean is drawn as a dotted line.
    """
    colours, kinds = arm_colours(arms), list(table.kind.unique())
    for x, kind in enumerate(kinds):
        values = table[table.kind == kind]
        for side, arm in zip((-0.21, 0.21), arms, strict=True):
            own = values[values.arm == arm]
            examples = own.groupby(["fold", "example"]).value.mean()
            distribution(ax, x + side, examples, colours[arm], width=0.34)
            seeds = own.groupby(["fold", "seed"]).value.mean()
            place = x + side + np.linspace(-0.05, 0.05, len(seeds)) * (len(seeds) > 1)
            mark = {"marker": "D", "color": "white", "edgecolors": "black", "linewidths": 0.5}
            ax.scatter(place, seeds, s=np.clip(40 / len(seeds), 2, 7), zorder=5, **mark)
        shuffled = values.value[values.arm == bound].mean()
        ax.plot([x - 0.45, x + 0.45], [shuffled] * 2, color=GREY, lw=0.9, ls=":")
    found = {test.kind: test for test in tests.itertuples()}
    # two lines for each kind, so that names stand clear of each other
    titles = [textwrap.wrap(KIND_LABELS.get(kind, kind), 9) + [""] for kind in kinds]
    names = [
        "\n".join([*title[:2], difference_text(found[kind], ("\n", ",\n"))])
        for title, kind in zip(titles, kinds, strict=True)
    ]
    ax.set_xticks(range(len(kinds)), names, fontsize=6)
    ax.set_xlim(-0.5, len(kinds) - 0.5)


def seed_curves(ax: Axes, curve: pd.DataFrame, x: str, y: str, arms: Sequence[str]) -> None:
    """Draw a thin line for each seed in a fold, and the mean of an arm's as a thick one."""
    for arm, colour in arm_colours(arms).items():
        own = curve[curve.arm == arm]
        for _, line in own.groupby(["fold", "seed"]):
            ax.plot(line[x], line[y], color=colour, lw=0.4, alpha=0.5)
        mean = own.groupby(x)[y].mean()
        ax.plot(mean.index, mean, color=colour, lw=1.3, zorder=3)


def difference_text(test, between: Sequence[str] = (" ", ", ")) -> str:
    """Difference of the arms and its 95 % interval, of a row of a table of tests, in short.

    Parameters
    ----------
    between
        What stands between the difference and the interval, and between the interval's bounds.
    """
    interval = interval_text(test.low, test.high, between[1])
    return f"{short(test.difference, '+')}{between[0]}{interval}"
