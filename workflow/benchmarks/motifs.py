"""Which patterns get names: `python workflow/benchmarks/motifs.py`.

Patterns of noise should have no name, and those of known motifs should keep theirs:

- noise: sequences at random places, whatever their number and composition; motifs of JASPAR with
  their columns shuffled; motifs of random columns, with and without a spacer;
- motifs: JASPAR's own, as they are, with flat flanks, as so many sites would give them, beside
  another motif, with a spacer, and smoothed.

All patterns of a kind are one result of TF-MoDISco. Beside them is what Tomtom's own p values give,
Benjamini and Hochberg over the targets. `motifs.tsv` is the table of it, which `--write` makes anew. It
ends with lines ``name<TAB>value``: the share of pairs of noise in two arms that are taken for one at p
up to 0.001, and of pairs of a motif; of noise that gets a name, and of motifs that do.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.analyses.motifs.tables import MAX_P_VALUE
from attprior.motifs.database import read_motifs, write_jaspar
from attprior.motifs.matching import (
    MAX_Q_VALUE,
    match_motifs,
    names_pattern,
    pair_p_values,
    tomtom_scores,
)

FLAT = (0.25,) * 4
YEAST = (0.31, 0.19, 0.19, 0.31)
ARM = 17  # patterns of an arm, where pairs of two are compared
Draw = Callable[[], NDArray]


class Patterns:
    """Draws patterns of noise and of motifs (4, W).

    Parameters
    ----------
    motifs
        Frequencies (4, W).
    """

    def __init__(self, motifs: list[NDArray], seed: int) -> None:
        self.motifs, self.rng = motifs, np.random.default_rng(seed)

    def sequences(self, width: int, number: int, bases: tuple[float, ...] = FLAT) -> NDArray:
        """Base frequencies of random sequences."""
        return self.rng.multinomial(number, bases, size=width).T / number

    def sites(self, motif: NDArray, number: int) -> NDArray:
        """Base frequencies of so many sites of a motif."""
        return self.rng.multinomial(number, (motif / motif.sum(axis=0)).T).T / number

    def shuffled(self, motif: NDArray) -> NDArray:
        """Shuffle columns."""
        return motif[:, self.rng.permutation(motif.shape[1])]

    def columns(self, least: int, most: int) -> NDArray:
        """Columns as sharp as those of motifs."""
        return self.rng.dirichlet([0.3] * 4, size=self.rng.integers(least, most)).T

    def other(self) -> NDArray:
        """Draw a motif."""
        return self.motifs[self.rng.integers(len(self.motifs))]

    def noise(self) -> dict[str, Draw]:
        """Kinds of patterns that are of nothing known."""
        between = self.sequences
        return {
            "50 sequences, 20 bp": lambda: between(20, 50),
            "20 sequences, 30 bp": lambda: between(30, 20),
            "200 sequences, 20 bp": lambda: between(20, 200),
            "50 sequences, 20 bp, yeast's bases": lambda: between(20, 50, YEAST),
            "motifs, shuffled": lambda: self.shuffled(self.other()),
            "50 sites of motifs, shuffled": lambda: self.shuffled(self.sites(self.other(), 50)),
            "with flanks, shuffled": lambda: self.shuffled(self.flanked(self.other(), 8, 50)),
            "random columns": lambda: self.columns(6, 20),
            "random columns, spacer": lambda: np.hstack(
                [self.columns(4, 8), between(8, 50), self.columns(4, 8)]
            ),
        }

    def flanked(self, motif: NDArray, flank: int, number: int) -> NDArray:
        """Sites of a motif between random sequences."""
        ends = [self.sequences(flank, number) for _ in range(2)]
        return np.hstack([ends[0], self.sites(motif, number), ends[1]])

    def spaced(self, motif: NDArray) -> NDArray:
        """Set the halves of a motif apart."""
        half = motif.shape[1] // 2
        return np.hstack([motif[:, :half], np.full((4, 6), 0.25), motif[:, half:]])

    def known(self) -> dict[str, Callable[[NDArray], NDArray]]:
        """Kinds of patterns that are of a motif (4, W)."""
        level = np.full((4, 10), 0.25)
        return {
            "as it is": lambda motif: motif,
            "reverse complement": lambda motif: motif[::-1, ::-1],
            "flat flanks of 10 bp": lambda motif: np.hstack([level, motif, level]),
            "200 sites, flanks of 10 bp": lambda motif: self.flanked(motif, 10, 200),
            "50 sites, flanks of 10 bp": lambda motif: self.flanked(motif, 10, 50),
            "30 sites, flanks of 10 bp": lambda motif: self.flanked(motif, 10, 30),
            "spacer of 6 bp, another motif": lambda motif: np.hstack(
                [self.sites(motif, 50), self.sequences(6, 50), self.sites(self.other(), 50)]
            ),
            "smoothed by a tenth": lambda motif: 0.9 * motif + 0.025,
            "smoothed by a fifth": lambda motif: 0.8 * motif + 0.05,
        }


def main() -> None:
    """Measure the shares, print them by kind, and write the table if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=60, help="patterns of each kind")
    parser.add_argument("--arms", type=int, default=4, help="pairs of arms of each kind of noise")
    parser.add_argument("--write", action="store_true", help="write the table down")
    options = parser.parse_args()
    table = pd.DataFrame(
        measured(options.number, options.arms),
        columns=["database", "kind", "pattern", "number", "share", "seconds", "by_tomtom"],
    )
    if options.write:
        # seconds are of a machine
        table = table.drop(columns="seconds")
        table.to_csv(Path(__file__).with_suffix(".tsv"), sep="\t", index=False, float_format="%.4g")
    print(table.to_string(index=False, float_format="%.4g"), "\n")
    for kind, name in {
        "pair of noise": "noise_pairs_alike", "pair of a motif": "motif_pairs_alike",
        "noise": "noise_named", "motif": "motifs_kept",
    }.items():  # fmt: skip
        chosen = table[table.kind == kind]
        print(f"{name}\t{np.average(chosen.share, weights=chosen.number):.4f}")


def measured(number: int, arms: int) -> Iterator[tuple]:
    """Rows of the table: of each database and kind of pattern, then of pairs."""
    for group in ("vertebrates", "fungi"):
        with TemporaryDirectory() as folder:
            path = Path(folder, "motifs.meme")
            write_jaspar(path, group)
            database = read_motifs(path)
        motifs = list(database.values())
        patterns = Patterns(motifs, seed=0)
        chosen = patterns.rng.choice(len(motifs), min(number, len(motifs)), replace=False)
        drawn = {
            ("noise", name): [draw() for _ in range(number)]
            for name, draw in patterns.noise().items()
        } | {
            ("motif", name): [make(motifs[i]) for i in chosen]
            for name, make in patterns.known().items()
        }
        for (kind, name), queries in drawn.items():
            share, seconds = timed(named, queries, database)
            by_tomtom, _ = timed(named_by_tomtom, queries, database)
            yield f"jaspar_{group}", kind, name, len(queries), share, seconds, by_tomtom
        pairs = {
            ("pair of noise", name): [
                [[draw() for _ in range(ARM)] for _ in range(2)] for _ in range(arms)
            ]
            for name, draw in patterns.noise().items()
        } | {
            ("pair of a motif", f"{sites} sites, flanks of 8 bp"): [
                [[patterns.flanked(motifs[i], 8, sites)] for _ in range(2)] for i in chosen
            ]
            for sites in (200, 50, 30)
        }
        for (kind, name), compared in pairs.items():
            share, seconds = timed(alike, pair_p_values, compared)
            by_tomtom, _ = timed(alike, tomtom_p_values, compared)
            size = len(compared) * len(compared[0][0]) ** 2
            yield f"jaspar_{group}", kind, name, size, share, seconds, by_tomtom
        spaced = [patterns.spaced(motifs[i]) for i in chosen]
        queries = [patterns.sites(motif, 50) for motif in spaced]
        own = {(f"spaced_{i}", "spaced"): motif for i, motif in enumerate(spaced)}
        for kind, among in {"motif": database | own, "split motif": database}.items():
            share, seconds = timed(named, queries, among)
            by_tomtom, _ = timed(named_by_tomtom, queries, among)
            name = f"50 sites, spacer of 6 bp inside, {'not ' * (kind != 'motif')}in the database"
            yield f"jaspar_{group}", kind, name, len(queries), share, seconds, by_tomtom


def timed(measure: Callable[..., float], *arguments: Any) -> tuple[float, float]:
    """Result of a function, and the seconds that it took."""
    begin = time.perf_counter()
    return measure(*arguments), time.perf_counter() - begin


def named(queries: list[NDArray], database: dict) -> float:
    """Share of patterns that get a name."""
    found = match_motifs({str(i): query for i, query in enumerate(queries)}, database, most=1)
    return float(names_pattern(found).sum() / len(queries))


def named_by_tomtom(queries: list[NDArray], database: dict) -> float:
    """Share of patterns whose best match has a q value as low by Tomtom's p values."""
    p_values = tomtom_p_values(queries, list(database.values()))
    return float(np.mean([false_discovery_control(p).min() <= MAX_Q_VALUE for p in p_values]))


def alike(measure: Callable[..., NDArray], compared: list[list[list[NDArray]]]) -> float:
    """Share of pairs of patterns in two arms that are taken for one."""
    return float(np.mean([measure(*arms) <= MAX_P_VALUE for arms in compared]))


def tomtom_p_values(queries: list[NDArray], targets: list[NDArray]) -> NDArray:
    """Tomtom's own p values (N, M)."""
    return np.exp(-tomtom_scores(queries, targets))


if __name__ == "__main__":
    main()
