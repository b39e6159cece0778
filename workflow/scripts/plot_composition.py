"""Draw how attributions follow GC content."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.composition import plot_composition
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_composition(
        read_table(snakemake.input.table), read_table(snakemake.input.tests), snakemake.params.arms
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
