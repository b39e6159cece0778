"""Decompress and index the genome."""

from attprior.genome import write_genome
from attprior.log import logged

with logged(snakemake.log[0]):
    source, index = snakemake.input[0], snakemake.output.index
    # without a FASTA file to write, the source stands where it belongs
    write_genome(source, snakemake.output.get("fasta", source), index)
