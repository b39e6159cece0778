"""Time and disk of a condition's labels.h5 against a dense store of the same bigWigs.

    python workflow/benchmarks/store.py [--case MEGABASES BASES] [--repeats 3] [--folder DIR]

The dense store is a gzip-compressed float32 array per chromosome and strand, in chunks of 1,500 bp,
written by pyBigWig and h5py. Ours holds the counts, the peaks and the labels of the genome's bins,
and hashes its inputs. They are written in turn, each in a process of its own, from simulated
bigWigs of both strands: 80 % of the bases that have reads lie anywhere, 20 % at peaks. Both are
then read back and compared base by base. The last lines are ``store_time_vs_dense<TAB>ratio`` and
``store_size_vs_dense<TAB>ratio``, ours over dense, of the medians, in the worst of the cases.
"""

import argparse
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pybigtools
import pyBigWig

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.dataset.store import Labels
from attprior.dataset.writing import write_labels

# megabases, and bases with reads on each strand: as ChIP-exo of yeast, and chromosomes 21 and 1 of
# a human ChIP-seq of 30 million reads
CASES = [(12, 50_000), (47, 250_000), (250, 1_250_000)]
LONGEST = 250_000_000  # bp, of a chromosome
CHUNK = 1500
STRANDS = ("plus", "minus")
BINS = {"width": 200, "stride": 50, "flank": 400}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--case", type=int, nargs=2, action="append", metavar=("MEGABASES", "BASES")
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--folder", help="where to write; the system's temporary one if not given")
    options = parser.parse_args()
    print("Mb\tbases\tstore\tseconds (median)\tseconds (each)\tpeak MB\tMB on disk")
    ratios = []
    for megabases, bases in options.case or CASES:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            sizes = simulate(Path(folder), megabases, bases)
            ratios.append(compare(Path(folder), sizes, bases, options.repeats))
    for name, worst in zip(("time", "size"), map(max, zip(*ratios, strict=True)), strict=True):
        print(f"store_{name}_vs_dense\t{worst:.3f}")


def compare(
    folder: Path, sizes: Mapping[str, int], bases: int, repeats: int
) -> tuple[float, float]:
    """Write both stores in turn; ratios of their times and of their sizes, ours over dense."""
    ways = {"dense": partial(write_dense, folder, sizes), "labels.h5": partial(write_ours, folder)}
    runs = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            runs[name].append(measured(way))
    check(folder, sizes)
    times = {name: statistics.median(time for time, _ in each) for name, each in runs.items()}
    disk = {name: path.stat().st_size / 1e6 for name, path in paths(folder).items()}
    for name, each in runs.items():
        seconds = " ".join(f"{time:.2f}" for time, _ in each)
        peak = max(peak for _, peak in each)
        row = [f"{sum(sizes.values()) / 1e6:.0f}", bases, name, f"{times[name]:.2f}", seconds]
        print(*row, f"{peak:.0f}", f"{disk[name]:.2f}", sep="\t", flush=True)
    return times["labels.h5"] / times["dense"], disk["labels.h5"] / disk["dense"]


def paths(folder: Path) -> dict[str, Path]:
    """Files of the stores."""
    return {"dense": folder / "dense.h5", "labels.h5": folder / "labels.h5"}


def simulate(folder: Path, megabases: int, bases: int) -> dict[str, int]:
    """Write bigWigs of both strands, peaks and chromosome sizes; give the latter."""
    rng = np.random.default_rng(0)
    number = -(-megabases * 1_000_000 // LONGEST) if megabases > 20 else 16
    sizes = {f"chr{n + 1}": megabases * 1_000_000 // number for n in range(number)}
    (folder / "chrom.sizes").write_text(
        "".join(f"{c}\t{size}\n" for c, size in sizes.items()), encoding="utf-8"
    )
    # a peak per 5 kb in small genomes, per 60 kb in large ones
    every = 5_000 if megabases <= 20 else 60_000
    summits = {c: np.sort(rng.integers(1000, n - 1000, n // every)) for c, n in sizes.items()}
    with open(folder / "peaks.narrowPeak", "w", encoding="utf-8") as file:
        for chrom, here in summits.items():
            for at in here.tolist():
                row = [chrom, at - 150, at + 150, ".", 0, ".", rng.exponential(10), -1, -1, 150]
                print(*row, sep="\t", file=file)

    def rows(shift: int) -> Iterator[tuple[str, int, int, float]]:
        for chrom, size in sorted(sizes.items()):
            here = bases // len(sizes)
            at_peaks = rng.choice(summits[chrom], here // 5) + shift
            at_peaks += rng.normal(0, 60, here // 5).astype(int)
            ends = np.unique(np.concatenate([rng.integers(0, size, here - here // 5), at_peaks]))
            counts = rng.geometric(0.8, len(ends)).astype(float)
            for base, count in zip(ends.tolist(), counts.tolist(), strict=True):
                yield chrom, base, base + 1, count

    for strand, shift in zip(STRANDS, (-75, 75), strict=True):
        pybigtools.open(str(folder / f"{strand}.bw"), "w").write(sizes, rows(shift))
    return sizes


def write_dense(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write a gzip float32 array per chromosome and strand."""
    with h5py.File(paths(folder)["dense"], "w", locking=False) as file:
        for strand in STRANDS:
            with pyBigWig.open(str(folder / f"{strand}.bw")) as bigwig:
                for chrom, size in sizes.items():
                    values = np.nan_to_num(bigwig.values(chrom, 0, size, numpy=True))
                    file.create_dataset(
                        f"{strand}/{chrom}", data=values, chunks=(CHUNK,), compression="gzip"
                    )


def write_ours(folder: Path) -> None:
    """Write the labelled HDF5, as the workflow does."""
    write_labels(
        paths(folder)["labels.h5"],
        condition="simulated",
        genome="simulated",
        chrom_sizes=folder / "chrom.sizes",
        tracks={"task": [str(folder / f"{strand}.bw") for strand in STRANDS]},
        controls={"task": ""},
        control_tracks={},
        peaks={"task": str(folder / "peaks.narrowPeak")},
        relaxed={},
        bins=BINS,
    )


def check(folder: Path, sizes: Mapping[str, int]) -> None:
    """Compare the stores base by base."""
    labels = Labels.open(paths(folder)["labels.h5"])
    with h5py.File(paths(folder)["dense"], locking=False) as file:
        for strand, track in zip(STRANDS, labels.tracks[0], strict=True):
            for chrom, offset in zip(sizes, labels.coordinates.offsets, strict=True):
                first, last = np.searchsorted(track.position, [offset, offset + sizes[chrom]])
                values = np.zeros(sizes[chrom], dtype=np.float32)
                values[track.position[first:last] - offset] = track.count[first:last]
                if not np.array_equal(values, file[f"{strand}/{chrom}"][:]):
                    sys.exit(f"{chrom}, {strand} strand: the stores differ")


def measured(way: Callable[[], None]) -> tuple[float, float]:
    """Seconds of a call in a new process, and the most memory that it held, in MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(timed, (way,))


def timed(way: Callable[[], None]) -> tuple[float, float]:
    """Seconds of a call, and the most memory that this process has held, in MB."""
    start = time.perf_counter()
    way()
    seconds = time.perf_counter() - start
    # ru_maxrss would begin with what the parent held
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return seconds, int(peak[1]) / 1e3


if __name__ == "__main__":
    main()
