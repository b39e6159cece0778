"""The labelled HDF5 of a condition.

Layout (open it with h5py alone)::

    attrs            format = "attprior-labels", version, condition, genome, controls
                     (none | matched | shared), inputs (JSON: file -> SHA-256), config (JSON: the
                     config leaves that made it), software (the version of attprior)
    chromosomes/     name (C,) bytes, length (C,) int64: the coordinates of all else
    tasks            (T,) bytes, the experiments
    control_names    (T,), (1,) or (0,) bytes, their controls
    tracks/{name}/{plus|minus}/ of stranded assays, tracks/{name}/unstranded/ of others
                     position (P,) int64, sorted; count (P,) uint32: 5' ends at each base that
                     has any, so nothing is lost and nothing empty is stored
    regions/         peaks of all tasks: task (R,) int32, start, end, summit (R,) int64,
                     signal (R,) float32, rank (R,) int32 (0 is the task's best, by signal where
                     that differs between peaks)
    relaxed/         relaxed peaks, laid out the same; not there if no task has any
    blacklist/       intervals that negatives keep out of: start, end (B,) int64, sorted by start
    bins/            attrs width, stride, flank (bp)
    bins/positive/   runs of a task's positive bins: task (U,) int32, first, stop (U,) int64 (the
                     first bin past it), region (U,) int64: the row of `regions` whose signal and
                     rank the bins carry, the best of the peaks that make them positive
    bins/ambiguous/  runs of a task's ambiguous bins: task, first, stop, as above

Positions are 0-based on all chromosomes laid end to end in the order of `chromosomes`: the offset
of a chromosome is the sum of the lengths before it. A task is its place in `tasks`. Runs of a task
are in order and share no bin; bins in none of them are negative. Bins are numbered likewise, over
all chromosomes in order: bin b of a chromosome (from 0) starts at ``flank + stride * b``, and the
last one ends at most at ``length - flank``. `attprior.dataset.bins` says which are positive.

The counts of a window, the label of the bin that starts at `start`, and its peak's signal::

    import h5py
    import numpy as np

    with h5py.File(path, locking=False) as file:
        names, lengths = file["chromosomes/name"][:], file["chromosomes/length"][:]
        chromosome = list(names).index(chrom.encode())
        begin = lengths[:chromosome].sum() + start
        position, count = (file[f"tracks/{name}/{strand}/{key}"] for key in ("position", "count"))
        first, last = np.searchsorted(position[:], [begin, begin + length])
        counts = np.zeros(length)
        counts[position[first:last] - begin] = count[first:last]

        width, stride, flank = (file["bins"].attrs[key] for key in ("width", "stride", "flank"))
        number = np.maximum((lengths - 2 * flank - width) // stride + 1, 0)
        index = number[:chromosome].sum() + (start - flank) // stride
        label, signal = 0, None
        for kind, value in (("positive", 1), ("ambiguous", -1)):
            runs = {key: column[:] for key, column in file["bins"][kind].items()}
            mine = (runs["task"] == task) & (runs["first"] <= index) & (index < runs["stop"])
            if mine.any():
                label = value
                if value == 1:
                    signal = file["regions/signal"][runs["region"][mine][0]]
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from attprior import __version__
from attprior.assays import STRANDED, UNSTRANDED
from attprior.bed import read_bed
from attprior.bigwig import each_base, read_runs
from attprior.dataset.bins import UNSURE, Bins, Runs, label_bins
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.hdf5 import hdf5_aside, open_hdf5, unreadable
from attprior.peaks import best_first, read_peaks
from attprior.provenance import file_hash

FORMAT, VERSION = "attprior-labels", 3
# names of the tracks of an experiment, by how many it has
TRACKS = {1: UNSTRANDED, 2: STRANDED}
# h5py's own filters, so that any HDF5 program reads them
COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
CHUNK = 1 << 14
BATCH = 1 << 22  # bases with counts, before they are written

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Coordinates:
    """Chromosomes laid end to end.

    Parameters
    ----------
    names
        C names.
    lengths
        (C,) int64, bp.
    """

    names: tuple[str, ...]
    lengths: np.ndarray

    @cached_property
    def offsets(self) -> np.ndarray:
        """First position of each chromosome, (C,) int64."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    def chromosome(self, positions: np.ndarray) -> np.ndarray:
        """Index of the chromosome that holds each position."""
        return np.searchsorted(self.offsets, positions, side="right") - 1

    def inside(self, starts: np.ndarray, length: int) -> np.ndarray:
        """Whether windows of a length, from starts on, lie whole in one chromosome."""
        total = int(self.lengths.sum())
        first = self.chromosome(np.clip(starts, 0, total - 1))
        end = self.offsets[first] + self.lengths[first]
        return (starts >= 0) & (starts < total) & (starts + length <= end)

    def index(self, names: Sequence[str]) -> np.ndarray:
        """Indices of chromosomes by name, for those that are kept."""
        number = {name: index for index, name in enumerate(self.names)}
        return np.array([number[name] for name in names if name in number], dtype=int)


@dataclass(frozen=True)
class Track:
    """Sparse counts along all chromosomes: `position` (P,) int64 sorted, `count` (P,) float32."""

    position: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class Labels:
    """A labelled HDF5, read.

    Parameters
    ----------
    tracks
        A list per task of its strands' tracks; `control_tracks` likewise, a list per control.
    regions
        Columns task, start, end, summit, signal, rank, and chromosome (index).
    bins
        Binary labels over the whole genome.
    blacklist
        (B, 2) int64, start and end of the intervals that negatives keep out of.
    """

    condition: str
    coordinates: Coordinates
    tasks: tuple[str, ...]
    controls: str
    tracks: list[list[Track]]
    control_tracks: list[list[Track]]
    regions: pd.DataFrame
    bins: Bins | None = None
    blacklist: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    @property
    def strands(self) -> int:
        """Strands of each track."""
        return len(self.tracks[0])

    @classmethod
    def open(cls, path: str | Path, counts: bool = True) -> "Labels":
        """Read a file that `write_labels` wrote.

        Parameters
        ----------
        path
            The file.
        counts
            Whether tracks are read too; peaks and bins come in no time, 10 million counts in
            a third of a second.

        Raises
        ------
        InputError
            For a truncated file, another format or another version.
        """
        with open_hdf5(path) as file:
            try:
                _check_format(path, file)
                return cls._read(file, counts)
            except (OSError, KeyError) as error:
                raise unreadable(path, error) from None

    @classmethod
    def _read(cls, file: h5py.File, counts: bool) -> "Labels":
        coordinates = Coordinates(
            tuple(name.decode() for name in file["chromosomes/name"][:]),
            file["chromosomes/length"][:],
        )
        tasks, controls = (
            tuple(name.decode() for name in file[key][:]) for key in ("tasks", "control_names")
        )
        regions = _table(file["regions"])
        regions["chromosome"] = coordinates.chromosome(regions.summit.to_numpy())
        return cls(
            str(file.attrs["condition"]),
            coordinates,
            tasks,
            str(file.attrs["controls"]),
            [_tracks(file["tracks"][name]) for name in tasks] if counts else [],
            [_tracks(file["tracks"][name]) for name in controls] if counts else [],
            regions,
            _bins(file["bins"], coordinates.lengths, len(tasks), regions),
            np.stack([file["blacklist"][side][:] for side in ("start", "end")], axis=1),
        )


def _check_format(path: str | Path, file: h5py.File) -> None:
    found = file.attrs.get("format"), file.attrs.get("version")
    if found != (FORMAT, VERSION):
        raise InputError(
            f"{path}: format {found[0]}, version {found[1]}; this code reads {FORMAT}, "
            f"version {VERSION}; delete the file and run again"
        )


def _table(group: h5py.Group) -> pd.DataFrame:
    return pd.DataFrame({key: column[:] for key, column in group.items()})


def _tracks(group: h5py.Group) -> list[Track]:
    """Tracks of an experiment, plus strand first."""
    return [
        Track(group[name]["position"][:], group[name]["count"].astype(np.float32)[:])
        for name in TRACKS[len(group)]
    ]


def _bins(group: h5py.Group, lengths: np.ndarray, tasks: int, regions: pd.DataFrame) -> Bins:
    positive, ambiguous = _table(group["positive"]), _table(group["ambiguous"])
    runs = pd.concat([positive, ambiguous.assign(region=UNSURE)])
    runs = runs.sort_values(["task", "first"])
    each = [runs[runs.task == task] for task in range(tasks)]
    each = [Runs(*(part[key].to_numpy() for key in ("first", "stop", "region"))) for part in each]
    shape = (int(group.attrs[key]) for key in ("width", "stride", "flank"))
    return Bins(*shape, lengths, each, regions)


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
