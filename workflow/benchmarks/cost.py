"""What a study costs, told from the benchmarks of a run: `python workflow/benchmarks/cost.py RESULTS`.

The number of jobs of each rule is counted in a plan of a sheet of the study's shape. The seconds of a
job are the median of the rule's in the run's benchmarks, times how much more there is of what the rule
works through (`SCALES`); those of jobs on a GPU come from rates instead. So all but the jobs is
extrapolated, and further the less the run is like the study: give the results of a run of your own, and
its shape (`--like`).
"""

import argparse
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd
from planning import plan, write_project

HERE = Path(__file__).parent
# the demo: reads of an experiment, peaks of a condition, bp
DEMO = "reads=240000,peaks=1360,attributed=450,seeds=3,length=298,genome=3e6"
# what rules work through; any other one is taken to depend on none of these
SCALES = {
    "reads": ["filter_reads", "tracks", "qc_reads", "qc_replicates", "qc_fingerprint"],
    "peaks": ["peaks", "relaxed_peaks", "labels", "fold"],
    "genome": ["genome", "qc_tracks"],
    "attributed": ["average_attributions", "contributions", "sites", "modisco", "hits"],
    "seeds": ["analyse_consistency", "analyse_seeds", "analyse_spectrum", "analyse_low_pass"],
}
# files of the results, and what their size grows with
SIZES = {
    "experiments/*/*.bam": ["reads"],
    "experiments/*/*.bw": ["reads"],
    "conditions/*/labels.h5": ["peaks"],
    "conditions/*/*/*/*/attributions/*.h5": ["attributed", "length"],
    "conditions/*/*/*/attributions/*": ["attributed", "length"],
    "conditions/*/*/*/*/seed_*/*": ["seeds"],
}
HELD_OUT = 0.2  # share of peaks on validation and test chromosomes
GB = 1e9


def read_benchmarks(folder: Path) -> pd.Series:
    """Median seconds of a job of each rule.

    Raises
    ------
    SystemExit
        If there are none.
    """
    files = sorted(folder.glob("**/*.tsv"))
    if not files:
        sys.exit(f"{folder} has no benchmarks; give the results folder of a finished run")
    rules = [file.relative_to(folder).parts[0].removesuffix(".tsv") for file in files]
    seconds = [pd.read_csv(file, sep="\t").s.mean() for file in files]
    return pd.Series(seconds, rules).groupby(level=0).median()


def ratios(study: pd.Series, run: dict[str, float]) -> dict[str, float]:
    """How much more of each quantity a study has than the run."""
    return {name: study[name] / value for name, value in run.items()}


def seconds_on_gpu(study: pd.Series, rates: argparse.Namespace) -> dict[str, float]:
    """Seconds of one job of the rules that ask for a GPU.

    A training job trains all seeds of an arm, on peaks and as many other regions; half the arms have
    the prior.
    """
    epoch = 2 * study.peaks * study.seeds / rates.examples_per_second
    train = epoch * (1 - HELD_OUT) * rates.epochs
    pairs = study.attributed * study.seeds * rates.references
    return {
        "train": train * (1 + rates.prior_slowdown) / 2,
        "evaluate": epoch * HELD_OUT,
        "attribute": pairs / rates.pairs_per_second,
    }


def count_jobs(study: pd.Series) -> Counter:
    """Jobs of each rule, by the plans of one and two conditions where there are more of them."""

    def planned(conditions: int) -> Counter:
        with tempfile.TemporaryDirectory() as name:
            experiments, seeds = int(study.experiments), int(study.seeds)
            config = write_project(Path(name), conditions, experiments, seeds=seeds)
            return plan(config)

    jobs = planned(1)
    if study.conditions > 1:
        two, more = planned(2), int(study.conditions) - 1
        jobs = Counter({rule: jobs[rule] + (two[rule] - jobs[rule]) * more for rule in two})
    del jobs["all"]
    # the plan's files are local; those of the portal are asked for and fetched, peaks as well
    if study.alignments:
        experiments = int(study.conditions * study.experiments)
        jobs += Counter(resolve=2 * experiments, download=int(study.alignments) + experiments)
    return jobs


def results_gb(results: Path, study: pd.Series, more: dict[str, float]) -> float:
    """Size of a study's results (GB), from those of the run."""

    def grown(path: Path) -> float:
        names = next((SIZES[p] for p in SIZES if path.relative_to(results).match(p)), [])
        return path.stat().st_size * math.prod(more[name] for name in names)

    def of_each(place: str) -> float:
        """Bytes in all files of a place, for each of its folders."""
        files = (path for path in (results / place).rglob("*") if path.is_file())
        return sum(map(grown, files)) / len(list(results.glob(f"{place}/*")))

    # an experiment has a control of its own
    one = 2 * study.experiments * of_each("experiments") + of_each("conditions")
    return one * study.conditions / GB


def cost(
    study: pd.Series, results: Path, more: dict[str, float], rates: argparse.Namespace
) -> pd.DataFrame:
    """Jobs of each rule, seconds of one, and their hours on a GPU and of cores."""
    seconds = read_benchmarks(results / "benchmarks")
    factors = {rule: more[name] for name, rules in SCALES.items() for rule in rules}
    on_gpu = seconds_on_gpu(study, rates)
    rows = []
    jobs_of = count_jobs(study)
    if unknown := sorted(set(jobs_of) - set(on_gpu) - set(seconds.index)):
        print(f"{study.study}: taken for 0 s, not being in that run: {unknown}", file=sys.stderr)
    for rule, jobs in sorted(jobs_of.items()):
        if rule in on_gpu:
            each, cores = on_gpu[rule], rates.cores_beside_gpu
        else:
            measured, cores = seconds.get(rule, 0), 1
            start = min(rates.start_seconds, measured)
            each = start + (measured - start) * factors.get(rule, 1)
        hours = jobs * each / 3600
        gpu = hours if rule in on_gpu else 0
        rows.append((study.study, rule, jobs, each, gpu, hours * cores))
    columns = ["study", "rule", "jobs", "seconds_a_job", "gpu_hours", "core_hours"]
    return pd.DataFrame(rows, columns=columns)


def total(study: pd.Series, table: pd.DataFrame, results: float) -> pd.DataFrame:
    """A study's costs in one row."""
    network = study.alignments * study.file_gb
    row = {
        "study": study.study,
        "jobs": table.jobs.sum(),
        "gpu_hours": table.gpu_hours.sum(),
        "core_hours": table.core_hours.sum(),
        # what is downloaded stays
        "disk_gb": network + results,
        "network_gb": network,
    }
    return pd.DataFrame([row])


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("results", type=Path, help="results folder of a finished run, with its benchmarks")
    add("--studies", type=Path, default=HERE / "studies.tsv", help="table of studies")
    add("--by-rule", action="store_true", help="a row for each rule")
    add("--like", default=DEMO, help="how much of everything that run had")
    # bpnet-lite's notebook, 2026: BPNet on CTCF, 2,114 bp, 64 filters, GPU unnamed
    add("--examples-per-second", type=float, default=9600, help="training without a prior, GPU")
    # measured on two cores
    add("--prior-slowdown", type=float, default=2.4, help="of a training step, with the prior")
    add("--epochs", type=float, default=20, help="the config's; early stopping takes fewer")
    # tangermeme 1.6, BPNet on an H200: 1,000 sequences and 20 references in 8.6 s
    add("--pairs-per-second", type=float, default=2300, help="sequences x references of DeepSHAP")
    add("--references", type=float, default=10, help="the config's attribution/references")
    add("--start-seconds", type=float, default=0.7, help="of a job that has next to nothing to do")
    add("--cores-beside-gpu", type=float, default=4, help="of a job on a GPU")
    return parser.parse_args()


if __name__ == "__main__":
    asked = arguments()
    pairs = (part.partition("=") for part in asked.like.split(","))
    run = {name: float(value) for name, _, value in pairs}
    studies = pd.read_csv(asked.studies, sep="\t")
    needed = {"study", "conditions", "experiments", "alignments", "file_gb", *run}
    if missing := sorted(needed - set(studies.columns)):
        sys.exit(f"{asked.studies} lacks the columns {missing}")
    for number, (_, study) in enumerate(studies.iterrows()):
        more = ratios(study, run)
        table = cost(study, asked.results, more, asked)
        if not asked.by_rule:
            table = total(study, table, results_gb(asked.results, study, more))
        print(table.round(1).to_csv(sep="\t", index=False, header=not number), end="", flush=True)
