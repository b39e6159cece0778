"""Put the verdicts on all experiments in one table."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.summary import summarise

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    summarise(
        snakemake.input.tables,
        snakemake.params.experiments,
        snakemake.params.assays,
        snakemake.output[0],
    )
