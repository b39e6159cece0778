"""Check alignments."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.reads.check import check_reads

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    check_reads(
        snakemake.input.reads,
        snakemake.input.chrom_sizes,
        snakemake.input.index,
        snakemake.output[0],
        tracks=list(snakemake.params.tracks),
        fasta=next(iter(snakemake.input.fasta), None),
        transposase=snakemake.params.transposase,
    )
