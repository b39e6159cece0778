"""Examples a second that a profile model is fed with, against a loader like the published one.

    python workflow/benchmarks/loader.py [--megabases 50] [--repeats 5] [--folder DIR]

The other loader opens a FASTA file with pyfaidx, maps its bases to one-hot rows through pandas, and
opens a dense gzip HDF5 (chunks of 1,500 bp), anew for each batch of 64. Both read simulated data
from a seed: peaks with jitter and as many random intervals, 1346 bp in, 1000 bp out, a task with
its matched control, two strands. Examples are counted with their reverse complements, which both
make; that both make the same is checked first. Either has one core, and files are in the cache.

With more than 50 megabases, the comparison is of the first 50, and a row tells of them all: 3000
are as many as a human genome has. The last line is ``loader_vs_published<TAB>ratio``, the ratio of
the median rates.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyfaidx

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.dataset.sampler import PeakSampler
from attprior.dataset.store import Coordinates, Labels, Track
from attprior.dataset.windows import Windows
from attprior.genome import Genome
from attprior.sequence import decode

CHROMOSOME = 50_000_000
INPUT, PROFILE, BATCH, JITTER = 1346, 1000, 64, 128
PEAKS_PER_MB, ENDS_PER_BP, ENDS_PER_PEAK = 60, 0.005, 100
ONE_HOT = {base: row for base, row in zip("ACGT", np.eye(4), strict=True)}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabases", type=int, default=50, help="size of the genome")
    parser.add_argument("--batches", type=int, default=20, help="of the other loader, each time")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--folder", help="where to write; the system's temporary one if not given")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lengths = np.full(-(-options.megabases * 10**6 // CHROMOSOME), CHROMOSOME)
    lengths[-1] = options.megabases * 10**6 - lengths[:-1].sum()
    windows = simulate(lengths)
    first, every = (
        PeakSampler(windows, np.arange(number), jitter=JITTER) for number in (1, len(lengths))
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        fasta, counts = Path(folder, "genome.fa"), Path(folder, "counts.h5")
        write_fasta(windows.genome[: lengths[0]], fasta)
        write_dense(windows.labels, counts)
        check_equal(first, fasta, counts)
        ways = {
            "published": lambda: published_epoch(first, fasta, counts, options.batches),
            "attprior": lambda: epoch(first),
            "attprior, negatives matched by GC": lambda: epoch(
                PeakSampler(windows, np.array([0]), jitter=JITTER, match_gc=True)
            ),
        }
        if len(lengths) > 1:
            ways[f"attprior, {options.megabases} Mb"] = lambda: epoch(every)
        rates = {name: [] for name in ways}
        for _ in range(options.repeats):
            for name, way in ways.items():
                rates[name].append(rate(way))
        load = rate(lambda: len(Genome.open(fasta).chromosome("chr0")))
    print("way\texamples/s (median)\texamples/s (each)")
    for name, each in rates.items():
        print(f"{name}\t{statistics.median(each):.0f}\t{' '.join(f'{r:.0f}' for r in each)}")
    print(f"reading the genome\t{load / 1e6:.0f} Mb/s")
    ratio = statistics.median(rates["attprior"]) / statistics.median(rates["published"])
    print(f"loader_vs_published\t{ratio:.2f}")


def simulate(lengths: np.ndarray) -> Windows:
    """A random genome with chromosomes of some lengths, peaks, and counts that pile up there."""
    rng = np.random.default_rng(1)
    total = int(lengths.sum())
    genome = rng.integers(0, 4, total, dtype=np.uint8)
    summits = np.sort(rng.integers(2 * INPUT, total - 2 * INPUT, PEAKS_PER_MB * total // 10**6))
    coordinates = Coordinates(tuple(f"chr{c}" for c in range(len(lengths))), lengths)
    chromosome = coordinates.chromosome(summits)
    regions = pd.DataFrame({"task": 0, "summit": summits, "chromosome": chromosome})
    regions["signal"] = rng.random(len(summits))

    def track(per_peak: int) -> Track:
        ends = rng.integers(0, total, int(ENDS_PER_BP * total))
        piled = np.repeat(summits, per_peak) + rng.normal(0, 60, per_peak * len(summits))
        position, count = np.unique(np.append(ends, piled.astype(int)), return_counts=True)
        return Track(position, count.astype(np.float32))

    signal, control = ([track(number) for _ in range(2)] for number in (ENDS_PER_PEAK, 0))
    labels = Labels("made", coordinates, ("task",), "matched", [signal], [control], regions)
    return Windows(labels, genome, INPUT, PROFILE)


def write_fasta(codes: np.ndarray, path: Path) -> None:
    """Write a chromosome, chr0, in lines of 60, and its index."""
    text = decode(codes)
    with path.open("w", encoding="utf-8") as file:
        file.write(">chr0\n")
        file.writelines(f"{text[at : at + 60]}\n" for at in range(0, len(text), 60))
    pyfaidx.Faidx(str(path))


def write_dense(labels: Labels, path: Path) -> None:
    """Write the counts of the first chromosome as one array (positions, 2T, S)."""
    length = int(labels.coordinates.lengths[0])
    tracks = [*labels.tracks, *labels.control_tracks]
    dense = np.zeros((length, len(tracks), 2), dtype=np.float32)
    for column, strands in enumerate(tracks):
        for strand, track in enumerate(strands):
            here = track.position < length
            dense[track.position[here], column, strand] = track.count[here]
    with h5py.File(path, "w", locking=False) as file:
        chunks = (1500, len(tracks), 2)
        file.create_dataset("chr0", data=dense, chunks=chunks, compression="gzip")


def published_batch(fasta: Path, counts: Path, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-hot (2N, L, 4) and counts (2N, 2T, O, S) of windows and their reverse complements."""
    reader = pyfaidx.Fasta(str(fasta))
    text = "".join(reader["chr0"][start : start + INPUT].seq for start in starts.tolist())
    reader.close()
    none = np.zeros(4)
    rows = pd.Series(list(text)).map(lambda base: ONE_HOT.get(base.upper(), none))
    sequences = np.array(rows.tolist()).reshape(len(starts), INPUT, 4)
    margin = (INPUT - PROFILE) // 2
    with h5py.File(counts, locking=False) as file:
        found = [file["chr0"][at : at + PROFILE] for at in (starts + margin).tolist()]
    profiles = np.stack(found).transpose(0, 2, 1, 3)
    sequences = np.concatenate([sequences, sequences[:, ::-1, ::-1]])
    return sequences, np.concatenate([profiles, profiles[:, :, ::-1, ::-1]])


def published_epoch(sampler: PeakSampler, fasta: Path, counts: Path, batches: int) -> int:
    """Make some batches of an epoch in that way; give the number of examples."""
    starts, _ = sampler.epoch(1, 1)
    parts = [starts[BATCH * batch : BATCH * (batch + 1)] for batch in range(batches)]
    return sum(len(published_batch(fasta, counts, part)[0]) for part in parts)


def epoch(sampler: PeakSampler) -> int:
    """Make all batches of an epoch; give the number of examples."""
    return sum(len(batch.positive) for batch in sampler.batches(1, 1, BATCH, both_strands=True))


def check_equal(sampler: PeakSampler, fasta: Path, counts: Path) -> None:
    """Stop if the loaders give other examples for the same intervals."""
    starts, _ = sampler.epoch(1, 1)
    ours = next(sampler.batches(1, 1, BATCH, both_strands=True))
    sequences, profiles = published_batch(fasta, counts, starts[:BATCH])
    np.testing.assert_array_equal(ours.sequences.transpose(0, 2, 1), sequences)
    both = np.concatenate([ours.profiles, ours.control], axis=1)
    np.testing.assert_array_equal(both.transpose(0, 1, 3, 2), profiles)
    if not profiles.any():
        raise SystemExit("the windows hold no counts")


def rate(way: Callable[[], int]) -> float:
    """Things a second that a call makes, by the number that it gives."""
    start = time.perf_counter()
    number = way()
    return number / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
