"""Tabulate an analysis of a comparison."""

from typing import TYPE_CHECKING

from attprior.analyses import registry
from attprior.analyses.inputs import write_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    params = dict(snakemake.params.items())
    del params["code"]
    tabulate = registry.part(params.pop("analysis"), "tables").tabulate
    tables = tabulate(**dict(snakemake.input.items()), **params)
    for name, path in snakemake.output.items():
        write_table(tables[name], path)
