"""Whether verdicts hold for other seeds and other peaks: `python workflow/benchmarks/calibration.py`.

Where there is nothing to be found, how often is something found at the 5 % level? Two groups of seeds
of one arm are compared as two arms are, over and over:

- simulated: seeds and peaks with variances as measured, with seeds that do not differ, and with seeds
  that differ five times as much, for means over peaks and for agreement of pairs of seeds;
- real: seeds of one arm, split in two. `calibration.tsv.gz` has the values of ten seeds of two arms on
  both TFs of the demo; `--collect results/studies/attributions` makes it anew after that study ran.

It ends with lines ``name<TAB>value``: the rates of findings, of the simulations' worst case and over
all real splits.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.analyses.inputs import Sample, collect_tables, read_samples
from attprior.analyses.spectrum.tables import spectrum_table
from attprior.analyses.truth.tables import truth_values
from attprior.bed import read_bed
from attprior.metrics import pairwise_jaccard
from attprior.statistics import LEVEL, POWER, interval

VALUES = Path(__file__).with_suffix(".tsv.gz")
KEYS = ["condition", "arm", "metric"]
ARMS = ("without_prior", "gradient")
AGREEMENT = "jaccard"  # of pairs of seeds
SEEDS = (3, 5, 10, 30)
SPREADS = {"none": 0.0, "measured": 1.0, "large": 5.0}
# of the demo, whose prior leaves so many frequencies and smooths so far
FREQ_LIMIT, SMOOTH_SIGMA = 45, 3


def main() -> None:
    """Measure the rates, print them by case, and write down the values if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--collect", type=Path, help="results of the study of attributions")
    parser.add_argument("--repeats", type=int, default=2000, help="simulations of each case")
    parser.add_argument("--splits", type=int, default=200, help="splits of an arm's seeds in two")
    options = parser.parse_args()
    if options.collect:
        collect(options.collect).to_csv(
            VALUES,
            sep="\t",
            index=False,
            float_format="%.5g",
            compression={"method": "gzip", "mtime": 0},
        )
    values = pd.read_csv(VALUES, sep="\t")
    spread = spreads(values)
    print("Standard deviations of seeds, of peaks in one arm, and of both together;")
    print("and the correlation of seeds between arms\n")
    print(spread.to_string(float_format="%.4g"), "\n")
    found = simulated(spread, options.repeats)
    print("Simulated: share of comparisons that find a difference where there is none\n")
    print(found.pivot_table(index=["metric", "spread"], columns="seeds", values="rate"), "\n")
    print(f"Simulated: difference that is found with a power of {POWER}, at the measured spread\n")
    print(smallest(spread).to_string(float_format="%.3g"), "\n")
    real = same_arm(values, options.splits)
    print("Real: share of splits of one arm's seeds that find a difference\n")
    print(
        real.pivot_table(index=["metric", "condition", "arm"], columns="seeds", values="rate"), "\n"
    )
    # of the worst number of seeds and spread, over metrics
    print(f"false_positive_rate\t{found.groupby(['seeds', 'spread']).rate.mean().max():.3f}")
    print(f"same_arm_rate\t{real.rate.mean():.3f}")


def collect(results: Path) -> pd.DataFrame:
    """Values of each seed and peak of the study's arms."""
    tables = []
    for condition in ("SPI1", "CTCF"):
        folder = results / "conditions" / condition / "profile"
        sites = read_bed(f"resources/demo/simulated/{condition}/sites.bed")
        samples = read_samples(folder / arm / "fold_1/attributions/profile.h5" for arm in ARMS)
        truth = truth_values(samples, sites)
        spectrum = spectrum_table(samples, FREQ_LIMIT, SMOOTH_SIGMA)
        groups = [folder / arm / "fold_1/performance.groups.tsv.gz" for arm in ARMS]
        performance = collect_tables(groups, ARMS, ["fold_1"])
        of_deepshap = [
            table[(table.kind == "deepshap") & table.arm.isin(ARMS)]
            for table in (truth[truth.metric != "auroc"], spectrum)
        ]
        chosen = performance.metric.isin(["profile_nll", "counts_pearson", "peaks_auroc"])
        table = pd.concat([*of_deepshap, performance[chosen], *map(alike, samples)])
        tables.append(table.assign(condition=condition))
    return pd.concat(tables)[[*KEYS, "seed", "other", "example", "value"]]


def alike(sample: Sample) -> pd.DataFrame:
    """Agreement of each two seeds, in both orders, at each peak."""
    rows = [
        (sample.arm, AGREEMENT, sample.seeds[one], sample.seeds[other], example, values[one, other])
        for m, example in enumerate(sample.index)
        for values in [pairwise_jaccard(sample.hypothetical["deepshap"][:, m])]
        for one, other in zip(*np.nonzero(~np.eye(len(values), dtype=bool)), strict=True)
    ]
    return pd.DataFrame(rows, columns=["arm", "metric", "seed", "other", "example", "value"])


def matrices(values: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], NDArray]]:
    """Values (S, P) of each condition, arm and metric; of an agreement (S, S, P), with 0 for itself.

    Examples that lack a value are left out.
    """
    for key, rows in values.groupby(KEYS, sort=False):
        index = ["seed", "other"] if key[2] == AGREEMENT else ["seed"]
        wide = rows.pivot(index=index, columns="example", values="value").dropna(axis=1)
        matrix = wide.to_numpy()
        if key[2] == AGREEMENT:
            seeds = rows.seed.nunique()
            whole = np.zeros((seeds, seeds, matrix.shape[1]))
            whole[~np.eye(seeds, dtype=bool)] = matrix
            matrix = whole
        yield key, matrix


def chosen_of(matrix: NDArray, seeds: NDArray) -> NDArray:
    """Values (K, P) of some seeds; of an agreement, each one's mean over the others of them."""
    if matrix.ndim == 2:
        return matrix[seeds]
    return matrix[np.ix_(seeds, seeds)].sum(axis=1) / (len(seeds) - 1)


def spreads(values: pd.DataFrame) -> pd.DataFrame:
    """Standard deviations of each metric, means over conditions and arms.

    Of seeds, of peaks in one arm alone, and of what seeds and peaks do to each other; with the
    correlation of seeds between the arms, as these start from the same weights. Agreement has its
    own simulation.
    """
    rows, arms = [], {}
    for (condition, _, metric), matrix in matrices(values):
        if metric == AGREEMENT:
            continue
        seeds, examples = matrix.shape
        by_seed, by_example = matrix.mean(axis=1), matrix.mean(axis=0)
        left = matrix - by_seed[:, None] - by_example + matrix.mean()
        rest = (left**2).sum() / ((seeds - 1) * (examples - 1))
        rows.append((metric, max(by_seed.var(ddof=1) - rest / examples, 0), rest))
        arms.setdefault((condition, metric), []).append((by_seed, by_example))
    between = [
        (metric, np.var(second[1] - first[1], ddof=1) / 2, np.corrcoef(first[0], second[0])[0, 1])
        for (_, metric), (first, second) in arms.items()
        if len(first[1]) == len(second[1])
    ]
    own = pd.DataFrame(rows, columns=["metric", "seeds", "rest"]).groupby("metric", sort=False)
    both = pd.DataFrame(between, columns=["metric", "peaks", "shared"]).groupby("metric")
    both = both.mean()
    found = np.sqrt(own.mean().assign(peaks=both.peaks))[["seeds", "peaks", "rest"]]
    return found.assign(shared=both.shared.clip(0, 1))


def draw(
    rng: np.random.Generator, spread: pd.Series, seeds: int, times: float, peaks: int = 60
) -> list[NDArray]:
    """Values (S, P) of both arms; what of a peak is the same in both would cancel, and is left out."""
    alike = rng.normal(size=(seeds, 1))
    return [
        times
        * spread.seeds
        * (
            np.sqrt(spread.shared) * alike
            + np.sqrt(1 - spread.shared) * rng.normal(size=(seeds, 1))
        )
        + spread.peaks * rng.normal(size=peaks)
        + spread.rest * rng.normal(size=(seeds, peaks))
        for _ in ARMS
    ]


def agreement(rng: np.random.Generator, seeds: int, taste: float, peaks: int = 60) -> NDArray:
    """A seed's mean agreement (S, P) with the others, whose attributions are points in a plane."""
    own = taste * rng.normal(size=(2, seeds, 1)) + rng.normal(size=(2, seeds, peaks))
    alike = np.exp(-np.square(own[:, :, None] - own[:, None]).sum(axis=0))
    return (alike.sum(axis=1) - 1) / (seeds - 1)


def simulated(spread: pd.DataFrame, repeats: int) -> pd.DataFrame:
    """Rates of findings between two groups of seeds that are drawn alike."""
    rng = np.random.default_rng(1)
    rows = []
    for seeds in SEEDS:
        for name, times in SPREADS.items():
            for metric, own in spread.iterrows():
                arms = (draw(rng, own, seeds, times) for _ in range(repeats))
                rows.append((metric, name, seeds, rate(arms)))
            arms = ([agreement(rng, seeds, times) for _ in ARMS] for _ in range(repeats))
            rows.append((AGREEMENT, name, seeds, rate(arms, pairs=True)))
    return pd.DataFrame(rows, columns=["metric", "spread", "seeds", "rate"])


def rate(compared: Iterator[list[NDArray]], pairs: bool = False) -> float:
    """Share of comparisons that find a difference at `LEVEL`."""
    return float(
        np.mean([interval([tuple(arms)], pairs, paired=True).p_value < LEVEL for arms in compared])
    )


def smallest(spread: pd.DataFrame) -> pd.DataFrame:
    """Difference that so many seeds find with a power of `POWER`: a row a metric, a column a number."""
    rng = np.random.default_rng(2)
    found = {}
    for seeds in SEEDS:
        for metric, own in spread.iterrows():
            # what is found is that many times the half-width of an interval, on average
            results = (
                interval([tuple(draw(rng, own, seeds, 1.0))], paired=True) for _ in range(300)
            )
            scaled = np.array([[one.difference, (one.high - one.low) / 2] for one in results])
            steps = np.linspace(0, 4 * scaled[:, 1].mean(), 401)[:, None]
            power = (np.abs(scaled[:, 0] + steps) > scaled[:, 1]).mean(axis=1)
            found[metric, seeds] = steps[np.argmax(power >= POWER), 0]
    return pd.Series(found).unstack(sort=False)


def same_arm(values: pd.DataFrame, splits: int) -> pd.DataFrame:
    """Rates of findings between two groups of seeds of one arm, split at random."""
    rng = np.random.default_rng(3)
    rows = []
    for key, matrix in matrices(values):
        pairs = key[2] == AGREEMENT
        for seeds in range(3 if pairs else 2, len(matrix) // 2 + 1):
            orders = (rng.permutation(len(matrix)) for _ in range(splits))
            arms = (
                [chosen_of(matrix, part) for part in (order[:seeds], order[seeds : 2 * seeds])]
                for order in orders
            )
            rows.append((*key, seeds, rate(arms, pairs)))
    return pd.DataFrame(rows, columns=[*KEYS, "seeds", "rate"])


if __name__ == "__main__":
    main()
