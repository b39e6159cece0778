"""Attributions of all peaks by all seeds of an arm, as one file.

Letters of shapes: N peaks, L input positions, T tasks, S strands, O profile positions, Z seeds,
M sampled peaks.
"""

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch

from attprior.attribution.deepshap import deepshap
from attprior.attribution.methods import input_gradient, mutagenesis
from attprior.attribution.regions import Regions, choose_regions
from attprior.attribution.shuffles import references_of
from attprior.dataset.folds import chromosomes_of
from attprior.dataset.windows import Windows, open_windows
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.hdf5 import hdf5_aside
from attprior.models.architecture import Architecture, Head
from attprior.models.registry import declaration
from attprior.models.saved import load_model
from attprior.provenance import file_hash
from attprior.sequence import one_hot_codes
from attprior.training.device import choose_device

log = logging.getLogger(__name__)

CHUNK = 64
LARGEST_DELTA = 1e-2
# outputs of a model in a file, by kind of examples
PREDICTIONS = {"profiles": ("profiles", "log_counts"), "bins": ("logits",)}


@dataclass(frozen=True)
class Job:
    """What is attributed, of which models, and how.

    Parameters
    ----------
    models
        Seed to its model, all of one architecture and on one device.
    head
        What of a model is attributed; None for the scalar that its architecture names.
    predicted
        Names of the model's outputs.
    references
        Shuffles of each sequence.
    ism
        Whether the sample is mutated too.
    batch_size
        Pairs of sequence and reference at once.
    """

    models: Mapping[int, Architecture]
    head: Head | None
    predicted: tuple[str, ...]
    references: int
    ism: bool
    batch_size: int
    device: torch.device


def attribute(
    labels: str | Path,
    fasta: str | Path,
    fold: str | Path,
    models: Mapping[int, str | Path],
    output: str | Path,
    references: int,
    peaks: int | None,
    sample: int,
    batch_size: int,
    device: str = "auto",
    attrs: Mapping[str, str] | None = None,
    head: str | None = None,
    ism: bool = False,
    key: str = "",
    deltas: str | Path | None = None,
) -> None:
    """Attribute peaks with all seeds of an arm; write one HDF5.

    Chunks of peaks are written as they are finished, to a folder beside the output that is removed
    at the end, so that a killed job goes on from them.

    Layout::

        attrs             what is attributed; peaks: how many of the first rows are the best peaks,
                          the same in all folds; references; left_out_ends, left_out_n,
                          left_out_repeats: how many peaks have no row, as their input leaves its
                          chromosome, holds an N, or is a repeat
        regions/          chrom (N,) bytes, start (N,) and summit (N,) int64, in the chromosome
        sequences         (N, L) uint8, codes 0 to 3 for A, C, G, T
        mean/hypothetical (N, 4, L) float32, DeepSHAP's hypothetical contributions, mean over seeds
        deltas            (Z, N) float32, relative convergence deltas
        sample/           index (M,) rows of sampled test peaks, seeds (Z,); all else float32:
                          deepshap and gradient (Z, M, 4, L): hypothetical contributions, input
                          gradients; ism (Z, M, 4, L) if wanted; of profile models profiles
                          (Z, M, T, S, O) and log_counts (Z, M, T, S), predicted probabilities and
                          log counts, and observed (M, T, S, O) counts; of others logits (Z, M, T)

    Parameters
    ----------
    models
        Seed to its model.
    head
        Such as `count`, or `count.ENCSR000BGQ`; None for the scalar that the architecture names.
    ism
        Whether the sample is attributed by in-silico mutagenesis too.
    key
        Hash of the code, which chunks must share to be gone on from.
    deltas
        Where to write a table of each seed's convergence deltas.

    Raises
    ------
    InputError
        If there is nothing to sample: every test peak lies at its chromosome's end, holds an N or
        is a repeat.
    """
    where = choose_device(device)
    # with TF32's ten bits contributions would add up to a thousandth only
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    opened = {seed: load_model(path) for seed, path in models.items()}
    description = next(iter(opened.values()))[1]
    settings = description["settings"]
    job = Job(
        {seed: model.to(where) for seed, (model, _) in opened.items()},
        Head.named(head, description["tasks"]) if head else None,
        PREDICTIONS[declaration(settings["architecture"]).examples],
        references,
        ism,
        batch_size,
        where,
    )
    windows = open_windows(labels, fasta, settings)
    regions = choose_regions(windows, chromosomes_of(windows.labels, fold, "test"), peaks, sample)
    if not len(regions.sampled):
        raise InputError(
            f"{labels}: no peak on the test chromosomes of {fold} can be attributed; of all peaks, "
            f"the input of {regions.left_out_ends} leaves its chromosome, that of "
            f"{regions.left_out_n} holds an N and that of {regions.left_out_repeats} is a repeat of "
            "a few bases. Choose other test chromosomes, or a shorter input_length"
        )
    key = "\n".join([key, str(head), str(references), str(ism), *map(file_hash, models.values())])
    log.info("%d sequences, %d seeds, %d references", len(regions.summits), len(models), references)
    parts = Path(output).with_name(f".{Path(output).name}.parts")
    with hdf5_aside(output) as whole, h5py.File(whole, "w") as file:
        file.attrs.update(attrs or {})
        file.attrs["references"] = references
        _write_regions(file, windows, regions)
        file["sample/seeds"] = np.array(list(models))
        if "profiles" in job.predicted:
            starts = windows.starts(regions.summits[regions.sampled])
            file["sample/observed"] = windows.counts(starts)
        _create(file, job, windows, regions)
        for rows, found in _chunks(job, windows, regions, parts, key):
            places = slice(*np.searchsorted(regions.sampled, [rows.start, rows.stop]))
            for name, values in found.items():
                if name == "mean/hypothetical":
                    file[name][rows] = values
                else:
                    file[name][:, rows if name == "deltas" else places] = values
        table = delta_table(file["deltas"][:], list(models), regions)
    if deltas is not None:
        with atomic_write(deltas) as temporary:
            table.to_csv(temporary, sep="\t", index=False, float_format="%.3g")
    warn_of_deltas(table, head)
    shutil.rmtree(parts, ignore_errors=True)


def _write_regions(file: h5py.File, windows: Windows, regions: Regions) -> None:
    coordinates = windows.labels.coordinates
    starts = windows.starts(regions.summits)
    chromosome = coordinates.chromosome(regions.summits)
    offset = coordinates.offsets[chromosome]
    file.attrs["peaks"] = regions.best
    file.attrs["left_out_ends"] = regions.left_out_ends
    file.attrs["left_out_n"] = regions.left_out_n
    file.attrs["left_out_repeats"] = regions.left_out_repeats
    file["regions/chrom"] = np.array(coordinates.names, dtype="S")[chromosome]
    file["regions/start"], file["regions/summit"] = starts - offset, regions.summits - offset
    file["sequences"] = windows.sequences(starts)
    file["sample/index"] = regions.sampled


def _create(file: h5py.File, job: Job, windows: Windows, regions: Regions) -> None:
    """Make room for all that `_attribute_chunk` gives."""
    seeds, number, sampled = len(job.models), len(regions.summits), len(regions.sampled)
    bases = (4, windows.input_length)
    strands = (len(windows.labels.tasks), windows.labels.strands)
    outputs = {
        "profiles": (*strands, windows.profile_length),
        "log_counts": strands,
        "logits": strands[:1],
    }
    methods = ("deepshap", "gradient", *(["ism"] if job.ism else []))
    file.create_dataset("mean/hypothetical", (number, *bases), "f4")
    file.create_dataset("deltas", (seeds, number), "f4")
    for method in methods:
        file.create_dataset(f"sample/{method}", (seeds, sampled, *bases), "f4")
    for name in job.predicted:
        file.create_dataset(f"sample/{name}", (seeds, sampled, *outputs[name]), "f4")


def _chunks(
    job: Job, windows: Windows, regions: Regions, parts: Path, key: str
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """Rows and results of each chunk; from its file in `parts` where it was finished before.

    The file's name is a hash of all that the results depend on.
    """
    number, known = len(regions.summits), 0
    for first in range(0, number, CHUNK):
        rows = np.arange(first, min(first + CHUNK, number))
        in_sample = np.isin(rows, regions.sampled)
        starts = windows.starts(regions.summits[rows])
        codes, control = windows.sequences(starts), windows.counts(starts, control=True)
        digest = hashlib.sha256(key.encode())
        for array in (codes, control, in_sample, np.array(first)):
            digest.update(np.ascontiguousarray(array))
        part = parts / f"{digest.hexdigest()}.npz"
        if part.is_file():
            known += len(rows)
        else:
            found = _attribute_chunk(job, codes, control, in_sample, first)
            with atomic_write(part) as temporary:
                np.savez(temporary, **found)
            log.info("%d of %d sequences", first + len(rows), number)
        with np.load(part) as found:
            yield slice(first, first + len(rows)), dict(found)
    if known:
        log.info("%d sequences were attributed before", known)


def _attribute_chunk(
    job: Job, codes: np.ndarray, control: np.ndarray, in_sample: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Attribute some peaks; names and shapes as in the file.

    Parameters
    ----------
    codes
        (N, L).
    control
        (N, C, S, O).
    in_sample
        (N,) bool, which are of the sample.
    seed
        Of the shuffles, which all models share.
    """
    sequences, control = torch.from_numpy(one_hot_codes(codes)), torch.from_numpy(control)
    shuffles = references_of(sequences, job.references, seed)
    own, held = sequences[in_sample], control[in_sample]
    total, deltas, found = torch.zeros_like(sequences), [], {}
    for model in job.models.values():
        hypothetical, delta = deepshap(
            model, sequences, control, shuffles, job.batch_size, job.device, job.head
        )
        total += hypothetical
        deltas.append(delta)
        if not in_sample.any():
            continue
        of_seed = {
            "deepshap": hypothetical[in_sample],
            "gradient": input_gradient(
                model, own.to(job.device), held.to(job.device), job.head
            ).cpu(),
            **_predictions(job, model, own, held),
        }
        if job.ism:
            of_seed["ism"] = mutagenesis(model, own, held, job.batch_size, job.device, job.head)
        for name, values in of_seed.items():
            found.setdefault(f"sample/{name}", []).append(values)
    result = {name: torch.stack(values).numpy() for name, values in found.items()}
    result["mean/hypothetical"] = (total / len(job.models)).numpy()
    result["deltas"] = torch.stack(deltas).numpy()
    return result


@torch.no_grad()
def _predictions(
    job: Job, model: Architecture, sequences: torch.Tensor, control: torch.Tensor
) -> dict[str, torch.Tensor]:
    """What a model predicts, by name."""
    outputs = model(sequences.to(job.device), control.to(job.device))
    found = dict(zip(job.predicted, outputs, strict=False))
    if "profiles" in found:
        found["profiles"] = found["profiles"].softmax(dim=-1)
    return {name: values.cpu() for name, values in found.items()}


def delta_table(deltas: np.ndarray, seeds: Sequence[int], regions: Regions) -> pd.DataFrame:
    """Median and worst relative convergence delta of each seed, from all of them (Z, N)."""
    return pd.DataFrame(
        {
            "seed": seeds,
            "median": np.median(deltas, axis=1),
            "worst": deltas.max(axis=1),
            "past_limit": (deltas > LARGEST_DELTA).sum(axis=1),
            "peaks": deltas.shape[1],
            "left_out_ends": regions.left_out_ends,
            "left_out_n": regions.left_out_n,
            "left_out_repeats": regions.left_out_repeats,
        }
    )


def warn_of_deltas(table: pd.DataFrame, head: str | None) -> None:
    """Log each seed's convergence deltas, and warn where contributions do not add up."""
    for row in table.itertuples():
        what = f"seed {row.seed}, head {head or 'of the architecture'}"
        log.info("%s: convergence delta median %.1e, worst %.1e", what, row.median, row.worst)
        if row.median > LARGEST_DELTA:
            log.warning(
                "%s: the median relative convergence delta %.1e is over %.0e. An operation of the "
                "model has no DeepLIFT rule, so do not trust its DeepSHAP: give each nonlinearity "
                "a module of its own that torch has, used in one place",
                *(what, row.median, LARGEST_DELTA),
            )
        elif row.past_limit:
            log.warning(
                "%s: contributions of %d of %d peaks miss the difference that they explain by more "
                "than %.0e of it, the worst by %.1e. Most add up, so these are peaks that the model "
                "tells little from their shuffles; leave them out of what you read (`deltas`)",
                *(what, row.past_limit, row.peaks, LARGEST_DELTA, row.worst),
            )
