"""Time to plan a large sheet: `python workflow/benchmarks/planning.py` prints the seconds.

A hundred conditions of one local experiment each, two arms and thirty seeds, nothing made yet.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONDITIONS, SEEDS = 100, 30


def write_project(folder: Path) -> Path:
    """Write a sheet, its files (empty: planning does not look into them) and a config.

    Parameters
    ----------
    folder
        Where the workflow is to run.

    Returns
    -------
    Path
        The config file.
    """
    for name in ("genome.fa", "reads.bam", "peaks.narrowPeak"):
        (folder / name).touch()
    rows = ["condition\texperiment\tassay\tcontrol\talignments\tpeaks"]
    for number in range(CONDITIONS):
        rows.append(
            f"TF{number}\tchip{number}\ttf-chip\tinput{number}\treads.bam\tpeaks.narrowPeak"
        )
        rows.append(f"\tinput{number}\tcontrol-chip\tnone\treads.bam\t")
    (folder / "sheet.tsv").write_text("\n".join(rows) + "\n")
    config = {
        "experiments": "sheet.tsv",
        "pathvars": {"results": "results", "resources": "resources"},
        "genome": {"name": "made", "fasta": "genome.fa"},
        "training": {"seeds": list(range(SEEDS))},
    }
    path = folder / "planning.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def plan(folder: Path, config: Path) -> float:
    """Seconds of a dry-run in a folder."""
    # the workflow's own config is read from where it runs
    (folder / "config").symlink_to(ROOT / "config")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow/Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(config)]
    start = time.perf_counter()
    done = subprocess.run([*command, "--dry-run", "--quiet", "all"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(f"planning_seconds\t{plan(Path(name), write_project(Path(name))):.1f}")
