"""Measure the agreement of attributions between seeds."""

from typing import TYPE_CHECKING

from attprior.analysis.consistency import consistency_table
from attprior.analysis.inputs import read_samples, write_table
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    samples = read_samples(snakemake.input.attributions)
    table = consistency_table(samples, arms, snakemake.params.seed)
    tests = differences(table, arms, ["kind", "metric"], pairs=True)
    write_table(table, snakemake.output.table)
    write_table(tests, snakemake.output.tests)
