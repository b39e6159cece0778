"""What a machine lacks is told before a run, with what to do."""

import subprocess

import pytest
from attprior import ready
from attprior.errors import InputError
from attprior.ready import ERROR, OK, WARNING


def test_gpu_is_looked_for_where_jobs_run_here(tmp_path, monkeypatch):
    assert ready.gpu("cuda", elsewhere=True).state == OK
    assert ready.gpu("cpu", elsewhere=False).state == OK
    monkeypatch.setattr(ready, "DRIVER", tmp_path / "none")
    assert ready.gpu("auto", elsewhere=False).state == WARNING
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    asked = ready.gpu("cuda", elsewhere=False)
    assert asked.state == ERROR and "training/device" in asked.advice


def test_memory_and_disk_are_held_against_what_is_asked_for(tmp_path):
    assert ready.memory(1, elsewhere=False).state == OK
    assert ready.memory(10**9, elsewhere=False).state == WARNING
    assert ready.memory(10**9, elsewhere=True).state == OK
    # a folder that a run would make
    assert ready.disk(tmp_path / "results/mine", 1e18).state == WARNING
    assert str(tmp_path) in ready.disk(tmp_path / "results/mine", 0).found


def test_missing_programs_say_what_needs_them():
    found, missing = ready.programs([("python3", "", ""), ("no-such-tool", "x needs it", "do y")])
    assert found.state == OK and found.found.endswith("python3")
    assert missing == ("no-such-tool", ERROR, "x needs it", "do y")


def test_portal_that_does_not_answer_is_an_error():
    line = ready.portal("http://127.0.0.1:9/")
    assert line.state == ERROR and "127.0.0.1" in line.found and line.advice


def test_partitions_are_those_of_sinfo(monkeypatch):
    def sinfo(command, **options):
        return subprocess.CompletedProcess(command, 0, "normal\ngpu\n")

    monkeypatch.setattr(subprocess, "run", sinfo)
    assert ready.partitions(["gpu", "normal"]).state == OK
    line = ready.partitions(["long", "gpu"])
    assert line.state == ERROR and "no partition long; there is gpu, normal" in line.found


def test_no_slurm_is_an_error(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert ready.partitions(["normal"]).state == ERROR


def test_errors_fail_and_warnings_do_not(capsys):
    lines = [ready.Line("disk", OK, "room"), ready.Line("GPU", WARNING, "none", "get one")]
    ready.check(lines)
    assert "GPU   warning  none\n               -> get one" in capsys.readouterr().out
    with pytest.raises(InputError, match="not ready for a run: HOMER"):
        ready.check([*lines, ready.Line("HOMER", ERROR, "missing")])
