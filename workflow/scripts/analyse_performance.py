"""Collect the performance of both arms."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import collect_tables, write_table
from attprior.analysis.paired import paired_tests
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    table = collect_tables(snakemake.input.performance, arms, snakemake.params.folds)
    tests = paired_tests(table, arms, ["split", "task", "metric"], ["fold", "seed"])
    write_table(table, snakemake.output.table)
    write_table(tests, snakemake.output.tests)
