"""Draw the performance of both arms."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.performance import plot_performance
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_performance(read_table(snakemake.input.table), snakemake.params.arms)
    save(figure, snakemake.output.svg, snakemake.output.png)
