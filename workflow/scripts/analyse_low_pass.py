"""Compare filtered attributions with those of models trained with the prior."""

from typing import TYPE_CHECKING

import pandas as pd
from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.low_pass import low_pass_table, low_pass_tests
from attprior.bed import read_bed
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    params, sites = snakemake.params, snakemake.input.sites
    table = low_pass_table(
        read_samples(snakemake.input.attributions),
        params.arms,
        params.freq_limit,
        params.softness,
        params.smooth_sigma,
        pd.concat(map(read_bed, sites)),
    )
    write_table(table, snakemake.output.table)
    write_table(low_pass_tests(table, params.arms), snakemake.output.tests)
