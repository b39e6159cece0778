"""Profiles: every option is known, and the demo can be planned for engines that are not here.

Nothing is submitted. What an engine is asked for is read from the plan; a bucket is an empty one that
answers on this machine.
"""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from extras import installed
from workflows import JOB, ROOT, Project

PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/config.yaml"))
# what each engine needs to be told for a job to get a GPU
GPU = {
    "lsf": {"lsf_extra": r"-gpu num=1"},
    "kubernetes": {"gpu": "1", "gpu_manufacturer": "nvidia", "scale": "0"},
    "googlebatch": {"nvidia_gpu": r"nvidia-\w+"},
}


class EmptyBucket(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def bucket():
    """Address of a server that has no file."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyBucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def project(tmp_path_factory, request, bucket):
    """A copy of the workflow, and a Snakemake with the plugins of all engines."""
    plugins = installed(Path(__file__).with_name("requirements.txt"), request.config.cache)
    project = Project.copy(tmp_path_factory.mktemp("engines") / "project")
    project.environment |= {
        "PYTHONPATH": str(plugins),
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": bucket,
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key",
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
        "STORAGE_EMULATOR_HOST": bucket,
    }
    project.configs.append("config/demo.yaml")
    return project


def test_every_key_of_every_profile_is_an_option(project):
    options = set(re.findall(r"--([a-z0-9][a-z0-9-]*)", project.snakemake("--help").text))
    for profile in PROFILES:
        keys = yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())
        assert [key for key in keys if key not in options] == [], profile


@pytest.mark.parametrize("engine", GPU)
def test_demo_is_planned_and_jobs_with_a_gpu_ask_the_engine_for_one(project, engine):
    run = project.snakemake("--profile", str(ROOT / "profiles" / engine), "--dry-run")
    assert run.status == 0, run.text
    asked = {}
    for rule, block in JOB.findall(run.text):
        text = re.search(r"^    resources: (.*)$", block, re.M).group(1)
        asked[rule] = dict(pair.split("=", 1) for pair in text.split(", "))
    assert {"train", "evaluate", "attribute", "hits"} <= set(asked)
    for rule, resources in asked.items():
        given = {name: resources.get(name, "") for name in GPU[engine]}
        wanted = GPU[engine] if "gpu" in resources else dict.fromkeys(GPU[engine], "")
        assert all(re.fullmatch(wanted[name], given[name]) for name in given), (rule, given)


def test_rules_with_a_gpu_are_those_that_profiles_name():
    with_gpu = {
        name
        for file in (ROOT / "workflow/rules").glob("*.smk")
        for name, body in re.findall(r"^rule (\w+):\n((?:[ \n].*\n?)*)", file.read_text(), re.M)
        if re.search(r"^ +gpu=1,$", body, re.M)
    }
    for engine in GPU:
        profile = yaml.safe_load((ROOT / f"profiles/{engine}/config.yaml").read_text())
        assert set(profile["set-resources"]) == with_gpu, engine
