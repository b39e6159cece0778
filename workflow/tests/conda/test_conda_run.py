"""Rules run in conda environments: made, activated, and with nothing in them but what they name.

The channels are small ones of what is installed here, see `channel.py`. Snakemake runs from an
environment too, the one that envs/README.md says to make.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import channel
import pandas as pd
import pytest
from attprior.motifs.homer import KNOWN_HEADER
from extras import installed
from rules import rules
from workflows import ROOT, TINY, Project, merged

ENVS = sorted((ROOT / "envs").glob("*.yaml"))
PRIOR = "results/conditions/SPI1/profile/comparisons/prior"
# what takes some rules of every environment but that of MACS3
TARGETS = (
    "results/qc/summary.svg",
    "results/software.tsv",
    "results/conditions/SPI1/homer/homer.tsv",
    f"{PRIOR}/motifs.svg",
    f"{PRIOR}/browser.html",
)
HOMER_ON = {"training": {"seeds": [1]}, "motifs": {"homer": {"enabled": True}}}
# HOMER can't be had here, so a program in its place finds this
FOUND = ">ACGT\t1-ACGT\t6.5\t-23.5\t0\tT:168.0(33.60%),B:21.5(1.09%),P:1e-10\tTpos:1\n" + (
    "0.7\t0.1\t0.1\t0.1\n0.1\t0.7\t0.1\t0.1\n0.1\t0.1\t0.7\t0.1\n0.1\t0.1\t0.1\t0.7\n"
)
HOMER = {
    "bin/findMotifsGenome.pl": f"""#!/bin/sh
printf '%s' '{FOUND}' > "$3/homerMotifs.all.motifs"
printf '%s' '{KNOWN_HEADER}' > "$3/knownResults.txt"
homer2 find && echo "findMotifsGenome.pl of {channel.PREFIX}"
""",
    "bin/homer2": "#!/bin/sh\n",
}


@pytest.fixture(scope="module")
def conda(tmp_path_factory, request, tools):
    """Folder of a conda with its channels, and an environment in which Snakemake is."""
    folder = installed(Path(__file__).with_name("requirements.txt"), request.config.cache)
    root = tmp_path_factory.mktemp("conda")
    homer, samtools = (
        channel.Pins.read(ROOT / f"envs/{file}.yaml").conda[name]
        for file, name in (("homer", "homer"), ("library", "samtools"))
    )
    others = [
        channel.Package("homer", homer, programs=HOMER),
        channel.system_program("samtools", samtools),
    ]
    program = channel.install(root, ENVS, others, folder)
    (line,) = re.findall("^conda (create .*)$", (ROOT / "envs/README.md").read_text(), re.M)
    subprocess.run([program, *shlex.split(line)], check=True)
    return root


def copied(folder, conda, **environment):
    """A copy of the workflow that finds a conda, and nothing of the environment of the tests."""
    project = Project.copy(folder)
    project.python = conda / "envs/snakemake/bin/python"
    mine = str(Path(sys.executable).parent)
    elsewhere = [p for p in os.environ["PATH"].split(os.pathsep) if p != mine]
    path = os.pathsep.join([str(conda / "bin"), str(project.python.parent), *elsewhere])
    project.environment |= {"PATH": path, **environment}
    project.sheet("SPI1 TSTSR000001 tf-chip auto")
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", merged(TINY, HOMER_ON))
    return project


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, conda):
    """A run of rules in their environments."""
    project = copied(tmp_path_factory.mktemp("deployed") / "project", conda)
    threads = [f"{rule}=1" for rule in ("train", "attribute", "modisco", "match", "homer")]
    run = project.snakemake(*TARGETS, "--sdm", "conda", "--set-threads", *threads)
    assert run.status == 0, run.text
    return project, run


def test_rules_run_with_what_their_environments_name(deployed):
    project, run = deployed
    made = re.findall(r"Environment for (\S+) created", run.text)
    assert {Path(name).stem for name in made} == {file.stem for file in ENVS} - {"macs3"}
    assert (project.path / "results/report.html").stat().st_size > 100_000


def test_homer_is_found_in_its_package(deployed):
    project, _ = deployed
    folder = project.path / "results/conditions/SPI1/homer"
    assert list(pd.read_csv(folder / "homer.tsv", sep="\t").consensus) == ["ACGT"]
    log = (project.path / "results/logs/homer/SPI1.log").read_text()
    assert f"findMotifsGenome.pl of {project.path}/.snakemake/conda/" in log
    software = pd.read_csv(project.path / "results/software.tsv", sep="\t", index_col="software")
    pinned = channel.Pins.read(ROOT / "envs/homer.yaml").conda["homer"]
    assert list(software.loc["HOMER"])[:2] == [pinned, "homer.yaml"]


@pytest.mark.parametrize("name", ["homer", "torch"])
def test_edited_environment_reruns_the_rules_that_use_it(deployed, name):
    project, run = deployed
    assert project.plan(*TARGETS, "--sdm", "conda").jobs == set()
    file = project.path / f"envs/{name}.yaml"
    before = file.read_text()
    file.write_text(before + "# edited\n")
    try:
        plan = project.plan(*TARGETS, "--sdm", "conda")
    finally:
        file.write_text(before)
    reasons = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    reason: (.*)", plan.text, re.M)
    users = {rule.name for rule in rules() if rule.environment == ROOT / f"envs/{name}.yaml"}
    assert users & set(run.counts) <= set(plan.counts)
    edited = [rule for rule, why in reasons if "Software environment definition" in why]
    assert edited and set(edited) <= users
    # all others only follow
    assert all("updated by another job" in why for rule, why in reasons if rule not in edited)


def made(conda, folder, *changes, **environment):
    """Make the environment for training only; give the run and its builds of pytorch."""
    project = copied(folder, conda, **environment)
    train = project.path / "envs/torch.yaml"
    for change in changes:
        train.write_text(train.read_text().replace(*change))
    # nothing that a rule of it needs is there
    target = "results/conditions/SPI1/homer/peaks.txt"
    run = project.snakemake("--sdm", "conda", "--conda-create-envs-only", target)
    builds = (project.path / ".snakemake/conda").glob("*/conda-meta/pytorch-*.json")
    return run, {path.stem.rpartition("-")[2][:4] for path in builds}


@pytest.mark.parametrize(("version", "build"), [("12.8", "cuda"), ("", "cpu_")])
def test_environments_made_on_a_login_node_have_the_build_that_is_asked_for(
    conda, tmp_path, version, build
):
    run, builds = made(conda, tmp_path / "project", CONDA_OVERRIDE_CUDA=version)
    assert run.status == 0, run.text
    assert builds == {build}


def test_cpu_build_in_place_of_the_cuda_build_is_an_error(conda, tmp_path):
    pin = ("pytorch=2.13.0", "pytorch=2.13.0=cpu_0")
    run, builds = made(conda, tmp_path / "project", pin, CONDA_OVERRIDE_CUDA="12.8")
    assert run.status != 0
    assert "CUDA was asked for (12.8), but pytorch came without it" in run.text
    assert builds == set()


def test_image_holds_every_environment(conda, tmp_path):
    run = copied(tmp_path / "project", conda).snakemake("--containerize")
    assert run.status == 0, run.text
    lines = run.text.splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 1
    copies = [line.split() for line in lines if line.startswith("COPY ")]
    assert {Path(source).name for _, source, _ in copies} == {file.name for file in ENVS}
    for _, _, target in copies:
        folder = target.rpartition("/")[0]
        assert any(f"conda env create --prefix {folder}" in line for line in lines)
