"""Draw the headlines of all analyses."""

from typing import TYPE_CHECKING

from attprior.analyses.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save
from attprior.plotting.summary import plot_summary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    table = read_table(snakemake.input.table)
    save(plot_summary(table), snakemake.output.svg, snakemake.output.png)
