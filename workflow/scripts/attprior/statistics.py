"""Differences between two arms that hold for other seeds and for other examples.

A metric is measured on S trained models (seeds) of each arm, at the same P examples: seeds and
examples are crossed, and a difference between arms varies with both. This is the design of a reader
study, with seeds as readers and examples as cases, and is treated as there: variances of a crossed
random-effects model, and Satterthwaite's degrees of freedom. Source: Hillis, Berbaum and Metz 2008,
Academic Radiology 15, 647; Hillis 2014, Statistics in Medicine 33, 330.

A seed gives both arms the same initial weights and batches, so that its models are alike: where both
arms have the same seeds, three or more, these are paired, as readers are who read with both
modalities; else they are nested in their arm.

Letters in shapes: S seeds, P examples, G groups of examples.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from scipy.stats import t as student

LEVEL = 0.05  # of verdicts; intervals are of 1 - LEVEL
POWER = 0.8  # at which seeds are said to be enough
MOST_SEEDS = 100  # more than these are not asked for
GROUPS = 50  # most parts that examples are left out in
STATISTICS = [
    *("first", "second", "folds", "seeds", "examples", "mean_first", "sd_first"),
    *("mean_second", "sd_second", "difference", "low", "high", "p_value", "seeds_needed"),
    "by_seed",
]


class Parts(NamedTuple):
    """Variance of a difference of means, by where it comes from; sums over folds.

    Parameters
    ----------
    seeds
        Of one seed, times the other factors: divided by the number of seeds it is their part.
    seed_terms
        Sum of the squares of what `seeds` sums up: a part of each fold, and of each arm unless
        seeds are paired.
    examples
        Part of the examples, which more seeds do not lower.
    example_terms
        As `seed_terms`, of the examples.
    """

    seeds: float
    seed_terms: float
    examples: float
    example_terms: float

    def at(self, numbers: NDArray) -> tuple[NDArray, NDArray]:
        """Variances and degrees of freedom with numbers of seeds in each arm."""
        variance = self.seeds / numbers + self.examples
        terms = self.seed_terms / numbers**2 / (numbers - 1) + self.example_terms
        return variance, np.maximum(variance**2 / terms, 1)


def differences(
    table: pd.DataFrame, arms: Sequence[str], by: Sequence[str], pairs: bool = False
) -> pd.DataFrame:
    """Compare the second arm with the first in each group.

    Seeds without any value are left out, and then examples that lack one in some seed.

    Parameters
    ----------
    table
        Long table with columns arm, fold, seed, example, value, and those of `by`.
    arms
        The two arms.
    by
        Columns whose values make the groups: a row of the result for each.
    pairs
        Whether a value is a seed's mean over pairs with the arm's other seeds, as agreement is.

    Returns
    -------
    pandas.DataFrame
        Columns `by`, then `STATISTICS`. `seeds` counts those of the arm that has fewer, `examples`
        those of all folds together, `sd_first` and `sd_second` are standard deviations over models.
        `difference` is the mean of second less first, `low` and `high` bound its 95 % interval,
        `p_value` is two-sided; NaN where there are too few seeds (two; three where values are of
        pairs) or examples (two). `seeds_needed` is the number of seeds in each arm with which a
        difference of this size is found at 5 % with a power of .8, infinite where there is none up
        to `MOST_SEEDS`. `by_seed` lists the seeds' own differences, as text.
    """
    rows = []
    for key, group in table[table.arm.isin(arms)].groupby(list(by), sort=False):
        folds = [
            matrices
            for _, rows_of in group.groupby("fold", sort=False)
            if (matrices := _matrices(rows_of, arms)) is not None
        ]
        names = dict(zip(by, key, strict=True)) | {"first": arms[0], "second": arms[1]}
        rows.append(names | _compare(folds, pairs))
    return pd.DataFrame(rows, columns=[*by, *STATISTICS])


def _matrices(table: pd.DataFrame, arms: Sequence[str]) -> tuple[pd.DataFrame, ...] | None:
    """Values of each arm, a row for each seed and a column for each example; None without any."""
    wide = [
        table[table.arm == arm]
        .pivot(index="seed", columns="example", values="value")
        .dropna(how="all")
        for arm in arms
    ]
    both = pd.concat(wide).dropna(axis=1)
    if both.empty or not all(map(len, wide)):
        return None
    return tuple(matrix[both.columns] for matrix in wide)


def _compare(folds: Sequence[tuple[pd.DataFrame, ...]], pairs: bool) -> dict[str, object]:
    """Statistics of one group."""
    if not folds:
        empty = dict.fromkeys(STATISTICS[2:], float("nan"))
        return empty | {"folds": 0, "seeds": 0, "examples": 0, "by_seed": ""}
    numbers = np.array([first.shape[1] for first, _ in folds])
    weights = numbers / numbers.sum()
    means = [np.concatenate([fold[arm].mean(axis=1) for fold in folds]) for arm in (0, 1)]
    own = sum(
        weight * (second.mean(axis=1) - first.mean(axis=1))
        for weight, (first, second) in zip(weights, folds, strict=True)
    ).dropna()
    averages = [
        sum(w * fold[arm].to_numpy().mean() for w, fold in zip(weights, folds, strict=True))
        for arm in (0, 1)
    ]
    values = [tuple(matrix.to_numpy(dtype=float) for matrix in fold) for fold in folds]
    paired = all(first.index.equals(second.index) for first, second in folds)
    found = interval(values, pairs, paired)
    return {
        "folds": len(folds),
        "seeds": min(len(matrix) for fold in folds for matrix in fold),
        "examples": int(numbers.sum()),
        "mean_first": averages[0],
        "sd_first": _spread(means[0]),
        "mean_second": averages[1],
        "sd_second": _spread(means[1]),
        **found._asdict(),
        "by_seed": " ".join(f"{value:.4g}" for value in own),
    }


def _spread(values: NDArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


class Interval(NamedTuple):
    """A difference of the second arm's mean from the first's, and how sure it is."""

    difference: float
    low: float
    high: float
    p_value: float
    seeds_needed: float


def interval(
    folds: Sequence[tuple[NDArray, NDArray]], pairs: bool = False, paired: bool = False
) -> Interval:
    """Difference of two arms, with a 95 % interval over other seeds and other examples.

    Parameters
    ----------
    folds
        Values (S, P) of the first and of the second arm in each fold. Their examples are the same,
        their numbers of seeds need not be. Folds weigh as their examples.
    pairs
        Whether a value is a seed's mean over pairs with the others.
    paired
        Whether the arms' rows are of the same seeds. Two of them are not paired: the spread of two
        differences is hardly known, and that of two times two seeds is a little better.

    Returns
    -------
    Interval
        NaN but for the difference where there are too few seeds or examples.
    """
    total = sum(first.shape[1] for first, _ in folds)
    difference = sum(
        first.shape[1] / total * (second.mean() - first.mean()) for first, second in folds
    )
    unknown = Interval(float(difference), *[float("nan")] * 4)
    fewest = min(len(values) for fold in folds for values in fold)
    if fewest < (3 if pairs else 2) or min(first.shape[1] for first, _ in folds) < 2:
        return unknown
    paired = paired and fewest > 2
    if pairs:
        folds = [tuple(map(of_pairs, fold)) for fold in folds]
    variance, terms, parts = 0.0, 0.0, np.zeros(4)
    for first, second in folds:
        weight = first.shape[1] / total
        arms = (second - first,) if paired else (first, second)
        own, by_examples = _variances(arms)
        numbers = np.array([len(values) for values in arms])
        freedom = np.array([*(numbers - 1), first.shape[1] - 1])
        each = weight**2 * np.array([*own, by_examples[1]])
        variance += weight**2 * (own.sum() + by_examples[0])
        terms += (each**2 / freedom).sum()
        seeds = weight**2 * own * numbers
        parts += (
            seeds.sum(),
            (seeds**2).sum(),
            weight**2 * by_examples[0],
            each[-1] ** 2 / freedom[-1],
        )
    if not variance > 0:
        # all the same: a difference there is would be found by any number of seeds
        p_value = float(difference == 0)
        return Interval(float(difference), *[float(difference)] * 2, p_value, float(fewest))
    # below 1 where neither seeds nor examples seem to differ, which would say nothing at all
    error, freedom = np.sqrt(variance), max(variance**2 / terms, 1)
    half = student.ppf(1 - LEVEL / 2, freedom) * error
    p_value = 2 * student.sf(abs(difference) / error, freedom)
    needed = seeds_needed(difference, Parts(*parts), 3 if pairs else 2)
    return Interval(float(difference), difference - half, difference + half, float(p_value), needed)


def of_pairs(values: NDArray) -> NDArray:
    """Jackknife pseudovalues (S, P) of a mean over pairs of seeds, from each seed's own mean (S, P).

    The mean without a seed is (S m - 2 a) / (S - 2), where m is the mean over all pairs and a that
    over the seed's own; pseudovalues are S m less S - 1 times that. Source: Efron and Stein 1981.
    """
    number = len(values)
    mean = values.mean(axis=0)
    return mean + 2 * (number - 1) / (number - 2) * (values - mean)


def _variances(arms: Sequence[NDArray]) -> tuple[NDArray, tuple[float, float]]:
    """Variance of a fold's difference: of each arm's seeds, and of examples.

    What examples and seeds do to each other is part of the first, so that it is taken from the
    second, of which it is a part too; the examples' own comes back without and with it.

    Parameters
    ----------
    arms
        Values (S, P) of both arms, or their difference where seeds are paired.
    """
    seeds, rest = [], 0.0
    for values in arms:
        number, examples = values.shape
        by_seed, by_example = values.mean(axis=1), values.mean(axis=0)
        seeds.append(by_seed.var(ddof=1) / number)
        left = values - by_seed[:, None] - by_example + values.mean()
        mean_square = (left**2).sum() / ((number - 1) * (examples - 1))
        rest += mean_square / (number * examples)
    # of both arms, or of their difference already
    means = np.stack([values.mean(axis=0) for values in arms])
    of_examples = np.diff(means, axis=0, prepend=0)[-1].var(ddof=1) / means.shape[1]
    return np.array(seeds), (max(of_examples - rest, 0.0), of_examples)


def seeds_needed(difference: float, parts: Parts, fewest: int = 2) -> float:
    """How many seeds in each arm find a difference of this size at `LEVEL` with `POWER`.

    Returns
    -------
    float
        Infinite where not even `MOST_SEEDS` do: the difference is too small, or it is the examples
        that are too few.
    """
    numbers = np.arange(fewest, MOST_SEEDS + 1)
    variance, freedom = parts.at(numbers)
    needed = student.ppf(1 - LEVEL / 2, freedom) + student.ppf(POWER, freedom)
    enough = numbers[abs(difference) >= needed * np.sqrt(variance)]
    return float(enough[0]) if len(enough) else float("inf")


def groups_of(number: int) -> NDArray:
    """Group of each example, (number,), from 0: at most `GROUPS`, even, and mixed in any order."""
    return np.arange(number) % max(min(GROUPS, number), 1)


def pseudovalues(measure: Callable[[NDArray], Mapping], groups: NDArray) -> dict[str, NDArray]:
    """Jackknife pseudovalues (G,) of metrics that are no means over examples, by name.

    Each is G times the metric of all examples less G - 1 times that of all but a group, so that
    their spread tells the metric's variance; shifted so that their mean is the metric itself.
    Source: Dorfman, Berbaum and Metz 1992, Investigative Radiology 27, 723.

    Parameters
    ----------
    measure
        Gives metrics by name for the examples that a mask is true of.
    groups
        Group of each example, from 0.
    """
    number = int(groups.max()) + 1 if len(groups) else 0
    whole = measure(np.ones(len(groups), dtype=bool))
    without = [measure(groups != group) for group in range(number)]
    found = {}
    for name, value in whole.items():
        left = np.array([metrics[name] for metrics in without], dtype=float)
        found[name] = value - (number - 1) * (left - left.mean()) if number else left
    return found


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Say which differences are there, of all that were looked at together.

    Parameters
    ----------
    table
        Columns p_value, difference, and better: 1 where more is better, -1 where less is.

    Returns
    -------
    pandas.DataFrame
        The table with columns q_value, by Benjamini and Hochberg 1995 over all its rows with a p
        value, and verdict: `better` or `worse` where it is at most `LEVEL`, else `cannot tell`. Of
        the differences found, so many are expected to be none.
    """
    known = table.p_value.notna()
    adjusted = pd.Series(np.nan, index=table.index)
    if known.any():
        adjusted[known] = false_discovery_control(table.p_value[known])
    found = adjusted <= LEVEL
    good = table.better * table.difference > 0
    verdict = np.where(found, np.where(good, "better", "worse"), "cannot tell")
    return table.assign(q_value=adjusted, verdict=verdict)
