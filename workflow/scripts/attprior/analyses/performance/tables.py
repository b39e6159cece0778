"""How well both arms predict, on the test chromosomes and others."""

from collections.abc import Sequence

from attprior.analyses.inputs import Tables, collect_tables
from attprior.statistics import differences


def tabulate(
    performance: Sequence[str], groups: Sequence[str], arms: Sequence[str], folds: Sequence[str]
) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    values = collect_tables(groups, arms, folds)
    return {
        "table": collect_tables(performance, arms, folds),
        "tests": differences(values, arms, ["task", "metric"]),
    }
