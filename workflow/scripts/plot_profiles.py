"""Draw predicted and observed profiles at example loci."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table
from attprior.log import logged
from attprior.plotting.profiles import plot_profiles
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_profiles(
        read_table(snakemake.input.table), read_table(snakemake.input.totals), snakemake.params.arms
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
