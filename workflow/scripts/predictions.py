"""Write an arm's predicted profile of a task and strand as a bigWig."""

from typing import TYPE_CHECKING

from attprior.browser.predictions import write_predictions
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_predictions(
        snakemake.input.attributions,
        snakemake.params.task,
        snakemake.params.strand,
        snakemake.input.chrom_sizes,
        snakemake.output[0],
    )
