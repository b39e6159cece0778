"""A training job: all seeds of one arm on one fold."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from attprior.dataset.sampler import PeakSampler, Windows, sampler
from attprior.dataset.store import Labels
from attprior.files import aside
from attprior.genome import Genome
from attprior.models.saved import build, save_model
from attprior.provenance import file_hash
from attprior.training.device import choose_device
from attprior.training.loop import train_seed

log = logging.getLogger(__name__)


def open_windows(labels: str | Path, fasta: str | Path, settings: Mapping) -> Windows:
    """What a model of these settings reads: a condition's labels and its genome."""
    data = Labels.open(labels)
    chromosomes = Genome.load(fasta, data.coordinates.names)
    genome = np.concatenate([chromosomes[name] for name in data.coordinates.names])
    return Windows(data, genome, settings["input_length"], settings["profile_length"])


def chromosomes_of(windows: Windows, fold: str | Path, split: str) -> np.ndarray:
    """Indices of the chromosomes of a split by a fold's table."""
    table = pd.read_csv(fold, sep="\t")
    return windows.labels.coordinates.index(table.chrom[table.split == split])


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
    }
    training = sampler(windows, chromosomes_of(windows, fold, "training"), settings)
    validation = PeakSampler(windows, chromosomes_of(windows, fold, "validation"))
    log.info("%d examples an epoch", len(training.epoch(0, 0)[0]))
    key = json.dumps([key, description], sort_keys=True)
    rows = []
    for seed, path in seeds.items():
        weights, epochs = train_seed(
            lambda: build(description),
            training,
            validation,
            settings,
            seed,
            where,
            checkpoints / f"seed_{seed}.pt",
            key,
        )
        save_model(path, weights, description)
        best = min(range(len(epochs)), key=lambda e, epochs=epochs: epochs[e]["validation_loss"])
        rows += [{**row, "best": int(number == best)} for number, row in enumerate(epochs)]
    with aside(history) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
