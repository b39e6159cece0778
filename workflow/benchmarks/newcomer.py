"""What a newcomer waits for and reads: `python workflow/benchmarks/newcomer.py`.

A fresh clone of this repository is set up, which is not counted; then README.md's two commands run in it,
the demo and the quick tests. It ends with lines ``name<TAB>value``: seconds and CPU seconds of the demo,
the lines that it prints, and seconds of the tests. `--no-tests` leaves these out.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAUNCHER = ("bash", "envs/run")
DEMO = ("snakemake", "--profile", "profiles/demo")


def main() -> None:
    """Clone, set up, run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--no-tests", dest="tests", action="store_false")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        run(clone, "true")
        seconds, cpu, lines = run(clone, *DEMO)
        print(f"demo_seconds\t{seconds:.0f}\ndemo_cpu_seconds\t{cpu:.0f}\ndemo_lines\t{lines}")
        if options.tests:
            print(f"tests_seconds\t{run(clone, 'pytest')[0]:.0f}")


def run(clone: Path, *command: str) -> tuple[float, float, int]:
    """Run a command by the launcher: seconds, CPU seconds of all its processes, and lines printed."""
    before, start = cpu_seconds(), time.monotonic()
    done = subprocess.run(
        [*LAUNCHER, *command],
        cwd=clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-5000:]}")
    return time.monotonic() - start, cpu_seconds() - before, done.stdout.count("\n")


def cpu_seconds() -> float:
    """Of all processes that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
