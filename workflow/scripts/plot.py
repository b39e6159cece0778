"""Draw a figure by the function of the library that the rule's params name.

Its arguments are the rule's inputs, read as tables (of several files one after another; None where
the rule leaves an input empty), and those params that it takes: captions name others.
"""

import inspect
from importlib import import_module

import pandas as pd
from attprior.analyses.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save

with logged(snakemake.log[0]):
    module, _, name = snakemake.params.function.rpartition(".")
    plot = getattr(import_module(f"attprior.{module}"), name)
    tables = {}
    for name, found in snakemake.input.items():
        each = [read_table(path) for path in ([found] if isinstance(found, str) else found)]
        tables[name] = pd.concat(each, ignore_index=True) if each else None
    taken = inspect.signature(plot).parameters
    params = {name: value for name, value in snakemake.params.items() if name in taken}
    save(plot(**tables, **params), snakemake.output.svg, snakemake.output.png)
