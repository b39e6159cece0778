"""Correlate the replicates of an experiment."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.deeptools import measure_replicates

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    measure_replicates(
        snakemake.input.alignments,
        snakemake.input.chrom_sizes,
        snakemake.output.correlations,
        snakemake.output.counts,
        exclude_flags=snakemake.params.exclude_flags,
        min_mapq=snakemake.params.min_mapq,
        threads=snakemake.threads,
    )
