"""Write the sizes of the chromosomes to be used."""

from typing import TYPE_CHECKING

from attprior.genome import write_chrom_sizes
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_chrom_sizes(snakemake.input[0], snakemake.output[0], snakemake.params.exclude)
