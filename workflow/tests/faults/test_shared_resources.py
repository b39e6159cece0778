"""Resources that one run made and nobody may change serve the runs of others."""

from dataclasses import dataclass

import pytest
from disks import read_only
from replay import VARYING, digest, names
from workflows import SINGLE_THREADS, TINY, Project, Run

MADE_ONCE = {
    *("simulate_genome", "simulate_experiment", "simulate_portal"),
    *("resolve", "download", "genome", "chrom_sizes", "jaspar"),
}


@dataclass
class Shared:
    """A run in a checkout of its own, on resources that another run made."""

    project: Project
    run: Run


@pytest.fixture(scope="module")
def shared(finished, tmp_path_factory):
    first, _ = finished
    folder = tmp_path_factory.mktemp("shared")
    other = Project.copy(folder / "other")
    other.sheet("SPI1 TSTSR000001 tf-chip auto")
    other.configs.append("config/demo.yaml")
    other.configure("tiny.yaml", TINY)
    other.add_analysis()
    with read_only(first.path / "resources", other.path / "resources"):
        yield Shared(other, other.snakemake(*SINGLE_THREADS))


def test_another_checkout_runs_through_on_resources_that_are_read_only(shared, finished):
    assert shared.run.status == 0, shared.run.text
    assert "The report is at results/report.html" in shared.run.text
    assert set(finished[1].counts) - set(shared.run.counts) == MADE_ONCE
    assert shared.project.plan().jobs == set()


def test_two_runs_end_with_the_same_bytes(shared, finished):
    assert shared.run.status == 0, shared.run.text
    first, other = (project.path / "results" for project in (finished[0], shared.project))
    of_resources = {f"{kind}/{rule}" for kind in ("logs", "benchmarks") for rule in MADE_ONCE}
    made = [
        name
        for name in names(first)
        if not name.startswith(tuple(of_resources)) and not VARYING.match(name)
    ]
    assert len(made) > 100
    assert [name for name in made if digest(first / name) != digest(other / name)] == []


def test_what_read_only_resources_lack_is_told_by_name(shared, finished):
    absent = {"motifs": {"databases": ["jaspar_fungi"]}}
    arm = "results/conditions/SPI1/profile/with_prior/motifs/profile"
    run = shared.project.snakemake(f"{arm}/matches.tsv", config=absent)
    assert run.status != 0
    assert "Read-only file system" in run.text
    assert "motifs/jaspar_fungi.meme" in run.text
