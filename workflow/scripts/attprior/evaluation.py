"""How well a model predicts held-out chromosomes, in all and example by example.

Letters of shapes: N examples, P pairs of an example and a task, T tasks, S strands, O profile
positions (bp).
"""

import gzip
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import log_softmax

from attprior import metrics
from attprior.dataset.sampler import HELD_OUT_SEED, BinSampler, PeakSampler, Sampler, sampler_of
from attprior.dataset.windows import Windows, open_windows
from attprior.files import atomic_write
from attprior.losses import multinomial_nll
from attprior.models.architecture import Architecture
from attprior.models.registry import declaration
from attprior.models.saved import load_model
from attprior.statistics import groups_of, pseudovalues
from attprior.training.constant import Constant, best_constant, no_better
from attprior.training.device import choose_device

log = logging.getLogger(__name__)

SMOOTH_SIGMA = 3
BATCH = 256
BINS = (1, 4, 10)
# what makes a position positive or negative in the auPRC of a profile; others are left out
POSITIVE_COUNT, POSITIVE_SHARE, NEGATIVE_SHARE = 3, 0.15, 0.05
# metrics that a constant prediction is worth comparing with: lower is better, and none ranks examples
OF_CONSTANT = ("profile_nll", "profile_jsd", "counts_mse", "counts_mse_all", "cross_entropy")

# of a task: metric to value and number of examples; what gives the same metrics' pseudovalues over
# groups of examples; and of single examples their rows and columns
Measured = dict[str, tuple[float, int]]
Groups = Callable[[], dict[str, np.ndarray]]
Outcome = tuple[Measured, Groups, np.ndarray, dict[str, np.ndarray]]


def predictions(
    model: Architecture,
    sampler: Sampler,
    matched: Sampler,
    device: torch.device,
) -> Iterator[tuple[dict[str, torch.Tensor], tuple[torch.Tensor, ...]]]:
    """What each batch of two samplers holds, by name, and a model's outputs, on the device."""
    for examples in (sampler, matched):
        for batch in examples.batches(HELD_OUT_SEED, 0, BATCH, both_strands=False):
            data = {name: torch.from_numpy(array).to(device) for name, array in vars(batch).items()}
            with torch.no_grad():
                yield data, model(data["sequences"], data.get("control"))


def gc_matched(sampler: Sampler) -> Sampler:
    """Negatives of the GC content of a sampler's positives, without these."""
    return replace(sampler, match_gc=True, only_negatives=True)


def profile_quality(
    probabilities: np.ndarray, counts: np.ndarray, mean: np.ndarray
) -> dict[str, np.ndarray]:
    """Metrics of predicted profiles, each (P,).

    JSD is averaged over strands. For the others, the strands' positions are put together; a bin has
    its highest value; observed counts are divided by their strand's sum. For auPRC, a bin is positive
    with at least 3 counts and a share of .15, and negative with a share of at most .05. These are the
    published definitions.

    Parameters
    ----------
    probabilities, counts
        (P, S, O), predicted and observed.
    mean
        (P, S, O), the mean profile, which a prediction without the sequence would give.
    """

    def divergence(predicted: np.ndarray) -> np.ndarray:
        each = metrics.jensen_shannon_divergence(predicted, counts, SMOOTH_SIGMA)
        some = np.isfinite(each)
        total = np.where(some, each, 0).sum(axis=-1)
        return np.divide(total, some.sum(-1), out=np.full(len(each), np.nan), where=some.any(-1))

    shares = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    found = {
        "profile_jsd": divergence(probabilities),
        "profile_jsd_mean_profile": divergence(mean),
        "profile_jsd_uniform": divergence(np.full_like(probabilities, 1 / counts.shape[-1])),
    }
    for size in BINS:
        predicted, observed, number = (
            np.concatenate(np.moveaxis(metrics.bin_maxima(values, size), 1, 0), axis=-1)
            for values in (probabilities, shares, counts)
        )
        labels = np.where(observed <= NEGATIVE_SHARE, 0, -1)
        labels[(number >= POSITIVE_COUNT) & (observed >= POSITIVE_SHARE)] = 1
        found[f"profile_auprc_bin{size}"] = metrics.row_auprc(labels, predicted)
        found[f"profile_pearson_bin{size}"] = metrics.row_pearson(predicted, observed)
        found[f"profile_spearman_bin{size}"] = metrics.row_spearman(predicted, observed)
        found[f"profile_mse_bin{size}"] = ((predicted - observed) ** 2).mean(axis=-1)
    return found


def predict_profiles(
    model: Architecture,
    sampler: PeakSampler,
    matched: PeakSampler,
    device: torch.device,
    baseline: np.ndarray,
) -> dict[str, np.ndarray]:
    """What is measured of a profile model at the examples of a sampler.

    Parameters
    ----------
    baseline
        (T, S, O), the mean profile.

    Returns
    -------
    dict
        Of the sampler's examples, and then of those matched: peaks (N, T): whether an example is a
        task's peak; drawn and matched (N,): whether it is a random interval that holds no summit
        of any task, drawn at random or by GC content; of_gc (N,): whether it is of those matched;
        predicted and observed (N, T, S): log(1 + count); profile_nll and those of
        `profile_quality` (N, T), NaN where an example is not a task's peak.
    """
    windows = sampler.windows
    both = [one.epoch(HELD_OUT_SEED, 0) for one in (sampler, matched)]
    starts, positive = (np.concatenate(parts) for parts in zip(*both, strict=True))
    of_gc = np.arange(len(starts)) >= len(both[0][0])
    regions = windows.labels.regions
    peaks = np.stack(
        [
            positive
            & np.isin(starts, windows.starts(regions.summit[regions.task == task].to_numpy()))
            for task in range(len(windows.labels.tasks))
        ],
        axis=1,
    )
    without = ~positive & ~windows.holds_summit(starts)
    found = {"peaks": peaks, "drawn": without & ~of_gc, "matched": without & of_gc, "of_gc": of_gc}
    parts: dict[str, list[np.ndarray]] = {"predicted": [], "observed": []}
    first = 0
    for data, (logits, log_counts) in predictions(model, sampler, matched, device):
        here = peaks[first : first + len(logits)]
        example, task = np.nonzero(here)
        first += len(logits)
        counts = data["profiles"]
        parts["predicted"].append(log_counts.cpu().numpy())
        parts["observed"].append(torch.log1p(counts.sum(-1)).cpu().numpy())
        # profiles are measured at peaks alone: half of the examples, and of these one task
        chosen, counts = logits[example, task], counts[example, task]
        nll = multinomial_nll(chosen.unsqueeze(1), counts.unsqueeze(1)).mean(dim=(1, 2))
        probabilities = torch.softmax(chosen, dim=-1).cpu().numpy()
        quality = profile_quality(probabilities, counts.cpu().numpy(), baseline[task])
        for name, values in {"profile_nll": nll.cpu().numpy(), **quality}.items():
            whole = np.full(here.shape, np.nan, dtype=np.float32)
            whole[example, task] = values
            parts.setdefault(name, []).append(whole)
    return found | {name: np.concatenate(values) for name, values in parts.items()}


def mean_profile(sampler: PeakSampler) -> np.ndarray:
    """Mean of the peaks' profiles, each scaled to sum 1: (T, S, O). A predictor without sequence."""
    total = 0.0
    for batch in sampler.batches(HELD_OUT_SEED, 0, BATCH, both_strands=False):
        counts = batch.profiles[batch.positive]
        total = total + (counts / np.maximum(counts.sum(-1, keepdims=True), 1)).sum(axis=0)
    return total / np.maximum(total.sum(-1, keepdims=True), 1e-12)


def profile_performance(found: Mapping[str, np.ndarray], task: int) -> Measured:
    """Metrics of one task: name to (value, number of examples).

    Profiles and counts are measured at the task's peaks, over strands and examples, and errors of
    counts at all random examples too, which are what a model learns counts from; peaks against
    random intervals without a summit, and against those of matched GC content, are ranked by the
    predicted log count, summed over strands.

    Parameters
    ----------
    found
        As `predict_profiles` gives it, or the same rows of each of its arrays.
    """
    peaks = found["peaks"][:, task]
    predicted, observed = (found[name][peaks, task].ravel() for name in ("predicted", "observed"))
    number = int(peaks.sum())
    score = found["predicted"][:, task].sum(-1)
    errors = (found["predicted"] - found["observed"])[~found["of_gc"], task] ** 2
    random, of_gc = (peaks | found[negatives] for negatives in ("drawn", "matched"))
    return {
        **{name: _mean(found[name][:, task]) for name in found if name.startswith("profile")},
        "counts_pearson": (metrics.pearson(predicted, observed), number),
        "counts_spearman": (metrics.spearman(predicted, observed), number),
        "counts_mse": (float(((predicted - observed) ** 2).mean()), number),
        # which a constant cannot gain in by being that of peaks
        "counts_mse_all": (float(errors.mean()) if len(errors) else float("nan"), len(errors)),
        **_told_apart("peaks_{}", peaks[random], score[random]),
        **_told_apart("peaks_{}_gc", peaks[of_gc], score[of_gc]),
    }


def _told_apart(name: str, labels: np.ndarray, scores: np.ndarray) -> Measured:
    """How well scores tell positives from negatives, by names with the metric in their brackets."""
    both = {"auroc": metrics.auroc, "auprc": metrics.auprc}
    return {name.format(key): (of(labels, scores), len(labels)) for key, of in both.items()}


def _mean(values: np.ndarray) -> tuple[float, int]:
    """Mean of those values that are numbers, and how many these are."""
    values = values[np.isfinite(values)].astype(np.float64)
    return (float(values.mean()) if len(values) else float("nan")), len(values)


def predict_bins(
    model: Architecture, sampler: BinSampler, matched: BinSampler, device: torch.device
) -> dict[str, np.ndarray]:
    """Labels and predicted logits of a sampler's bins, and then of those matched by GC content.

    Returns
    -------
    dict
        labels and logits (N, T); drawn and matched (N,): which bins are negatives, drawn at random
        or by GC content.
    """
    parts = [
        (data["labels"].cpu().numpy(), logits.cpu().numpy(), ~data["positive"].cpu().numpy())
        for data, (logits,) in predictions(model, sampler, matched, device)
    ]
    labels, logits, negative = map(np.concatenate, zip(*parts, strict=True))
    of_gc = np.arange(len(labels)) >= len(sampler.epoch(HELD_OUT_SEED, 0)[0])
    return {"labels": labels, "logits": logits, "drawn": negative & ~of_gc, "matched": of_gc}


def binary_performance(found: Mapping[str, np.ndarray], task: int, negatives: int) -> Measured:
    """Metrics of one task: name to (value, number of examples); ambiguous bins are left out.

    `auroc_gc` and `auprc_gc` alone are against negatives of matched GC content. In
    `auprc_corrected`, each random negative stands for as many as it takes to make the sample's
    negatives those of the chromosomes, so that precision is that of a scan of them.

    Parameters
    ----------
    found
        As `predict_bins` gives it, or the same rows of each of its arrays.
    negatives
        The task's bins that random negatives stand for, see `BinSampler.drawn_from`.
    """
    known = found["labels"][:, task] >= 0
    random, of_gc = (known & ~found[others] for others in ("matched", "drawn"))
    labels, logits = (found[name][random, task] for name in ("labels", "logits"))
    drawn, number = found["drawn"][random], len(labels)
    stands_for = negatives / max(int(drawn.sum()), 1)
    entropy = -log_softmax(np.stack([logits, np.zeros_like(logits)]), axis=0)
    by_class = [_mean(entropy[row][labels == label])[0] for row, label in ((0, 1), (1, 0))]
    return {
        "cross_entropy": (float(np.mean(by_class)), number),
        "accuracy": (float(((logits > 0) == labels).mean()) if number else float("nan"), number),
        **_told_apart("{}", labels, logits),
        **_told_apart("{}_gc", *(found[name][of_gc, task] for name in ("labels", "logits"))),
        "auprc_corrected": (
            metrics.auprc(labels, logits, np.where(drawn, stands_for, 1.0)),
            number,
        ),
    }


def measure_profiles(
    model: Architecture,
    sampler: PeakSampler,
    matched: PeakSampler,
    device: torch.device,
    baseline: np.ndarray,
) -> Iterator[Outcome]:
    """Outcome of each task of a profile model, whose examples are the task's peaks."""
    found = predict_profiles(model, sampler, matched, device, baseline)
    for task in range(found["peaks"].shape[1]):
        rows = np.flatnonzero(found["peaks"][:, task])
        # of both strands together
        columns = {
            f"log_count_{kind}": np.log1p(np.expm1(found[kind][rows, task]).clip(0).sum(axis=-1))
            for kind in ("predicted", "observed")
        }
        columns |= {name: found[name][rows, task] for name in found if name.startswith("profile")}
        yield *_by_groups(profile_performance, found, task), rows, columns


def measure_bins(
    model: Architecture,
    sampler: BinSampler,
    matched: BinSampler,
    device: torch.device,
    negatives: np.ndarray,
) -> Iterator[Outcome]:
    """Outcome of each task of a binary model, whose examples are the bins that it knows.

    Those of matched GC content are not among the examples.
    """
    found = predict_bins(model, sampler, matched, device)
    for task in range(found["labels"].shape[1]):
        rows = np.flatnonzero((found["labels"][:, task] >= 0) & ~found["matched"])
        columns = {"label": found["labels"][rows, task], "logit": found["logits"][rows, task]}
        number = int(negatives[task])
        yield *_by_groups(binary_performance, found, task, number), rows, columns


def _by_groups(
    measure: Callable[..., Measured], found: Mapping[str, np.ndarray], *arguments: int
) -> tuple[Measured, Groups]:
    """Metrics of a task, and what gives their pseudovalues over groups of examples."""

    def values(chosen: np.ndarray) -> dict[str, float]:
        kept = {name: array[chosen] for name, array in found.items()}
        return {name: value for name, (value, _) in measure(kept, *arguments).items()}

    groups = groups_of(len(found["drawn"]))
    return measure(found, *arguments), partial(pseudovalues, values, groups)


def of_constant(measured: Measured) -> dict[str, float]:
    """Values of `OF_CONSTANT` among a constant prediction's; its JSD is that of the mean profile."""
    values = {name: measured[name][0] for name in OF_CONSTANT if name in measured}
    if "profile_jsd" in values:
        values["profile_jsd"] = measured["profile_jsd_mean_profile"][0]
    return values


def evaluate(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    models: Mapping[int, str | Path],
    output: str | Path,
    examples: str | Path,
    groups: str | Path,
    device: str = "auto",
) -> None:
    """Write the metrics of all seeds on validation and test chromosomes, and those of each example.

    Parameters
    ----------
    models
        Seed to its model.
    output
        One long table: seed, split, task, metric, value, n, constant (the metric of a prediction that
        is the same for all examples, fitted to the training data; empty of most metrics),
        learnt_nothing (1 where the seed is no better than that).
    examples
        Table (gzip): seed, split, task, chrom, start (first base that is read), and what was
        predicted and measured there: log counts and profile metrics at a task's peaks, or label and
        logit of bins.
    groups
        Table (gzip) of the test chromosomes: seed, task, metric, example and value: the metric's
        jackknife pseudovalue of a group of examples, see `attprior.statistics.pseudovalues`.
    """
    where = choose_device(device)
    settings = load_model(next(iter(models.values())))[1]["settings"]
    windows = open_windows(labels, fasta, settings)
    profiles = declaration(settings["architecture"]).examples == "profiles"
    training = sampler_of(windows, fold, "training", settings)
    if profiles:
        baseline = mean_profile(training)
    best = best_constant(training.batches(HELD_OUT_SEED, 0, BATCH, both_strands=False))
    constant = Constant(load_model(next(iter(models.values())))[0], best).to(where)
    measure = measure_profiles if profiles else measure_bins
    rows, tables, parts = [], [], []
    for split in ("validation", "test"):
        sampler = sampler_of(windows, fold, split, settings)
        matched = gc_matched(sampler)
        place = _places(windows, sampler.epoch(HELD_OUT_SEED, 0)[0])
        known = baseline if profiles else sampler.drawn_from()
        levels = [of_constant(one) for one, *_ in measure(constant, sampler, matched, where, known)]
        for seed, path in models.items():
            outcomes = measure(load_model(path)[0].to(where), sampler, matched, where, known)
            for task, level, (measured, by_group, chosen, columns) in zip(
                windows.labels.tasks, levels, outcomes, strict=True
            ):
                which = {"seed": seed, "split": split, "task": task}
                there = {key: values[chosen] for key, values in place.items()}
                tables.append(pd.DataFrame(which | there | columns))
                for metric, (value, number) in measured.items():
                    rows.append((seed, split, task, metric, value, number))
                    log.info("seed %s, %s, %s: %s %.4f (n = %d)", *rows[-1])
                    reference = level.get(metric, float("nan"))
                    nothing = no_better(value, reference)
                    if nothing:
                        log.warning(
                            "seed %s, %s, %s: %s %.4f is no better than a constant's %.4f",
                            *(*rows[-1][:5], reference),
                        )
                    rows[-1] += (reference, int(nothing))
                if split == "test":
                    which = {"seed": seed, "task": task}
                    parts += [
                        pd.DataFrame({**which, "metric": metric, "value": values})
                        for metric, values in by_group().items()
                    ]
    columns = ["seed", "split", "task", "metric", "value", "n", "constant", "learnt_nothing"]
    with atomic_write(output) as temporary:
        pd.DataFrame(rows, columns=columns).to_csv(temporary, sep="\t", index=False)
    _write_packed(pd.concat(tables), examples)
    _write_packed(pd.concat(parts).rename_axis("example").reset_index(), groups)


def _write_packed(table: pd.DataFrame, path: str | Path) -> None:
    """Write a TSV in gzip, without a name and a date, so that equal tables are equal files."""
    with (
        atomic_write(path) as temporary,
        open(temporary, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed,
    ):
        table.to_csv(packed, sep="\t", index=False, float_format="%.6g", na_rep="NA")


def _places(windows: Windows, starts: np.ndarray) -> dict[str, np.ndarray]:
    """Chromosome and start (N,) within it of input windows."""
    coordinates = windows.labels.coordinates
    chromosome = coordinates.chromosome(starts)
    names = np.array(coordinates.names)
    return {"chrom": names[chromosome], "start": starts - coordinates.offsets[chromosome]}
