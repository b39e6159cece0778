"""File systems without locks, and locks that others hold, keep nobody from reading and writing."""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from attprior.errors import InputError
from attprior.hdf5 import open_hdf5
from attprior.locks import first_alone, own_file
from locks import ERRORS, without_locks

TESTS = Path(__file__).parents[1]
PATH = f"import sys; sys.path.insert(0, {str(TESTS.parent / 'scripts')!r})\n"
HDF5 = PATH + (
    # loaded before the package could tell HDF5 of locks
    "import h5py\n"
    "from attprior.hdf5 import hdf5_aside, open_hdf5\n"
    "with hdf5_aside(sys.argv[1]) as whole, h5py.File(whole, 'w') as file:\n"
    "    file['values'] = range(5)\n"
    "with open_hdf5(sys.argv[1]) as file:\n"
    "    assert file['values'][:].sum() == 10\n"
)
# as TF-MoDISco and Fi-NeMo do
OF_OTHERS = PATH + (
    "import attprior, h5py\n"
    "with h5py.File(sys.argv[1], 'w') as file:\n"
    "    file['values'] = range(5)\n"
    "with h5py.File(sys.argv[1]) as file:\n"
    "    assert file['values'][:].sum() == 10\n"
)
JASPAR = PATH + (
    "from attprior.motifs.database import read_motifs, write_jaspar\n"
    "write_jaspar(sys.argv[1], 'fungi')\n"
    "assert len(read_motifs(sys.argv[1])) > 100\n"
)
TURN = PATH + (
    "from attprior.errors import InputError\n"
    "from attprior.portal.limit import wait_turn\n"
    "try:\n"
    "    wait_turn(10)\n"
    "except InputError as error:\n"
    "    print(error)\n"
)
ALONE = PATH + (
    "from attprior.locks import one_at_a_time\n"
    "with one_at_a_time('test'):\n"
    "    print('in', flush=True)\n"
    "    input()\n"
)
# locks are there: the test is of what it says
CONTROL = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX)\n"


@pytest.fixture(params=ERRORS)
def run(request, tmp_path):
    """Give the function that runs Python text on a file where no file can be locked."""
    environment = without_locks(tmp_path, request.param)

    def run(text):
        command = [sys.executable, "-c", text, str(tmp_path / "made.meme")]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return run


def test_what_locks_fails_here(run):
    assert "OSError" in run(CONTROL).stderr or "BlockingIOError" in run(CONTROL).stderr


@pytest.mark.parametrize("text", [HDF5, OF_OTHERS, JASPAR], ids=["ours", "others", "jaspar"])
def test_files_are_written_and_read_without_locks(run, text):
    done = run(text)
    assert done.returncode == 0, done.stderr


def test_turns_that_need_a_lock_say_where_to_find_one(run):
    done = run(TURN)
    assert done.stderr == ""
    assert "files can't be locked there" in done.stdout
    assert "Set TMPDIR to a folder on a disk of this machine" in done.stdout


def test_one_process_at_a_time_runs_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", ALONE], env=environment, **pipes) as process:
        assert process.stdout.readline() == "in\n"
        with own_file("test").open() as opened:
            with pytest.raises(BlockingIOError):
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process.communicate("\n")
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_only_the_first_block_of_a_process_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with first_alone("test"), own_file("test").open() as opened:
        with pytest.raises(BlockingIOError):
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with first_alone("test"):
            pass
    with own_file("test").open() as opened:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with first_alone("test"):
            pass


def test_a_block_runs_where_there_are_no_locks(tmp_path):
    environment = without_locks(tmp_path, ERRORS[0]) | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, env=environment, input="\n", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("in\n", "")


def test_suites_of_shared_files_pass_without_locks(tmp_path):
    search = "test_processes_share_a_study_and_run_each_trial_once"
    suites = ["unit/test_store.py", f"unit/test_hyperparameter_search.py::{search}"]
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'base'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"{TESTS}/{suite}" for suite in suites)],
        env=without_locks(tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_a_file_that_somebody_else_locked_is_read(tmp_path):
    path = tmp_path / "made.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.arange(5)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with open_hdf5(path) as file:
            assert file["values"][:].sum() == 10


def test_only_of_a_damaged_file_it_is_said_to_delete_it(tmp_path):
    path = tmp_path / "made.h5"
    path.write_bytes(b"none")
    with pytest.raises(InputError, match=r"made\.h5: no readable HDF5 .*delete it"):
        open_hdf5(path)
    for there in (tmp_path / "absent.h5", tmp_path):
        with pytest.raises(InputError, match="cannot be read") as told:
            open_hdf5(there)
        assert "delete" not in str(told.value)
