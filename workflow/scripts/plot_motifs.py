"""Draw the patterns of both arms side by side."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.motifs import plot_motifs
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_motifs(
        read_table(snakemake.input.table),
        read_table(snakemake.input.cwm),
        snakemake.params.arms,
        snakemake.params.rows,
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
