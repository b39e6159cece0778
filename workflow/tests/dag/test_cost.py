"""What a study costs, and what planning takes, as the scripts of `workflow/benchmarks` tell."""

import io
import subprocess
import sys

import pandas as pd
import pytest
from workflows import ROOT

BENCHMARKS = ROOT / "workflow/benchmarks"
# of the run, and of a study of twice as much of everything; half of a job is start
RUN = {"reads": 1000, "peaks": 100, "attributed": 50, "seeds": 1, "length": 200, "genome": 1e6}
TABLE = "s\th:m:s\tmax_rss\n1.4\t0:00:01\t1\n"
RATES = ["--examples-per-second", "1", "--prior-slowdown", "3", "--epochs", "5"]
RATES += ["--pairs-per-second", "1", "--references", "10", "--start-seconds", "0.7"]


def script(name, *arguments):
    command = [sys.executable, BENCHMARKS / name, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name in ("tracks/a", "tracks/b", "labels/A", "plot_loci/A", "train/A"):
        path = folder / f"benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TABLE)
    for name, size in (
        ("experiments/a/reads.bam", 1_500_000_000),
        ("experiments/input/reads.bam", 500_000_000),
        ("conditions/A/labels.h5", 3_000_000_000),
        ("conditions/A/profile/arm/comparisons/loci.svg", 1_000_000_000),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.truncate(size)
    return folder


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    study = {"study": "two", "conditions": 1, "experiments": 2, "alignments": 8, "file_gb": 0.5}
    study |= {name: 2 * value for name, value in RUN.items()}
    path = tmp_path_factory.mktemp("studies") / "studies.tsv"
    pd.DataFrame([study]).to_csv(path, sep="\t", index=False)
    return path


def costs(results, studies, *arguments):
    like = ",".join(f"{name}={value}" for name, value in RUN.items())
    done = script("cost.py", results, "--studies", studies, "--like", like, *RATES, *arguments)
    assert done.returncode == 0, done.stderr
    return pd.read_csv(io.StringIO(done.stdout), sep="\t")


def test_jobs_are_those_of_a_plan_and_seconds_grow_with_what_is_worked_through(results, studies):
    rules = costs(results, studies, "--by-rule").set_index("rule")
    # two experiments with a control each, two arms
    assert rules.jobs[["tracks", "labels", "train", "resolve"]].to_list() == [4, 1, 2, 4]
    assert rules.jobs.download == 8 + 2
    # 0.7 s of start, and 0.7 s of work that doubles
    assert rules.seconds_a_job[["tracks", "labels", "plot_loci"]].to_list() == [2.1, 2.1, 1.4]
    # 200 peaks and as many others, 80 % of them, 2 seeds, 5 epochs; with the prior thrice as long
    assert rules.seconds_a_job.train == 400 * 0.8 * 2 * 5 * (1 + 3) / 2
    assert rules.seconds_a_job.attribute == 100 * 2 * 10
    assert rules.gpu_hours.train == pytest.approx(2 * rules.seconds_a_job.train / 3600, abs=0.1)
    assert rules.gpu_hours.tracks == 0


def test_disk_is_what_is_downloaded_and_what_grows_from_the_run(results, studies):
    (row,) = costs(results, studies).itertuples()
    assert row.network_gb == 4
    # 4 GB of reads for each of two experiments and its control, 6 GB of labels, 1 GB that stays
    assert row.disk_gb == pytest.approx(4 + 2 * 4 + 6 + 1, abs=0.1)


def test_rules_that_the_run_does_not_have_are_named(results, studies):
    done = script("cost.py", results, "--studies", studies, *RATES)
    assert "taken for 0 s, not being in that run: ['analyse_" in done.stderr
    assert "homer'" in done.stderr


def test_studies_without_a_column_are_refused(results, tmp_path):
    (tmp_path / "mine.tsv").write_text("study\tconditions\nmine\t1\n")
    done = script("cost.py", results, "--studies", tmp_path / "mine.tsv")
    assert done.returncode == 1
    assert "mine.tsv lacks the columns ['alignments', 'attributed'" in done.stderr


def test_results_without_benchmarks_are_refused(tmp_path):
    done = script("cost.py", tmp_path)
    assert done.returncode == 1
    assert "has no benchmarks; give the results folder of a finished run" in done.stderr


def test_planning_ends_with_seconds_and_megabytes():
    done = script("planning.py", "--conditions", "2", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    values = dict(line.split("\t") for line in done.stdout.splitlines()[-2:])
    assert list(values) == ["planning_seconds", "planning_mb"]
    assert 1 < float(values["planning_seconds"]) < 300
    assert 50 < float(values["planning_mb"]) < 1000
