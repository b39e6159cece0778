"""Environments hold what their rules use, in the versions of the lock."""

import importlib.metadata as metadata
import re
from fnmatch import fnmatchcase as fnmatch
from functools import cache

import imports
import pytest
import yaml
from channel import Pins, conda_name
from packaging.requirements import Requirement
from rules import rules
from workflows import ROOT

ENVS = sorted((ROOT / "envs").glob("*.yaml"))
NOTEBOOKS = ROOT / "workflow/notebooks/environment.yaml"
# programs and files that scripts use without an import
USED = {"deeptools", "homer", "igv-notebook", "igv-reports", "macs3", "pip", "python", "samtools"}
OF_NO_LOCK = {"homer", "pip", "python", "samtools"}


def locked():
    """Versions of the locks, by their names on conda."""
    lines = [
        line.partition("==")
        for lock in ("requirements.lock", "macs3.lock", "notebooks.lock")
        for line in (ROOT / "envs" / lock).read_text().splitlines()
        if "==" in line and not line.startswith("#")
    ]
    return {conda_name(name): version.strip() for name, _, version in lines}


@cache
def used(file):
    """Names on conda of the packages that scripts of an environment import."""
    run = {(rule.script, rule.function) for rule in rules() if rule.environment == file}
    modules = frozenset().union(*(imports.packages(*each) for each in run if each[0]))
    owners = metadata.packages_distributions()
    return {conda_name(name) for module in modules for name in owners[module]}


def needed(names):
    """Packages, what they need, and what that needs, by their names on conda."""
    here = {conda_name(d.metadata["Name"]): d for d in metadata.distributions()}
    found, queue = set(names), list(names)
    while queue:
        package = here.get(queue.pop())
        for text in (package.requires if package else None) or ():
            name = conda_name(Requirement(text).name)
            if name not in found:
                found.add(name)
                queue.append(name)
    return found


@pytest.mark.parametrize("file", ENVS, ids=lambda file: file.stem)
def test_environment_holds_what_its_scripts_import_and_nothing_unused(file):
    pins = Pins.read(file)
    held = set(pins.conda) | set(pins.pip)
    assert used(file) <= held
    assert held <= needed(used(file) | (held & USED))


@pytest.mark.parametrize("file", [*ENVS, NOTEBOOKS], ids=lambda file: file.stem)
def test_versions_are_those_of_the_locks(file):
    pins, lock = Pins.read(file), locked()
    for name, version in (pins.conda | pins.pip).items():
        if name not in OF_NO_LOCK:
            assert version == lock[name], name


def test_programs_have_one_version_in_all_environments():
    versions = {}
    for file in ENVS:
        pins = Pins.read(file)
        for name, version in (pins.conda | pins.pip).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_channels_are_the_same_everywhere_and_in_this_order():
    for file in ENVS:
        channels = yaml.safe_load(file.read_text())["channels"]
        # nodefaults keeps conda from adding a channel of its own
        assert channels == ["conda-forge", "bioconda", "nodefaults"], file


def test_every_rule_that_runs_something_has_an_environment():
    assert {rule.name for rule in rules() if rule.script and not rule.environment} == set()
    assert {rule.environment for rule in rules() if rule.environment} == set(ENVS)


def test_builds_with_cuda_are_checked_wherever_a_gpu_is_used():
    checked = {file.name.partition(".")[0] for file in (ROOT / "envs").glob("*.post-deploy.sh")}
    assert checked == {file.stem for file in ENVS if "pytorch" in Pins.read(file).conda}


@pytest.mark.parametrize(
    "file", [file for file in ENVS if file.stem != "library"], ids=lambda file: file.stem
)
def test_rules_are_named_where_the_environment_is_described(file):
    users = {rule.name for rule in rules() if rule.environment == file}
    header = re.match(r"# Rules? ([^.:]*)", file.read_text()).group(1)
    row = re.search(rf"^\| `{file.name}` \| (.*) \|$", (ROOT / "envs/README.md").read_text(), re.M)
    for text in (header, row.group(1)):
        patterns = re.findall(r"[a-z_0-9*]+", text.replace("\\", ""))
        assert {name for name in users if not any(fnmatch(name, p) for p in patterns)} == set()
        assert [p for p in patterns if not any(fnmatch(name, p) for name in users)] == []
