"""What tests of whole workflows share."""

import shutil
from pathlib import Path

import pytest
from workflows import SINGLE_THREADS, TINY, Project

# tests of these run whole workflows, or need what few have
SLOW = ("cluster", "conda/test_conda_run.py", "e2e", "engines", "faults", "notebooks")


def pytest_collection_modifyitems(items):
    """Mark what takes long."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def tools():
    """Skip where the programs that rules call are missing."""
    for tool in ("samtools", "bedtools"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tools):
    """A run of one simulated condition, all jobs real."""
    project = Project.copy(tmp_path_factory.mktemp("tiny") / "project")
    project.sheet("SPI1 TSTSR000001 tf-chip auto")
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", TINY)
    project.add_analysis()
    # scripts stay, so that their jobs can be run again without Snakemake
    run = project.snakemake("--skip-script-cleanup", *SINGLE_THREADS)
    assert run.status == 0, run.text
    return project, run


@pytest.fixture
def project(tmp_path):
    """A copy of the workflow as it is."""
    return Project.copy(tmp_path / "project")
