"""Draw the trials of a search."""

from typing import TYPE_CHECKING

from attprior.analyses.inputs import read_table
from attprior.log import logged
from attprior.plotting.search import plot_search
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_search(read_table(snakemake.input.table))
    save(figure, snakemake.output.svg, snakemake.output.png)
