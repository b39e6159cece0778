"""Tabulate predicted and observed profiles at example loci."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import write_table
from attprior.analysis.profiles import profiles_table, read_predictions, totals_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    tasks, loci = snakemake.params.tasks, snakemake.params.loci
    found = [read_predictions(path, loci) for path in snakemake.input.attributions]
    write_table(profiles_table(found, tasks), snakemake.output.table)
    write_table(totals_table(found, tasks), snakemake.output.totals)
