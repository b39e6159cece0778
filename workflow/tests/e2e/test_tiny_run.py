"""All rules on next to no data: a run ends, and ends with all that was asked for."""

import pandas as pd
import pytest


@pytest.mark.end_to_end
def test_run_says_where_its_report_is(finished):
    project, run = finished
    assert "The report is at results/report.html" in run.text
    assert (project.path / "results/report.html").stat().st_size > 100_000


@pytest.mark.end_to_end
def test_second_run_of_real_jobs_plans_nothing(finished):
    project, _ = finished
    assert project.plan().jobs == set()


@pytest.mark.end_to_end
def test_few_examples_give_tables_and_figures_all_the_same(finished):
    project, _ = finished
    folder = project.path / "results/conditions/SPI1/profile/comparisons/prior"
    for analysis in (
        "loci",
        "spectrum",
        "consistency",
        "performance",
        "truth",
        "motifs",
        "training",
        "hits",
        "footprints",
        "summits",
    ):
        assert pd.read_csv(folder / f"{analysis}.tsv", sep="\t").shape[1] > 1
        for ending in ("svg", "png"):
            assert (folder / f"{analysis}.{ending}").stat().st_size > 0


@pytest.mark.end_to_end
def test_every_job_left_a_log_and_a_benchmark(finished):
    project, run = finished
    results = project.path / "results"
    # a log of nothing but samtools' complaints may be empty
    assert len(list(results.glob("logs/**/*.log"))) == len(run.jobs)
    assert len(list(results.glob("benchmarks/**/*.tsv"))) == len(run.jobs)


@pytest.mark.end_to_end
def test_nothing_is_left_of_temporary_files(finished):
    project, _ = finished
    left = [path for path in (project.path / "results").rglob(".*") if path.is_file()]
    assert [path.name for path in left if path.name != ".snakemake_timestamp"] == []
