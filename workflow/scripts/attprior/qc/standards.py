"""Standards that experiments are held to, and the verdicts on them."""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from attprior.assays import ASSAYS, is_control

log = logging.getLogger(__name__)

GOOD, WARNING, BAD, NONE = "good", "warning", "bad", "-"
SEVERITY = [NONE, GOOD, WARNING, BAD]
COLUMNS = ["metric", "value", "threshold", "verdict", "source", "note"]
LEFT_OUT = "left out: "  # how a note begins that says why there is no value
LARGE = 1_000_000_000  # bp: a genome of human's or mouse's size

TERMS = "https://www.encodeproject.org/data-standards/terms/"
CHIP = "https://www.encodeproject.org/chip-seq/transcription-factor-encode4/"
ATAC = "https://www.encodeproject.org/atac-seq/"
DNASE = "https://www.encodeproject.org/data-standards/dnase-seq-encode4/"
GUIDELINES = "https://doi.org/10.1101/gr.136184.111"

# what is measured, in the order in which it is shown
METRICS = {
    "files": "Files",
    "reads": "Reads",
    "share_mapped": "Share mapped",
    "share_duplicates": "Share flagged as duplicates",
    "reads_kept": "Reads kept",
    "share_kept": "Share kept",
    "fragments": "Fragments",
    "distinct_fragments": "Distinct fragments",
    "fragments_per_file": "Fragments per file",
    "distinct_per_file": "Distinct fragments per file",
    "read_length": "Read length (bp)",
    "NRF": "NRF",
    "PBC1": "PBC1",
    "PBC2": "PBC2",
    "ends": "5′ ends counted",
    "share_plus": "Share on the + strand",
    "fragment_length": "Fragment length (bp)",
    "phantom_length": "Phantom peak (bp)",
    "NSC": "NSC",
    "RSC": "RSC",
    "FRiP": "FRiP",
    "peaks": "Peaks",
    "median_peak_width": "Median peak width (bp)",
    "peak_GC": "GC content at summits",
    "negative_GC": "GC content elsewhere",
    "fingerprint_JSD": "Fingerprint: distance from even",
    "control_JSD": "Fingerprint: distance from control",
    "Pearson": "Replicates: least Pearson",
    "Spearman": "Replicates: least Spearman",
}
OF_FLAGS = ("reads", "share_mapped", "share_duplicates", "reads_kept", "share_kept")
OF_FRAGMENTS = (
    "fragments", "distinct_fragments", "fragments_per_file", "distinct_per_file", "NRF", "PBC1",
    "PBC2",
)  # fmt: skip
OF_STRANDS = ("share_plus", "fragment_length", "phantom_length", "NSC", "RSC")
OF_PEAKS = ("FRiP", "peaks", "median_peak_width", "peak_GC", "negative_GC")
OF_REPLICATES = ("Pearson", "Spearman")
# what it means if a metric misses its standard
MEANING = {
    "share_mapped": "many reads do not map: contamination, or another species",
    "distinct_per_file": "few fragments: weak peaks and profiles are lost in noise",
    "fragments_per_file": "few fragments: weak peaks and profiles are lost in noise",
    "NRF": "many fragments are copies: sequencing deeper adds little",
    "PBC1": "the library went through a bottleneck: many places have copies",
    "PBC2": "the library went through a bottleneck: many places have copies",
    "NSC": "weak enrichment: the strands agree little more at fragment length than elsewhere",
    "RSC": "weak enrichment: the strands agree more at the read's length than at the fragments'",
    "FRiP": "few reads lie in peaks: weak enrichment, or few peaks called",
    "Pearson": "the replicates differ",
}


class Standard(NamedTuple):
    """Good from a value on, bad below another (never, if that is None), a warning between."""

    good: float
    bad: float | None
    source: str


_CHIP_LIBRARY = {
    "NRF": Standard(0.9, 0.5, TERMS),
    "PBC1": Standard(0.9, 0.5, TERMS),
    "PBC2": Standard(10, 1, TERMS),
    "distinct_per_file": Standard(20e6, 10e6, CHIP),
}
_ATAC_LIBRARY = {
    "NRF": Standard(0.9, 0.7, ATAC),
    "PBC1": Standard(0.9, 0.7, ATAC),
    "PBC2": Standard(3, 1, ATAC),
    "distinct_per_file": Standard(25e6, 15e6, ATAC),
    "share_mapped": Standard(0.95, 0.8, ATAC),
}
_DNASE_LIBRARY = {"fragments_per_file": Standard(50e6, 20e6, DNASE)}
_ENRICHED = {"FRiP": Standard(0.01, None, GUIDELINES)}
STANDARDS: dict[str, dict[str, Standard]] = {
    "tf-chip": _CHIP_LIBRARY
    | _ENRICHED
    | {"NSC": Standard(1.05, None, GUIDELINES), "RSC": Standard(0.8, None, GUIDELINES)},
    "chip-exo": _ENRICHED,
    "chip-nexus": _ENRICHED,
    "dnase": _DNASE_LIBRARY
    | {"FRiP": Standard(0.4, 0.25, DNASE), "Pearson": Standard(0.9, 0.85, DNASE)},
    "atac": _ATAC_LIBRARY | {"FRiP": Standard(0.3, 0.2, ATAC)},
    "control-chip": _CHIP_LIBRARY,
    "control-dnase": {},
    "control-atac": {},
}


def standards_of(assay: str, genome_size: int) -> dict[str, Standard]:
    """Standards that ENCODE publishes for an assay.

    Parameters
    ----------
    assay
        One of `attprior.assays.ASSAYS`.
    genome_size
        Base pairs of the chromosomes used: numbers of fragments are asked of genomes of the size
        of human's or mouse's alone.

    Notes
    -----
    - TF ChIP-seq and its controls: 20 million usable fragments per replicate, 10 million at least
      (`CHIP`); they are counted after duplicates are removed, as `distinct_per_file`. NRF, PBC1
      and PBC2 by the classes of `TERMS`: good is ENCODE's highest, bad its lowest, a warning what
      lies between. NSC 1.05, RSC 0.8 and FRiP 1 % are not cut-offs but values that good
      experiments tend to exceed (`GUIDELINES`), so that missing one is a warning.
    - ChIP-exo and ChIP-nexus: ENCODE has no standards; FRiP is held to ChIP-seq's. Their 5' ends
      stack up where a protein stops the exonuclease, so that NRF and PBC say nothing of copies.
    - ATAC-seq: 25 million fragments, 15 million at least; 95 % of reads mapped, 80 % at least;
      FRiP 0.3, 0.2 at least; its own classes of NRF, PBC1 and PBC2 (`ATAC`).
    - DNase-seq: 50 million reads, 20 million at least; SPOT1, the share of reads in hotspots, 0.4,
      0.25 at least, to which FRiP is held, though peaks are not hotspots; Pearson correlation of
      replicates 0.9, 0.85 at least, that of different donors (`DNASE`). DNase I cuts some bases
      often, so that ENCODE gives no classes of NRF and PBC.
    """
    standards = STANDARDS[assay]
    if genome_size < LARGE:
        standards = {k: v for k, v in standards.items() if not k.endswith("_per_file")}
    return standards


def verdict(value: float, standard: Standard | None) -> str:
    """Say whether a value meets a standard; `NONE` without either."""
    if standard is None or np.isnan(value):
        return NONE
    if value >= standard.good:
        return GOOD
    return BAD if standard.bad is not None and value < standard.bad else WARNING


def judge(
    metrics: Mapping[str, float], assay: str, formats: Iterable[str], genome_size: int
) -> pd.DataFrame:
    """Hold metrics to the standards, and say in words what misses them and what is left out.

    Parameters
    ----------
    metrics
        Values of some of `METRICS`.
    assay
        One of `attprior.assays.ASSAYS`.
    formats
        Formats of the experiment's alignments.
    genome_size
        Base pairs of the chromosomes used.

    Returns
    -------
    pandas.DataFrame
        A row for each of `METRICS`: `COLUMNS`. The note tells what a missed standard means, or why
        there is no value.
    """
    standards, rows = standards_of(assay, genome_size), []
    absent = left_out(assay, set(formats), metrics.get("files", np.nan))
    for metric in METRICS:
        value, standard = metrics.get(metric, np.nan), standards.get(metric)
        found = verdict(value, standard)
        note = MEANING[metric] if found in (WARNING, BAD) else ""
        if note and metric == "NRF":
            note += _crowded(metrics.get("fragments_per_file", 0), genome_size)
        if standard is None and metric in STANDARDS[assay]:
            note = "no verdict: the standard is for genomes of human's size"
        if np.isnan(value):
            note = f"{LEFT_OUT}{absent.get(metric, 'not defined for so few reads')}"
        rows.append(
            {
                "metric": metric,
                "value": value,
                "threshold": threshold(standard) if standard else "",
                "verdict": found,
                "source": standard.source if standard else "",
                "note": note,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _crowded(fragments: float, genome_size: int) -> str:
    """What to add where a small genome leaves single reads too few places to differ."""
    per_place = fragments / (2 * genome_size)  # two strands
    most = -np.expm1(-per_place) / per_place if per_place > 0 else 1
    return f" (single reads put at random would give {most:.2f} here)" if most < 0.95 else ""


def threshold(standard: Standard) -> str:
    """A standard in words."""
    words = f"good from {standard.good:,g}"
    return words if standard.bad is None else f"{words}, bad below {standard.bad:,g}"


def left_out(assay: str, formats: set[str], files: float) -> dict[str, str]:
    """Why metrics do not apply to an experiment, by metric."""
    reasons = {}
    read = formats & {"bam", "cram"}
    if not read:
        kind = " and ".join(sorted(formats))
        reasons |= dict.fromkeys(OF_FLAGS, f"{kind} files have no flags")
        reasons |= dict.fromkeys(["fingerprint_JSD", *OF_REPLICATES], f"needs BAM, not {kind}")
    elif files < 2:
        reasons |= dict.fromkeys(OF_REPLICATES, "one file of alignments")
    reasons["control_JSD"] = "no control with BAM files, or no BAM files"
    reasons["NSC"] = "the least correlation is not above zero"
    if formats == {"bigwig"}:
        reasons["files"] = "bigWigs are not counted as replicates"
        reasons |= dict.fromkeys(OF_FRAGMENTS, "bigWigs do not tell fragments apart")
    unknown = "the length of the reads is not known"
    reasons |= dict.fromkeys(["read_length", "phantom_length", "RSC"], unknown)
    if assay in ("chip-exo", "chip-nexus"):
        why = "ends lie where the exonuclease stops, not at the ends of fragments"
        reasons |= dict.fromkeys(["phantom_length", "RSC"], why)
    if len(ASSAYS[assay]) == 1:
        reasons |= dict.fromkeys(OF_STRANDS, "both strands are counted together")
    if is_control(assay):
        reasons |= dict.fromkeys(OF_PEAKS, "a control has no peaks")
    return reasons


def worst(verdicts: Iterable[str]) -> str:
    """The most severe of some verdicts."""
    return max(verdicts, key=SEVERITY.index, default=NONE)


def log_verdicts(table: pd.DataFrame, name: str) -> None:
    """Log what misses a standard, and what is left out."""
    for row in table[table.verdict.isin([WARNING, BAD])].itertuples():
        log.warning(
            "%s: %s: %s is %.4g (%s): %s", name, row.verdict, row.metric, row.value,
            row.threshold, row.note,
        )  # fmt: skip
    for note, rows in table[table.note.str.startswith(LEFT_OUT)].groupby("note", sort=False):
        log.info("%s: %s: %s", name, ", ".join(rows.metric), note)
    log.info("%s: verdict: %s", name, worst(table.verdict))
