"""Alignments looked at before anything long is done with them."""

import hashlib
import logging
import os
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam

from attprior.assays import CRAM_FIELDS, STRANDED, file_format
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.genome import Genome, naming_hint, read_chrom_sizes, some
from attprior.reads.bam import ends_of_bam
from attprior.reads.bigwig import count_runs
from attprior.reads.cuts import shift_made
from attprior.reads.intervals import check_lines, ends_of_intervals
from attprior.text import END_OF_BGZIP, lines

log = logging.getLogger(__name__)

# what ends every whole CRAM file (CRAM specification, section 9)
END_OF_CRAM = b"\xe0EOF"
EXAMINED = 100_000  # reads that are looked at: enough to tell, quick on any file
UNMAPPED = 4  # SAM flag
# comment lines of the fragments that Cell Ranger ATAC and ARC write, and by how much they move ends
# (10x Genomics, "Barcoded fragment file": start + 4, end - 5)
CELL_RANGER = re.compile(r"#\s*(pipeline_name=cellranger|primary_contig=|reference_fasta_hash=)")
CELL_RANGER_SHIFT = (4, -5)
LONG = 10  # bp: no counts of 5' ends change so slowly but at some hundred a base


def check_reads(
    files: Sequence[str | Path],
    chrom_sizes: str | Path,
    index: str | Path,
    target: str | Path,
    tracks: Sequence[str] = STRANDED,
    fasta: str | Path | None = None,
    transposase: bool = False,
) -> None:
    """Check alignments before anything long is done with them.

    Parameters
    ----------
    files
        Alignments of one experiment, of any of `attprior.assays.FORMATS`.
    chrom_sizes
        Sizes of the chromosomes used.
    index
        FASTA index of the whole genome.
    target
        Table of what was found: file, format, bytes, chromosomes (used ones that it has; of text
        files, those of their first lines), sort_order (of BAM and CRAM files), reads (as an index
        counts them; empty without one), shifted_plus and shifted_minus (bp by which 5' ends of a
        transposase's cuts were moved before, 0 where they were not or it can't be told).
    tracks
        Names of the tracks that will be made, to which bigWigs are matched in turn.
    fasta
        Genome, indexed: of CRAM files the one that they were compressed by.
    transposase
        Whether ends are those of a transposase's cuts, which their maker may have shifted.

    Raises
    ------
    InputError
        If a file is missing, truncated, not of the format that its name says, of another genome,
        unsorted or without mapped reads (BAM and CRAM), if its first lines are no reads or its
        values no counts, or if two bigWigs hold the same.
    """
    kept, genome = read_chrom_sizes(chrom_sizes), read_chrom_sizes(index)
    rows = []
    for number, path in enumerate(map(Path, files)):
        if not path.is_file():
            raise InputError(f"{path}: no such file. Correct the column alignments.")
        name = file_format(str(path))
        if name in ("bam", "cram"):
            found = _check_alignments(path, kept, genome, fasta)
        elif name == "bigwig":
            found = _check_bigwig(path, kept, genome, tracks[number % len(tracks)])
            for row in rows:
                if row.get("content") == found["content"]:
                    raise InputError(
                        f"{row['file']} and {path} hold the same counts. Give each strand and each "
                        "replicate its own file."
                    )
        else:
            found = _check_text(path, name, kept, genome)
        found |= {"shifted_plus": 0, "shifted_minus": 0}
        if transposase and name != "bigwig":
            found |= _shift_made(path, name, kept, fasta)
        rows.append({"file": path, "format": name, "bytes": path.stat().st_size, **found})
    columns = ["file", "format", "bytes", "chromosomes", "sort_order", "reads"]
    table = pd.DataFrame(rows, columns=[*columns, "shifted_plus", "shifted_minus"])
    with atomic_write(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def _check_alignments(
    path: Path, kept: Mapping[str, int], genome: Mapping[str, int], fasta: str | Path | None
) -> dict:
    """Check a BAM or CRAM file."""
    _check_whole(path)
    pysam.set_verbosity(0)  # a missing index is no news here
    try:
        with pysam.AlignmentFile(
            str(path), check_sq=False, format_options=[CRAM_FIELDS.encode()]
        ) as bam:
            order = bam.header.get("HD", {}).get("SO", "unknown")
            chroms = dict(zip(bam.references, bam.lengths, strict=True))
            _check_chroms(path, chroms, kept, genome)
            _check_lengths(path, chroms, kept)
            if bam.is_cram and fasta:
                _check_reference(path, bam.header.to_dict()["SQ"], kept, fasta)
            _check_order(path, order, bam)
            indexed = bam.is_bam and bam.has_index()
            reads = bam.mapped + bam.unmapped if indexed else ""
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: damaged ({error}). Copy or download it again; samtools quickcheck tells "
            "when it is whole."
        ) from error
    return {"chromosomes": len(kept.keys() & chroms), "sort_order": order, "reads": reads}


def _check_whole(path: Path) -> None:
    """Look at both ends of a BAM or CRAM file."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(-min(38, path.stat().st_size), os.SEEK_END)
        end = file.read()
    if path.suffix.lower() == ".cram":
        if start != b"CRAM":
            raise InputError(f"{path}: not a CRAM file. Convert it with samtools view -C.")
        whole = END_OF_CRAM in end
    else:
        if not _is_bam(path):
            raise InputError(f"{path}: not a BAM file. Convert it with samtools view -b.")
        whole = end.endswith(END_OF_BGZIP)
    if not whole:
        raise InputError(
            f"{path}: truncated, as the end-of-file block is missing. Copy or download it again."
        )


def _is_bam(path: Path) -> bool:
    try:
        with pysam.BGZFile(str(path), "rb") as start:
            return start.read(4) == b"BAM\1"
    except (OSError, ValueError):
        return False


def _check_chroms(
    path: Path, chroms: Collection[str], kept: Mapping[str, int], genome: Mapping[str, int]
) -> None:
    """Compare the names of a file's chromosomes with the genome's."""
    if not any(chrom in chroms for chrom in kept):
        raise InputError(
            f"{path}: none of the genome's chromosomes is in it. It has {some(chroms)}; "
            f"the genome has {some(kept)}. {naming_hint(chroms, genome)}"
        )
    unknown = [chrom for chrom in chroms if chrom not in genome]
    if unknown:
        log.warning("%s: %s not in the genome; passed over", path, some(unknown))


def _check_lengths(path: Path, chroms: Mapping[str, int], kept: Mapping[str, int]) -> None:
    """Compare the lengths of a file's chromosomes with the genome's, of those that are used."""
    differing = [
        f"{chrom} ({chroms[chrom]} bp, in the genome {size} bp)"
        for chrom, size in kept.items()
        if chroms.get(chrom, size) != size
    ]
    if differing:
        raise InputError(
            f"{path}: chromosomes differ in length from the genome's: {some(differing)}. "
            "It was aligned to another assembly: check genome/name and genome/fasta."
        )


def _check_reference(
    path: Path, header: Sequence[Mapping[str, str]], kept: Mapping[str, int], fasta: str | Path
) -> None:
    """Compare the checksums of bases in a CRAM file's header with the genome's."""
    done = subprocess.run(["samtools", "dict", str(fasta)], capture_output=True, encoding="utf-8")
    if done.returncode:
        raise InputError(f"{fasta}: samtools dict failed: {done.stderr.strip()}")
    own = pysam.AlignmentHeader.from_text(done.stdout).to_dict()["SQ"]
    wanted = {line["SN"]: line["M5"] for line in own}
    differing = [
        line["SN"]
        for line in header
        if line["SN"] in kept and line.get("M5", wanted[line["SN"]]).lower() != wanted[line["SN"]]
    ]
    if differing:
        raise InputError(
            f"{path}: compressed by another reference than {fasta}: the bases of {some(differing)} "
            "have other checksums (M5 in its header). Name the FASTA file that it was made with "
            "in genome/fasta, or give reads aligned to this one."
        )


def _check_order(path: Path, order: str, bam: pysam.AlignmentFile) -> None:
    """Believe the header when it says unsorted, and the reads when it says sorted."""
    todo = "Sort it with samtools sort."
    if order in ("unsorted", "queryname"):
        raise InputError(f"{path}: its header says SO:{order}, not coordinate. {todo}")
    last, number, mapped = (0, -1), 0, False
    for number, read in enumerate(islice(bam, EXAMINED), start=1):
        # reads without a place come last
        place = (read.reference_id % (1 << 32), read.reference_start)
        if place < last:
            raise InputError(
                f"{path}: not sorted by coordinate: read {number} ({read.query_name}) lies before "
                f"the one above it. {todo}"
            )
        last = place
        mapped |= not read.is_unmapped
    if not mapped:
        raise InputError(
            f"{path}: {f'none of the first {number} reads is mapped' if number else 'no reads'}. "
            "Give aligned reads."
        )


def _check_text(path: Path, name: str, kept: Mapping[str, int], genome: Mapping[str, int]) -> dict:
    """Check the first lines of a BED or bedpe file."""
    chroms = sorted(check_lines(path, name, kept, most=EXAMINED))
    _check_chroms(path, chroms, genome, genome)
    return {"chromosomes": len(kept.keys() & chroms)}


def _check_bigwig(
    path: Path, kept: Mapping[str, int], genome: Mapping[str, int], track: str
) -> dict:
    """Check a bigWig, and whether its counts look like 5' ends; `content` tells it from others."""
    try:
        chroms = pybigtools.open(str(path)).chroms()
    except (ValueError, pybigtools.BBIReadError) as error:
        raise InputError(
            f"{path}: no bigWig, or a damaged one ({error}). Copy or download it again."
        ) from error
    _check_chroms(path, chroms, kept, genome)
    _check_lengths(path, chroms, kept)
    total = pieces = 0.0
    content = hashlib.blake2b()
    for chrom, runs in count_runs(path, kept, track):
        values = runs["value"].astype(np.float64)
        total += ((runs["end"] - runs["start"]) * values).sum()
        # what a run has above the one that touches it begins there, at the least
        touching = runs["start"][1:] == runs["end"][:-1]
        pieces += values.sum() - np.minimum(values[1:], values[:-1])[touching].sum()
        content.update(chrom.encode() + runs.tobytes())
    if not total:
        raise InputError(f"{path}: it holds nothing but zeros. Give counts of 5' ends.")
    length = total / pieces
    if length > LONG:
        log.warning(
            "%s: its counts change as slowly as if each covered %.0f bp. That is coverage by "
            "reads or fragments, or smoothed, and profiles learnt of it are too; give counts of 5' "
            "ends, each at its one base",
            *(path, length),
        )
    return {"chromosomes": len(kept.keys() & chroms), "content": content.hexdigest()}


def _shift_made(
    path: Path, name: str, kept: Mapping[str, int], fasta: str | Path | None
) -> dict[str, int]:
    """By how much ends of a transposase's cuts were moved, told by their bases, else their header."""
    numbers = {chrom: number for number, chrom in enumerate(kept)}
    if name in ("bam", "cram"):
        chunks, said = ends_of_bam(path, numbers, UNMAPPED, 0), False
    else:
        chunks, said = ends_of_intervals(path, name, kept), _is_of_cell_ranger(path)
    shift = shift_made(chunks, list(kept), Genome.open(fasta)) if fasta else None
    how = "the bases at its cut sites"
    if shift is None:
        shift, how = CELL_RANGER_SHIFT if said else (0, 0), "its header"
    if any(shift):
        log.warning(
            "%s: %s tells that its ends were moved by %+d and %+d bp before, so they are moved by "
            "what is left of reads/atac_shift",
            *(path, how, *shift),
        )
    else:
        log.info("%s: nothing tells of a shift made before", path)
    return {"shifted_plus": shift[0], "shifted_minus": shift[1]}


def _is_of_cell_ranger(path: Path) -> bool:
    """Whether the comment lines at the start of a file of fragments are Cell Ranger's."""
    comments = takewhile(lambda line: line.startswith("#"), (line for _, line in lines(path, b"")))
    return any(map(CELL_RANGER.match, comments))
