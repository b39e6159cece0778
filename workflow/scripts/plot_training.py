"""Draw the training of both arms."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save
from attprior.plotting.training import plot_training

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_training(read_table(snakemake.input.table), snakemake.params.arms)
    save(figure, snakemake.output.svg, snakemake.output.png)
