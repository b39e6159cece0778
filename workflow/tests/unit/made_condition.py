"""A tiny condition on disk, laid out as `attprior.dataset.store` says: for tests of what reads it."""

import h5py
import numpy as np
import pandas as pd
from attprior.dataset.labelling import label_bins
from attprior.sequence import decode, encode

CHROMOSOMES = {"chr1": 2000, "chr2": 1600, "chr3": 1500}
SPLITS = {"chr1": "training", "chr2": "validation", "chr3": "test"}
MOTIF = "GGAAGTGA"
# a bin and its flanks are as long as the input
BINS = {"width": 20, "stride": 10, "flank": 20}
SETTINGS = {
    "architecture": "profile",
    "input_length": 60,
    "profile_length": 30,
    "filters": 8,
    "widths": [7, 3],
    "dilations": [1, 2],
    "profile_width": 21,
    "dropout": 0,
    "count_loss_weight": 1.0,
    "epochs": 3,
    "patience": 99,
    "min_improvement": 0.001,
    "batch_size": 8,
    "learning_rate": 0.01,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "weight_average": 0.999,
    "min_steps": 0,
    "start": "mean",
    "jitter": 4,
    "tile_stride": None,
    "negatives_per_positive": 1,
    "match_gc": False,
    "max_unknown": 0,
    "reverse_complement": True,
    "peaks": 1,
    "precision": "float32",
    "deterministic": False,
    "prior": {"kind": "none"},
}
# leaves that every prior has
PRIOR = {
    "weight": 1.0,
    "attribution": "gradient",
    "examples": "positives",
    "schedule": "constant",
    "rate": 1.0,
    "scalar_weighting": "probability",
}
FOURIER = {**PRIOR, "kind": "fourier", "freq_limit": 9, "softness": 0.2, "smooth_sigma": 3}


def write_condition(folder, tasks=2, controls="matched"):
    """Write labels.h5, genome.fa and fold.tsv; peaks have a motif and an excess of counts.

    Peaks stand every 75 bp from 50 on, the tasks in turn; bins are labelled by them.
    """
    rng = np.random.default_rng(0)
    lengths = np.array(list(CHROMOSOMES.values()))
    offsets = np.cumsum(lengths) - lengths
    genome = rng.integers(0, 4, lengths.sum()).astype(np.uint8)
    summits = np.concatenate(
        [o + np.arange(50, n - 50, 75) for o, n in zip(offsets, lengths, strict=True)]
    )
    for summit in summits:
        genome[summit - 4 : summit + 4] = encode(MOTIF)
    names = [f"task_{number}" for number in range(tasks)]
    control_names = {"matched": [f"input_{n}" for n in range(tasks)], "shared": ["input"]}
    control_names = control_names.get(controls, [])
    with h5py.File(folder / "labels.h5", "w") as file:
        file.attrs.update(
            format="attprior-labels", version=3, condition="TF", genome="made", controls=controls
        )
        file["chromosomes/name"] = np.array(list(CHROMOSOMES), dtype="S")
        file["chromosomes/length"] = lengths
        file["tasks"] = np.array(names, dtype="S")
        file["control_names"] = np.array(control_names, dtype="S")
        for name in names + control_names:
            for shift, strand in ((-5, "plus"), (5, "minus")):
                rate = np.full(len(genome), 0.05)
                if name in names:
                    rate[summits + shift] = 6
                counts = rng.poisson(rate)
                file[f"tracks/{name}/{strand}/position"] = np.flatnonzero(counts)
                file[f"tracks/{name}/{strand}/count"] = counts[counts > 0].astype(np.uint32)
        task = np.arange(len(summits)) % tasks
        signal = rng.permutation(len(summits)).astype(np.float32)
        rank = pd.Series(signal).groupby(task).rank(ascending=False) - 1
        regions = pd.DataFrame(
            {
                "task": task.astype(np.int32),
                "start": summits - 20,
                "end": summits + 20,
                "summit": summits,
                "signal": signal,
                "rank": rank.to_numpy().astype(np.int32),
            }
        )
        for column in regions:
            file[f"regions/{column}"] = regions[column].to_numpy()
        for side in ("start", "end"):
            file[f"blacklist/{side}"] = np.empty(0, dtype=np.int64)
        bins = label_bins(lengths, names, regions, None, **BINS)
        file.create_group("bins").attrs.update(BINS)
        for kind in ("positive", "ambiguous"):
            runs = [r.select((r.region >= 0) == (kind == "positive")) for r in bins.runs]
            table = {
                "task": np.repeat(np.arange(tasks, dtype=np.int32), [len(r.first) for r in runs]),
                "first": np.concatenate([r.first for r in runs]),
                "stop": np.concatenate([r.stop for r in runs]),
            }
            if kind == "positive":
                table["region"] = np.concatenate([r.region for r in runs])
            for column, values in table.items():
                file[f"bins/{kind}/{column}"] = values
    (folder / "genome.fa").write_text(
        "".join(
            f">{name}\n{decode(genome[offset : offset + length])}\n"
            for name, offset, length in zip(CHROMOSOMES, offsets, lengths, strict=True)
        )
    )
    table = pd.DataFrame(SPLITS.items(), columns=["chrom", "split"])
    table.to_csv(folder / "fold.tsv", sep="\t", index=False)
    return folder / "labels.h5", folder / "genome.fa", folder / "fold.tsv"
