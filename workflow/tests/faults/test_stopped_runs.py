"""Runs that are stopped, by whom and however, go on and end as one that was not."""

import os
import shutil
import signal
import time
from dataclasses import replace

import pytest
from disks import PAGE, disk, enlarge
from replay import digest
from workflows import SINGLE_THREADS, TINY, Project

ARM = "results/conditions/SPI1/profile/with_prior/fold_1"
MODELS = [f"{ARM}/seed_{seed}/model.pt" for seed in (1, 2)]
ATTRIBUTIONS = f"{ARM}/attributions/profile.h5"
CHECKPOINTS = f"{ARM}/checkpoints"
LOG = "results/logs/train/SPI1/profile/with_prior/fold_1.log"
# as all profiles have it
OPTIONS = ["--rerun-incomplete", *SINGLE_THREADS]
SECONDS = 120  # until a run has begun, or ended


@pytest.fixture
def untrained(finished, tmp_path):
    """A finished run, but for an arm's models and what was made with them."""
    project, _ = finished
    shutil.copytree(project.path, tmp_path / "project", symlinks=True)
    copy = replace(project, path=tmp_path / "project")
    shutil.rmtree(copy.path / ARM)
    return copy


def training(project, *targets):
    """Start a run, and wait until the first of two seeds is trained: the process, its job's."""
    process = project.start(*(targets or MODELS), *OPTIONS)
    until(lambda: (project.path / CHECKPOINTS / "seed_1.pt").exists())
    (job,) = map(int, children(process.pid))
    return process, job


def children(process):
    return [
        child
        for task in os.listdir(f"/proc/{process}/task")
        for child in open(f"/proc/{process}/task/{task}/children", encoding="utf-8").read().split()
    ]


def until(true):
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(group):
    """Whether a process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def end(process):
    """Wait for a run's end, and for that of what it started: its status, and what it printed."""
    text, _ = process.communicate(timeout=SECONDS)
    until(lambda: not is_running(process.pid))
    return process.returncode, text


def rerun(project, finished, *targets):
    """Run again, and see that it ends as a run that was not stopped."""
    targets = targets or MODELS
    run = project.snakemake(*targets, *OPTIONS)
    assert run.status == 0, run.text
    for path in (*MODELS, *targets):
        assert digest(project.path / path) == digest(finished[0].path / path)
    assert not [path for path in (project.path / ARM).rglob(".*") if path.is_file()]
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_that_is_told_to_stop_stops_at_once_and_goes_on_from_its_checkpoints(
    untrained, finished, number
):
    process, _ = training(untrained)
    # what Ctrl-C does, and what ends a batch job or a service
    os.killpg(process.pid, number)
    status, text = end(process)
    assert status not in (0, None), text
    assert not (untrained.path / ".snakemake/locks/0.input.lock").exists()
    assert not list((untrained.path / CHECKPOINTS).glob(".*"))
    assert not any((untrained.path / path).exists() for path in MODELS)
    rerun(untrained, finished)
    assert "going on from" in (untrained.path / LOG).read_text()


def test_snakemake_alone_told_to_end_lets_its_jobs_end_first(untrained, finished):
    process, _ = training(untrained, ATTRIBUTIONS)
    process.send_signal(signal.SIGTERM)
    status, text = end(process)
    assert status != 0
    assert "Will exit after finishing currently running jobs" in text
    assert all((untrained.path / path).exists() for path in MODELS)
    assert not (untrained.path / ATTRIBUTIONS).exists()
    assert rerun(untrained, finished, ATTRIBUTIONS).counts["train"] == 0


def test_killed_worker_fails_its_job_alone(untrained, finished):
    process, job = training(untrained)
    os.kill(job, signal.SIGKILL)
    status, text = end(process)
    assert status == 1
    assert "Error in rule train" in text
    assert not any((untrained.path / path).exists() for path in MODELS)
    rerun(untrained, finished)
    assert "going on from" in (untrained.path / LOG).read_text()


@pytest.mark.parametrize("with_its_jobs", [True, False])
def test_killed_snakemake_leaves_a_lock_that_is_told_and_taken_away(
    untrained, finished, with_its_jobs
):
    process, _ = training(untrained)
    if with_its_jobs:  # as when the machine loses its power
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()  # its job goes on, while the next run does the same
    process.wait(timeout=SECONDS)
    told = untrained.snakemake(*MODELS, *OPTIONS)
    assert told.status != 0
    assert "--unlock" in told.text
    assert untrained.snakemake("--unlock").status == 0
    rerun(untrained, finished)
    until(lambda: not is_running(process.pid))
    for path in MODELS:
        assert digest(untrained.path / path) == digest(finished[0].path / path)


def test_run_whose_whole_folder_is_full_goes_on_where_there_is_room(finished, tmp_path):
    made = [f"resources/simulated/{name}" for name in ("genome.fa", "SPI1/sites.bed")]
    made += ["resources/simulated/SPI1/replicate_1.bam"]
    run = [*made, "--rerun-incomplete", "--cores", "1"]
    with disk(tmp_path / "disk", 1 << 14):
        project = Project.copy(tmp_path / "disk/project")
        project.sheet("SPI1 TSTSR000001 tf-chip auto")
        project.configs.append("config/demo.yaml")
        project.configure("tiny.yaml", TINY)
        # Snakemake's own records do not fit, then the genome, then the reads
        for pages in (2, 20, 90):
            free = shutil.disk_usage(tmp_path / "disk")
            enlarge(tmp_path / "disk", free.used + pages * PAGE)
            stopped = project.snakemake(*run)
            assert stopped.status == 1
            assert "No space left on device" in stopped.text
            for name in filter(lambda name: (project.path / name).exists(), made):
                assert digest(project.path / name) == digest(finished[0].path / name)
        enlarge(tmp_path / "disk")
        whole = project.snakemake(*run)
        assert whole.status == 0, whole.text
        for name in made:
            assert digest(project.path / name) == digest(finished[0].path / name)


def test_report_without_room_is_told_with_the_command_that_makes_it(finished, tmp_path):
    with disk(tmp_path / "disk", 1 << 17):
        project = replace(finished[0], path=tmp_path / "disk/project")
        shutil.copytree(finished[0].path, project.path, symlinks=True)
        report, drawn = (
            project.path / f"results/{name}" for name in ("report.html", "summary.svg")
        )
        drawn.unlink()
        before = digest(report)
        enlarge(tmp_path / "disk", shutil.disk_usage(tmp_path / "disk").used + (1 << 19))
        run = project.snakemake("results/summary.svg")
        assert run.status == 1
        assert (
            "All results are there, but no report: results/report.html: the disk is full"
            in run.text
        )
        assert f"--report=results/report.html --configfile {project.configs[0]}" in run.text
        assert digest(report) == before
        assert digest(drawn) == digest(finished[0].path / "results/summary.svg")
