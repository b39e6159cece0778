"""Decompress and index the genome."""

from typing import TYPE_CHECKING

from attprior.genome import write_genome
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_genome(snakemake.input[0], snakemake.output.fasta, snakemake.output.index)
