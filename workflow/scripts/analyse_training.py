"""Collect the training histories of both arms."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import collect_tables, write_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    table = collect_tables(snakemake.input.history, snakemake.params.arms, snakemake.params.folds)
    # empty is a value here, and NA would be a part's name
    table["learnt_nothing"] = table.learnt_nothing.fillna("")
    write_table(table, snakemake.output.table)
