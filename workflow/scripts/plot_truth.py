"""Draw attributions and motif instances against known sites."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save
from attprior.plotting.truth import plot_truth

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_truth(
        read_table(snakemake.input.table),
        read_table(snakemake.input.hits),
        snakemake.params.arms,
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
