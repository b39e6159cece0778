"""Collect the performance of both arms."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import collect_tables, write_table
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms, folds = snakemake.params.arms, snakemake.params.folds
    table = collect_tables(snakemake.input.performance, arms, folds)
    values = collect_tables(snakemake.input.groups, arms, folds)
    write_table(table, snakemake.output.table)
    write_table(differences(values, arms, ["task", "metric"]), snakemake.output.tests)
