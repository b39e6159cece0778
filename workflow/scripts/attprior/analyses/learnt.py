"""Which seeds are no better than a constant prediction, by the histories of their training."""

from typing import NamedTuple

import pandas as pd


class Unlearnt(NamedTuple):
    """A seed, and the parts of its validation loss that are no better than a constant prediction's."""

    arm: str
    fold: str
    seed: int
    parts: list[str]


def learnt_nothing(history: pd.DataFrame) -> list[Unlearnt]:
    """Seeds that learnt nothing of some part, in the table's order.

    Parameters
    ----------
    history
        Columns arm, fold, seed, best and learnt_nothing (parts with commas, or empty), as
        `training.tsv` has them.
    """
    kept = history[(history.best == 1) & (history.learnt_nothing.fillna("") != "")]
    return [
        Unlearnt(row.arm, row.fold, int(row.seed), row.learnt_nothing.split(","))
        for row in kept.itertuples()
    ]


def in_words(history: pd.DataFrame) -> list[str]:
    """Say of each arm, fold and part which seeds learnt nothing of it; empty if all learnt."""
    several = history.fold.nunique() > 1
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for one in learnt_nothing(history):
        for part in one.parts:
            seeds.setdefault((one.arm, one.fold, part), []).append(one.seed)
    lines = []
    for (arm, fold, part), some in seeds.items():
        there = history[(history.arm == arm) & (history.fold == fold)].seed.nunique()
        which = f"seed{'s' if len(some) > 1 else ''} {', '.join(map(str, some))}"
        which = f"all {there} seeds" if len(some) == there > 1 else which
        lines.append(f"{arm.replace('_', ' ')}{f', {fold}' if several else ''}: {which} ({part})")
    return lines
