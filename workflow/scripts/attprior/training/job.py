"""A training job: all seeds of one arm on one fold."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from attprior.dataset.sampler import sampler_of
from attprior.dataset.windows import open_windows
from attprior.files import atomic_write
from attprior.models.registry import declaration
from attprior.models.saved import build, save_model
from attprior.provenance import file_hash
from attprior.training.constant import learnt_nothing
from attprior.training.device import choose_device
from attprior.training.loop import train_seeds

log = logging.getLogger(__name__)


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
    with atomic_write(history) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
