"""What comes out of a search: its trials, the best settings, and what prediction costs."""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import yaml
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from attprior.analyses.inputs import KINDS, write_table
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.search.leaves import trial_arm
from attprior.search.study import OBJECTIVES, open_storage

log = logging.getLogger(__name__)

MEASURES = (
    "validation_loss",
    *(f"{kind}_{name}" for kind in KINDS for name in ("high_frequency_share", "entropy")),
    "epochs",
    "seconds",
)
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "failed", TrialState.FAIL: "failed"}


def finished_trials(path: str | Path, definition: Mapping) -> list[FrozenTrial]:
    """Trials of a search whose jobs have ended; one that none of them owns is failed."""
    study = optuna.load_study(study_name=definition["study"], storage=open_storage(path))
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        log.warning("trial %d was begun by a job that was killed at once", trial.number)
        study.tell(trial.number, state=TrialState.FAIL)
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state in STATES]


def values_of(trial: FrozenTrial, definition: Mapping) -> dict[str, Any]:
    """Value of each leaf in a trial, by its key; of those that it came to."""
    return {
        key: json.loads(trial.params[key]) if "choices" in leaf else trial.params[key]
        for key, leaf in definition["leaves"].items()
        if key in trial.params
    }


def trials_table(trials: list[FrozenTrial], definition: Mapping) -> pd.DataFrame:
    """Table of trials: trial, state, a column for each leaf, `MEASURES`, and reason of failure."""
    rows = []
    for trial in trials:
        values = values_of(trial, definition)
        reason = trial.user_attrs.get("reason", "")
        if trial.state == TrialState.FAIL:
            reason = "its job was killed as it began"
        rows.append(
            {
                "trial": trial.number,
                "state": STATES[trial.state],
                **{key: _cell(values.get(key)) for key in definition["leaves"]},
                **{name: trial.user_attrs.get(name, np.nan) for name in MEASURES},
                "reason": " ".join(reason.split()),
            }
        )
    columns = ["trial", "state", *definition["leaves"], *MEASURES, "reason"]
    return pd.DataFrame(rows, columns=columns)


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | bool) or value is None else value


def on_front(losses: NDArray) -> NDArray:
    """Which rows (N,) of losses (N, M) no other row undercuts in one and matches in all others."""
    no_worse = (losses[None] <= losses[:, None]).all(axis=-1)
    better = (losses[None] < losses[:, None]).any(axis=-1)
    return ~(no_worse & better).any(axis=1)


def pareto_table(table: pd.DataFrame, definition: Mapping) -> pd.DataFrame:
    """What noise each complete trial's attributions have, against what it predicts.

    Parameters
    ----------
    table
        As `trials_table` makes it.

    Returns
    -------
    pandas.DataFrame
        Columns kind (of attribution), trial, labelled (the setting that labels show: the prior's
        weight or the only one searched, else the trial's number), label, validation_loss,
        high_frequency_share, and front: 1 where no other trial is better in one and as good in the
        other.
    """
    leaves = definition["leaves"]
    labelled = "trial"
    if "prior/weight" in leaves or len(leaves) == 1:
        labelled = "prior/weight" if "prior/weight" in leaves else next(iter(leaves))
    tables = []
    for kind in KINDS:
        known = table.dropna(subset=["validation_loss", f"{kind}_high_frequency_share"])
        losses = known[["validation_loss", f"{kind}_high_frequency_share"]].to_numpy(float)
        columns = {
            "kind": kind,
            "trial": known.trial,
            "labelled": labelled,
            "label": known[labelled].map(_short),
            "validation_loss": losses[:, 0],
            "high_frequency_share": losses[:, 1],
            "front": on_front(losses).astype(int),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def best_trials(trials: list[FrozenTrial], definition: Mapping) -> list[FrozenTrial]:
    """Trials that no other undercuts in all objectives, the best in the first of them first.

    Raises
    ------
    InputError
        If no trial came to its end.
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not complete:
        reasons = dict.fromkeys(trial.user_attrs.get("reason", "") for trial in trials)
        text = "\n".join(list(reasons)[:5])
        raise InputError(
            f"none of {len(trials)} trials came to its end; change the leaves:\n{text}"
        )
    front = on_front(np.array([trial.values for trial in complete]))
    best = [trial for trial, kept in zip(complete, front, strict=True) if kept]
    best.sort(key=lambda trial: (*trial.values, trial.number))
    return best if len(definition["objectives"]) > 1 else best[:1]


def best_text(name: str, best: list[FrozenTrial], number: int, definition: Mapping) -> str:
    """Best settings as arms to be pasted under `arms` (YAML): the search's arm with its leaves.

    Of one objective there is one arm, named like the search; of several, one for each trial that no
    other undercuts in all of them.
    """
    text = [f"# search {name}, {number} trials; paste under `arms:`, and name it in a comparison"]
    for trial in best:
        arm = f"{name}_{trial.number}" if len(definition["objectives"]) > 1 else name
        pairs = zip(definition["objectives"], trial.values, strict=True)
        losses = ", ".join(f"{OBJECTIVES[key].replace('_', ' ')} {loss:.6g}" for key, loss in pairs)
        text.append(f"# trial {trial.number}: {losses}")
        settings = trial_arm(definition, values_of(trial, definition))
        text.append(yaml.safe_dump({arm: settings}, sort_keys=False, default_flow_style=None))
    return "\n".join(text)


def summarise(
    path: str | Path,
    definition: Mapping,
    name: str,
    folder: str | Path,
    trials: str | Path,
    pareto: str | Path,
    best: str | Path,
) -> None:
    """Write what came out of a search whose jobs have ended.

    Parameters
    ----------
    path
        File of the study.
    definition
        As `attprior.search.study.begin` wrote it.
    name
        Of the search, and of its best arm.
    folder
        Of the trials' checkpoints; it is removed.
    trials, pareto, best
        Table of trials, table of prediction against noise, and the arms to paste (YAML).
    """
    found = finished_trials(path, definition)
    table = trials_table(found, definition)
    write_table(table, trials)
    write_table(pareto_table(table, definition), pareto)
    text = best_text(name, best_trials(found, definition), len(found), definition)
    with atomic_write(best) as temporary:
        temporary.write_text(text, encoding="utf-8")
    # checkpoints of trials that were given up with their study
    shutil.rmtree(folder, ignore_errors=True)
