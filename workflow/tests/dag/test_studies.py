"""Each study is one command, which stands in its first lines and plans all of its arms."""

import re

import pytest
import yaml
from workflows import ROOT

STUDIES = sorted((ROOT / "config/studies").glob("*.yaml"))
CONDITIONS = ["SPI1", "CTCF"]


def named(path):
    return path.stem


@pytest.fixture(params=STUDIES, ids=named)
def study(request):
    return request.param


def command(study):
    """Targets and config files of the command that a study's comment gives."""
    (line,) = re.findall(r"^#   bash envs/run snakemake (.*)$", study.read_text(), re.MULTILINE)
    targets, configs = re.fullmatch(r"(.*)--profile profiles/demo --configfile (.*)", line).groups()
    return targets.split(), configs.split()


def test_command_plans_every_arm_and_comparison(project, study):
    targets, project.configs = command(study)
    assert project.configs[-1] == f"config/studies/{study.name}"
    plan = project.plan(*targets)
    own = yaml.safe_load(study.read_text())
    if "search" in own:
        assert plan.counts["search_study"] == len(own["search"])
        return
    pairs = [pair for pair in own.get("comparisons", {}).values() if pair]
    pairs = pairs or [["without_prior", "with_prior"]]
    arms = {arm for pair in pairs for arm in pair}
    trained = {(job["condition"], job["arm"]) for job in plan.jobs if job.rule == "train"}
    assert trained == {(condition, arm) for condition in CONDITIONS for arm in arms}
    for rule in ("plot_low_pass", "plot_composition", "plot_profiles", "plot_truth"):
        assert plan.counts[rule] == len(CONDITIONS) * len(pairs)
    assert plan.counts["summarise"] == plan.counts["plot_summary"] == 1


def test_study_has_results_of_its_own(study):
    own = yaml.safe_load(study.read_text())
    assert own["pathvars"]["results"] == f"results/studies/{study.stem}"
    if "simulate" in own:
        assert own["pathvars"]["resources"] == f"resources/studies/{study.stem}"
