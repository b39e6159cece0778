"""Make the tables of an analysis, by the function that the rule's params name."""

from importlib import import_module

from attprior.analyses.inputs import write_table
from attprior.log import logged

with logged(snakemake.log[0]):
    params = dict(snakemake.params.items())
    del params["code"]
    module, _, name = params.pop("function").rpartition(".")
    tabulate = getattr(import_module(f"attprior.{module}"), name)
    tables = tabulate(**dict(snakemake.input.items()), **params)
    for name, path in snakemake.output.items():
        write_table(tables[name], path)
