"""Alignments: checked, filtered, merged, and counted by their 5' ends."""

import logging
import os
import subprocess
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam

from attprior.errors import InputError
from attprior.files import aside
from attprior.genome import naming_hint, read_chrom_sizes, some

log = logging.getLogger(__name__)

DUPLICATE, REVERSE = 1024, 16  # SAM flags
# the empty BGZF block that ends every whole BAM file (SAM specification, section 4.1.2)
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
EXAMINED = 100_000  # reads whose order is looked at: enough to tell, quick on any file

Runs = tuple[str, np.ndarray, np.ndarray, np.ndarray]


def check_reads(
    bams: Sequence[str | Path], chrom_sizes: str | Path, index: str | Path, target: str | Path
) -> None:
    """Check alignments before anything long is done with them.

    Parameters
    ----------
    bams
        BAM files of one experiment.
    chrom_sizes
        Sizes of the chromosomes used.
    index
        FASTA index of the whole genome.
    target
        Table of what was found: file, bytes, chromosomes (used ones that it has), sort_order,
        reads (as its index counts them; empty without an index).

    Raises
    ------
    InputError
        If a file is missing, no BAM, truncated, unsorted, or of another genome.
    """
    kept, genome = read_chrom_sizes(chrom_sizes), read_chrom_sizes(index)
    table = pd.DataFrame([_check_bam(Path(bam), kept, genome) for bam in bams])
    with aside(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def _check_bam(path: Path, kept: Mapping[str, int], genome: Mapping[str, int]) -> dict:
    _check_whole(path)
    pysam.set_verbosity(0)  # a missing index is no news here
    try:
        with pysam.AlignmentFile(str(path), "rb", check_sq=False) as bam:
            order = bam.header.get("HD", {}).get("SO", "unknown")
            chroms = dict(zip(bam.references, bam.lengths, strict=True))
            _check_chroms(path, chroms, kept, genome)
            _check_order(path, order, bam)
            reads = bam.mapped + bam.unmapped if bam.has_index() else ""
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: damaged ({error}). Copy or download it again; samtools quickcheck tells "
            "when it is whole."
        ) from error
    return {
        "file": path,
        "bytes": path.stat().st_size,
        "chromosomes": len(kept.keys() & chroms),
        "sort_order": order,
        "reads": reads,
    }


def _check_whole(path: Path) -> None:
    """Look at both ends of a BAM file."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. Correct the column alignments.")
    try:
        with pysam.BGZFile(str(path), "rb") as start:
            is_bam = start.read(4) == b"BAM\1"
    except (OSError, ValueError):
        is_bam = False
    if not is_bam:
        raise InputError(f"{path}: not a BAM file. Convert it with samtools view -b.")
    with path.open("rb") as file:
        file.seek(-min(len(END_OF_FILE), path.stat().st_size), os.SEEK_END)
        if file.read() != END_OF_FILE:
            raise InputError(
                f"{path}: truncated, as the end-of-file block is missing. "
                "Copy or download it again."
            )


def _check_chroms(
    path: Path, chroms: Mapping[str, int], kept: Mapping[str, int], genome: Mapping[str, int]
) -> None:
    """Compare a BAM file's chromosomes with the genome's."""
    shared = [chrom for chrom in kept if chrom in chroms]
    if not shared:
        raise InputError(
            f"{path}: none of the genome's chromosomes is in it. It has {some(chroms)}; "
            f"the genome has {some(kept)}. {naming_hint(chroms, genome)}"
        )
    differing = [
        f"{chrom} ({chroms[chrom]} bp, in the genome {genome[chrom]} bp)"
        for chrom in chroms
        if chrom in genome and chroms[chrom] != genome[chrom]
    ]
    if differing:
        raise InputError(
            f"{path}: chromosomes differ in length from the genome's: {some(differing)}. "
            "It was aligned to another assembly: check genome/name and genome/fasta."
        )
    absent = [chrom for chrom in kept if chrom not in chroms]
    if absent:
        log.warning("%s: has no %s; no reads are counted there", path, some(absent))


def _check_order(path: Path, order: str, bam: pysam.AlignmentFile) -> None:
    """Believe the header when it says unsorted, and the reads when it says sorted."""
    todo = "Sort it with samtools sort."
    if order in ("unsorted", "queryname"):
        raise InputError(f"{path}: its header says SO:{order}, not coordinate. {todo}")
    last = (0, -1)
    for number, read in enumerate(islice(bam, EXAMINED), start=1):
        # reads without a place come last
        place = (read.reference_id % (1 << 32), read.reference_start)
        if place < last:
            raise InputError(
                f"{path}: not sorted by coordinate: read {number} ({read.query_name}) lies before "
                f"the one above it. {todo}"
            )
        last = place


def filter_reads(
    bams: Sequence[str | Path],
    target: str | Path,
    exclude_flags: int,
    min_mapq: int,
    keep_duplicates: bool,
    threads: int = 1,
) -> None:
    """Merge replicates, keep the reads that count, and index them.

    Parameters
    ----------
    bams
        Sorted BAM files.
    target
        Sorted BAM file; its index is put beside it as ``{target}.bai``.
    exclude_flags
        Reads with any of these SAM flags are left out (``samtools view -F``).
    min_mapq
        Reads of a lower mapping quality are left out (``samtools view -q``).
    keep_duplicates
        Whether reads marked as duplicates count.
    threads
        Threads for compression.

    Raises
    ------
    InputError
        If samtools cannot read a file to its end, or if no read is left.
    """
    flags = exclude_flags if keep_duplicates else exclude_flags | DUPLICATE
    bams = [str(bam) for bam in bams]
    with aside(target) as temporary:
        select = ["samtools", "view", "-b", "-@", str(threads - 1), "-F", str(flags)]
        select += ["-q", str(min_mapq), "-o", str(temporary)]
        if len(bams) == 1:
            commands = [[*select, *bams]]
        else:
            commands = [["samtools", "merge", "-u", "-", *bams], [*select, "-"]]
        _pipe(commands, bams)
        if count(temporary, threads=threads) == 0:
            raise InputError(
                f"{', '.join(bams)}: no read passes flags {flags} and mapping quality {min_mapq}. "
                "Lower reads/min_mapq or change reads/exclude_flags."
            )
    # after the renaming, as an index must not be older than its reads
    _pipe([["samtools", "index", "-@", str(threads - 1), str(target)]], bams)


def _pipe(commands: Sequence[Sequence[str]], files: Sequence[str]) -> None:
    """Run commands, each reading what the one before it writes."""
    running: list[subprocess.Popen] = []
    for command in commands:
        last = command is commands[-1]
        process = subprocess.Popen(
            command,
            stdin=running[-1].stdout if running else None,
            stdout=None if last else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if running:  # so that it hears when its reader ends
            running[-1].stdout.close()
        running.append(process)
    complaints = [process.stderr.read().decode(errors="replace") for process in reversed(running)]
    if any([process.wait() for process in running]):
        raise InputError(f"{', '.join(files)}: samtools failed: {' '.join(complaints).strip()}")


def count(bam: str | Path, *options: str, threads: int = 1) -> int:
    """Count reads with ``samtools view -c``."""
    command = ["samtools", "view", "-c", "-@", str(threads - 1), *options, str(bam)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write_tracks(
    bam: str | Path, chrom_sizes: str | Path, plus: str | Path, minus: str | Path
) -> None:
    """Write the counts of 5' ends on each strand as bigWigs.

    They equal ``bedtools genomecov -5 -bg -strand`` at every base. Chromosomes without reads get
    one explicit zero, so that readers find them in the file.

    Parameters
    ----------
    bam
        Sorted, indexed BAM file.
    chrom_sizes
        Sizes of the chromosomes to count on.
    plus, minus
        bigWigs of the two strands.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    strands: tuple[list[Runs], list[Runs]] = ([], [])
    with pysam.AlignmentFile(str(bam), "rb") as alignments:
        for chrom in sizes:
            ends = five_prime_ends(alignments, chrom)
            for runs, positions in zip(strands, ends, strict=True):
                runs.append((chrom, *runs_of_counts(positions)))
            log.info("%s: %d + and %d - reads", chrom, *map(len, ends))
    for runs, target in zip(strands, (plus, minus), strict=True):
        with aside(target) as temporary:
            pybigtools.open(str(temporary), "w").write(sizes, _rows(runs))


def five_prime_ends(bam: pysam.AlignmentFile, chrom: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions (bp, 0-based) of the 5' ends of a chromosome's reads: (P,) + and (M,) - strand."""
    plus, minus = array("i"), array("i")
    if chrom in bam.references:
        for read in bam.fetch(chrom):
            if read.is_reverse:
                minus.append(read.reference_end - 1)
            else:
                plus.append(read.reference_start)
    return np.frombuffer(plus, dtype=np.int32), np.frombuffer(minus, dtype=np.int32)


def runs_of_counts(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum positions into runs of equal counts.

    Parameters
    ----------
    positions : (P,) int
        Positions in bp, in any order, repeated.

    Returns
    -------
    starts, ends, counts : (R,) int
        Half-open runs in order, without zeros; neighbours differ in count or do not touch.
    """
    bases, counts = np.unique(positions, return_counts=True)
    new = np.ones(len(bases), dtype=bool)
    new[1:] = (np.diff(bases) > 1) | (np.diff(counts) != 0)
    last = np.ones(len(bases), dtype=bool)
    last[:-1] = new[1:]
    return bases[new], bases[last] + 1, counts[new]


def _rows(runs: Sequence[Runs]) -> Iterator[tuple[str, int, int, float]]:
    for chrom, starts, ends, counts in runs:
        if not len(starts):
            yield chrom, 0, 1, 0.0
        rows = zip(starts.tolist(), ends.tolist(), counts.tolist(), strict=True)
        for start, end, value in rows:
            yield chrom, start, end, float(value)


def quality(
    bams: Sequence[str | Path],
    reads: str | Path,
    chrom_sizes: str | Path,
    peaks: str | Path | None,
    target: str | Path,
    threads: int = 1,
) -> None:
    """Write an experiment's quality control.

    Parameters
    ----------
    bams
        Alignments as they came.
    reads
        The filtered reads, indexed.
    chrom_sizes
        Sizes of the chromosomes used.
    peaks
        The peaks in narrowPeak format; None for a control.
    target
        Table with the columns metric and value: reads, reads_kept, share_kept (of all reads),
        share_duplicates, share_plus, share_minus (of the reads kept); with peaks also
        share_in_peaks (FRiP: of the reads kept on the chromosomes used, those that overlap a
        peak), peaks, median_peak_width (bp).
    threads
        Threads for reading.
    """
    total = sum(count(bam, threads=threads) for bam in bams)
    kept = count(reads, threads=threads)
    minus = count(reads, "-f", str(REVERSE), threads=threads)
    values = {
        "reads": total,
        "reads_kept": kept,
        "share_kept": kept / total,
        "share_duplicates": count(reads, "-f", str(DUPLICATE), threads=threads) / kept,
        "share_plus": (kept - minus) / kept,
        "share_minus": minus / kept,
    }
    if peaks is not None:
        intervals = pd.read_csv(peaks, sep="\t", header=None, usecols=[1, 2])
        used = read_chrom_sizes(chrom_sizes)
        with pysam.AlignmentFile(str(reads), "rb") as bam:
            usable = sum(item.mapped for item in bam.get_index_statistics() if item.contig in used)
        in_peaks = count(reads, "-L", str(peaks), threads=threads)
        values |= {
            "share_in_peaks": in_peaks / usable if usable else 0.0,
            "peaks": len(intervals),
            "median_peak_width": (intervals[2] - intervals[1]).median(),
        }
    table = pd.DataFrame(values.items(), columns=["metric", "value"])
    with aside(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
    for metric, value in values.items():
        log.info("%s: %.6g", metric, value)
