"""Figure of which seeds explain a peak alike: a heat map and a tree for each locus."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from scipy.cluster.hierarchy import dendrogram

from attprior.analyses.seeds.tables import tree
from attprior.plotting.style import PAGE_WIDTH, arm_colours, arm_legend, message, styled

WIDE = 3  # loci side by side
COLOURS = "cividis"


@styled()
def plot(table: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw the similarity of all seeds at each locus, in the order of their tree.

    Parameters
    ----------
    table
        As `attprior.analyses.seeds.tables.seeds_table` makes it.
    arms
        The two arms.
    """
    if table.empty:
        return message("No peaks were sampled")
    loci = list(table.locus.unique())
    high = -(-len(loci) // WIDE)
    figure = plt.figure(figsize=(PAGE_WIDTH, 1.0 + 2.6 * high))
    arm_legend(figure, arms)
    *blocks, foot = figure.subfigures(high + 1, 1, height_ratios=[*[2.6] * high, 0.65])
    places = [place for block in blocks for place in block.subfigures(1, WIDE)]
    # the colours of all loci say the same; each with itself says nothing
    others = table[(table.arm != table.other_arm) | (table.seed != table.other_seed)]
    values = others.similarity if len(others) else table.similarity
    norm = Normalize(values.min(), values.max())
    for place, locus in zip(places, loci, strict=False):
        _locus(place, table[table.locus == locus], arms, norm)
    bar = foot.add_axes((0.3, 0.7, 0.4, 0.15))
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), cax=bar, orientation="horizontal")
    bar.set_label("Continuous Jaccard, mean over positions")
    return figure


def _locus(figure: SubFigure, rows: pd.DataFrame, arms: Sequence[str], norm: Normalize) -> None:
    """Draw the tree of a locus, and beneath it the heat map with its clusters framed."""
    own = rows.drop_duplicates(["arm", "seed"]).sort_values("order")
    seeds = list(zip(own.arm, own.seed, strict=True))
    wide = rows.pivot(index=["arm", "seed"], columns=["other_arm", "other_seed"])["similarity"]
    similarity = wide.loc[seeds, seeds].to_numpy()
    top, ax = figure.subplots(2, 1, height_ratios=[1, 4])
    if len(seeds) > 1:
        # its leaves are 10 wide, and in the same order as the table's up to turned branches
        linked = tree(similarity)
        drawn = dendrogram(
            linked, ax=top, color_threshold=0, above_threshold_color="black", no_labels=True
        )["leaves"]
        for line in top.collections:
            line.set_linewidth(0.7)
    else:
        drawn = [0]
    top.set_axis_off()
    top.set_title(rows.locus.iloc[0], fontsize=7)
    own, similarity = own.iloc[drawn], similarity[drawn][:, drawn]
    ax.imshow(similarity, cmap=COLOURS, norm=norm, aspect="auto")
    _frames(ax, own.cluster.tolist())
    _names(ax, own, arms)


def _frames(ax: Axes, clusters: Sequence[int]) -> None:
    """Frame the clusters, whose members stand side by side."""
    for cluster in dict.fromkeys(clusters):
        first, number = clusters.index(cluster), clusters.count(cluster)
        ax.add_patch(
            Rectangle((first - 0.5, first - 0.5), number, number, fill=False, ec="white", lw=1.4)
        )


def _names(ax: Axes, own: pd.DataFrame, arms: Sequence[str]) -> None:
    """Name rows and columns by their seeds, in the arms' colours."""
    colours = arm_colours(arms)
    size = min(6.5, 90 / len(own))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(range(len(own)), own.seed.astype(str), fontsize=size, weight="bold")
        for text, arm in zip(axis.get_ticklabels(), own.arm, strict=True):
            text.set_color(colours[arm])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("Seed")
    ax.set_ylabel("Seed")
