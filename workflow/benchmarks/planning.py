"""Time and memory to plan a large sheet: `python workflow/benchmarks/planning.py`.

A hundred conditions of one local experiment each, two models, two arms and thirty seeds, nothing made
yet. The last two lines are the seconds and the most memory (MB) of the planning process.
"""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MODELS = {"profile": {}, "binary": {"architecture": "binary"}}
LISTED = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$", re.MULTILINE)


def write_project(
    folder: Path, conditions: int, experiments: int = 1, models: int = 1, seeds: int = 30
) -> Path:
    """Write a sheet, its files (empty: planning does not look into them) and a config.

    Parameters
    ----------
    folder
        Where the workflow is to run.
    conditions, experiments
        How many, and of each condition; each experiment has a control of its own.
    models, seeds
        How many of each condition, and of each arm.

    Returns
    -------
    Path
        The config file.
    """
    for name in ("reads.bam", "input.bam", "peaks.narrowPeak"):
        (folder / name).touch()
    rows = ["condition\texperiment\tassay\tcontrol\talignments\tpeaks"]
    for number in range(conditions * experiments):
        condition, name = f"TF{number // experiments}", f"chip{number}"
        rows.append(f"{condition}\t{name}\ttf-chip\tinput{number}\treads.bam\tpeaks.narrowPeak")
        rows.append(f"\tinput{number}\tcontrol-chip\tnone\tinput.bam\t")
    (folder / "sheet.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    config = {
        "experiments": "sheet.tsv",
        "pathvars": {"results": "results", "resources": "resources"},
        # not here, so that nothing is compared with it
        "genome": {"name": "hg38"},
        "models": dict(list(MODELS.items())[:models]),
        "training": {"seeds": list(range(seeds))},
    }
    path = folder / "planning.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    # the workflow's own config is read from where it runs
    (folder / "config").symlink_to(ROOT / "config")
    return path


def plan(config: Path) -> Counter:
    """Number of jobs of each rule in a dry-run beside a config that `write_project` wrote."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow/Snakefile")]
    command += ["--directory", str(config.parent), "--configfile", str(config), "--dry-run"]
    done = subprocess.run(
        [*command, "--quiet", "reason"], capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return Counter(LISTED.findall(done.stdout + done.stderr))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conditions", type=int, default=100)
    parser.add_argument("--models", type=int, default=2, choices=[1, 2])
    parser.add_argument("--seeds", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        config = write_project(Path(name), asked.conditions, models=asked.models, seeds=asked.seeds)
        start = time.perf_counter()
        jobs = plan(config)
        seconds = time.perf_counter() - start
    # kilobytes on Linux
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(f"jobs\t{jobs.total()}")
    print(f"planning_seconds\t{seconds:.1f}")
    print(f"planning_mb\t{megabytes:.0f}")
