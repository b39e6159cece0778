"""What the start at the best constant prediction brings: `python workflow/benchmarks/start.py`.

Each seed is trained twice, with `start: random` and with `start: mean`, and else as the configs have
it: 20 seeds an arm on both TFs of the demo, and 5 on the reads of yeast Reb1 that CI uses, where they
are. Labels are made by the workflow's own rules. Two processes of one thread each train seed after
seed, in about three hours in all; each is a row of `start.tsv`. A seed failed that is no better than the
constant prediction in some part of the validation loss.

It ends with lines ``name<TAB>value``: how many seeds failed with `start: mean`, and how much lower it
makes the mean validation loss.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml
from snakemake.utils import update_config

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior import settings

ROOT = Path(__file__).parents[2]
OUTPUT = Path(__file__).with_suffix(".tsv")
ARMS, STARTS = ("without_prior", "with_prior"), ("random", "mean")
KEYS = ["data", "arm", "start", "seed"]
LOSSES = [
    *("validation_loss", "validation_profile_loss", "validation_count_loss"),
    *("constant_loss", "constant_profile_loss", "constant_count_loss"),
]


class Data(NamedTuple):
    """A condition, its config, how the workflow is run with it, and seeds of an arm."""

    condition: str
    config: str
    options: Sequence[str]
    seeds: int


DEMO = ("config/demo.yaml", ("--profile", "profiles/demo"))
YEAST = (".ci/yeast.yaml", ("--cores", "2", "--configfile", ".ci/yeast.yaml"))
DATA = {
    "SPI1": Data("SPI1", *DEMO, 20),
    "CTCF": Data("CTCF", *DEMO, 20),
    "Reb1": Data("REB1", *YEAST, 5),
}


def main() -> None:
    """Train what is missing, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, help="of an arm")
    parser.add_argument(
        "--output", type=Path, help="another table, whose rows are not measured again"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="keep no rows, of other data and arms neither"
    )
    options = parser.parse_args()
    output = options.output or OUTPUT
    configs = {name: read_config(DATA[name].config) for name in options.data}
    for name in [name for name, config in configs.items() if not there(config)]:
        print(f"{name} is left out: its reads are not here")
        del configs[name]
    wanted = [
        (name, arm, start, seed)
        for name in configs
        for seed in range(1, 1 + (options.seeds or DATA[name].seeds))
        for arm in options.arms
        for start in STARTS
    ]
    rows = []
    if output.is_file() and not options.fresh:
        rows = pd.read_csv(output, sep="\t").to_dict("records")
    if not options.output:
        # those of other data and arms stay; what is asked for is measured anew
        rows = [row for row in rows if tuple(row[key] for key in KEYS) not in set(wanted)]
    done = {tuple(row[key] for key in KEYS) for row in rows}
    missing = [key for key in wanted if key not in done]
    files = make_labels({name: configs[name] for name, *_ in missing})
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(train_seed, *key, configs[key[0]], files[key[0]]) for key in missing]
        for job in as_completed(jobs):
            rows.append(job.result())
            print(*rows[-1].values(), sep="\t", file=sys.stderr)
            table = pd.DataFrame(rows).sort_values(KEYS)
            table.to_csv(output, sep="\t", index=False, float_format="%.6g")
    if not rows:
        sys.exit("nothing to train")
    report(pd.DataFrame(rows))


def read_config(path: str) -> dict[str, Any]:
    """The workflow's config with a file over it, complete."""
    config: dict[str, Any] = {}
    for name in ("config/config.yaml", path):
        update_config(config, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return settings.complete(config, schema())


def schema() -> dict[str, Any]:
    """That of the config."""
    return yaml.safe_load(
        (ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    )


def there(config: Mapping[str, Any]) -> bool:
    """Whether what a config reads is on this machine, or is simulated."""
    return "simulate" in config or (ROOT / config["genome"]["fasta"]).is_file()


def make_labels(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """Run the workflow up to labels, genome and fold; return their paths from the root."""
    files = {}
    for name, config in configs.items():
        paths = config["pathvars"]
        folder = f"{paths['results']}/conditions/{DATA[name].condition}"
        fasta = f"{paths['resources']}/genome/{config['genome']['name']}.fa"
        files[name] = f"{folder}/labels.h5", fasta, f"{folder}/folds/fold_1.tsv"
    for options in dict.fromkeys(DATA[name].options for name in files):
        targets = [path for name in files if DATA[name].options == options for path in files[name]]
        command = [sys.executable, "-m", "snakemake", *options, "--quiet", "all", "--"]
        subprocess.run([*command, *dict.fromkeys(targets)], cwd=ROOT, check=True)
    return files


def train_seed(
    name: str, arm: str, start: str, seed: int, config: Mapping[str, Any], files: Sequence[str]
) -> dict[str, Any]:
    """Train a seed as the workflow does; return its row."""
    # in the processes that train, after their threads are counted
    import torch
    from attprior.training.job import train

    torch.set_num_threads(1)
    chosen = settings.resolve(config, schema(), "profile", arm) | {"start": start}
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder, "history.tsv")
        models = {seed: Path(folder, "model.pt")}
        paths = [ROOT / path for path in files]
        train(*paths, chosen, models, history, Path(folder), device="cpu")
        best = pd.read_csv(history, sep="\t", keep_default_na=False).query("best == 1").iloc[0]
    row = dict(zip(KEYS, (name, arm, start, seed), strict=True))
    row |= {loss: float(best[loss]) for loss in LOSSES}
    return row | {"failed": int(best.learnt_nothing != "")}


def report(table: pd.DataFrame) -> None:
    """Print means of the seeds, how many failed, and what is told from all."""
    groups = table.groupby(["data", "arm", "start"], sort=False)
    means = groups[LOSSES].mean().round(3)
    means.insert(0, "failed", groups.failed.sum())
    means.insert(0, "seeds", groups.size())
    means.insert(3, "sd", groups.validation_loss.std().round(3))
    print(means.sort_index().reset_index().to_csv(sep="\t", index=False), end="")
    loss = table.groupby("start").validation_loss.mean()
    print(f"failed_seeds\t{table.failed[table.start == 'mean'].sum()}")
    print(f"loss_gain\t{loss.get('random') - loss.get('mean'):.3f}")


if __name__ == "__main__":
    main()
