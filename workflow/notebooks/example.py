"""What both notebooks share: simulated sequences with planted SPI1 sites, sequences of your own, and
the figures. Letters of shapes: N examples, L input positions (bp)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyfaidx
from attprior import metrics
from attprior.errors import InputError
from attprior.genome import Genome
from attprior.peaks import read_peaks
from attprior.plotting.logo import draw_logo
from attprior.plotting.style import GREY, PAGE_WIDTH, arm_colours, styled
from attprior.sequence import one_hot_codes, reverse_complement
from attprior.simulate.draws import human_transitions
from attprior.simulate.genome import UNKNOWN_START, random_chromosome
from attprior.simulate.motifs import jaspar_probabilities
from matplotlib.figure import Figure
from numpy.typing import NDArray

SPI1 = "MA0080.7"
ARMS = ("without prior", "with prior")
WITHOUT_SITE = 0.08
"""Share of the positives that carry no site, as peaks do in which a partner tethers the factor."""
SMOOTH_SIGMA = 3
LOGO_WIDTH = 80
SITE = "#009E73"


@dataclass
class Examples:
    """Sequences and what is known of them.

    Attributes
    ----------
    sequences
        (N, 4, L) float32, one-hot, bases in the order A C G T.
    labels
        (N,) bool: bound or not.
    sites
        (N, L) bool: positions inside a planted site.
    """

    sequences: NDArray
    labels: NDArray
    sites: NDArray

    def __getitem__(self, rows: object) -> "Examples":
        return Examples(self.sequences[rows], self.labels[rows], self.sites[rows])

    def both_strands(self) -> "Examples":
        """These and their reverse complements: (2 N, 4, L)."""
        return Examples(
            np.concatenate([self.sequences, self.sequences[:, ::-1, ::-1]]),
            np.concatenate([self.labels] * 2),
            np.concatenate([self.sites, self.sites[:, ::-1]]),
        )


def simulate(number: int, length: int, seed: int, motif: str = SPI1) -> Examples:
    """Draw sequences with the dinucleotides of the human genome; every other one is a positive.

    A positive carries one to three sites drawn from the motif's JASPAR matrix, on either strand, or
    none (8 %).
    """
    rng = np.random.default_rng(seed)
    chromosome = random_chromosome(UNKNOWN_START + number * length, human_transitions(), rng)
    codes = chromosome[UNKNOWN_START:].reshape(number, length)
    labels = np.arange(number) % 2 == 0
    sites = np.zeros(codes.shape, dtype=bool)
    thresholds = jaspar_probabilities(motif).cumsum(axis=1)[:, :3]
    width = len(thresholds)
    for row in np.flatnonzero(labels):
        if rng.random() < WITHOUT_SITE:
            continue
        for _ in range(rng.integers(1, 4)):
            site = (rng.random((width, 1)) > thresholds).sum(axis=1).astype(np.uint8)
            start = rng.integers(0, length - width, endpoint=True)
            if sites[row, start : start + width].any():
                continue
            codes[row, start : start + width] = (
                site if rng.random() < 0.5 else reverse_complement(site)
            )
            sites[row, start : start + width] = True
    return Examples(one_hot_codes(codes), labels, sites)


def read_windows(fasta: str | Path, peaks: str | Path, length: int) -> NDArray:
    """Sequences of your own: windows around peaks, (N, 4, L) float32, one-hot.

    Parameters
    ----------
    fasta
        Genome; an index is made beside it where there is none.
    peaks
        BED or narrowPeak file, plain or gzip. A window is centred on the summit, or on the middle
        where there is none; those that leave their chromosome are left out.
    length
        Of the windows, in base pairs.

    Raises
    ------
    InputError
        If the genome lacks a peak's chromosome, or no window is left.
    """
    genome, found = Genome(pyfaidx.Fasta(str(fasta), as_raw=True)), []
    for peak in read_peaks(peaks).itertuples():
        start = peak.start + peak.summit - length // 2
        if start >= 0 and start + length <= genome.size(peak.chrom):
            found.append(genome.fetch(peak.chrom, start, start + length))
    if not found:
        raise InputError(f"{peaks}: no window of {length} bp lies inside its chromosome of {fasta}")
    return one_hot_codes(np.stack(found))


def score(
    contributions: Mapping[str, Mapping[str, NDArray]], sites: NDArray, freq_limit: int
) -> pd.DataFrame:
    """How well attributions find the sites, and how noisy they are.

    Parameters
    ----------
    contributions
        By arm and kind: (N, 4, L).
    sites
        (N, L) bool, each example with a site.

    Returns
    -------
    pandas.DataFrame
        By arm and kind, means over examples: share of |contribution| in sites, auPRC of sites (over
        all bases of all examples) and share of Fourier magnitude past the limit.
    """
    rows = []
    for kind in contributions[ARMS[0]]:
        for arm in ARMS:
            track = np.abs(contributions[arm][kind]).sum(axis=1)
            share = ((track * sites).sum(axis=1) / track.sum(axis=1)).mean()
            high = metrics.high_frequency_share(track, freq_limit, SMOOTH_SIGMA).mean()
            rows.append((kind, arm, share, metrics.auprc(sites, track), high))
    columns = ["attribution", "arm", "share in sites", "auPRC of sites", "high-frequency share"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2]).round(3)


@styled()
def plot_training(history: pd.DataFrame) -> Figure:
    """Draw losses by epoch.

    Parameters
    ----------
    history
        Columns arm, epoch, training, validation (prediction losses) and prior (its loss on
        validation positives).
    """
    figure, axes = plt.subplots(1, 2, figsize=(PAGE_WIDTH, 2.2))
    for arm, colour in arm_colours(ARMS).items():
        own = history[history.arm == arm]
        axes[0].plot(own.epoch, own.training, color=colour, lw=1, ls=":", label=f"{arm}, training")
        axes[0].plot(
            own.epoch, own.validation, "o-", color=colour, ms=3, label=f"{arm}, validation"
        )
        axes[1].plot(own.epoch, own.prior, "o-", color=colour, ms=3, label=f"{arm}, validation")
    axes[0].set_ylabel("Prediction loss (nats)")
    axes[1].set_ylabel("Prior loss")
    for ax in axes:
        ax.set_xlabel("Epoch")
        ax.set_xticks(sorted(history.epoch.unique()))
        ax.legend()
    return _shown_once(figure)


@styled()
def plot_locus(
    contributions: Mapping[str, Mapping[str, NDArray]], sites: NDArray, example: int, name: str
) -> Figure:
    """Draw one example: a row per kind of attribution, a column per arm, each on its own scale.

    The track is of the whole input, the logo under it of its grey part. Green bars are the sites.

    Parameters
    ----------
    contributions
        By arm and kind: (N, 4, L).
    sites
        (N, L) bool.
    example
        Which of the N.
    name
        For the title.
    """
    kinds = list(contributions[ARMS[0]])
    inside = np.flatnonzero(sites[example])
    length = sites.shape[1]
    start = int(np.clip(inside[0] - 30, 0, length - LOGO_WIDTH))
    figure, grid = plt.subplots(
        *(2 * len(kinds), len(ARMS)),
        figsize=(PAGE_WIDTH, 0.4 + 1.15 * len(kinds)),
        gridspec_kw={"height_ratios": [0.6, 1] * len(kinds), "hspace": 0},
    )
    figure.suptitle(f"{name}; logos of positions {start}-{start + LOGO_WIDTH}", fontsize=7.5)
    for column, (arm, colour) in enumerate(arm_colours(ARMS).items()):
        for row, kind in enumerate(kinds):
            values = contributions[arm][kind][example]
            track, logo = grid[2 * row : 2 * row + 2, column]
            track.axvspan(start, start + LOGO_WIDTH, color="#EEEEEE", lw=0)
            track.fill_between(range(length), values.sum(axis=0), color=colour, lw=0.3, step="mid")
            track.set_xlim(0, length)
            draw_logo(logo, values[:, start : start + LOGO_WIDTH], start)
            for ax in (track, logo):
                for first, last in _runs(sites[example]):
                    ax.plot(
                        [first, last],
                        [0, 0],
                        color=SITE,
                        lw=2.5,
                        solid_capstyle="butt",
                        transform=ax.get_xaxis_transform(),
                        clip_on=True,
                    )
                ax.set_xticks([])
                ax.set_yticks([])
                ax.spines[:].set_visible(False)
            if column == 0:
                track.set_ylabel(
                    kind.replace(" ", "\n", 1), rotation=0, ha="right", va="top", color=GREY
                )
        grid[0, column].set_title(arm, color=colour)
    return _shown_once(figure)


@styled()
def plot_spectra(contributions: Mapping[str, Mapping[str, NDArray]], freq_limit: int) -> Figure:
    """Draw the mean Fourier spectrum of each kind of attribution, without the constant."""
    kinds = list(contributions[ARMS[0]])
    figure, axes = plt.subplots(1, len(kinds), figsize=(PAGE_WIDTH, 2), sharey=True)
    for ax, kind in zip(axes, kinds, strict=True):
        for arm, colour in arm_colours(ARMS).items():
            track = np.abs(contributions[arm][kind]).sum(axis=1)
            shares = metrics.spectrum(track, SMOOTH_SIGMA).mean(axis=0)
            ax.plot(np.arange(1, len(shares) + 1), shares, color=colour, lw=1, label=arm)
        ax.axvline(freq_limit, color=GREY, lw=0.8, ls="--")
        ax.set_title(kind, loc="left")
        ax.set_xlabel("Frequency (cycles over the input)")
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
    axes[0].set_ylabel("Mean share of magnitude")
    axes[-1].legend()
    return _shown_once(figure)


def _runs(mask: NDArray) -> Sequence[tuple[int, int]]:
    """First and one past the last position of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _shown_once(figure: Figure) -> Figure:
    """Close a figure, so that a notebook shows it as a cell's value and not a second time."""
    plt.close(figure)
    return figure
