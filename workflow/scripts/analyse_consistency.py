"""Measure the agreement of attributions between seeds."""

from typing import TYPE_CHECKING

from attprior.analysis.consistency import consistency_table
from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.paired import paired_tests
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    samples = read_samples(snakemake.input.attributions)
    table = consistency_table(samples, arms, snakemake.params.seed)
    tests = paired_tests(
        table, arms, ["kind", "metric"], ["fold", "example"], alternative="greater"
    )
    write_table(table, snakemake.output.table)
    write_table(tests, snakemake.output.tests)
