"""How well a model predicts held-out chromosomes."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from attprior import metrics
from attprior.dataset.sampler import PeakSampler, Windows
from attprior.files import aside
from attprior.losses import multinomial_nll
from attprior.models.profile import ProfileModel
from attprior.models.saved import load_model
from attprior.training.device import choose_device
from attprior.training.job import chromosomes_of, open_windows
from attprior.training.loop import HELD_OUT_SEED

log = logging.getLogger(__name__)

SMOOTH_SIGMA = 3
BATCH = 256


def predict(
    model: ProfileModel, sampler: PeakSampler, device: torch.device
) -> dict[str, np.ndarray]:
    """Predictions at the peaks and random intervals of a sampler.

    Returns
    -------
    dict
        counts (N, T, S, O) observed, probabilities (N, T, S, O), log_counts (N, T, S) predicted,
        nll (N, T, S), peaks (N, T): whether an example is a task's peak, without (N,): whether it
        is a random interval that holds no summit of any task.
    """
    windows = sampler.windows
    starts, positive = sampler.epoch(HELD_OUT_SEED, 0)
    parts: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(starts), BATCH):
        part = slice(first, first + BATCH)
        batch = windows.batch(starts[part], positive[part], both_strands=False)
        sequences, counts, control = (
            torch.from_numpy(array).to(device)
            for array in (batch.sequences, batch.profiles, batch.control)
        )
        with torch.no_grad():
            logits, log_counts = model(sequences, control)
            found = {
                "counts": counts,
                "probabilities": torch.softmax(logits, dim=-1),
                "log_counts": log_counts,
                "nll": multinomial_nll(logits, counts),
            }
        for key, value in found.items():
            parts.setdefault(key, []).append(value.cpu().numpy())
    found = {key: np.concatenate(value) for key, value in parts.items()}
    regions = windows.labels.regions
    peaks = [
        positive & np.isin(starts, windows.starts(regions.summit[regions.task == task].to_numpy()))
        for task in range(len(windows.labels.tasks))
    ]
    without = ~positive & ~windows.holds_summit(starts)
    return found | {"peaks": np.stack(peaks, axis=1), "without": without}


def mean_profile(sampler: PeakSampler) -> np.ndarray:
    """Mean of the peaks' profiles, each scaled to sum 1: (T, S, O). A predictor without sequence."""
    total = 0.0
    for batch in sampler.batches(HELD_OUT_SEED, 0, BATCH, both_strands=False):
        counts = batch.profiles[batch.positive]
        total = total + (counts / np.maximum(counts.sum(-1, keepdims=True), 1)).sum(axis=0)
    return total / np.maximum(total.sum(-1, keepdims=True), 1e-12)


def performance(found: Mapping[str, np.ndarray], baseline: np.ndarray, task: int) -> dict:
    """Metrics of one task: name to (value, number of examples).

    Profiles and counts are measured at the task's peaks, over strands and examples; peaks against
    random intervals without a summit are ranked by the predicted log count, summed over strands.
    """
    peaks = found["peaks"][:, task]
    counts, probabilities = found["counts"][peaks, task], found["probabilities"][peaks, task]
    number = int(peaks.sum())

    def jsd(predicted: np.ndarray) -> tuple[float, int]:
        values = metrics.jensen_shannon_divergence(
            np.broadcast_to(predicted, counts.shape), counts, SMOOTH_SIGMA
        )
        return float(np.nanmean(values)), int(np.isfinite(values).any(axis=1).sum())

    observed = np.log1p(counts.sum(-1)).ravel()
    predicted = found["log_counts"][peaks, task].ravel()
    ranked, score = peaks | found["without"], found["log_counts"][:, task].sum(-1)
    return {
        "profile_nll": (float(found["nll"][peaks, task].mean()), number),
        "profile_jsd": jsd(probabilities),
        "profile_jsd_mean_profile": jsd(baseline[task]),
        "profile_jsd_uniform": jsd(np.full(counts.shape[-1], 1 / counts.shape[-1])),
        "counts_pearson": (metrics.pearson(predicted, observed), number),
        "counts_spearman": (metrics.spearman(predicted, observed), number),
        "counts_mse": (float(((predicted - observed) ** 2).mean()), number),
        "peaks_auroc": (metrics.auroc(peaks[ranked], score[ranked]), int(ranked.sum())),
        "peaks_auprc": (metrics.auprc(peaks[ranked], score[ranked]), int(ranked.sum())),
    }


def evaluate(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    models: Mapping[int, str | Path],
    output: str | Path,
    device: str = "auto",
) -> None:
    """Write the metrics of all seeds on validation and test chromosomes as one long table."""
    where = choose_device(device)
    rows = []
    settings = load_model(next(iter(models.values())))[1]["settings"]
    windows = open_windows(labels, fasta, settings)
    baseline = mean_profile(_sampler(windows, fold, "training"))
    for split in ("validation", "test"):
        sampler = _sampler(windows, fold, split)
        for seed, path in models.items():
            found = predict(load_model(path)[0].to(where), sampler, where)
            for task, name in enumerate(windows.labels.tasks):
                for metric, (value, number) in performance(found, baseline, task).items():
                    rows.append((seed, split, name, metric, value, number))
                    log.info(
                        "seed %s, %s, %s: %s %.4f (n = %d)",
                        seed,
                        split,
                        name,
                        metric,
                        value,
                        number,
                    )
    columns = ["seed", "split", "task", "metric", "value", "n"]
    with aside(output) as temporary:
        pd.DataFrame(rows, columns=columns).to_csv(temporary, sep="\t", index=False)


def _sampler(windows: Windows, fold: str | Path, split: str) -> PeakSampler:
    return PeakSampler(windows, chromosomes_of(windows, fold, split))
