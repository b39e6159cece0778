"""Filter and merge alignments."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.reads.select import filter_reads

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    filter_reads(
        snakemake.input.bam,
        snakemake.output.bam,
        exclude_flags=snakemake.params.exclude_flags,
        min_mapq=snakemake.params.min_mapq,
        keep_duplicates=snakemake.params.keep_duplicates,
        threads=snakemake.threads,
    )
