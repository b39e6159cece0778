"""The labelled HDF5 of a condition, written from tracks, peaks and a blacklist.

`attprior.dataset.store` says how it is laid out.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from attprior import __version__
from attprior.bed import read_bed
from attprior.bigwig import each_base, read_runs
from attprior.dataset.bins import Bins
from attprior.dataset.labelling import label_bins
from attprior.dataset.store import FORMAT, TRACKS, VERSION, Coordinates
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.hdf5 import COMPRESSION, hdf5_aside
from attprior.peaks import best_first, read_peaks
from attprior.provenance import file_hash

CHUNK = 1 << 14
BATCH = 1 << 22  # bases with counts, before they are written

log = logging.getLogger(__name__)


def control_kind(controls: Sequence[str]) -> str:
    """How the controls of a condition's tasks (empty string for none) enter its model.

    Raises
    ------
    InputError
        Where some tasks have a control and others none.
    """
    given = [control for control in controls if control]
    if not given:
        return "none"
    if len(given) < len(controls):
        raise InputError(
            f"{len(given)} of {len(controls)} experiments have a control; in one condition give "
            "every experiment a control, or none (column control of the sheet)"
        )
    return "shared" if len(controls) > 1 and len(set(controls)) == 1 else "matched"


def _write_track(group: h5py.Group, path: str | Path, coordinates: Coordinates) -> None:
    """Write the counts of a bigWig, a batch of chromosomes at a time so that few are in memory."""
    empty = {"shape": (0,), "maxshape": (None,), "chunks": (CHUNK,), **COMPRESSION}
    position = group.create_dataset("position", dtype=np.int64, **empty)
    count = group.create_dataset("count", dtype=np.uint32, **empty)
    sizes = dict(zip(coordinates.names, coordinates.lengths.tolist(), strict=True))
    offsets = dict(zip(coordinates.names, coordinates.offsets.tolist(), strict=True))
    total, batch, held = 0, [], 0
    for chrom, runs in read_runs(path, sizes):
        batch.append(_bases(path, chrom, runs, offsets[chrom]))
        total += int(batch[-1][1].sum(dtype=np.int64))
        held += len(batch[-1][1])
        if held > BATCH:
            _append((position, count), batch)
            batch, held = [], 0
    _append((position, count), batch)
    log.info("%s: %d 5' ends at %d bases", group.name, total, len(position))


def _bases(
    path: str | Path, chrom: str, runs: np.ndarray, offset: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (P,) int64 and counts (P,) uint32 of the bases in a chromosome's runs."""
    runs = runs[runs["value"] != 0]
    values = runs["value"]
    if not (np.isfinite(values) & (values >= 0) & (values == np.floor(values))).all():
        raise InputError(
            f"{path}: {chrom} has values that are no counts (negative or fractional); "
            "give counts of 5' ends, both strands positive"
        )
    positions, counts = each_base(runs, np.uint32)
    return positions + offset, counts


def _append(
    datasets: Sequence[h5py.Dataset], batch: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Lengthen datasets by what a batch has for each."""
    for dataset, parts in zip(datasets, zip(*batch, strict=True), strict=False):
        values = np.concatenate(parts)
        first = len(dataset)
        dataset.resize(first + len(values), axis=0)
        dataset[first:] = values


def _regions(
    tasks: Sequence[str], files: Mapping[str, str], coordinates: Coordinates
) -> pd.DataFrame:
    """Peaks of the tasks that have a file, on the common coordinates, best first within a task."""
    tables = []
    offset = dict(zip(coordinates.names, coordinates.offsets, strict=True))
    for name, path in files.items():
        task = tasks.index(name)
        peaks = read_peaks(path)
        peaks = peaks[peaks.chrom.isin(coordinates.names)]
        peaks = best_first(peaks, path)
        shift = peaks.chrom.map(offset).to_numpy(dtype=np.int64)
        tables.append(
            pd.DataFrame(
                {
                    "task": np.full(len(peaks), task, dtype=np.int32),
                    "start": peaks.start.to_numpy() + shift,
                    "end": peaks.end.to_numpy() + shift,
                    "summit": (peaks.start + peaks.summit).to_numpy() + shift,
                    "signal": peaks.signal.to_numpy(dtype=np.float32),
                    "rank": np.arange(len(peaks), dtype=np.int32),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _blacklist(path: str | Path, coordinates: Coordinates) -> pd.DataFrame:
    """Intervals of a BED file on the common coordinates, sorted; those past an end are cut there."""
    table = read_bed(path)
    table = table[table.chrom.isin(coordinates.names)]
    chromosome = coordinates.index(table.chrom)
    offset, length = coordinates.offsets[chromosome], coordinates.lengths[chromosome]
    found = {side: np.minimum(table[side].to_numpy(), length) + offset for side in ("start", "end")}
    found = pd.DataFrame(found).sort_values("start", ignore_index=True)
    found = found[found.start < found.end]
    log.info("%d intervals of the blacklist on the chromosomes used", len(found))
    return found


def write_labels(
    path: str | Path,
    condition: str,
    genome: str,
    chrom_sizes: str | Path,
    tracks: Mapping[str, Sequence[str]],
    controls: Mapping[str, str],
    control_tracks: Mapping[str, Sequence[str]],
    peaks: Mapping[str, str],
    relaxed: Mapping[str, str],
    bins: Mapping[str, int],
    config: str = "{}",
    blacklist: str | Path | None = None,
) -> None:
    """Write the labelled HDF5 of a condition.

    Parameters
    ----------
    tracks
        Experiment to its bigWigs: one, or two with the plus strand first.
    controls
        Experiment to the name of its control, empty for none.
    control_tracks
        Control to its bigWigs.
    peaks, relaxed
        Experiment to its narrowPeak file; experiments without relaxed peaks are left out.
    bins
        Width, stride and flank of the bins, in bp.
    config
        The config leaves that made the inputs and this file, as JSON; it is stored as it is.
    blacklist
        BED file of the intervals that negatives keep out of.

    Raises
    ------
    InputError
        For a bigWig that cannot be read or has values that are no counts, and where only some
        tasks have a control.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    coordinates = Coordinates(tuple(sizes), np.array(list(sizes.values()), dtype=np.int64))
    kind = control_kind([controls[task] for task in tracks])
    names = {"none": [], "matched": [controls[task] for task in tracks]}
    names["shared"] = names["matched"][:1]
    inputs = [
        *(file for files in {**tracks, **control_tracks}.values() for file in files),
        *peaks.values(),
        *relaxed.values(),
        *([blacklist] if blacklist else []),
    ]
    with hdf5_aside(path) as whole, h5py.File(whole, "w") as file:
        file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
        file.attrs["condition"], file.attrs["genome"] = condition, genome
        file.attrs["controls"] = kind
        file.attrs["inputs"] = json.dumps({str(name): file_hash(name) for name in inputs})
        file.attrs["config"], file.attrs["software"] = config, __version__
        file["chromosomes/name"] = np.array(coordinates.names, dtype="S")
        file["chromosomes/length"] = coordinates.lengths
        file["tasks"] = np.array(list(tracks), dtype="S")
        file["control_names"] = np.array(names[kind], dtype="S")
        for name, bigwigs in {**tracks, **control_tracks}.items():
            for track, bigwig in zip(TRACKS[len(bigwigs)], bigwigs, strict=True):
                _write_track(file.create_group(f"tracks/{name}/{track}"), bigwig, coordinates)
        regions = _regions(list(tracks), peaks, coordinates)
        _write_table(file.create_group("regions"), regions)
        weak = _regions(list(tracks), relaxed, coordinates) if relaxed else None
        if weak is not None:
            _write_table(file.create_group("relaxed"), weak)
        barred = pd.DataFrame({"start": [], "end": []}, dtype=np.int64)
        barred = _blacklist(blacklist, coordinates) if blacklist else barred
        _write_table(file.create_group("blacklist"), barred)
        labels = label_bins(coordinates.lengths, list(tracks), regions, weak, **bins)
        _write_bins(file.create_group("bins"), labels)


def _write_table(group: h5py.Group, table: pd.DataFrame) -> None:
    for column, values in table.items():
        group.create_dataset(column, data=values.to_numpy(), **COMPRESSION)


def _write_bins(group: h5py.Group, bins: Bins) -> None:
    group.attrs.update(width=bins.width, stride=bins.stride, flank=bins.flank)
    runs = pd.concat(
        pd.DataFrame({"task": np.int32(task), "first": r.first, "stop": r.stop, "region": r.region})
        for task, r in enumerate(bins.runs)
    )
    _write_table(group.create_group("positive"), runs[runs.region >= 0])
    _write_table(group.create_group("ambiguous"), runs[runs.region < 0].drop(columns="region"))
