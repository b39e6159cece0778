"""Figure of filtered attributions against those of the prior."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from attprior.analyses.low_pass.tables import CUT, WEIGHTED, filtered
from attprior.plotting.style import (
    PAGE_WIDTH,
    arm_colours,
    difference_text,
    distribution,
    label,
    message,
    styled,
)

LABELS = {
    "high_frequency_share": "High-frequency share",
    "entropy": "Entropy (bits)",
    "jaccard": "Continuous Jaccard\nbetween seeds",
    "share_in_sites": "Share of |contribution|\nin sites",
    "auprc": "auPRC of bases in sites",
}
# how far a filter's colour lies from the arm's towards white
PALER = {CUT: 0.25, WEIGHTED: 0.5}
NAMES = {CUT: "the same, cut at the limit", WEIGHTED: "the same, weighted as in the prior"}


@styled()
def plot(table: pd.DataFrame, tests: pd.DataFrame, arms: Sequence[str]) -> Figure:
    """Draw each metric of both arms and of the first arm's filtered attributions.

    Parameters
    ----------
    table, tests
        As `attprior.analyses.low_pass.tables` makes them.
    arms
        The two arms.
    """
    if table.empty:
        return message("No peaks were sampled")
    shown = [metric for metric in LABELS if metric in set(table.metric)]
    colours = _colours(arms, set(table.arm))
    figure, axes = plt.subplots(1, len(shown), figsize=(PAGE_WIDTH, 2.7), squeeze=False)
    for ax, metric in zip(axes[0], shown, strict=True):
        values = table[table.metric == metric]
        for x, (name, (colour, _)) in enumerate(colours.items()):
            own = values[values.arm == name].groupby(["fold", "example"]).value.mean()
            distribution(ax, x, own, colour, width=0.6)
        pair = (tests["first"] == filtered(arms[0], CUT)) & (tests["second"] == arms[1])
        for test in tests[pair & (tests.metric == metric)].itertuples():
            # of the two that matter most
            ax.set_title(difference_text(test, ("\n", ", ")), fontsize=6.5)
        ax.set_ylabel(LABELS[metric])
        ax.set_xticks([])
        ax.set_xlim(-0.6, len(colours) - 0.4)
    handles = [Patch(color=colour, label=name) for colour, name in colours.values()]
    columns = 4 if sum(len(name) for _, name in colours.values()) <= 85 else 2
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
    return figure


def _colours(arms: Sequence[str], present: set[str]) -> dict[str, tuple[str, str]]:
    """Colour and words of each variant: the first arm, its filters, the second arm."""
    first, second = arm_colours(arms).values()
    found = {arms[0]: (first, label(arms[0]))}
    for name, share in PALER.items():
        if filtered(arms[0], name) in present:
            paler = to_hex([value + share * (1 - value) for value in to_rgb(first)])
            found[filtered(arms[0], name)] = (paler, NAMES[name])
    return found | {arms[1]: (second, label(arms[1]))}
