"""The labelled HDF5 of a condition.

Layout (open it with h5py alone)::

    attrs            format = "attprior-labels", version, condition, genome, controls
                     (none | matched | shared), inputs (JSON: file -> SHA-256)
    chromosomes/     name (C,) bytes, length (C,) int64: the coordinates of all else
    tasks            (T,) bytes, the experiments
    control_names    (T,), (1,) or (0,) bytes, their controls
    tracks/{name}/{plus|minus}/
                     position (P,) int64, sorted; count (P,) uint32: 5' ends at each base that
                     has any, so nothing is lost and nothing empty is stored
    regions/         peaks of all tasks: task (R,) int32, start, end, summit (R,) int64,
                     signal (R,) float32, rank (R,) int32 (0 is the task's best by signal)
    relaxed/         relaxed peaks, laid out the same

Positions are 0-based on all chromosomes laid end to end in the order of `chromosomes`: the offset
of a chromosome is the sum of the lengths before it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyBigWig

from attprior.errors import InputError
from attprior.files import aside
from attprior.genome import read_chrom_sizes
from attprior.peaks import read_peaks
from attprior.provenance import file_hash

FORMAT, VERSION = "attprior-labels", 1
STRANDS = ("plus", "minus")

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
        return np.array([self.names.index(name) for name in names if name in self.names], dtype=int)


@dataclass(frozen=True)
class Track:
    """Sparse counts along all chromosomes: `position` (P,) int64 sorted, `count` (P,) float32."""

    position: np.ndarray
    count: np.ndarray

    def fill(self, starts: np.ndarray, out: np.ndarray) -> None:
        """Write the counts of windows (N, O) that begin at `starts` (N,) into zeros `out`."""
        first = np.searchsorted(self.position, starts)
        number = np.searchsorted(self.position, starts + out.shape[1]) - first
        row = np.repeat(np.arange(len(starts)), number)
        within = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
        entry = np.repeat(first, number) + within
        out[row, self.position[entry] - starts[row]] = self.count[entry]


@dataclass(frozen=True)
class Labels:
    """A labelled HDF5, read.

    Parameters
    ----------
    tracks
        A list per task of its strands' tracks; `control_tracks` likewise, a list per control.
    regions
        Columns task, start, end, summit, signal, rank, and chromosome (index).
    """

    condition: str
    coordinates: Coordinates
    tasks: tuple[str, ...]
    controls: str
    tracks: list[list[Track]]
    control_tracks: list[list[Track]]
    regions: pd.DataFrame

    @property
    def strands(self) -> int:
        """Strands of each track."""
        return len(self.tracks[0])

    @classmethod
    def open(cls, path: str | Path) -> "Labels":
        """Read a file that `write_labels` wrote.

        Raises
        ------
        InputError
            For a truncated file, another format or another version.
        """
        try:
            file = h5py.File(path)
        except OSError as error:
            raise InputError(
                f"{path}: no readable HDF5 ({error}); delete it and run again"
            ) from None
        with file:
            found = file.attrs.get("format"), file.attrs.get("version")
            if found != (FORMAT, VERSION):
                raise InputError(
                    f"{path}: format {found[0]}, version {found[1]}; this code reads {FORMAT}, "
                    f"version {VERSION}; delete the file and run again"
                )
            coordinates = Coordinates(
                tuple(name.decode() for name in file["chromosomes/name"][:]),
                file["chromosomes/length"][:],
            )
            tasks = tuple(name.decode() for name in file["tasks"][:])
            controls = [name.decode() for name in file["control_names"][:]]
            regions = pd.DataFrame({key: file["regions"][key][:] for key in file["regions"]})
            regions["chromosome"] = coordinates.chromosome(regions.summit.to_numpy())

            def tracks(name: str) -> list[Track]:
                groups = file["tracks"][name]
                return [
                    Track(groups[s]["position"][:], groups[s]["count"][:].astype(np.float32))
                    for s in STRANDS
                    if s in groups
                ]

            return cls(
                str(file.attrs["condition"]),
                coordinates,
                tasks,
                str(file.attrs["controls"]),
                [tracks(name) for name in tasks],
                [tracks(name) for name in controls],
                regions,
            )

    def windows(self, starts: np.ndarray, length: int, control: bool = False) -> np.ndarray:
        """Counts (N, T, S, O) float32 of windows of a length, (N, C, S, O) of the controls."""
        tracks = self.control_tracks if control else self.tracks
        out = np.zeros((len(starts), len(tracks), self.strands, length), dtype=np.float32)
        for task, strands in enumerate(tracks):
            for strand, track in enumerate(strands):
                track.fill(starts, out[:, task, strand])
        return out


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


def _sparse(paths: Sequence[str], coordinates: Coordinates) -> dict[str, tuple]:
    """Positions and counts of each strand's bigWig."""
    tracks = {}
    for strand, path in zip(STRANDS, paths, strict=False):
        positions, counts = [], []
        with pyBigWig.open(str(path)) as bigwig:
            lengths = bigwig.chroms()
            for name, length, offset in zip(
                coordinates.names, coordinates.lengths, coordinates.offsets, strict=True
            ):
                if name not in lengths:
                    continue
                values = np.nan_to_num(bigwig.values(name, 0, int(length), numpy=True))
                at = np.flatnonzero(values)
                if (values[at] < 0).any() or (values[at] % 1 != 0).any():
                    raise InputError(
                        f"{path}: {name} has values that are no counts (negative or fractional); "
                        "give counts of 5' ends, both strands positive"
                    )
                positions.append(at + offset)
                counts.append(values[at].astype(np.uint32))
        tracks[strand] = tuple(np.concatenate(part or [[]]) for part in (positions, counts))
    return tracks


def _regions(files: Mapping[str, str], coordinates: Coordinates) -> pd.DataFrame:
    """Peaks of all tasks on the common coordinates, best first within a task."""
    tables = []
    offset = dict(zip(coordinates.names, coordinates.offsets, strict=True))
    for task, path in enumerate(files.values()):
        peaks = read_peaks(path)
        peaks = peaks[peaks.chrom.isin(coordinates.names)]
        peaks = peaks.sort_values("signal", ascending=False, kind="stable")
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
) -> None:
    """Write the labelled HDF5 of a condition.

    Parameters
    ----------
    tracks
        Experiment to its bigWigs, plus strand first.
    controls
        Experiment to the name of its control, empty for none.
    control_tracks
        Control to its bigWigs.
    peaks, relaxed
        Experiment to its narrowPeak file; experiments without relaxed peaks are left out.
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
    ]
    compression = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with aside(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
        file.attrs["condition"], file.attrs["genome"] = condition, genome
        file.attrs["controls"] = kind
        file.attrs["inputs"] = json.dumps({str(name): file_hash(name) for name in inputs})
        file["chromosomes/name"] = np.array(coordinates.names, dtype="S")
        file["chromosomes/length"] = coordinates.lengths
        file["tasks"] = np.array(list(tracks), dtype="S")
        file["control_names"] = np.array(names[kind], dtype="S")
        for name, files in {**tracks, **control_tracks}.items():
            for strand, (position, count) in _sparse(files, coordinates).items():
                group = file.create_group(f"tracks/{name}/{strand}")
                group.create_dataset("position", data=position.astype(np.int64), **compression)
                group.create_dataset("count", data=count.astype(np.uint32), **compression)
                log.info("%s %s: %d 5' ends at %d bases", name, strand, count.sum(), len(count))
        for group, files in (("regions", peaks), ("relaxed", relaxed)):
            if not files:
                continue
            for column, values in _regions(files, coordinates).items():
                file.create_dataset(f"{group}/{column}", data=values.to_numpy(), **compression)


SPLITS = ("training", "validation", "test")
FEWEST_PEAKS = 10


def split_chromosomes(
    labels: Labels, fold: str, validation: Sequence[str], test: Sequence[str]
) -> pd.DataFrame:
    """Split of each chromosome in a fold.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, split, peaks.

    Raises
    ------
    InputError
        For a chromosome that is not there, and for a split of fewer than ten peaks.
    """
    names = labels.coordinates.names
    for chromosome in (*validation, *test):
        if chromosome not in names:
            raise InputError(
                f"config key 'training/folds/{fold}': no chromosome {chromosome} among those kept "
                f"({', '.join(names)}); correct it, or genome/exclude"
            )
    split = dict.fromkeys(names, "training")
    split |= dict.fromkeys(validation, "validation") | dict.fromkeys(test, "test")
    peaks = np.bincount(labels.regions.chromosome, minlength=len(names))
    table = pd.DataFrame({"chrom": names, "split": [split[n] for n in names], "peaks": peaks})
    total = table.groupby("split").peaks.sum()
    for name in SPLITS:
        if total.get(name, 0) < FEWEST_PEAKS:
            raise InputError(
                f"config key 'training/folds/{fold}': {total.get(name, 0)} peaks of {labels.condition} "
                f"lie on the {name} chromosomes ({', '.join(table.chrom[table.split == name])}); at "
                f"least {FEWEST_PEAKS} are needed: move chromosomes between splits, or give more peaks"
            )
    return table
