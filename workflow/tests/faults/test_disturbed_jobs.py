"""Each stage on a full disk and killed at its writing: nothing half-written is taken for whole."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from disks import disk, enlarge
from replay import Job, names
from workflows import rules_with

RULES = rules_with()


@dataclass
class Outcome:
    """What became of a job on a full disk, killed after that, and run again in the end."""

    full_status: int
    full_told: str
    full_torn: list[str]
    was_killed: bool
    killed_torn: list[str]
    status: int
    told: str
    torn: list[str]
    missing: list[str]
    temporary: list[str]


def state(folder):
    return {
        name: (found.st_size, found.st_mtime_ns)
        for name in names(folder)
        if (found := (folder / name).stat(follow_symlinks=False))
    }


def kill_at_writing(job, folder, logs):
    """Kill a job once a file of it appears; whether it was still running then."""
    before = state(folder)
    process = job.start(folder, logs)
    while process.is_alive():
        try:
            begun = state(folder) != before
        except FileNotFoundError:  # renamed meanwhile
            begun = True
        if begun:
            process.kill()
            break
        time.sleep(0.001)
    process.join()
    return process.exitcode < 0


def disturb(job, folder):
    """Run a job with room for half of its output, kill it, and run it to its end."""
    place, logs = folder / "disk", folder / "logs"
    logs.mkdir(parents=True)
    with disk(place, job.pages() // 2):
        full_status, full_told = job.run(place, logs)
        full_torn = job.torn(place)
        enlarge(place)
        was_killed = kill_at_writing(job, place, logs)
        killed_torn = job.torn(place)
        status, told = job.run(place, logs)
        (place / ".taken").unlink()
        there = names(place)
        return Outcome(
            *(full_status, full_told, full_torn, was_killed, killed_torn, status, told),
            torn=job.torn(place),
            missing=sorted({*job.outputs} - {*there}),
            temporary=[name for name in there if "/." in f"/{name}"],
        )


@pytest.fixture(scope="module")
def outcomes(finished, tmp_path_factory):
    """Of each rule of a run, what became of one of its jobs."""
    project, _ = finished
    folder = tmp_path_factory.mktemp("disturbed")
    with disk(folder / "tried", 1):
        pass
    with ThreadPoolExecutor(2) as pool:
        jobs = Job.left_in(project.path)
        found = pool.map(lambda job: disturb(job, folder / job.rule), jobs.values())
        return dict(zip(jobs, found, strict=True))


@pytest.fixture
def outcome(outcomes, rule):
    if rule not in outcomes:
        pytest.skip("no job of it in the run")
    return outcomes[rule]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_full_disk_is_told_with_the_file_and_leaves_nothing_half_written(outcome):
    assert outcome.full_status == 1, outcome.full_told
    told = r"\nError: \S+/disk/\S+(: the disk is full \(| \S+ needs \d+ bytes more)"
    assert re.search(told, outcome.full_told), outcome.full_told
    assert outcome.full_torn == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_killed_job_leaves_nothing_half_written(outcome):
    assert outcome.killed_torn == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_job_run_again_ends_as_if_undisturbed(outcome):
    assert outcome.status == 0, outcome.told
    assert outcome.missing == []
    assert outcome.torn == []
    assert outcome.temporary == []


def test_most_jobs_were_killed_while_they_wrote(outcomes):
    killed = [rule for rule, outcome in outcomes.items() if outcome.was_killed]
    assert len(killed) > len(outcomes) / 2
