"""Alignments looked at before anything long is done with them."""

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd
import pybigtools
import pysam

from attprior.assays import STRANDED, file_format
from attprior.errors import InputError
from attprior.files import aside
from attprior.genome import naming_hint, read_chrom_sizes, some
from attprior.reads.bigwig import counts_of_bigwig
from attprior.reads.intervals import check_lines

log = logging.getLogger(__name__)

# what ends every whole file (SAM specification, section 4.1.2; CRAM specification, section 9)
END_OF_BAM = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
END_OF_CRAM = b"\xe0EOF"
EXAMINED = 100_000  # reads that are looked at: enough to tell, quick on any file


def check_reads(
    files: Sequence[str | Path],
    chrom_sizes: str | Path,
    index: str | Path,
    target: str | Path,
    tracks: Sequence[str] = STRANDED,
    fasta: str | Path | None = None,
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
        counts them; empty without one).
    tracks
        Names of the tracks that will be made, to which bigWigs are matched in turn.
    fasta
        Genome that CRAM files were compressed by.

    Raises
    ------
    InputError
        If a file is missing, truncated, not of the format that its name says, of another genome,
        unsorted (BAM and CRAM), or if its first lines or values are no reads and no counts.
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
        else:
            found = _check_text(path, name, kept, genome)
        rows.append({"file": path, "format": name, "bytes": path.stat().st_size, **found})
    table = pd.DataFrame(
        rows, columns=["file", "format", "bytes", "chromosomes", "sort_order", "reads"]
    )
    with aside(target) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def _check_alignments(
    path: Path, kept: Mapping[str, int], genome: Mapping[str, int], fasta: str | Path | None
) -> dict:
    """Check a BAM or CRAM file."""
    _check_whole(path)
    pysam.set_verbosity(0)  # a missing index is no news here
    try:
        with pysam.AlignmentFile(
            str(path), check_sq=False, reference_filename=str(fasta) if fasta else None
        ) as bam:
            order = bam.header.get("HD", {}).get("SO", "unknown")
            chroms = dict(zip(bam.references, bam.lengths, strict=True))
            _check_chroms(path, chroms, kept, genome)
            _check_lengths(path, chroms, genome)
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
        whole = end.endswith(END_OF_BAM)
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


def _check_lengths(path: Path, chroms: Mapping[str, int], genome: Mapping[str, int]) -> None:
    """Compare the lengths of a file's chromosomes with the genome's."""
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


def _check_text(path: Path, name: str, kept: Mapping[str, int], genome: Mapping[str, int]) -> dict:
    """Check the first lines of a BED or bedpe file."""
    chroms = check_lines(path, name, genome, most=EXAMINED)
    _check_chroms(path, chroms, genome, genome)
    unknown = sorted(chroms - genome.keys())
    if unknown:
        log.warning("%s: %s not in the genome; passed over", path, some(unknown))
    return {"chromosomes": len(kept.keys() & chroms)}


def _check_bigwig(
    path: Path, kept: Mapping[str, int], genome: Mapping[str, int], track: str
) -> dict:
    """Check a bigWig, up to its first chromosome that has counts."""
    try:
        chroms = pybigtools.open(str(path)).chroms()
    except (ValueError, pybigtools.BBIReadError) as error:
        raise InputError(
            f"{path}: no bigWig, or a damaged one ({error}). Copy or download it again."
        ) from error
    _check_chroms(path, chroms, kept, genome)
    _check_lengths(path, chroms, genome)
    shared = [chrom for chrom in kept if chrom in chroms]
    if not any(
        len(bases)
        for chrom in shared
        for bases, _ in counts_of_bigwig(path, {chrom: kept[chrom]}, track).values()
    ):
        raise InputError(f"{path}: it holds nothing but zeros. Give counts of 5' ends.")
    return {"chromosomes": len(shared)}
