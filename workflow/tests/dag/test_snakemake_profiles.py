"""Profiles name what the workflow has, and are found as their README says."""

import re
import subprocess

import pytest
import yaml
from workflows import ROOT, Project, rules_with

PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/config.yaml"))
# options whose values begin with the names of rules: Snakemake ignores names that no rule has
OF_RULES = ("set-resources", "set-threads", "set-scatter", "groups", "slurm-array-jobs")


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """Names of all rules, those of the demo included."""
    project = Project.copy(tmp_path_factory.mktemp("rules") / "project")
    project.configs.append("config/demo.yaml")
    run = project.snakemake("--list-rules")
    assert run.status == 0, run.text
    return set(re.findall(r"^\w+", run.text, re.MULTILINE))


def named(profile):
    """Rules that a profile names, as `rule: …` or `rule=…`."""
    for option in OF_RULES:
        value = profile.get(option, [])
        for entry in value.split(",") if isinstance(value, str) else value:
            yield re.split("[=:]", entry)[0].strip()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_rule_that_a_profile_names_exists(rules, profile):
    text = (ROOT / "profiles" / profile / "config.yaml").read_text()
    assert set(named(yaml.safe_load(text))) <= rules


def test_slurm_profile_sends_every_rule_that_wants_a_gpu_to_a_gpu_partition():
    wanting = rules_with("gpu=1")
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert {"train", "attribute_locus"} <= wanting
    assert profile["set-resources"] == {name: {"slurm_partition": "gpu"} for name in wanting}


@pytest.mark.parametrize("way", ["path", "variable", "link"])
def test_slurm_profile_is_found(project, way):
    project.configs.append("config/demo.yaml")
    project.options = []
    if way == "variable":
        project.environment["SNAKEMAKE_PROFILE"] = "profiles/slurm"
    else:
        project.options = ["--profile", "profiles/slurm" if way == "path" else "slurm"]
    if way == "link":
        readme = (ROOT / "profiles/README.md").read_text()
        (command,) = re.findall("`(mkdir .* ln -s .*/slurm)`", readme)
        project.environment["HOME"] = str(project.path / "home")
        assert project.snakemake("--dry-run").status != 0
        subprocess.run(command, shell=True, check=True, cwd=project.path, env=project.environment)
    run = project.snakemake("--dry-run", "--printshellcmds")
    assert run.status == 0, run.text
    assert run.text.startswith("Using profile")
    assert "slurm_partition=gpu" in run.text


def test_time_and_memory_grow_with_attempts(project):
    project.configs.append("config/demo.yaml")
    run = project.plan("--attempt", "3")
    train = run.text.split("\nrule train:")[1].split("\n\n")[0]
    assert "mem_mb=48000" in train
    assert "runtime=2160" in train


def test_ready_tells_in_a_table_what_is_lacking(project):
    project.configs.append("config/demo.yaml")
    run = project.snakemake("ready", "--cores", "1")
    assert run.status == 0, run.text
    assert "config    ok       2 experiments, 2 conditions" in run.text
    missing = {"motifs": {"homer": {"enabled": True}}}
    run = project.snakemake("ready", "--cores", "1", config=missing)
    assert run.status == 1
    assert "findMotifsGenome.pl  error" in run.text
    assert "not ready for a run: findMotifsGenome.pl" in run.text
    # last of all, whichever logger tells the rest
    for logger in ([], ["--logger", "rich"]):
        run = project.snakemake("ready", "--cores", "1", *logger, config=missing)
        assert run.text.rstrip().splitlines()[-3:] == [
            "ready failed; its log is results/demo/logs/ready.log:",
            "  Error: not ready for a run: findMotifsGenome.pl; see the table above",
            "Once that is mended, the same command goes on from here.",
        ]
