"""What attributions gain without a prior: `python workflow/benchmarks/post_hoc.py RESULTS`.

RESULTS is that of a finished run on the demo, such as that of config/studies/confirm.yaml. DeepSHAP of
the sampled test peaks, by the seeds that were trained without prior, is made in each way that needs no
other training: averaged over both strands, with twice as many references, after a low-pass filter, and
averaged over five seeds. Each is compared with DeepSHAP as it is, and the arm with the prior with each,
by the planted sites of each peak and by the agreement of seeds. An average of seeds is one of disjoint
groups, which take the place of seeds. A row of `post_hoc.tsv` is a metric of such a pair.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tangermeme.ersatz import dinucleotide_shuffle

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.analyses.inputs import Sample, read_sample, write_table
from attprior.analyses.low_pass.tables import CUT, agreement, filtered, filters, low_pass, measures
from attprior.analyses.sites import site_mask
from attprior.analyses.tracks import per_example
from attprior.attribution.deepshap import deepshap
from attprior.bed import read_bed
from attprior.dataset.windows import open_windows
from attprior.models.saved import load_model
from attprior.sequence import one_hot_codes
from attprior.statistics import differences

ROOT = Path(__file__).parents[2]
OUTPUT = Path(__file__).with_suffix(".tsv")
ARMS = ("without_prior", "with_prior")
REFERENCES = 10  # of the demo
TOGETHER = 5  # seeds in an average
PAIRS = 512  # of sequence and reference, at once
SMOOTH_SIGMA = 3  # bp, as the analyses of the demo
METRICS = ("auprc", "share_in_sites", "jaccard")


def main() -> None:
    """Attribute, compare, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, help="of a finished run on the demo")
    parser.add_argument("--resources", type=Path, default=ROOT / "resources/demo")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tables = []
    for folder in sorted((options.results / "conditions").iterdir()):
        print(f"attributing peaks of {folder.name}", file=sys.stderr)
        found = compare(folder, options.resources)
        found.insert(0, "condition", folder.name)
        tables.append(found)
    table = pd.concat(tables, ignore_index=True)
    write_table(table, options.output)
    shown = ["condition", "metric", "first", "second", "difference", "low", "high"]
    print(table[shown].to_csv(sep="\t", index=False, float_format="%.3g"), end="")


def compare(folder: Path, resources: Path) -> pd.DataFrame:
    """Differences of each way from DeepSHAP as it is, and of the arm with the prior from each."""
    folds = [folder / "profile" / arm / "fold_1" for arm in ARMS]
    first, second = (read_sample(fold / "attributions/profile.h5") for fold in folds)
    sites = read_bed(resources / f"simulated/{folder.name}/sites.bed")
    models = {seed: folds[0] / f"seed_{seed}/model.pt" for seed in first.seeds}
    plain = first.hypothetical["deepshap"]
    ways = {
        "both strands": attributed(first, models, folder, resources, both_strands=True),
        f"{2 * REFERENCES} references": attributed(
            first, models, folder, resources, references=2 * REFERENCES
        ),
        f"mean of {TOGETHER} seeds": averaged(plain),
    }
    settings = load_model(next(iter(models.values())))[1]["settings"]
    limit = settings["prior"].get("freq_limit") or round(0.15 * settings["input_length"])
    weights = filters(settings["input_length"], limit, None)[CUT]
    tables = [
        values(sample, sample.arm, sample.hypothetical["deepshap"], sites, limit)
        for sample in (first, second)
    ]
    tables.append(values(first, filtered(first.arm, CUT), plain, sites, limit, weights))
    tables += [values(first, name, found, sites, limit) for name, found in ways.items()]
    table = pd.concat(tables, ignore_index=True)
    names = [name for name in dict.fromkeys(table.arm) if name not in ARMS]
    pairs = [(ARMS[0], name) for name in [*names, ARMS[1]]] + [(name, ARMS[1]) for name in names]
    of_pairs = table.metric == "jaccard"
    tests = [
        differences(table[chosen], pair, ["metric"], pairs=chosen is of_pairs)
        for pair in pairs
        for chosen in (~of_pairs, of_pairs)
    ]
    return pd.concat(tests, ignore_index=True).drop(columns="folds")


def attributed(
    sample: Sample,
    models: dict[int, Path],
    folder: Path,
    resources: Path,
    references: int = REFERENCES,
    both_strands: bool = False,
) -> NDArray:
    """DeepSHAP (Z, M, 4, L) of sampled peaks by each seed; on both strands the mean of the two."""
    opened = {seed: load_model(path) for seed, path in models.items()}
    settings = next(iter(opened.values()))[1]["settings"]
    windows = open_windows(folder / "labels.h5", resources / "genome/simulated.fa", settings)
    coordinates = windows.labels.coordinates
    starts = sample.start + coordinates.offsets[coordinates.index(sample.chrom)]
    sequences = torch.from_numpy(one_hot_codes(sample.codes))
    control = torch.from_numpy(windows.counts(starts, control=True))
    shuffles = dinucleotide_shuffle(sequences, n=references, random_state=0)
    strands = [(sequences, control, shuffles)]
    if both_strands:
        strands.append(tuple(tensor.flip(-2, -1) for tensor in strands[0]))
    device, found = torch.device("cpu"), []
    for model, _ in opened.values():
        each = [deepshap(model, *data, PAIRS, device)[0] for data in strands]
        each[1:] = [hypothetical.flip(-2, -1) for hypothetical in each[1:]]
        found.append(torch.stack(each).mean(dim=0).numpy())
    return np.stack(found)


def averaged(attributions: NDArray) -> NDArray:
    """Means (Z / `TOGETHER`, M, 4, L) over disjoint groups of seeds of (Z, M, 4, L)."""
    groups = len(attributions) // TOGETHER
    used = attributions[: groups * TOGETHER]
    return used.reshape(groups, TOGETHER, *used.shape[1:]).mean(axis=1)


def values(
    sample: Sample,
    name: str,
    hypothetical: NDArray,
    sites: pd.DataFrame,
    limit: int,
    weights: NDArray | None = None,
) -> pd.DataFrame:
    """Metrics of attributions (Z, M, 4, L) by seed and example, after a filter if one is given."""
    own = sample._replace(
        seeds=sample.seeds[: len(hypothetical)], hypothetical={"deepshap": hypothetical}
    )
    track = own.contributions("deepshap")
    if weights is not None:
        track, hypothetical = low_pass(track, weights), low_pass(hypothetical, weights)
    mask = site_mask(sites, sample.chrom, sample.start, sample.codes.shape[1])
    found = measures(track, limit, SMOOTH_SIGMA, mask) | agreement(hypothetical)
    tables = [per_example(own, found[metric], arm=name, metric=metric) for metric in METRICS]
    return pd.concat(tables, ignore_index=True).dropna()


if __name__ == "__main__":
    main()
