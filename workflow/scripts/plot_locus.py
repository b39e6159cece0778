"""Draw a locus."""

from typing import TYPE_CHECKING

import pandas as pd
from attprior.analyses.inputs import read_table
from attprior.locus import read_locus
from attprior.log import logged
from attprior.plotting.locus import plot_locus
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    given, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    locus = read_locus(params.locus, "locus")
    contributions, predictions = (
        pd.concat(map(read_table, paths), ignore_index=True)
        for paths in (given.contributions, given.predictions)
    )
    fold, split = contributions.fold[0], contributions.split[0]
    figure = plot_locus(
        locus,
        f"{locus}; {wildcards.condition}, model {wildcards.model}, {fold} ({split} chromosome)",
        contributions,
        predictions,
        read_table(given.features),
        params.firsts,
        params.flank,
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
