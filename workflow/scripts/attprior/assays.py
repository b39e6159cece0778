"""Assays, their tracks, and the formats that their alignments come in."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

# how tables write the strands of assays that have one track, and of those with two
STRANDS = {1: (".",), 2: ("+", "-")}
# assays, and the names of their tracks: 5' ends on each strand, or on both together
STRANDED, UNSTRANDED = ("plus", "minus"), ("unstranded",)
ASSAYS = {
    "tf-chip": STRANDED,
    "chip-exo": STRANDED,
    "chip-nexus": STRANDED,
    "dnase": UNSTRANDED,
    "atac": UNSTRANDED,
    "control-chip": STRANDED,
    "control-dnase": UNSTRANDED,
    "control-atac": UNSTRANDED,
}
# endings of alignments' files, without .gz
FORMATS = {
    "bam": (".bam",),
    "cram": (".cram",),
    "bed": (".bed", ".tagalign"),
    "bedpe": (".bedpe",),
    "bigwig": (".bw", ".bigwig"),
}
# of htslib, for CRAM: all but bases, qualities and tags. These alone need the genome, which htslib
# else asks a server for, and which may lack chromosomes that the file has
CRAM_FIELDS = "required_fields=0x1ff"


def is_control(assay: str) -> bool:
    """Whether an assay is that of a control."""
    return assay.startswith("control-")


def control_assay(assay: str) -> str:
    """Assay of the controls that an assay can have."""
    return f"control-{assay if assay in ('dnase', 'atac') else 'chip'}"


def is_shifted(assay: str) -> bool:
    """Whether 5' ends of an assay are moved to the middle of the transposase's cut."""
    return assay in ("atac", "control-atac")


def is_url(place: str) -> bool:
    """Whether a cell names a file by its URL."""
    return "://" in place


def file_name(place: str) -> str:
    """Name of a file, given by its path or URL."""
    return PurePosixPath(unquote(urlsplit(place).path) if is_url(place) else place).name


def file_format(path: str) -> str | None:
    """Format of alignments by their file's name, one of `FORMATS`; None if it is unknown."""
    name = file_name(path).lower()
    bare = name.removesuffix(".gz")
    found = next((f for f, endings in FORMATS.items() if bare.endswith(endings)), None)
    return found if bare == name or found in ("bed", "bedpe") else None
