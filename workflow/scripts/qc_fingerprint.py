"""Measure the fingerprint of an experiment."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.deeptools import measure_fingerprint

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    measure_fingerprint(
        snakemake.input.reads,
        next(iter(snakemake.input.control), None),
        snakemake.input.chrom_sizes,
        snakemake.output.curve,
        snakemake.output.metrics,
        threads=snakemake.threads,
    )
