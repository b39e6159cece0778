"""Reads of an experiment: how many there are, are kept, and are copies of each other."""

import csv
import logging
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from attprior.assays import file_format
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.qc.tables import write_metrics, write_table
from attprior.reads.bam import Reads, reads_of_bam
from attprior.reads.intervals import Intervals, read_intervals

log = logging.getLogger(__name__)

FLAGGED = ("bam", "cram")  # formats whose reads have flags
SECOND = 128  # SAM flag
LENGTHS = 10_000  # reads whose length is looked at
BEFORE, AFTER = "before", "after"  # the filter
FLAGSTAT = ["file", "stage", "category", "reads", "failed"]

Multiplicity = Counter[int]


def measure_reads(
    alignments: Sequence[str | Path],
    filtered: str | Path | None,
    chrom_sizes: str | Path,
    metrics: str | Path,
    flagstats: str | Path,
    exclude_flags: int,
    min_mapq: int,
    threads: int = 1,
) -> None:
    """Measure reads before and after the filter, and the complexity of their libraries.

    Parameters
    ----------
    alignments
        Files of one experiment: BAM, CRAM, BED or bedpe.
    filtered
        The filtered, merged reads of BAM and CRAM files; None where there are none.
    chrom_sizes
        Sizes of the chromosomes used.
    metrics
        Table of metric and value: files, reads, share_mapped, share_duplicates (flagged ones of
        those mapped), reads_kept, share_kept, fragments (of the reads kept, before duplicates are
        left out, on the chromosomes used), distinct_fragments,
        fragments_per_file, distinct_per_file, read_length
        (bp, median), NRF, PBC1 and PBC2. Reads that are not kept are known of BAM and CRAM only.
    flagstats
        Table of what ``samtools flagstat`` counts: `FLAGSTAT`; no rows for BED files.
    exclude_flags, min_mapq
        The filter.
    threads
        Threads of samtools.
    """
    sizes, found = read_chrom_sizes(chrom_sizes), {}
    total, lengths, fragments = Counter(), [], []
    for path in map(str, alignments):
        if file_format(path) in FLAGGED:
            groups = bam_fragments(path, sizes, exclude_flags, min_mapq, lengths)
        else:
            groups = bed_fragments(path, sizes, lengths)
        # a place in one file is not the same place in another: replicates share no molecule
        counts = sum((multiplicity(keys) for keys in groups), Counter())
        fragments.append(sum(n * places for n, places in counts.items()))
        log.info("%s: %d fragments", path, fragments[-1])
        total += counts
    table = pd.DataFrame(columns=FLAGSTAT)
    if filtered is not None:
        flagged = [p for p in alignments if file_format(str(p)) in FLAGGED]
        stages = [*((path, BEFORE) for path in flagged), (filtered, AFTER)]
        rows = [flagstat(path, threads).assign(file=path, stage=stage) for path, stage in stages]
        table = pd.concat(rows)[FLAGSTAT]
        found |= kept_reads(table)
    write_table(table, flagstats)
    found |= {
        "files": len(alignments),
        "fragments": sum(fragments),
        "distinct_fragments": total.total(),
        "fragments_per_file": sum(fragments) / len(alignments),
        "distinct_per_file": total.total() / len(alignments),
        # of fragments whose both ends count, the length of the reads is not known
        "read_length": median(lengths) if lengths else np.nan,
        **complexity(total),
    }
    write_metrics(found, metrics)


def flagstat(path: str | Path, threads: int = 1) -> pd.DataFrame:
    """Count reads by their flags.

    Returns
    -------
    pandas.DataFrame
        Columns category, reads (that passed the sequencer's quality control) and failed.

    Raises
    ------
    InputError
        If samtools cannot read the file.
    """
    command = ["samtools", "flagstat", "-@", str(threads - 1), "-O", "tsv", str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise InputError(f"{path}: samtools flagstat failed: {done.stderr.strip()}")
    rows = list(csv.reader(done.stdout.splitlines(), delimiter="\t"))
    counted = [(name, int(reads), int(failed)) for reads, failed, name in rows if "%" not in name]
    return pd.DataFrame(counted, columns=["category", "reads", "failed"])


def kept_reads(flagstats: pd.DataFrame) -> dict[str, float]:
    """Sum up a table of `FLAGSTAT`: primary reads, failed ones included."""
    counts = flagstats.assign(reads=flagstats.reads + flagstats.failed)
    counts = counts.groupby(["stage", "category"]).reads.sum()
    reads, mapped = counts[BEFORE, "primary"], counts[BEFORE, "primary mapped"]
    kept = counts[AFTER, "primary"]
    return {
        "reads": reads,
        "share_mapped": ratio(mapped, reads),
        "share_duplicates": ratio(counts[BEFORE, "primary duplicates"], mapped),
        "reads_kept": kept,
        "share_kept": ratio(kept, reads),
    }


def ratio(part: float, whole: float) -> float:
    """Part of a whole; NaN of nothing."""
    return part / whole if whole else np.nan


def bam_fragments(
    path: str | Path,
    sizes: Mapping[str, int],
    exclude_flags: int,
    min_mapq: int,
    lengths: list[int],
) -> Iterator[np.ndarray]:
    """Give a key of each fragment that passes the filter: position and strand of its 5' end.

    Fragments of read pairs differ by their length too, and are given once. Duplicates are
    kept, as they are what complexity is about.

    Parameters
    ----------
    path
        BAM or CRAM file, sorted.
    sizes
        Chromosomes wanted.
    exclude_flags, min_mapq
        The filter.
    lengths
        Takes the lengths (bp) of the first reads.

    Yields
    ------
    (N,) int64
        Keys on one chromosome.
    """
    numbers = {chrom: number for number, chrom in enumerate(sizes)}
    held, current = [np.empty(0, np.int64)], -1
    # of a pair, the first read speaks for both
    for reads in reads_of_bam(path, numbers, exclude_flags | SECOND, min_mapq):
        used = reads.chroms >= 0
        lengths += reads.lengths[used][: LENGTHS - len(lengths)].tolist()
        keys = (_five_prime(reads) << 32 | reads.templates.view(np.uint32))[used]
        chroms = reads.chroms[used]
        first, *others = np.split(keys, np.flatnonzero(np.diff(chroms, prepend=current)))
        held.append(first)
        for part in others:
            yield np.concatenate(held)
            held = [part]
        current = chroms[-1] if len(chroms) else current
    yield np.concatenate(held)


def bed_fragments(
    path: str | Path, sizes: Mapping[str, int], lengths: list[int]
) -> Iterator[np.ndarray]:
    """Give a key of each row of a BED or bedpe file, as `bam_fragments` does.

    A row of a BED file is a read, known by its 5' end and strand; a row of a bedpe file is a
    fragment, known by both ends, or a pair, known by the 5' ends and strands of both mates.
    """
    keys: dict[tuple[int, ...], list[np.ndarray]] = {}
    for first, *second in read_intervals(path, file_format(str(path)), sizes):
        chroms, places = [first.chroms], [first.starts, first.ends]
        if first.minus is not None:
            places = [_five_prime(first), *map(_five_prime, second)]
            chroms += [mate.chroms for mate in second]
            found = (first.ends - first.starts)[: LENGTHS - len(lengths)]
            lengths += found.tolist()
        key = places[0].astype(np.int64) << 32
        if len(places) > 1:
            key |= places[1].astype(np.int64)
        # on a pair of chromosomes where there are mates
        groups = pd.DataFrame(np.transpose(chroms)).groupby(list(range(len(chroms)))).indices
        for group, index in groups.items():
            group = group if isinstance(group, tuple) else (group,)
            if group[0] >= 0:
                keys.setdefault(group, []).append(key[index])
    yield from map(np.concatenate, keys.values())


def _five_prime(reads: Reads | Intervals) -> np.ndarray:
    """5' ends and strands in one number, (N,) int64."""
    return reads.five_prime.astype(np.int64) << 1 | reads.minus


def multiplicity(keys: np.ndarray) -> Multiplicity:
    """How many places (distinct keys) have one fragment, how many two, and so on."""
    _, counts = np.unique(keys, return_counts=True)
    times, places = np.unique(counts, return_counts=True)
    return Counter(dict(zip(times.tolist(), places.tolist(), strict=True)))


def complexity(places: Multiplicity) -> dict[str, float]:
    """Complexity of a library, by ENCODE's definitions.

    NRF is the number of places over that of fragments; PBC1 the share of the places that have one
    fragment; PBC2 the number of places with one over that with two (infinite if none has two).
    All are NaN without fragments.

    Parameters
    ----------
    places
        Number of places by their number of fragments.

    Notes
    -----
    https://www.encodeproject.org/data-standards/terms/#library
    """
    distinct, one, two = places.total(), places[1], places[2]
    fragments = sum(times * number for times, number in places.items())
    return {
        "NRF": ratio(distinct, fragments),
        "PBC1": ratio(one, distinct),
        "PBC2": one / two if two else (np.inf if one else np.nan),
    }
