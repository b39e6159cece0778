"""Draw attribution against summits and peaks."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save
from attprior.plotting.summits import plot_summits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_summits(
        read_table(snakemake.input.table),
        read_table(snakemake.input.curve),
        read_table(snakemake.input.tests),
        snakemake.params.arms,
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
