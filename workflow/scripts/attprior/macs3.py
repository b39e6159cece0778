"""Peaks called by MACS3 from filtered reads, with or without a control's."""

import logging
import subprocess
import sys
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from attprior.errors import InputError
from attprior.files import aside, scratch
from attprior.genome import read_chrom_sizes, some
from attprior.reads.bam import reads_of_bam
from attprior.text import lines, whole_number

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

Interval = tuple[str, int, int, str]
Lines = Iterator[str]


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
    with scratch(target) as folder, aside(target) as temporary:
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


def is_bam(path: str | Path) -> bool:
    """Whether a file is called a BAM file."""
    return Path(path).suffix.lower() == ".bam"


def is_bedpe(path: str | Path) -> bool:
    """Whether a file is called bedpe."""
    return ".bedpe" in map(str.lower, Path(path).suffixes)


def has_fragments(path: str | Path) -> bool:
    """Whether reads are paired, so that fragments are known."""
    if is_bam(path):
        first = next(reads_of_bam(path, {}), None)
        return first is None or bool((first.flags[:EXAMINED] & PAIRED).all())
    return is_bedpe(path)


def write_reads(
    files: Sequence[str | Path], target: Path, chroms: Collection[str], fragments: bool
) -> None:
    """Write reads or fragments on some chromosomes as BED.

    Parameters
    ----------
    files
        BAM, BED or bedpe files.
    target
        BED file: six columns a read, three a fragment.
    chroms
        Chromosomes to keep.
    fragments
        Whether pairs count as fragments; if not, each mate is a read.

    Raises
    ------
    InputError
        If no read is left, and for a line that does not fit its format.
    """
    number = 0
    with target.open("w", encoding="utf-8") as out:
        for path in files:
            lines = (_of_bam if is_bam(path) else _of_text)(path, chroms, fragments)
            for line in lines:
                out.write(line)
                number += 1
    log.info("%s: %d %s", some(map(str, files)), number, "fragments" if fragments else "reads")
    if not number:
        raise InputError(
            f"{some(map(str, files))}: no {'fragments' if fragments else 'reads'} on the "
            f"chromosomes used: {some(chroms)}. Compare the names, or see genome/exclude."
        )


def _of_bam(path: str | Path, chroms: Collection[str], fragments: bool) -> Lines:
    names = list(chroms)
    for reads in reads_of_bam(path, {name: number for number, name in enumerate(names)}):
        chosen = reads.chroms >= 0
        if fragments:
            # once a pair, by its left mate
            chosen &= (reads.flags & PROPER_PAIR != 0) & (reads.templates > 0)
        number, start, end, template, minus = (
            column[chosen].tolist()
            for column in (reads.chroms, reads.starts, reads.ends, reads.templates, reads.minus)
        )
        if fragments:
            for of, first, length in zip(number, start, template, strict=True):
                yield f"{names[of]}\t{first}\t{first + length}\n"
        else:
            for of, first, last, is_minus in zip(number, start, end, minus, strict=True):
                yield f"{names[of]}\t{first}\t{last}\t.\t0\t{'+-'[is_minus]}\n"


def _of_text(path: str | Path, chroms: Collection[str], fragments: bool) -> Lines:
    pairs = is_bedpe(path)
    for number, line in lines(path):
        fields = [field.strip() for field in line.split("\t")]
        try:
            reads = _mates(fields) if pairs else [_interval(*fields[:3], fields[5])]
        except (IndexError, TypeError, ValueError):
            raise InputError(
                f"{path}, line {number}: {line.rstrip()[:60]!r} is no line of a "
                f"{'bedpe' if pairs else 'BED file with strands'}, which has columns separated "
                "by tabs. Correct or remove it."
            ) from None
        reads = [read for read in reads if read[0] in chroms]
        if not fragments:
            yield from ("{}\t{}\t{}\t.\t0\t{}\n".format(*read) for read in reads)
        elif len({read[0] for read in reads}) == 1:
            _, starts, ends, _ = zip(*reads, strict=True)
            yield f"{reads[0][0]}\t{min(starts)}\t{max(ends)}\n"


def _interval(chrom: str, start: str, end: str, strand: str) -> Interval:
    """Interval of a read; `ValueError` or `TypeError` if it is none."""
    first, last = whole_number(start), whole_number(end)
    if strand not in ("+", "-") or not 0 <= first < last:
        raise ValueError
    return chrom, first, last, strand


def _mates(fields: Sequence[str]) -> list[Interval]:
    """Both reads of a line of bedpe: bedtools' ten columns, or three for a fragment's ends."""
    if len(fields) >= 10:
        if "." in (fields[0], fields[3]):
            return []  # one is unmapped
        return [_interval(*fields[:3], fields[8]), _interval(*fields[3:6], fields[9])]
    chrom, start, end, _ = _interval(*fields[:3], "+")
    length = min(END_LENGTH, end - start)
    return [(chrom, start, start + length, "+"), (chrom, end - length, end, "-")]
