"""Draw contributions at example loci."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.loci import plot_loci
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_loci(
        read_table(snakemake.input.table), snakemake.params.arms, snakemake.params.flank
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
