"""Write an experiment's quality control."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.reads import quality

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    quality(
        snakemake.input.bam,
        snakemake.input.reads,
        snakemake.input.chrom_sizes,
        next(iter(snakemake.input.peaks), None),
        snakemake.output[0],
        threads=snakemake.threads,
    )
