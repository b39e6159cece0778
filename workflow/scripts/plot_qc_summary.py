"""Draw the quality of all experiments."""

from typing import TYPE_CHECKING

import pandas as pd
from attprior.log import logged
from attprior.plotting.qc import plot_summary
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    save(
        plot_summary(pd.read_csv(snakemake.input.table, sep="\t")),
        snakemake.output.svg,
        snakemake.output.png,
    )
