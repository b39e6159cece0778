"""A training job: all seeds of one arm on one fold."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from attprior.dataset.folds import chromosomes_of
from attprior.dataset.sampler import BinSampler, PeakSampler, sampler
from attprior.dataset.store import Labels
from attprior.dataset.windows import Windows
from attprior.files import aside
from attprior.genome import Genome
from attprior.models.registry import declaration
from attprior.models.saved import build, save_model
from attprior.provenance import file_hash
from attprior.training.constant import learnt_nothing
from attprior.training.device import choose_device
from attprior.training.loop import train_seeds

log = logging.getLogger(__name__)

# what models are measured on is the same for all arms
HELD_OUT = {
    "peaks": 1,
    "jitter": 0,
    "tile_stride": None,
    "negatives_per_positive": 1,
    "match_gc": False,
}


def open_windows(labels: str | Path, fasta: str | Path, settings: Mapping) -> Windows:
    """What a model of these settings reads: a condition's labels and its genome."""
    data = Labels.open(labels)
    names, lengths = data.coordinates.names, data.coordinates.lengths.tolist()
    genome = Genome.end_to_end(fasta, dict(zip(names, lengths, strict=True)))
    return Windows(data, genome, settings["input_length"], settings.get("profile_length", 0))


def sampler_of(
    windows: Windows, fold: str | Path, split: str, settings: Mapping
) -> PeakSampler | BinSampler:
    """Examples of a split, of the kind that the architecture of the settings learns from."""
    settings = settings if split == "training" else {**settings, **HELD_OUT}
    examples = declaration(settings["architecture"]).examples
    return sampler(windows, chromosomes_of(windows.labels, fold, split), settings, examples)


def train(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    settings: Mapping,
    seeds: Mapping[int, str | Path],
    history: str | Path,
    checkpoints: Path,
    device: str = "auto",
    key: str = "",
    together: int | None = None,
) -> None:
    """Train all seeds of an arm on a fold; write their models and one history.

    Parameters
    ----------
    fold
        Table of chromosomes and their splits.
    seeds
        Seed to the path of its model.
    checkpoints
        Folder of the seeds' checkpoints.
    key
        Hash of the code, which checkpoints must share to be gone on from.
    together
        Most seeds in one pass over the device; None for all on a GPU, one on a CPU.
    """
    where = choose_device(device)
    windows = open_windows(labels, fasta, settings)
    data = windows.labels
    description = {
        "settings": settings,
        "tasks": data.tasks,
        "strands": data.strands,
        "controls": data.controls,
        "labels": file_hash(labels),
        "fold": file_hash(fold),
        "genome": file_hash(fasta),
    }
    training = sampler_of(windows, fold, "training", settings)
    validation = sampler_of(windows, fold, "validation", settings)
    log.info("%d examples an epoch", len(training.epoch(0, 0)[0]))
    key = json.dumps([key, description], sort_keys=True)
    if together is None:
        together = len(seeds) if where.type == "cuda" else 1
    trained = train_seeds(
        lambda: build(description),
        training,
        validation,
        settings,
        {seed: checkpoints / f"seed_{seed}.pt" for seed in seeds},
        where,
        key,
        together,
    )
    examples = declaration(settings["architecture"]).examples
    rows = []
    for seed, (weights, epochs) in trained.items():
        save_model(seeds[seed], weights, description)
        best = min(range(len(epochs)), key=lambda e, epochs=epochs: epochs[e]["validation_loss"])
        nothing = ",".join(learnt_nothing(epochs[best], examples))
        rows += [
            {
                **row,
                "best": int(number == best),
                "learnt_nothing": nothing if number == best else "",
            }
            for number, row in enumerate(epochs)
        ]
    with aside(history) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
