"""Figure of example loci: tracks over the input, and logos where contributions lie."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from attprior.plotting.logo import draw_logo, heights, logo_window
from attprior.plotting.style import GREY, PAGE_WIDTH, arm_colours, label, message, styled


@styled()
def plot(table: pd.DataFrame, arms: Sequence[str], flank: int) -> Figure:
    """Draw DeepSHAP contributions at each locus, arms side by side and a row per seed.

    Parameters
    ----------
    table
        As `attprior.analyses.loci.tables.loci_table` makes it.
    arms
        The two arms.
    flank
        Half the width (bp) of the stretch that the logos show, which is where most contribution is.
    """
    if table.empty:
        return message("No peaks were sampled")
    colours = arm_colours(arms)
    loci, seeds = list(table.locus.unique()), list(table.seed.unique())
    figure = plt.figure(figsize=(PAGE_WIDTH, len(loci) * (0.6 + 0.72 * len(seeds))))
    figure.get_layout_engine().set(h_pad=0.025, hspace=0)
    blocks = figure.subfigures(len(loci), 1, squeeze=False)[:, 0]
    for block, locus in zip(blocks, loci, strict=True):
        rows = table[table.locus == locus]
        start, end = logo_window(rows, 2 * flank)
        chrom = locus.rsplit(":", 1)[0]
        block.suptitle(f"{locus}, logos of {chrom}:{start}-{end}", fontsize=7.5, weight="bold")
        ratios = {"height_ratios": [0.6, 1] * len(seeds), "hspace": 0}
        grid = block.subplots(2 * len(seeds), 2, squeeze=False, gridspec_kw=ratios)
        for column, arm in enumerate(arms):
            of_arm = rows[rows.arm == arm]
            limits = of_arm.contribution.min(), of_arm.contribution.max()
            margin = 0.08 * (limits[1] - limits[0]) or 1
            for i, seed in enumerate(seeds):
                track, logo = grid[2 * i, column], grid[2 * i + 1, column]
                values = of_arm[of_arm.seed == seed]
                track.axvspan(start, end, color="#EEEEEE", lw=0)
                track.fill_between(values.position, values.contribution, color=colours[arm], lw=0.3)
                track.set_xlim(values.position.min(), values.position.max())
                inside = values[(values.position >= start) & (values.position < end)]
                if len(inside):
                    draw_logo(logo, heights(inside), start)
                for ax in (track, logo):
                    ax.set_ylim(limits[0] - margin, limits[1] + margin)
                    ax.set_xticks([])
                    ax.set_yticks([])
                    ax.spines[:].set_visible(False)
                if column == 0:
                    track.set_ylabel(
                        f"seed {seed}", rotation=0, ha="right", va="center", color=GREY
                    )
            grid[0, column].set_title(label(arm, 48), color=colours[arm])
    return figure
