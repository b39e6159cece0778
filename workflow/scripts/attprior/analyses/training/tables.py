"""Losses of every seed by epoch."""

from collections.abc import Sequence

from attprior.analyses.inputs import Tables, collect_tables


def tabulate(history: Sequence[str], arms: Sequence[str], folds: Sequence[str]) -> Tables:
    """Tables of this analysis; see `attprior.analyses`."""
    table = collect_tables(history, arms, folds)
    # empty is a value here, and NA would be a part's name
    return {"table": table.assign(learnt_nothing=table.learnt_nothing.fillna(""))}
