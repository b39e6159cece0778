"""Searches are planned by their target alone, and what cannot be searched is said first."""

import pytest
from workflows import TINY

SEARCH = {
    "weights": {
        "condition": "SPI1",
        "arm": "with_prior",
        "sampler": "grid",
        "jobs": 3,
        "leaves": {"prior/weight": {"choices": [1, 10]}},
    }
}


@pytest.fixture
def searching(project):
    project.sheet("SPI1 TSTSR000001 tf-chip auto")
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", TINY)
    return project


def test_search_plans_its_jobs_and_no_arm(searching):
    plan = searching.plan("search", config={"search": SEARCH})
    found = {rule: number for rule, number in plan.counts.items() if "search" in rule}
    expected = {"search_study": 1, "search_trials": 3, "search_result": 1, "plot_search": 1}
    assert {**expected, "search": found.get("search")} == found
    assert {"labels", "fold"} <= set(plan.counts)
    assert not {"train", "attribute"} & set(plan.counts)


def test_other_targets_do_not_search(searching):
    assert not any("search" in rule for rule in searching.plan(config={"search": SEARCH}).counts)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "config key 'search' names no search"),
        (
            {"search": {"rate": {**SEARCH["weights"], "leaves": {"rate": {"choices": [1]}}}}},
            "config key 'search/rate/leaves/rate': unknown setting 'rate'",
        ),
        (
            {"search": {"rate": {**SEARCH["weights"], "sampler": "gird"}}},
            "config key 'search/rate/sampler' is 'gird'; choose one of tpe, random, grid",
        ),
    ],
)
def test_bad_search_is_said_before_any_job(searching, config, message):
    run = searching.snakemake("--dry-run", "search", config=config)
    assert run.status != 0
    assert message in run.text
    assert "Traceback (most recent call last)" not in run.text
