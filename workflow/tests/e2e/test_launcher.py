"""The launcher `envs/run` sets up once, says what it does, and gets out of the way.

Python, pip and the tools are stand-ins that write down how they are called; nothing is installed. In
the last test they are real.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from disks import read_only
from workflows import Project

ROOT = Path(__file__).parents[3]
# `python -c` is the check of its version, `python -m venv` copies the stand-in
PYTHON = """#!/bin/bash
printf '%s\\n' "$*" >>"{calls}"
[ -z "$PYTHONPATH$PYTHONHOME$PIP_TARGET" ] || exit 3
case "$*" in
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *"+cpu") [ ! -e "{folder}/no_cpu_build" ] ;;
    *"--requirement "*) [ ! -e "{folder}/no_network" ] ;;
esac
"""
EXTRAS = ("macs3", "notebooks")
ECHO = "#!/bin/bash\nprintf '<%s>' \"$@\"\nexit 7\n"


class Launcher:
    """A copy of the launcher among stand-ins."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.calls = folder / "calls"
        self.root = folder / "project"
        self.lock = self.root / "envs/requirements.lock"
        self.programs = folder / "programs"
        (self.root / "envs").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(ROOT / "envs/run", self.root / "envs/run")
        self.lock.write_text("numpy==2.0\ntorch==2.9.0\n")
        for extra in EXTRAS:
            self.extra_lock(extra).write_text(f"{extra}==1.0\n")
        for tool in (
            "bash",
            "cat",
            "cksum",
            "cp",
            "dirname",
            "flock",
            "grep",
            "mkdir",
            "printenv",
            "pwd",
            "rm",
        ):
            (self.programs / tool).symlink_to(shutil.which(tool))
        self.program("python3", PYTHON.format(calls=self.calls, folder=folder))
        self.program("id", "#!/bin/bash\necho 1000\n")
        self.program("command", ECHO)
        for tool in ("samtools", "bedtools", "gcc"):
            self.program(tool, "#!/bin/bash\n")

    def extra_lock(self, extra: str) -> Path:
        """Lock of what an option adds."""
        return self.root / f"envs/{extra}.lock"

    def program(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run the launcher from elsewhere, with nothing but the stand-ins on the PATH."""
        return subprocess.run(
            [str(self.programs / "bash"), str(self.root / "envs/run"), *arguments],
            env={"PATH": str(self.programs), "HOME": str(self.folder), **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
        )

    def installed(self) -> list[str]:
        """What pip was asked to install since the last time."""
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [call.partition(" install ")[2] for call in calls if " pip " in call]


@pytest.fixture
def launcher(tmp_path):
    return Launcher(tmp_path)


@pytest.fixture
def no_driver():
    if os.path.exists("/proc/driver/nvidia/version"):
        pytest.skip("an NVIDIA driver is here")


def test_without_a_command_its_use_is_told_and_nothing_is_set_up(launcher):
    done = launcher.run()
    assert done.returncode == 1
    assert "usage: bash envs/run COMMAND" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert launcher.installed() == []


def test_arguments_output_and_status_pass_through(launcher):
    done = launcher.run(str(launcher.programs / "command"), "two words", "--flag", "*")
    assert done.stdout == "<two words><--flag><*>"
    assert done.returncode == 7


def test_command_runs_in_the_projects_folder_with_its_packages_first(launcher):
    done = launcher.run("bash", "-c", "pwd; echo $PATH")
    where, path = done.stdout.splitlines()
    assert where == str(launcher.root)
    assert path.split(":")[0] == str(launcher.root / ".venv/bin")


def test_first_use_says_what_it_does_and_the_next_does_nothing(launcher):
    first = launcher.run("pwd")
    assert "setting up Python packages in .venv" in first.stderr
    assert "Python packages are ready" in first.stderr
    assert launcher.installed() != []
    second = launcher.run("pwd")
    assert second.returncode == 0
    assert second.stderr == ""
    # not even Python is started
    assert not launcher.calls.exists()


def test_half_finished_set_up_is_noticed_and_redone(launcher):
    stopped = launcher.folder / "no_network"
    stopped.touch()
    assert launcher.run("pwd").returncode != 0
    (launcher.root / ".venv/left_behind").touch()
    stopped.unlink()
    launcher.installed()
    done = launcher.run("pwd")
    assert done.returncode == 0
    assert "unfinished or out of date, doing it again" in done.stderr
    assert f"--requirement {launcher.lock}" in launcher.installed()
    assert not (launcher.root / ".venv/left_behind").exists()


def test_another_lock_is_set_up_anew(launcher):
    launcher.run("pwd")
    launcher.installed()
    launcher.lock.write_text("numpy==2.1\ntorch==2.9.1\n")
    launcher.run("pwd")
    assert any(call.startswith("torch==2.9.1") for call in launcher.installed())


def test_cpu_build_of_torch_is_tried_first_without_a_driver(launcher, no_driver):
    done = launcher.run("pwd")
    assert launcher.installed() == ["torch==2.9.0+cpu", f"--requirement {launcher.lock}"]
    assert "torch==2.9.0 for the CPU" in done.stderr


def test_other_build_of_torch_is_taken_where_no_cpu_build_is_on_offer(launcher, no_driver):
    (launcher.folder / "no_cpu_build").touch()
    done = launcher.run("pwd")
    assert done.returncode == 0
    assert launcher.installed()[:2] == ["torch==2.9.0+cpu", "torch==2.9.0"]
    assert "the CUDA build, several GB" in done.stderr


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_is_added_once_and_only_when_asked_for(launcher, extra):
    added = f"--requirement {launcher.extra_lock(extra)}"
    launcher.run("pwd")
    assert added not in launcher.installed()
    done = launcher.run(f"--{extra}", "bash", "-c", "echo ran")
    assert done.stdout == "ran\n"
    assert launcher.installed() == [added]
    assert launcher.run(f"--{extra}", "pwd").stderr == ""
    assert launcher.installed() == []


def test_extras_may_be_asked_for_together(launcher):
    options = [f"--{extra}" for extra in EXTRAS]
    done = launcher.run(*options, "bash", "-c", "echo ran --macs3")
    # what follows the command is the command's
    assert done.stdout == "ran --macs3\n"
    assert launcher.installed()[-2:] == [f"--requirement {launcher.extra_lock(x)}" for x in EXTRAS]


def test_extra_of_another_lock_is_added_anew(launcher):
    launcher.run("--notebooks", "pwd")
    launcher.installed()
    launcher.extra_lock("notebooks").write_text("keras==2.0\n")
    launcher.run("--notebooks", "pwd")
    assert launcher.installed() == [f"--requirement {launcher.extra_lock('notebooks')}"]


def test_missing_compiler_is_told_before_anything_is_installed(launcher):
    (launcher.programs / "gcc").unlink()
    done = launcher.run("pwd")
    assert done.returncode == 1
    assert done.stderr == "envs/run: gcc missing; install with: sudo apt-get install gcc\n"
    assert launcher.installed() == []


def test_missing_tools_without_root_give_one_line_that_says_what_to_install(launcher):
    launcher.run("pwd")
    (launcher.programs / "samtools").unlink()
    done = launcher.run("pwd")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "envs/run: samtools missing; install with: sudo apt-get install samtools\n"
    )


def test_missing_tools_are_installed_by_root(launcher):
    (launcher.programs / "samtools").unlink()
    (launcher.programs / "bedtools").unlink()
    launcher.program("id", "#!/bin/bash\necho 0\n")
    launcher.program("apt-get", f'#!/bin/bash\nprintf "%s\\n" "$*" >>"{launcher.folder}/apt"\n')
    done = launcher.run("pwd")
    assert "installing samtools bedtools with apt" in done.stderr
    assert (launcher.folder / "apt").read_text().splitlines()[-1].endswith("samtools bedtools")


def test_old_python_is_refused_with_the_version_needed(launcher):
    launcher.program("python3", '#!/bin/bash\n[ "$1" = --version ] && echo Python 3.9.2\n')
    done = launcher.run("pwd")
    assert done.returncode == 1
    assert "Python 3.9.2 found at" in done.stderr
    assert "Python 3.11 or newer is needed" in done.stderr


# as environment modules and users set them
OF_OTHERS = {
    "PYTHONPATH": "/opt/python/3.9/lib",
    "PYTHONHOME": "/opt/python/3.9",
    "PIP_TARGET": "/opt/site",
    "PIP_USER": "1",
}


def test_nothing_of_an_environment_module_reaches_the_set_up_or_the_command(launcher):
    done = launcher.run("bash", "-c", "printenv", **OF_OTHERS, LD_LIBRARY_PATH="/opt/lib")
    assert done.returncode == 0, done.stderr
    environment = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert OF_OTHERS.keys() & environment.keys() == set()
    assert environment["PYTHONNOUSERSITE"] == "1"
    # a module's python3 may not start without
    assert environment["LD_LIBRARY_PATH"] == "/opt/lib"


def test_caches_stay_in_the_home_where_it_can_be_written(launcher):
    done = launcher.run("bash", "-c", "echo ${XDG_CACHE_HOME-home}")
    assert done.stdout == "home\n"
    assert (launcher.folder / ".cache").is_dir()


def test_caches_move_where_the_home_cannot_be_written(launcher):
    home = launcher.folder / "home"
    home.touch()
    done = launcher.run("bash", "-c", "echo $XDG_CACHE_HOME $MPLCONFIGDIR", HOME=str(home))
    cache = launcher.root / ".snakemake/cache"
    assert done.stdout == f"{cache} {cache}\n"
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(launcher.folder / "own")}
    assert launcher.run("bash", "-c", "echo $XDG_CACHE_HOME", **own).stdout.endswith("/own\n")


def test_set_up_goes_on_where_files_cannot_be_locked(launcher):
    (launcher.programs / "flock").unlink()
    launcher.program("flock", "#!/bin/bash\necho flock: 9: No locks available >&2\nexit 1\n")
    done = launcher.run("bash", "-c", "echo ran")
    assert done.stdout == "ran\n"
    assert "files can't be locked here; start nothing else until this is done" in done.stderr


def test_jobs_run_with_a_read_only_home_another_python_and_another_locale(tmp_path, tools):
    project = Project.copy(tmp_path / "project")
    (project.path / ".venv").mkdir()
    venv = Path(sys.prefix)
    for name in ("bin", "lib", "pyvenv.cfg"):
        if not (venv / name).exists():
            pytest.skip("Python is not that of a launcher")
        (project.path / ".venv" / name).symlink_to(venv / name)
    # complete: nothing is set up
    lock = (project.path / "envs/requirements.lock").read_bytes()
    mark = subprocess.run(["cksum"], input=lock, stdout=subprocess.PIPE, check=True).stdout
    (project.path / ".venv/.complete").write_bytes(mark)
    alien = tmp_path / "alien/numpy"
    alien.mkdir(parents=True)
    (alien / "__init__.py").write_text("raise ImportError('numpy of another Python')\n")
    (tmp_path / "written").mkdir()
    with read_only(tmp_path / "written", tmp_path / "home"):
        done = subprocess.run(
            ["bash", "envs/run", "snakemake", "resources/demo/motifs/jaspar_fungi.meme"]
            + ["--cores", "1", "--configfile", "config/demo.yaml"],
            cwd=project.path,
            env={
                **{key: value for key, value in os.environ.items() if "CACHE" not in key},
                "HOME": str(tmp_path / "home"),
                "PYTHONPATH": str(alien.parent),
                "PYTHONUTF8": "0",
                "LC_ALL": "C",
            },
            capture_output=True,
            encoding="utf-8",
        )
    assert done.returncode == 0, done.stderr
    assert (project.path / "resources/demo/motifs/jaspar_fungi.meme").stat().st_size > 10_000
