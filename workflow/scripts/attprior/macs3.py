"""Peaks called by MACS3 from filtered reads, with or without a control's."""

import logging
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from attprior.assays import file_format
from attprior.errors import InputError
from attprior.files import atomic_write, scratch
from attprior.genome import read_chrom_sizes, some
from attprior.reads.bam import reads_of_bam
from attprior.reads.intervals import Intervals, read_intervals

log = logging.getLogger(__name__)

# single reads of ChIP-seq are extended to the fragments that the shift between strands tells of
MODEL = ["--fix-bimodal"]
# exonucleases stop some ten bp from the protein, so 5' ends are smoothed over 50 bp: on Reb1
# ChIP-exo of yeast, summits lie 5 bp from the motif (17 bp with 150 bp) and 3 times as many pass
BORDERS = ["--nomodel", "--shift", "-25", "--extsize", "50"]
# cut sites smoothed over 150 bp, all summits of a region: as ENCODE's ATAC-seq pipeline
# (https://github.com/ENCODE-DCC/atac-seq-pipeline, src/encode_task_macs2_atac.py)
CUTS = ["--nomodel", "--shift", "-75", "--extsize", "150", "--call-summits"]
OPTIONS = {
    "tf-chip": MODEL,
    "chip-exo": BORDERS,
    "chip-nexus": BORDERS,
    "dnase": CUTS,
    "atac": CUTS,
}
FRAGMENTS = ("tf-chip",)  # assays whose pairs count as fragments, not by their ends
PAIRED, PROPER_PAIR = 1, 2  # SAM flags
EXAMINED = 1000  # reads that tell whether a file's are paired
# length of the reads that stand for a fragment's ends: gaps between significant places that are
# no longer than a read are closed
END_LENGTH = 50
LAST_LINES = 5  # of MACS3's that a failure shows

Columns = tuple[np.ndarray, ...]
"""Numbers of chromosomes, starts and ends, (N,) int32, and of reads whether on the minus strand."""


def call_peaks(
    treatment: Sequence[str | Path],
    control: Sequence[str | Path] | None,
    target: str | Path,
    chrom_sizes: str | Path,
    *,
    assay: str,
    name: str,
    keep_duplicates: bool,
    q_value: float | None = None,
    p_value: float | None = None,
) -> None:
    """Call peaks of an experiment.

    MACS3 sees the reads on the chromosomes used alone. The genome's size is that of these
    chromosomes; it is not known here which of their bases are N or can't be mapped to.

    Parameters
    ----------
    treatment, control
        Reads: BAM, BED with strands, or bedpe, the text ones plain or gzip. Without a
        control None.
    target
        narrowPeak file, a line a summit, as MACS3 writes it.
    chrom_sizes
        Sizes of the chromosomes used.
    assay
        Key of `OPTIONS`.
    name
        What peaks are called, with ``_peak_`` and a number.
    keep_duplicates
        Whether all reads of a position count, or one for each strand.
    q_value, p_value
        Highest of a peak; one of the two is given.

    Raises
    ------
    InputError
        If MACS3 is not installed, fails or finds nothing, for a line that does not fit its
        format, and if no read is on the chromosomes used.
    """
    program = Path(sys.executable).with_name("macs3")
    if not program.exists():
        raise InputError(
            f"{name}: peaks are to be called, but MACS3 is not installed here. Run the workflow "
            "by `bash envs/run --macs3 snakemake …` or with --sdm conda, or give a file of peaks."
        )
    sizes, control = read_chrom_sizes(chrom_sizes), control or []
    fragments = assay in FRAGMENTS and all(map(has_fragments, [*treatment, *control]))
    cutoff = ["-q", str(q_value)] if p_value is None else ["-p", str(p_value)]
    with scratch(target) as folder, atomic_write(target) as temporary:
        command = [str(program), "callpeak", "-n", name]
        command += ["--outdir", str(folder), "--tempdir", str(folder)]
        command += ["-f", "BEDPE" if fragments else "BED", "-g", str(sum(sizes.values()))]
        command += [*cutoff, "--keep-dup", "all" if keep_duplicates else "1"]
        command += [] if fragments else OPTIONS[assay]
        for option, files in (("-t", treatment), ("-c", control)):
            if files:
                reads = folder / f"reads{option}.bed"
                write_reads(files, reads, sizes, fragments)
                command += [option, str(reads)]
        run(command)
        found = folder / f"{name}_peaks.narrowPeak"
        number = found.read_bytes().count(b"\n")
        if not number:
            raise InputError(
                f"{name}: MACS3 finds no peaks at {' '.join(cutoff)}. Raise peaks/macs3/q_value or "
                "peaks/macs3/relaxed_p_value, look at the reads, or give a file of peaks."
            )
        found.rename(temporary)
    log.info("%s: %d summits at %s", target, number, " ".join(cutoff))


def run(command: Sequence[str]) -> None:
    """Run MACS3 and log what it says.

    Raises
    ------
    InputError
        If it fails, with its last lines.
    """
    log.info("%s", " ".join(command))
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    ) as process:
        for line in process.stderr:
            last.append(line.rstrip())
            log.info("%s", line.rstrip())
    if process.returncode:
        raise InputError("MACS3 failed:\n" + "\n".join(last))


def has_fragments(path: str | Path) -> bool:
    """Whether reads are paired, so that fragments are known."""
    if file_format(str(path)) == "bam":
        first = next(reads_of_bam(path, {}), None)
        return first is None or bool((first.flags[:EXAMINED] & PAIRED).all())
    return file_format(str(path)) == "bedpe"


def write_reads(
    files: Sequence[str | Path], target: Path, sizes: Mapping[str, int], fragments: bool
) -> None:
    """Write reads or fragments on some chromosomes as BED.

    Parameters
    ----------
    files
        BAM, BED or bedpe files.
    target
        BED file: six columns a read, three a fragment.
    sizes
        Chromosomes to keep, and their sizes in bp.
    fragments
        Whether pairs count as fragments; if not, each mate is a read.

    Raises
    ------
    InputError
        If no read is left, and for a line that does not fit its format.
    """
    number, names = 0, list(sizes)
    with target.open("w", encoding="utf-8") as out:
        for path in files:
            of = _of_bam if file_format(str(path)) == "bam" else _of_text
            for columns in of(path, sizes, fragments):
                out.writelines(_lines(names, *columns))
                number += len(columns[0])
    log.info("%s: %d %s", some(map(str, files)), number, "fragments" if fragments else "reads")
    if not number:
        raise InputError(
            f"{some(map(str, files))}: no {'fragments' if fragments else 'reads'} on the "
            f"chromosomes used: {some(sizes)}. Compare the names, or see genome/exclude."
        )


def _lines(
    names: Sequence[str],
    chroms: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    minus: np.ndarray | None = None,
) -> Iterator[str]:
    """Lines of reads, or of fragments, which have no strand."""
    places = (column.tolist() for column in (chroms, starts, ends))
    if minus is None:
        for chrom, start, end in zip(*places, strict=True):
            yield f"{names[chrom]}\t{start}\t{end}\n"
    else:
        for chrom, start, end, is_minus in zip(*places, minus.tolist(), strict=True):
            yield f"{names[chrom]}\t{start}\t{end}\t.\t0\t{'+-'[is_minus]}\n"


def _of_bam(path: str | Path, sizes: Mapping[str, int], fragments: bool) -> Iterator[Columns]:
    for reads in reads_of_bam(path, {chrom: number for number, chrom in enumerate(sizes)}):
        chosen, columns = reads.chroms >= 0, (reads.chroms, reads.starts, reads.ends, reads.minus)
        if fragments:
            # once a pair, by its left mate
            chosen &= (reads.flags & PROPER_PAIR != 0) & (reads.templates > 0)
            columns = (reads.chroms, reads.starts, reads.starts + reads.templates)
        yield tuple(column[chosen] for column in columns)


def _of_text(path: str | Path, sizes: Mapping[str, int], fragments: bool) -> Iterator[Columns]:
    for mates in read_intervals(path, file_format(str(path)), sizes):
        if mates[0].minus is None:
            mates = _ends_of(*mates)
        # by line, then mate
        chroms, starts, ends, minus = (
            np.stack(column, axis=1) for column in zip(*mates, strict=True)
        )
        used = chroms >= 0
        if fragments:
            # of a pair, a mate on a chromosome that is not used is as if it were not there
            whole = (chroms[:, 0] == chroms[:, -1]) | ~used.all(axis=1)
            starts = np.where(used, starts, np.iinfo(np.int32).max).min(axis=1)
            ends = np.where(used, ends, 0).max(axis=1)
            chosen = whole & used.any(axis=1)
            yield tuple(column[chosen] for column in (chroms.max(axis=1), starts, ends))
        else:
            yield tuple(column[used] for column in (chroms, starts, ends, minus))


def _ends_of(fragments: Intervals) -> tuple[Intervals, Intervals]:
    """Reads of both ends of fragments, `END_LENGTH` bp long at most."""
    chroms, starts, ends, _ = fragments
    length = np.minimum(END_LENGTH, ends - starts)
    plus = np.zeros(len(chroms), bool)
    return (
        Intervals(chroms, starts, starts + length, plus),
        Intervals(chroms, ends - length, ends, ~plus),
    )
