"""Draw the quality of an experiment."""

from typing import TYPE_CHECKING

import pandas as pd
from attprior.log import logged
from attprior.plotting.qc import plot_experiment
from attprior.plotting.style import save
from attprior.qc.summary import read_verdicts
from attprior.qc.tables import read_optional

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    figure = plot_experiment(
        read_verdicts(snakemake.input.verdicts),
        pd.read_csv(snakemake.input.curve, sep="\t"),
        pd.read_csv(snakemake.input.intervals, sep="\t"),
        read_optional(snakemake.input.fingerprint),
        read_optional(snakemake.input.replicates),
        f"{snakemake.wildcards.experiment}, {snakemake.params.assay}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
