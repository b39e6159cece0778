"""From a BAM file to two bigWigs of 5' ends: time against a chain of common programs, and cost.

    python workflow/benchmarks/tracks.py [--reads 2000000] [--genome-megabases 12] [--repeats 3]
    python workflow/benchmarks/tracks.py --cost [--most 10000000]

The chain is ``samtools view -b -F 780 -q 30``, then for each strand ``bedtools genomecov -5 -bg``
and ``sort``, and pyBigWig's writer of bedGraph rows. Both start from the same simulated BAM file,
take turns, each in a process of its own, and are compared base by base at the end. The last line is
``tracks_vs_chain<TAB>ratio``, the chain's median time over ours.

With ``--cost``, ours alone is measured on 1, 10 and 100 million reads (up to ``--most``), on
genomes of 12 Mb and 3 Gb: seconds and peak memory.
"""

import argparse
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.reads.tracks import write_tracks

STRANDS = {"plus": "+", "minus": "-"}
READ_LENGTH = 36
CHROMOSOMES = 16
BLOCK = 500_000  # reads drawn at once
COST_READS = (1_000_000, 10_000_000, 100_000_000)
COST_MEGABASES = (12, 3000)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reads", type=int, default=2_000_000)
    parser.add_argument("--genome-megabases", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--cost", action="store_true", help="measure cost against size instead")
    parser.add_argument("--most", type=int, default=COST_READS[-1], help="most reads of --cost")
    parser.add_argument("--folder", help="where to write; the system's temporary one if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.cost:
            cost(Path(folder), options.most)
        else:
            compare(Path(folder), options.reads, options.genome_megabases, options.repeats)


def compare(folder: Path, reads: int, megabases: int, repeats: int) -> None:
    """Time the chain and our tracks in turn, and compare their counts."""
    bam, sizes = simulate(folder, reads, megabases)
    ways = {
        "chain": partial(chain, bam, sizes, folder),
        "tracks": partial(ours, bam, sizes, folder),
    }
    measured = {name: [] for name in ways}
    ours(bam, sizes, folder)  # compiled once, and kept
    for _ in range(repeats):
        for name, way in ways.items():
            measured[name].append(alone(way))
    ends = same_counts(folder, sizes)
    print(f"{reads} reads on {megabases} Mb, {ends} 5' ends counted, counts are the same")
    print("way\tseconds (median)\tseconds (each)\tMB of memory, without the chain's programs")
    for name, runs in measured.items():
        each = [seconds for seconds, _ in runs]
        peak = max(memory for _, memory in runs)
        shown = " ".join(f"{seconds:.2f}" for seconds in each)
        print(f"{name}\t{statistics.median(each):.2f}\t{shown}\t{peak:.0f}")
    medians = {name: statistics.median(s for s, _ in runs) for name, runs in measured.items()}
    print(f"tracks_vs_chain\t{medians['chain'] / medians['tracks']:.2f}")


def cost(folder: Path, most: int) -> None:
    """Measure our tracks on files and genomes of several sizes."""
    print("reads\tmegabases\tseconds\tpeak MB")
    for megabases in COST_MEGABASES:
        for reads in (number for number in COST_READS if number <= most):
            bam, sizes = simulate(folder, reads, megabases)
            seconds, memory = alone(partial(ours, bam, sizes, folder))
            print(f"{reads}\t{megabases}\t{seconds:.1f}\t{memory:.0f}", flush=True)
            bam.unlink()


def simulate(folder: Path, reads: int, megabases: int) -> tuple[Path, Path]:
    """Write a sorted BAM file of random reads, and the table of chromosome sizes."""
    rng = np.random.default_rng(1)
    size = megabases * 1_000_000 // CHROMOSOMES
    chroms = [f"chr{number + 1}" for number in range(CHROMOSOMES)]
    sizes, bam = folder / "chrom.sizes", folder / "reads.bam"
    sizes.write_text("".join(f"{chrom}\t{size}\n" for chrom in chroms), encoding="utf-8")
    command = ["samtools", "view", "-b", "-@", "1", "-o", bam, "-"]
    samtools = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8")
    with samtools.stdin as sam:
        sam.write("@HD\tVN:1.6\tSO:coordinate\n")
        sam.writelines(f"@SQ\tSN:{chrom}\tLN:{size}\n" for chrom in chroms)
        for chrom, number in zip(
            chroms, rng.multinomial(reads, [1 / CHROMOSOMES] * CHROMOSOMES), strict=True
        ):
            starts = np.sort(rng.integers(1, size - READ_LENGTH, number))
            for first in range(0, number, BLOCK):
                sam.writelines(sam_lines(rng, chrom, starts[first : first + BLOCK]))
    if samtools.wait():
        raise SystemExit("samtools failed")
    return bam, sizes


def sam_lines(rng: np.random.Generator, chrom: str, starts: np.ndarray) -> list[str]:
    """Random reads at some places: some fail the filter, some are clipped or have gaps."""
    number = len(starts)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(4, size=(number, READ_LENGTH))]
    qualities = rng.integers(58, 74, size=(number, READ_LENGTH), dtype=np.uint8)
    flags = rng.choice(
        [0, 16, 1024, 1040, 256, 512], number, p=[0.43, 0.43, 0.05, 0.05, 0.02, 0.02]
    )
    mapqs = rng.choice([60, 30, 0], number, p=[0.8, 0.1, 0.1])
    cigars = rng.choice(["36M", "6S30M", "30M2D6M"], number, p=[0.9, 0.05, 0.05])
    columns = (starts, flags, mapqs, cigars, bases, qualities)
    return [
        f"r{start}\t{flag}\t{chrom}\t{start}\t{mapq}\t{cigar}\t*\t0\t0\t"
        f"{base.tobytes().decode()}\t{quality.tobytes().decode()}\n"
        for start, flag, mapq, cigar, base, quality in zip(*columns, strict=True)
    ]


def ours(bam: Path, sizes: Path, folder: Path) -> None:
    """Write both tracks."""
    targets = {strand: folder / f"{strand}.bw" for strand in STRANDS}
    write_tracks([bam], sizes, targets, exclude_flags=780, min_mapq=30)


def chain(bam: Path, sizes: Path, folder: Path) -> None:
    """Do the same by programs of others."""
    filtered = folder / "filtered.bam"
    run(f"samtools view -b -F 780 -q 30 -o {filtered} {bam}")
    header = [(chrom, int(size)) for chrom, size in map(str.split, sizes.open(encoding="utf-8"))]
    for strand, sign in STRANDS.items():
        rows = folder / f"{strand}.bedGraph"
        counted = f"bedtools genomecov -5 -bg -strand {sign} -ibam {filtered}"
        run(f"{counted} | LC_ALL=C sort -k1,1 -k2,2n > {rows}")
        convert(rows, header, folder / f"chain.{strand}.bw")


def run(command: str) -> None:
    """Run a command of the shell."""
    subprocess.run(["bash", "-eo", "pipefail", "-c", command], check=True)


def convert(rows: Path, header: list[tuple[str, int]], target: Path) -> None:
    """Write sorted bedGraph rows as a bigWig."""
    chroms, starts, ends, values = [], [], [], []
    for line in rows.open(encoding="utf-8"):
        chrom, start, end, value = line.split()
        chroms.append(chrom)
        starts.append(int(start))
        ends.append(int(end))
        values.append(float(value))
    with pyBigWig.open(str(target), "w") as file:
        file.addHeader(sorted(header))
        file.addEntries(chroms, starts, ends=ends, values=values)


def same_counts(folder: Path, sizes: Path) -> int:
    """Compare the tracks of both, run by run, and give their sum."""
    total = 0
    for strand in STRANDS:
        one = pybigtools.open(str(folder / f"{strand}.bw"))
        other = pybigtools.open(str(folder / f"chain.{strand}.bw"))
        for chrom, _ in map(str.split, sizes.open(encoding="utf-8")):
            runs = list(one.records(chrom))
            if runs != list(other.records(chrom)):
                raise SystemExit(f"counts differ: {strand} strand, {chrom}")
            total += sum((end - start) * int(value) for start, end, value in runs)
    return total


def alone(way: Callable[[], None]) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a call in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=measure, args=(way, there))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("a way failed")
    return here.recv()


def measure(way: Callable[[], None], answer: Connection) -> None:
    """Tell how long a call takes, and the most memory that this process has had."""
    start = time.perf_counter()
    way()
    seconds = time.perf_counter() - start
    answer.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000))


if __name__ == "__main__":
    main()
