"""Measure how attributions follow GC content outside known sites."""

from typing import TYPE_CHECKING

import pandas as pd
from attprior.analysis.composition import composition_table
from attprior.analysis.inputs import read_samples, write_table
from attprior.bed import read_bed
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    table = composition_table(
        read_samples(snakemake.input.attributions),
        snakemake.params.flank,
        pd.concat(map(read_bed, snakemake.input.sites)),
    )
    tests = differences(table, arms, ["kind", "metric"])
    write_table(table, snakemake.output.table)
    write_table(tests, snakemake.output.tests)
