"""A search's study: a file that several jobs share, and that outlives them.

The study is a journal of what was done, so that jobs on several machines can append to it. All its
trials are put into it before any job starts; a job takes one after another, each trial goes to one
job alone, and what a trial draws depends on its number and on the trials that are finished by then.
A trial whose job was killed is still marked as running and as that job's, who goes on with it when it
runs again.
"""

import hashlib
import json
import logging
import math
import os
import shutil
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, Trial, TrialState

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.provenance import file_hash
from attprior.search.leaves import combinations, trial_settings

log = logging.getLogger(__name__)

ATTEMPTS = 3
# what is made small, and the measure that it is
OBJECTIVES = {
    "prediction": "validation_loss",
    "noise": "gradient_high_frequency_share",
    "deepshap_noise": "deepshap_high_frequency_share",
}

Measure = Callable[[Mapping, Path], dict[str, float]]
"""Trains with settings, with checkpoints in a folder; gives what was measured, by name."""


def open_storage(path: str | Path) -> JournalStorage:
    """Storage in a file that jobs on several machines can share, also over NFS.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    # by its whole path, which the lock, a symbolic link, points to
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lock = JournalFileSymlinkLock(str(path))
    backend = JournalFileBackend(str(path), lock)
    lock.acquire()
    try:
        _mend(path)
        line = _damaged(path)
    finally:
        lock.release()
    try:
        if line:
            raise ValueError(f"line {line} is no record")
        return JournalStorage(backend)
    except Exception as error:  # optuna gives a damaged record any meaning
        raise InputError(
            f"{path}: damaged ({type(error).__name__}: {error}). Put a copy from before in its place, "
            "or move the file away, and the search's trials are run anew"
        ) from None


def _damaged(path: Path) -> int | None:
    """Number of the first line that is no record of a journal."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                if "op_code" not in json.loads(line):
                    return number
            except (ValueError, TypeError):
                return number
    return None


def _mend(path: Path) -> None:
    """Cut off the line that a killed job left half written: nothing could be appended to it."""
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            file.seek(end - 1)
            if file.read(1) == b"\n":
                break
            end -= 1
        file.truncate(end)


def begin(
    path: str | Path,
    definition: Mapping,
    trials: int,
    data: Mapping[str, str | Path],
    code: str,
    output: str | Path,
) -> None:
    """Put a search's trials into its study, those that it lacks, and write the definition.

    Another definition, other data or other code make another study in the same file. No job of the
    search may run meanwhile.

    Parameters
    ----------
    path
        File of the study.
    data
        Name to file: what trials depend on beside the definition.
    code
        Hash of the code that trains and measures.
    output
        JSON: the definition with `study`, the study's name, and `trials`.
    """
    hashes = {name: file_hash(file) for name, file in data.items()}
    key = json.dumps([definition, hashes, code], sort_keys=True)
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    study = optuna.create_study(
        storage=open_storage(path),
        study_name=name,
        directions=["minimize"] * len(definition["objectives"]),
        load_if_exists=True,
    )
    known = len(study.get_trials(deepcopy=False))
    log.info("study %s has %d of %d trials", name, known, trials)
    if definition["sampler"] == "grid":
        for values in islice(combinations(definition["leaves"]), known, trials):
            study.enqueue_trial({key: json.dumps(value) for key, value in values.items()})
    else:
        for _ in range(known, trials):
            study.enqueue_trial({})
    with atomic_write(output) as temporary:
        temporary.write_text(
            json.dumps({**definition, "study": name, "trials": trials}, indent=1), encoding="utf-8"
        )


def run_trials(
    path: str | Path, definition: Mapping, job: int, jobs: int, measure: Measure, folder: Path
) -> list[int]:
    """Run trials until none is left: first those that a killed job left unfinished.

    Parameters
    ----------
    path
        File of the study.
    definition
        As `begin` wrote it.
    job, jobs
        Number of this job, from 0, and how many share the study. Unfinished trials of a job that
        exists no more go to another.
    measure
        Trains with a trial's settings; an InputError ends the trial, and its message is the reason.
        Any other error ends the job; the trial is tried again by the next run, twice at most.
    folder
        Where checkpoints are kept until their trial ends.

    Returns
    -------
    list
        Numbers of the trials that this job ended.
    """
    storage = open_storage(path)
    study = optuna.load_study(study_name=definition["study"], storage=storage)
    study_id = storage.get_study_id_from_name(definition["study"])
    ended = []

    def run(number: int, trial_id: int) -> None:
        study.sampler = _sampler(definition, number)
        _run_trial(study, Trial(study, trial_id), definition, job, measure, folder / str(number))
        ended.append(number)

    def trial_id(trial: FrozenTrial) -> int:
        return storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if "job" in trial.user_attrs and trial.user_attrs["job"] % jobs == job:
            log.info("trial %d was left unfinished; going on with it", trial.number)
            run(trial.number, trial_id(trial))
    while True:
        waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        waiting = [trial for trial in waiting if trial.number < definition["trials"]]
        if not waiting:
            return ended
        first = trial_id(waiting[0])
        if _claim(storage, first):
            run(waiting[0].number, first)


def _claim(storage: JournalStorage, trial_id: int) -> bool:
    """Mark a waiting trial as running; False where another job was faster."""
    try:
        return storage.set_trial_state_values(trial_id, TrialState.RUNNING)
    except UpdateFinishedTrialError:
        return False


def _sampler(definition: Mapping, number: int) -> optuna.samplers.BaseSampler:
    """Sampler of a trial, seeded so that neither a restart nor other jobs change what it draws."""
    seed = int(np.random.SeedSequence([definition["seed"], number]).generate_state(1)[0])
    if definition["sampler"] == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    # a grid's trials have their values already
    return optuna.samplers.RandomSampler(seed=seed)


def suggest(trial: Trial, key: str, leaf: Mapping) -> Any:
    """Value of a leaf in a trial."""
    if "choices" in leaf:
        # as text, since a choice may be a list
        return json.loads(trial.suggest_categorical(key, [json.dumps(c) for c in leaf["choices"]]))
    draw = trial.suggest_int if leaf["integer"] else trial.suggest_float
    return draw(key, leaf["low"], leaf["high"], log=leaf["log"])


def _run_trial(
    study: optuna.Study,
    trial: Trial,
    definition: Mapping,
    job: int,
    measure: Measure,
    folder: Path,
) -> None:
    """Run a trial to its end, and tell the study."""
    attempt = trial.user_attrs.get("attempt", 0) + 1
    trial.set_user_attr("job", job)
    trial.set_user_attr("attempt", attempt)
    values = {key: suggest(trial, key, leaf) for key, leaf in definition["leaves"].items()}
    log.info("trial %d: %s", trial.number, json.dumps(values))
    try:
        if attempt > ATTEMPTS:
            raise InputError(
                f"the job ended {ATTEMPTS} times before the trial did, as by too little memory or "
                "time; see the job's log"
            )
        measured = measure(trial_settings(definition, values), folder)
        losses = [measured[OBJECTIVES[name]] for name in definition["objectives"]]
        if not all(map(math.isfinite, losses)):
            raise InputError(f"{', '.join(definition['objectives'])}: not a finite number")
    except InputError as error:
        log.warning("trial %d failed: %s", trial.number, error)
        trial.set_user_attr("reason", str(error))
        # pruned, not failed, so that the sampler keeps away from such values
        study.tell(trial, state=TrialState.PRUNED)
    else:
        for name, value in measured.items():
            trial.set_user_attr(name, value)
        study.tell(trial, losses)
        log.info("trial %d: %s", trial.number, json.dumps(measured))
    shutil.rmtree(folder, ignore_errors=True)
