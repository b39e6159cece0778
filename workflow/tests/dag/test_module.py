"""The workflow used by another one, from a folder that holds nothing but a config and a sheet."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import attprior
import pandas as pd
import pytest
import yaml
from workflows import ROOT, TINY, Project, merged

SHEET = "SPI1 TSTSR000001 tf-chip auto"
CONFIG = merged(
    *(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("config", "demo")),
    TINY,
)
del CONFIG["simulate"]["motifs"]["CTCF"]
USE = """
module {name}:
    snakefile:
        {source}
    config:
        config["{name}"]


use rule * from {name} as {prefix}*
"""
HOOKS = """
onstart:
    {name}.onstart()


onsuccess:
    {name}.onsuccess()
"""
TAG = f"v{attprior.__version__}"
HOSTED = f'github("someone/attprior", path="workflow/Snakefile", tag="{TAG}")'


def local(project):
    """How a Snakefile names the workflow of a folder."""
    return f'"{project.path}/workflow/Snakefile"'


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """The workflow in a folder of its own, which no test changes but for configs and sheets."""
    return Project.copy(tmp_path_factory.mktemp("module") / "project")


@pytest.fixture(scope="module")
def direct(workflow):
    """What direct use plans."""
    return planned_directly(workflow, CONFIG)


@pytest.fixture
def user(tmp_path):
    """Another workflow's folder, whose config holds one block a module."""

    def make(configs, *parts):
        other = Project(tmp_path / "other")
        other.sheet(SHEET)
        other.write("config/config.yaml", yaml.safe_dump({"of_the_other": 1, **configs}))
        other.write("workflow/Snakefile", 'configfile: "config/config.yaml"\n' + "".join(parts))
        return other

    return make


@pytest.fixture
def hosted(workflow, tmp_path, monkeypatch):
    """The workflow on a Git host, with a tag: Git is told to find the host in a folder."""
    if not shutil.which("git"):
        pytest.skip("git is missing")
    place = tmp_path / "host/someone/attprior"
    shutil.copytree(workflow.path, place)
    shutil.copy(ROOT / "LICENSE", place)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=one", "-c", "user.email=one@example.org", "commit", "--quiet", "-m", "x"],
        ["tag", TAG],
    ):
        subprocess.run(["git", *command], cwd=place, check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/host/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)


def renamed(jobs, prefix):
    """Jobs without the prefix of their rules, and without the target rule."""
    found = {replace(job, rule=job.rule.removeprefix(prefix)) for job in jobs}
    assert all(job.rule.startswith(prefix) for job in jobs)
    return {job for job in found if job.rule != "all"}


def planned_directly(project, config):
    project.sheet(SHEET)
    project.write("own.yaml", yaml.safe_dump(config))
    return project.plan("--configfile", "own.yaml").jobs


@pytest.mark.parametrize("prefix", ["", "attprior_"])
def test_module_plans_what_direct_use_plans(workflow, direct, user, prefix):
    source = local(workflow)
    other = user({"attprior": CONFIG}, USE.format(name="attprior", source=source, prefix=prefix))
    assert renamed(other.plan().jobs, prefix) == direct


def test_two_modules_plan_each_by_its_own_config(workflow, user):
    places = {"first": {"results": "one"}, "second": {"results": "two"}}
    configs = {
        name: merged(CONFIG, {"pathvars": {"resources": f"{name}_resources", **place}})
        for name, place in places.items()
    }
    configs["second"] = merged(
        configs["second"], {"models": {"binary": {"architecture": "binary"}}}
    )
    uses = [USE.format(name=n, source=local(workflow), prefix=f"{n}_") for n in configs]
    # not by a rule of both inputs: Snakemake would look for those of functions by its own pathvars
    run = user(configs, *uses).plan(*(f"{n}_all" for n in configs))
    for name, config in configs.items():
        own = {job for job in run.jobs if job.rule.startswith(f"{name}_")}
        assert renamed(own, f"{name}_") == planned_directly(workflow, config)
    assert {job.rule.split("_")[0] for job in run.jobs} == set(configs)
    assert "output: two/summary.tsv" in run.text


MAKES = """
rule mine:
    output:
        "data/{name}.narrowPeak",
    shell:
        "touch {output}"
"""


def test_a_module_knows_what_its_own_rules_write(workflow, user):
    row = "SPI1 own tf-chip none own.bam {}"
    config = merged(CONFIG, {"pathvars": {"results": "out/study"}})
    use = USE.format(name="study", source=local(workflow), prefix="study_")
    other = user({"study": config}, use, MAKES)
    other.write("own.bam", "")
    for place in ("out/study/experiments/own/peaks.narrowPeak", "data/own.narrowPeak"):
        other.write(place, "")
    other.sheet(row.format("out/study/experiments/own/peaks.narrowPeak"))
    run = other.snakemake("--dry-run")
    assert run.status != 0
    assert "peaks of own: out/study/experiments/own/peaks.narrowPeak is where rule study_peaks" in (
        run.text
    )
    # what another rule makes may be named
    other.sheet(row.format("data/own.narrowPeak"))
    assert "study_peaks" in other.plan().counts


def test_copies_of_the_workflow_do_not_mix(workflow, user, tmp_path):
    second = Project.copy(tmp_path / "second")
    sources = {"first": workflow, "second": second}
    uses = [USE.format(name=n, source=local(p), prefix=f"{n}_") for n, p in sources.items()]
    run = user(dict.fromkeys(sources, CONFIG), *uses).snakemake("--dry-run")
    assert run.status != 0
    assert f"this workflow is at {second.path}/workflow, but another copy of it" in run.text


def test_snakedeploy_deploys_what_plans_as_direct_use_does(project, tmp_path, hosted):
    tool = Path(sys.executable).parent / "snakedeploy"
    tool = tool if tool.exists() else shutil.which("snakedeploy")
    if not tool:
        pytest.skip("snakedeploy is missing")
    deployed = Project(tmp_path / "deployed")
    deployed.path.mkdir()
    command = [tool, "deploy-workflow", "https://github.com/someone/attprior", ".", "--tag", TAG]
    subprocess.run(command, cwd=deployed.path, check=True)
    for profile in ("demo", "local", "slurm"):
        assert (deployed.path / f"profiles/{profile}/config.yaml").is_file()
    for folder in (deployed, project):
        folder.configs.append("config/demo.yaml")
    assert deployed.plan().jobs == project.plan().jobs


@pytest.mark.slow
def test_module_of_a_git_host_runs_and_reports(user, hosted, tools):
    parts = [USE.format(name="study", source=HOSTED, prefix="study_"), HOOKS.format(name="study")]
    other = user({"study": CONFIG}, *parts)
    arm = "results/conditions/SPI1/profile/with_prior/fold_1"
    targets = (f"{arm}/history.tsv", "results/methods.html")
    run = other.snakemake(*targets, "--set-threads", "study_train=1")
    assert run.status == 0, run.text
    assert {"study_resolve", "study_train", "study_methods"} <= set(run.counts)
    assert pd.read_csv(other.path / f"{arm}/history.tsv", sep="\t").seed.nunique() == 2
    # files of the workflow that no rule names are found too
    software = pd.read_csv(other.path / "results/software.tsv", sep="\t").set_index("software")
    assert software.version["attprior"] == attprior.__version__
    assert "The report is at results/report.html" in run.text
    assert other.plan(*targets).jobs == set()
