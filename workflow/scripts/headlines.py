"""Say in words what all analyses found."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.headlines import write_headlines
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_headlines(
        read_table(snakemake.input.table),
        snakemake.params.seeds,
        snakemake.params.setup,
        snakemake.params.left_out,
        snakemake.output.page,
    )
