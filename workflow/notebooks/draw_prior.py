"""Draw the prior in a picture: from tracks of attributions to their losses.

Usage: bash envs/run python workflow/notebooks/draw_prior.py workflow/notebooks/images/prior.svg
The two tracks are made up; all that follows from them is computed by `attprior.priors`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import matplotlib.pyplot as plt
import numpy as np
import torch
from attprior.plotting.style import ARM_COLOURS, GREY, PAGE_WIDTH, save, styled
from attprior.priors import fourier_losses, frequency_weights, smooth
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

LENGTH, FREQ_LIMIT, SOFTNESS, SIGMA = 400, 60, 0.2, 3
SITES, SITE_WIDTH = (60, 190, 300), 12
NAMES = ("Noise over the input,\nsites hard to see", "The same sites,\nlittle else")


def made_up_tracks() -> NDArray:
    """Two tracks (2, L), summed sizes of contributions: the same sites in much and in little noise."""
    rng = np.random.default_rng(1)
    tracks = np.abs(rng.normal(size=(2, LENGTH))) * [[0.5], [0.04]]
    for start in SITES:
        shape = np.sin(np.linspace(0.3, np.pi - 0.3, SITE_WIDTH))
        tracks[:, start : start + SITE_WIDTH] += shape * rng.uniform(0.7, 1.3, SITE_WIDTH)
    return tracks


@styled()
def draw(tracks: NDArray) -> Figure:
    """Draw a row for each track (2, L): it, it smoothed, its spectrum and the weights, its loss."""
    smoothed = smooth(torch.from_numpy(tracks), SIGMA)
    magnitudes = torch.fft.rfft(smoothed).abs()
    shares = (magnitudes / magnitudes.sum(dim=1, keepdim=True)).numpy()
    weights = frequency_weights(LENGTH, FREQ_LIMIT, SOFTNESS).numpy()
    attributions = (
        torch.from_numpy(tracks)[:, None] * torch.eye(4, dtype=torch.float64)[:1, :, None]
    )
    losses = fourier_losses(attributions, FREQ_LIMIT, SOFTNESS, SIGMA).tolist()

    figure, grid = plt.subplots(
        2, 4, figsize=(PAGE_WIDTH, 2.9), gridspec_kw={"width_ratios": [1.3, 1.3, 1.5, 0.55]}
    )
    titles = ["1  track", "2  smoothed", "3  spectrum, and weights", "4  loss"]
    for ax, title in zip(grid[0], titles, strict=True):
        ax.set_title(title, loc="left", weight="bold")
    frequency = np.arange(1, LENGTH // 2 + 1)
    for row, colour, name, track, smooth_track, share, loss in zip(
        grid, ARM_COLOURS, NAMES, tracks, smoothed.numpy(), shares, losses, strict=True
    ):
        for ax, values in zip(row, (track, smooth_track), strict=False):
            ax.fill_between(range(LENGTH), values, color=colour, lw=0.3)
            ax.set_xlim(0, LENGTH)
            ax.set_ylim(0, 1.05 * values.max())
            ax.set_yticks([])
        row[0].set_ylabel(name)
        spectrum = row[2]
        spectrum.fill_between(frequency, share[1:], color=colour, alpha=0.3, lw=0)
        spectrum.fill_between(frequency, share[1:] * weights, color=colour, lw=0)
        spectrum.text(
            *(
                0.97,
                0.97,
                f"constant {share[0]:.0%}\npast the limit {share[FREQ_LIMIT + 1 :].sum():.0%}",
            ),
            **{"ha": "right", "va": "top", "fontsize": 6.5, "transform": spectrum.transAxes},
        )
        spectrum.set_xlim(0, LENGTH // 2)
        spectrum.set_ylim(0, 1.9 * shares[:, 1:].max())
        spectrum.set_yticks([0, 0.05, 0.1])
        spectrum.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        of_weights = spectrum.twinx()
        of_weights.plot(frequency, weights, color="black", lw=1)
        of_weights.set_ylim(0, 1.7)
        of_weights.set_yticks([0, 1])
        of_weights.spines["right"].set_visible(True)
        of_weights.set_ylabel("weight", y=0.3)
        row[3].bar([0], [loss], color=GREY, width=0.6)
        row[3].text(0, loss, f"{loss:.2f}", ha="center", va="bottom", fontsize=8, weight="bold")
        row[3].set_ylim(0, 1)
        row[3].set_xlim(-0.7, 0.7)
        row[3].set_xticks([])
    for ax in grid[1, :2]:
        ax.set_xlabel("Position (bp)")
    grid[1, 2].set_xlabel("Frequency (cycles over the input)")
    return figure


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: draw_prior.py IMAGE.svg, or several images")
    save(draw(made_up_tracks()), *sys.argv[1:])
