"""Verdicts on an experiment, and on all of them."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from attprior.genome import read_chrom_sizes
from attprior.qc.deeptools import SAMPLE
from attprior.qc.standards import judge, log_verdicts, worst
from attprior.qc.tables import read_metrics, write_table

log = logging.getLogger(__name__)


def write_verdicts(
    reads: str | Path | None,
    tracks: str | Path,
    fingerprint: str | Path | None,
    replicates: str | Path | None,
    chrom_sizes: str | Path,
    experiment: str,
    assay: str,
    formats: Sequence[str],
    target: str | Path,
) -> None:
    """Gather an experiment's metrics, and judge them.

    Parameters
    ----------
    reads, tracks, fingerprint, replicates
        Tables: metrics and values of reads and of tracks, deepTools' metrics of the fingerprint, and
        correlations of replicates; None where there is none.
    chrom_sizes
        Sizes of the chromosomes used.
    experiment, assay
        Its name and assay.
    formats
        Formats of its alignments.
    target
        Table of what `judge` returns.
    """
    metrics: dict[str, float] = {}
    for path in filter(None, (reads, tracks)):
        metrics |= read_metrics(path)
    if fingerprint is not None:
        found = pd.read_csv(fingerprint, sep="\t", index_col="Sample").loc[SAMPLE]
        metrics["fingerprint_JSD"] = found["Synthetic JS Distance"]
        if "JS Distance" in found:
            metrics["control_JSD"] = found["JS Distance"]
    if replicates is not None:
        pairs = pd.read_csv(replicates, sep="\t")
        metrics |= pairs[["Pearson", "Spearman"]].min().to_dict() if len(pairs) else {}
    size = sum(read_chrom_sizes(chrom_sizes).values())
    table = judge(metrics, assay, formats, size)
    log_verdicts(table, experiment)
    write_table(table, target)


def read_verdicts(path: str | Path) -> pd.DataFrame:
    """Read a table of verdicts."""
    text = dict.fromkeys(["threshold", "verdict", "source", "note"], str)
    return pd.read_csv(path, sep="\t", dtype=text).fillna(dict.fromkeys(text, ""))


def summarise(
    tables: Sequence[str | Path],
    experiments: Sequence[str],
    assays: Sequence[str],
    target: str | Path,
) -> None:
    """Put the verdicts on all experiments in one table.

    Parameters
    ----------
    tables
        What `write_verdicts` wrote for each experiment.
    experiments, assays
        Their names and assays.
    target
        Table: experiment, assay, overall (the worst verdict), warnings (how many metrics miss
        their standard), and a column for the value of each metric and for its verdict.
    """
    rows = []
    for path, experiment, assay in zip(tables, experiments, assays, strict=True):
        table = read_verdicts(path)
        row = {"experiment": experiment, "assay": assay, "overall": worst(table.verdict)}
        row["warnings"] = table.verdict.isin(["warning", "bad"]).sum()
        for metric in table.itertuples():
            row |= {metric.metric: metric.value, f"{metric.metric}_verdict": metric.verdict}
        rows.append(row)
        log.info("%s: %s, %d warnings", experiment, row["overall"], row["warnings"])
    write_table(pd.DataFrame(rows), target)
