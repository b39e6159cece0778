"""Runs through sbatch, undisturbed and disturbed, on a Slurm of real daemons."""

import re
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch
from slurm import DAEMONS, Cluster
from workflows import TINY, Project, rules_with

# jobs of one thread, and what a test can't wait for
OPTIONS = [
    *("--slurm-init-seconds-before-status-checks", "1"),
    *("--latency-wait", "5"),
    "--set-threads",
    *(f"{rule}=1" for rule in ("train", "evaluate", "attribute", "modisco", "match")),
]
# arms of the same settings; each but the first meets a fault
ARMS = ("undisturbed", "cancelled", "out_of_memory", "out_of_time", "preempted", "node_failed")
FAULTS = {
    "arms": {arm: {"prior": {"kind": "fourier"}} for arm in ARMS},
    "comparisons": {"prior": None, **{arm: ["undisturbed", arm] for arm in ARMS[1:]}},
    "training": {"epochs": 6, "patience": 6},
}
# goes into the adapter: a pause after each checkpoint, so that faults meet a job in mid-training,
# a node too slow for a job of one minute, and memory that is needed only after the first epoch
PACE = """
import time

from attprior.training import loop

save, held = loop._save, []


def save_and_wait(progress, path):
    save(progress, path)
    time.sleep(8 if snakemake.resources.runtime == 1 else 1.5)
    if snakemake.wildcards.arm == "out_of_memory" and not held:
        held.append(b"1" * 1_500_000_000)


loop._save = save_and_wait
"""
# by the arm's name, as one rule trains them all
MINUTES = "attempt if wildcards.arm == 'out_of_time' else 60 * attempt"
PARTITION = "{'preempted': 'spot', 'node_failed': 'flaky'}.get(wildcards.arm, 'gpu')"
# stands for all of the profile's set-resources
ASKED = [
    "--set-resources",
    "train:mem_mb=1500 * attempt",
    f"train:runtime={MINUTES}",
    f"train:slurm_partition={PARTITION}",
    # as on a cluster that refuses --gpus
    "evaluate:slurm_partition=gpu",
    "evaluate:gpu=0",
    "evaluate:gres=gpu:1",
]


@pytest.fixture(scope="session")
def cluster():
    """A Slurm whose partitions have the profile's names; skip where its daemons are missing."""
    missing = [daemon for daemon in DAEMONS if not shutil.which(daemon)]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: apt-get install slurm-wlm munge")
    # a socket's path may be no longer than 107 characters
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:
        running = Cluster(Path(folder))
        yield running
        running.stop()


@pytest.fixture(scope="session")
def submitted(tmp_path_factory, tools, cluster):
    """A run of one simulated condition by the profile."""
    project = Project.copy(tmp_path_factory.mktemp("slurm") / "project")
    project.sheet("SPI1 TSTSR000001 tf-chip auto")
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", TINY)
    project.options = ["--profile", "profiles/slurm", *OPTIONS]
    project.environment = cluster.environment
    run = project.snakemake()
    assert run.status == 0, run.text
    return project, run, cluster.jobs()


def rule_of(job):
    """The rule that a Slurm job is of."""
    return re.match(r"rule_(.*?)(_wildcards|$)", job["Comment"])[1]


def test_run_through_sbatch_ends_with_a_report(submitted):
    project, run, _ = submitted
    assert "The report is at results/report.html" in run.text
    assert (project.path / "results/report.html").stat().st_size > 100_000
    assert project.plan().jobs == set()


def test_all_jobs_but_downloads_and_figures_are_submitted(submitted):
    _, run, jobs = submitted
    local = rules_with("localrule:")
    assert {"resolve", "plot_loci", "plot_summary"} <= local & set(run.counts)
    assert {rule_of(job) for job in jobs} == set(run.counts) - local
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}


def test_jobs_that_want_a_gpu_get_one_in_its_partition(submitted):
    _, _, jobs = submitted
    wanting = rules_with("gpu=1")
    seen = {rule_of(job) for job in jobs if job["Partition"] == "gpu"}
    assert seen == {"train", "evaluate", "attribute", "hits"} == seen & wanting
    for job in jobs:
        if rule_of(job) in wanting:
            assert (job["Partition"], job["NodeList"]) == ("gpu", "gpu1")
            assert (job["TresPerJob"], job["JOB_GRES"]) == ("gres:gpu:1", "gpu:1")
        else:
            assert (job["Partition"], job["NodeList"]) == ("normal", "cpu1")
            assert job["JOB_GRES"] == "(null)"


def test_memory_and_time_are_those_of_the_rules(submitted):
    _, _, jobs = submitted
    asked = {rule_of(job): (job["MinMemoryNode"], job["TimeLimit"]) for job in jobs}
    assert asked["train"] == ("16000M", "12:00:00")
    assert asked["labels"] == ("6000M", "02:00:00")


@dataclass
class Disturbed:
    """A run of training and evaluation, and what was done to it."""

    project: Project
    status: int
    text: str
    jobs: list[dict[str, str]]

    def folder(self, arm):
        return self.project.path / f"results/conditions/SPI1/profile/{arm}/fold_1"

    def attempts(self, arm):
        """Slurm's jobs that trained an arm, in their order."""
        comment = f"rule_train_wildcards_SPI1_profile_{arm}_fold_1"
        return [job for job in self.jobs if job.get("Comment") == comment]

    def log(self, arm):
        """Log of an arm's last attempt."""
        path = self.project.path / f"results/logs/train/SPI1/profile/{arm}/fold_1.log"
        return path.read_text()


@pytest.fixture(scope="session")
def disturbed(submitted, cluster):
    """Train and evaluate arms that are the same, while all faults happen at once."""
    first, _, _ = submitted
    # the other way to choose a profile, which jobs inherit
    environment = {**cluster.environment, "SNAKEMAKE_PROFILE": "profiles/slurm"}
    project = Project(first.path.with_name("disturbed"), [*first.configs], OPTIONS, environment)
    shutil.copytree(first.path, project.path)
    project.configure("faults.yaml", FAULTS)
    adapter = project.path / "workflow/scripts/train.py"
    before = "torch.set_num_threads"
    adapter.write_text(adapter.read_text().replace(before, f"{PACE}\n{before}"))
    seen = Disturbed(project, 1, "", [])

    def running(arm):
        return next((job for job in reversed(seen.attempts(arm)) if job["NodeList"]), None)

    def trained_once(arm):
        seen.jobs = cluster.jobs()
        return running(arm) and (seen.folder(arm) / "checkpoints/seed_1.pt").exists()

    def disturb():
        cluster.wait(lambda: trained_once("cancelled"), "training to cancel", 120)
        cluster.run("scancel", running("cancelled")["JobId"])
        cluster.wait(lambda: trained_once("preempted"), "training to preempt", 120)
        urgent = ("--partition=urgent", "--gpus=1", "--mem=1", "--output=/dev/null", "--wrap=true")
        cluster.run("sbatch", *urgent)
        preempted = running("preempted")["JobId"]
        cluster.wait(lambda: restarts(preempted), "a job to give way", 60)
        cluster.wait(lambda: trained_once("node_failed"), "training on a node to fail", 120)
        cluster.run("scontrol", "update", "NodeName=gpu3", "State=DOWN", "Reason=test")
        failed = running("node_failed")["JobId"]
        cluster.wait(lambda: restarts(failed), "a job to leave its node", 60)
        # what ran there takes as long to end as KillWait gives it
        time.sleep(5)
        cluster.run("scontrol", "update", "NodeName=gpu3", "State=RESUME")

    def restarts(job_id):
        return next(int(job["Restarts"]) for job in cluster.jobs() if job["JobId"] == job_id)

    targets = [str(seen.folder(arm).relative_to(project.path) / "performance.tsv") for arm in ARMS]
    process = project.start(*ASKED, "--", *targets)
    hand = threading.Thread(target=disturb, daemon=True)
    hand.start()
    try:
        seen.text, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    hand.join()
    seen.status, seen.jobs = process.returncode, cluster.jobs()
    return seen


def assert_went_on(disturbed, arm):
    """The last attempt began with a checkpoint, and all ended as if nothing had happened."""
    epochs = re.search(r"going on from .*seed_1.pt after epoch (\d)", disturbed.log(arm))
    assert epochs and int(epochs[1]) >= 1
    other, one = disturbed.folder("undisturbed"), disturbed.folder(arm)
    for seed in (1, 2):
        models = [
            torch.load(folder / f"seed_{seed}/model.pt", weights_only=True)
            for folder in (other, one)
        ]
        weights = [model.pop("weights") for model in models]
        assert models[0] == models[1]
        assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    for table in (
        "history.tsv",
        "performance.tsv",
        "performance.examples.tsv.gz",
        "performance.groups.tsv.gz",
    ):
        tables = [pd.read_csv(folder / table, sep="\t") for folder in (other, one)]
        pd.testing.assert_frame_equal(
            *(table.drop(columns="seconds", errors="ignore") for table in tables)
        )


def test_run_ends_well_for_all_its_faults(disturbed):
    assert disturbed.status == 0, disturbed.text
    (job,) = disturbed.attempts("undisturbed")
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "0")
    assert "going on" not in disturbed.log("undisturbed")


def test_job_cancelled_by_hand_is_submitted_again_and_goes_on(disturbed):
    first, second = disturbed.attempts("cancelled")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert f"SLURM-job '{first['JobId']}' failed, SLURM status is: 'CANCELLED'" in disturbed.text
    assert_went_on(disturbed, "cancelled")


def test_job_over_its_memory_gets_more_and_goes_on(disturbed):
    first, second = disturbed.attempts("out_of_memory")
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1500M", "3000M")
    assert "Exceeded job memory limit" in Path(first["StdOut"]).read_text(encoding="utf-8")
    assert_went_on(disturbed, "out_of_memory")


def test_job_over_its_time_limit_gets_more_and_goes_on(disturbed):
    first, second = disturbed.attempts("out_of_time")
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")
    assert f"SLURM-job '{first['JobId']}' failed, SLURM status is: 'TIMEOUT'" in disturbed.text
    assert_went_on(disturbed, "out_of_time")


@pytest.mark.parametrize("arm", ["preempted", "node_failed"])
def test_job_that_slurm_takes_off_its_node_comes_back_and_goes_on(disturbed, arm):
    # the same job, which Slurm itself put back, and not one more
    (job,) = disturbed.attempts(arm)
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert_went_on(disturbed, arm)


def test_gres_stands_for_gpus_where_a_cluster_refuses_them(disturbed):
    for arm in ARMS:
        comment = f"rule_evaluate_wildcards_SPI1_profile_{arm}_fold_1"
        (job,) = (job for job in disturbed.jobs if job.get("Comment") == comment)
        assert (job["TresPerNode"], job["JOB_GRES"]) == ("gres:gpu:1", "gpu:1")
        assert job["Partition"] == "gpu"
