"""Draw which seeds explain example loci alike."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.seeds import plot_seeds
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_seeds(read_table(snakemake.input.table), snakemake.params.arms)
    save(figure, snakemake.output.svg, snakemake.output.png)
