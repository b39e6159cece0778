"""Draw attribution in footprints, motif instances and peaks of other factors."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.footprints import plot_footprints
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_footprints(
        read_table(snakemake.input.table),
        read_table(snakemake.input.curve),
        read_table(snakemake.input.tests),
        snakemake.params.arms,
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
