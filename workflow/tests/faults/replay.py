"""Jobs of a finished run, run again one by one as Snakemake ran them, but elsewhere."""

import hashlib
import multiprocessing
import os
import re
import runpy
import sys
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from disks import PAGE

PREAMBLE_END = "######## snakemake preamble end #########\n"
# into the script that Snakemake wrote, after its object is unpickled
ELSEWHERE = """
snakemake.{kind} = type(snakemake.{kind})(
    toclone=snakemake.{kind}, custom_map=lambda path: {folder!r} + "/" + path
)
"""
# files below results that two runs do not share byte for byte
VARYING = re.compile(
    r"(logs|benchmarks)/"  # times
    r"|report\.html$"  # its date, and times of its jobs
    r"|.*/history\.tsv$|.*/checkpoints/"  # the column of seconds an epoch
    r"|.*/training\.(tsv|svg|png)$"  # the same, collected and drawn
)
# processes are forked from one that has imported what takes long
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["torch", "pandas", "h5py", "scipy.stats", "sklearn.metrics", "matplotlib.pyplot", "numba"]
)
# what a stopped job leaves to go on from, and no rule takes for its input
TEMPORARY = re.compile(r"(^|/)(checkpoints|\.[^/]*)(/|$)|\.part(\.version)?$")


@dataclass(frozen=True)
class Job:
    """A job whose script Snakemake left (``--skip-script-cleanup``).

    Attributes
    ----------
    text
        The script, which starts by unpickling its job.
    outputs
        Paths in the project.
    """

    project: Path
    rule: str
    text: str
    outputs: tuple[str, ...]

    @classmethod
    def left_in(cls, project: Path) -> "dict[str, Job]":
        """Of each rule, one job of a run."""
        jobs = {}
        for path in sorted((project / ".snakemake/scripts").iterdir()):
            text = path.read_text()
            known = {"__file__": str(path)}
            exec(text.partition(PREAMBLE_END)[0], known)
            job = known["snakemake"]
            found = cls(project, job.rule, text, tuple(job.output))
            # the same one in each run
            if job.rule not in jobs or found.outputs < jobs[job.rule].outputs:
                jobs[job.rule] = found
        return jobs

    def start(self, folder: Path, logs: Path) -> BaseProcess:
        """Start the job with its output and logs elsewhere, the rest of the project as it is."""
        moved = ELSEWHERE.format(kind="output", folder=str(folder))
        moved += ELSEWHERE.format(kind="log", folder=str(logs))
        script = logs / f"{self.rule}.py"
        script.write_text(self.text.replace(PREAMBLE_END, f"{PREAMBLE_END}{moved}", 1))
        for output in self.outputs:
            (folder / output).parent.mkdir(parents=True, exist_ok=True)
        process = SERVER.Process(target=run_script, args=(script, self.project))
        process.start()
        return process

    def run(self, folder: Path, logs: Path) -> tuple[int, str]:
        """Run the job to its end: its status, and what it printed."""
        process = self.start(folder, logs)
        process.join()
        return process.exitcode, (logs / f"{self.rule}.err").read_text()

    def pages(self) -> int:
        """Pages that the output takes."""
        return sum(-(-(self.project / output).stat().st_size // PAGE) for output in self.outputs)

    def torn(self, folder: Path) -> list[str]:
        """Files under final names that are not, byte for byte, those of the run."""
        return sorted(
            name
            for name in names(folder)
            if not TEMPORARY.search(name)
            and not VARYING.match(name.removeprefix("results/"))
            and digest(folder / name) != digest(self.project / name)
        )


def run_script(script: Path, place: Path) -> None:
    """Run a script as a program, in a folder."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for stream in (1, 2):
        os.dup2(os.open(script.with_suffix(".err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(place)
    runpy.run_path(str(script), run_name="__main__")


def names(folder: Path) -> list[str]:
    """Files below a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def digest(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
