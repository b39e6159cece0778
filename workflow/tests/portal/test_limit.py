"""The rate of requests is bounded over all processes, whatever becomes of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from attprior.portal import limit

SCRIPTS = Path(__file__).parents[2] / "scripts"
# prints when each of its turns came
TAKER = "import time; from attprior.portal.limit import wait_turn\n" + (
    "while True:\n    wait_turn({rate})\n    print(time.monotonic(), flush=True)\n"
)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def taker(tmp_path):
    """Give the function that starts a process which takes turn after turn."""
    started = []

    def start(rate):
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", TAKER.format(rate=rate)]
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_turns_are_evenly_spaced():
    began = time.monotonic()
    for _ in range(5):
        limit.wait_turn(50)
    assert 4 / 50 <= time.monotonic() - began < 1


def test_no_second_has_more_turns_than_allowed_over_several_processes(taker):
    processes = [taker(10) for _ in range(3)]
    first = [float(process.stdout.readline()) for process in processes]  # all are running
    time.sleep(2)
    for process in processes:
        process.kill()
    turns = sorted([*first, *(float(t) for p in processes for t in p.stdout.read().split())])
    assert len(turns) >= 12
    assert len(turns) - 1 <= 10 * (turns[-1] - turns[0])
    # a busy machine may note a turn late
    assert all(later - earlier > 0.8 for earlier, later in zip(turns, turns[10:], strict=False))


def test_a_process_killed_in_its_turn_holds_nobody_up(taker):
    sleeper = taker(0.01)
    sleeper.stdout.readline()
    time.sleep(0.2)  # it waits for its second turn, 105 s away, with the lock
    sleeper.send_signal(signal.SIGKILL)
    sleeper.wait()
    began = time.monotonic()
    limit.wait_turn(20)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("left", ["", "half a st", f"{1e12:20.6f}"])
def test_a_stamp_that_makes_no_sense_is_as_none(left):
    limit.place().write_text(left)
    began = time.monotonic()
    limit.wait_turn(0.01)
    assert time.monotonic() - began < 1


def test_a_link_in_the_place_of_the_stamp_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("kept")
    limit.place().symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        limit.wait_turn(10)
    assert (tmp_path / "precious").read_text() == "kept"
