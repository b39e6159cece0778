"""Measure the reads of an experiment."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.reads import measure_reads

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    measure_reads(
        snakemake.input.alignments,
        next(iter(snakemake.input.reads), None),
        snakemake.input.chrom_sizes,
        snakemake.output.metrics,
        snakemake.output.flagstat,
        exclude_flags=snakemake.params.exclude_flags,
        min_mapq=snakemake.params.min_mapq,
        threads=snakemake.threads,
    )
