"""Alignments merged, and the reads that count selected."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pysam

from attprior.assays import CRAM_FIELDS
from attprior.errors import InputError
from attprior.files import atomic_write, scratch

DUPLICATE = 1024  # SAM flag
SORTED_AT_ONCE = "256M"  # of reads, for each thread


def flags_left_out(exclude_flags: int, keep_duplicates: bool) -> int:
    """SAM flags of the reads that do not count."""
    return exclude_flags if keep_duplicates else exclude_flags | DUPLICATE


def filter_reads(
    bams: Sequence[str | Path],
    target: str | Path,
    exclude_flags: int,
    min_mapq: int,
    keep_duplicates: bool,
    threads: int = 1,
) -> None:
    """Merge replicates, keep the reads that count, and index them.

    Reads of CRAM files come without bases and qualities, so that no genome is needed.

    Parameters
    ----------
    bams
        Sorted BAM or CRAM files; their chromosomes may be in different orders.
    target
        Sorted BAM file; its index is put beside it as ``{target}.csi``, the kind that knows
        chromosomes of any length (.bai ends at 512 Mb).
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
    flags = flags_left_out(exclude_flags, keep_duplicates)
    bams = [str(bam) for bam in bams]
    with scratch(target) as folder, atomic_write(target) as temporary:
        fields, extra = ["--input-fmt-option", CRAM_FIELDS], ["-@", str(threads - 1)]
        # the commands name temporary files, which differ from run to run
        select = ["samtools", "view", "--no-PG", *extra, "-F", str(flags), "-q", str(min_mapq)]
        if len(bams) == 1:
            commands = [[*select, "-b", "-o", str(temporary), *fields, *bams]]
        else:
            merge = ["samtools", "merge", "--no-PG", "-u", *fields, "-", *bams]
            if _merge_is_sorted(bams):
                commands = [merge, [*select, "-b", "-o", str(temporary), "-"]]
            else:
                sort = ["samtools", "sort", "--no-PG", *extra, f"-m{SORTED_AT_ONCE}"]
                sort += ["-T", str(folder / "part"), "-o", str(temporary), "-"]
                commands = [merge, [*select, "-u", "-"], sort]
        _pipe(commands, bams)
        if count(temporary, threads=threads) == 0:
            raise InputError(
                f"{', '.join(bams)}: no read passes flags {flags} and mapping quality {min_mapq}. "
                "Lower reads/min_mapq or change reads/exclude_flags."
            )
    # after the renaming, as an index must not be older than its reads
    with atomic_write(f"{target}.csi") as temporary:
        index = ["samtools", "index", "-c", "-@", str(threads - 1), str(target), str(temporary)]
        _pipe([index], bams)


def _merge_is_sorted(bams: Sequence[str]) -> bool:
    """Whether samtools merge keeps the order of sorted files.

    It numbers chromosomes as they come, those of the first file first, and takes each file's reads
    to be in the order of these numbers.
    """
    numbers: dict[str, int] = {}
    for path in bams:
        with pysam.AlignmentFile(path, check_sq=False) as bam:
            own = [numbers.setdefault(chrom, len(numbers)) for chrom in bam.references]
        if own != sorted(own):
            return False
    return True


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
    return int(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
