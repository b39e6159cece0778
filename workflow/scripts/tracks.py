"""Count 5' ends on each strand."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.reads import write_tracks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_tracks(
        snakemake.input.bam,
        snakemake.input.chrom_sizes,
        snakemake.output.plus,
        snakemake.output.minus,
    )
