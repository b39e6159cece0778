"""What deepTools measures of BAM files: fingerprints, and the correlation of replicates.

deepTools reads bins one by one in Python, so that it is given a sample of a large genome's bins.
"""

import logging
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from attprior.assays import CRAM_FIELDS, file_format
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.qc.tables import write_table

log = logging.getLogger(__name__)

FINGERPRINT_BIN = 500  # bp, deepTools' default
FINGERPRINT_BINS = 100_000  # at most: a fifth of the default, for which hg38 takes an hour
REPLICATE_BIN = 10_000  # bp at most, deepTools' default
REPLICATE_BINS = 50_000  # at most, spread over the genome
POINTS = 200  # of a fingerprint that are kept
SHOWN = 5_000  # bins that are kept for a scatter plot
SEED = 1
SAMPLE, CONTROL = "sample", "control"


def measure_fingerprint(
    reads: str | Path,
    control: str | Path | None,
    chrom_sizes: str | Path,
    curve: str | Path,
    metrics: str | Path,
    threads: int = 1,
) -> None:
    """Sort bins by their reads, and see how unevenly the reads lie.

    Parameters
    ----------
    reads
        The filtered reads, a BAM file with an index.
    control
        Those of the control, to be compared with; None where there is none.
    chrom_sizes
        Sizes of the chromosomes used; bins lie on them alone.
    curve
        Table: sample (`SAMPLE` or `CONTROL`), share_of_bins, share_of_reads in so many of the
        emptiest bins.
    metrics
        What plotFingerprint says under ``--outQualityMetrics``, with its names of the columns and a
        row per sample. deepTools explains them under ``plotFingerprint_QC_metrics``.
    threads
        Processes.
    """
    sizes = read_chrom_sizes(chrom_sizes)
    bams = [str(bam) for bam in (reads, control) if bam is not None]
    bins = max(1, min(FINGERPRINT_BINS, sum(sizes.values()) // FINGERPRINT_BIN))
    with tempfile.TemporaryDirectory() as folder:
        left_out, counts, quality = (Path(folder) / name for name in ("bed", "counts", "quality"))
        command = [
            "plotFingerprint",
            "--bamfiles",
            *bams,
            "--labels",
            *[SAMPLE, CONTROL][: len(bams)],
        ]
        command += ["--binSize", FINGERPRINT_BIN, "--numberOfSamples", bins]
        command += ["--numberOfProcessors", threads, *other_chromosomes(bams, sizes, left_out)]
        command += ["--outRawCounts", counts, "--outQualityMetrics", quality]
        command += ["--JSDsample", control] if control is not None else []
        _run(command)
        table = pd.read_csv(counts, sep="\t", comment="#", quotechar="'")
        write_table(pd.read_csv(quality, sep="\t"), metrics)
    write_table(pd.concat(fingerprint(name, table[name]) for name in table), curve)


def fingerprint(name: str, counts: pd.Series) -> pd.DataFrame:
    """Cumulative share of reads in bins sorted by their reads, at `POINTS` of them."""
    sums = np.append(0, np.cumsum(np.sort(counts.fillna(0))))
    some = np.linspace(0, len(counts), POINTS).round().astype(int)
    reads = sums[some] / sums[-1] if sums[-1] else np.full(POINTS, np.nan)
    return pd.DataFrame(
        {"sample": name, "share_of_bins": some / len(counts), "share_of_reads": reads}
    )


def measure_replicates(
    alignments: Sequence[str | Path],
    chrom_sizes: str | Path,
    correlations: str | Path,
    counts: str | Path,
    exclude_flags: int,
    min_mapq: int,
    threads: int = 1,
) -> None:
    """Correlate replicates by their reads in bins that are spread over the genome.

    Parameters
    ----------
    alignments
        Sorted BAM or CRAM files, a replicate each; others are left out. Where there are not two, both
        tables are empty.
    chrom_sizes
        Sizes of the chromosomes used.
    correlations
        Table: first, second (number of the replicate, from 1), Pearson, Spearman. Bins without any
        reads do not count.
    counts
        Table of at most `SHOWN` bins: a column for each replicate, named by its number.
    exclude_flags, min_mapq
        The filter.
    threads
        Processes.
    """
    alignments = [path for path in alignments if file_format(str(path)) in ("bam", "cram")]
    if len(alignments) < 2:
        log.info("one replicate: nothing to correlate")
        write_table(correlate(pd.DataFrame()), correlations)
        write_table(pd.DataFrame(columns=["1"]), counts)
        return
    sizes = read_chrom_sizes(chrom_sizes)
    genome = sum(sizes.values())
    width = int(np.clip(genome // REPLICATE_BINS, FINGERPRINT_BIN, REPLICATE_BIN))
    gap = max(0, genome // REPLICATE_BINS - width)
    names = [str(number) for number, _ in enumerate(alignments, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bams = [
            str(indexed(path, place / f"{name}.bam", threads))
            for name, path in zip(names, alignments, strict=True)
        ]
        command = ["multiBamSummary", "bins", "--bamfiles", *bams, "--labels", *names]
        command += ["--binSize", width, "--distanceBetweenBins", gap]
        command += ["--samFlagExclude", exclude_flags, "--minMappingQuality", min_mapq]
        command += ["--numberOfProcessors", threads]
        command += other_chromosomes(bams, sizes, place / "bed")
        command += ["--outFileName", place / "npz", "--outRawCounts", place / "counts"]
        _run(command)
        table = pd.read_csv(place / "counts", sep="\t", quotechar="'")
    table = table.rename(columns=lambda name: name.lstrip("#").strip("'"))
    # processes end in any order
    table = table.sort_values(["chr", "start"], ignore_index=True)
    table = table[table.chr.isin(sizes)][names]
    table = table[(table > 0).any(axis=1)]
    log.info("%d bins of %d bp with reads", len(table), width)
    write_table(correlate(table), correlations)
    shown = table.sample(min(SHOWN, len(table)), random_state=SEED).sort_index()
    write_table(shown.astype(int), counts)


def correlate(counts: pd.DataFrame) -> pd.DataFrame:
    """Correlate each pair of columns: first, second, Pearson, Spearman."""
    rows = []
    for first, second in combinations(counts, 2):
        x, y = counts[first], counts[second]
        rows.append((first, second, x.corr(y), x.corr(y, method="spearman")))
    return pd.DataFrame(rows, columns=["first", "second", "Pearson", "Spearman"])


def indexed(path: str | Path, target: Path, threads: int) -> Path:
    """Put an indexed BAM file into a folder: a link to a BAM file, or what a CRAM file holds."""
    if file_format(str(path)) == "cram":
        command = [
            "samtools",
            "view",
            "-b",
            "-1",
            "--input-fmt-option",
            CRAM_FIELDS,
            "-@",
            threads - 1,
        ]
        _run([*command, "-o", target, path])
    else:
        target.symlink_to(Path(path).resolve())
    # sources may have no index, and lie where none can be written
    _run(["samtools", "index", "-c", "-@", threads - 1, target])
    return target


def other_chromosomes(bams: Sequence[str], sizes: Mapping[str, int], bed: Path) -> list:
    """Options that keep deepTools off the chromosomes that are not used."""
    rows = {}
    for path in bams:
        with pysam.AlignmentFile(path, check_sq=False) as bam:
            rows |= zip(bam.references, bam.lengths, strict=True)
    rows = {chrom: size for chrom, size in rows.items() if chrom not in sizes}
    bed.write_text(
        "".join(f"{chrom}\t0\t{size}\n" for chrom, size in rows.items()), encoding="utf-8"
    )
    return ["--blackListFileName", bed] if rows else []


def _run(command: Sequence) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(
            f"{command[0]} failed ({' '.join(said[-3:])}). It was run as: "
            f"{' '.join(map(str, command))}"
        )
