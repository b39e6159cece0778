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
last one ends at most at ``length - flank``. `attprior.dataset.labelling` says which are positive.

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

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from attprior.assays import STRANDED, UNSTRANDED
from attprior.dataset.bins import UNSURE, Bins, Runs
from attprior.errors import InputError
from attprior.hdf5 import open_hdf5, unreadable

FORMAT, VERSION = "attprior-labels", 3
# names of the tracks of an experiment, by how many it has
TRACKS = {1: UNSTRANDED, 2: STRANDED}


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
        """Read a file that `attprior.dataset.writing.write_labels` wrote.

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
