"""Write an arm's contributions as a bigWig."""

from typing import TYPE_CHECKING

from attprior.attribution.average import write_bigwig
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_bigwig(snakemake.input.attributions, snakemake.input.chrom_sizes, snakemake.output[0])
