"""Draw an analysis of a comparison from its tables."""

from typing import TYPE_CHECKING

from attprior.analyses import registry
from attprior.analyses.inputs import read_table
from attprior.log import logged
from attprior.plotting.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    params = dict(snakemake.params.items())
    del params["code"], params["head"]  # the caption names the head
    plot = registry.part(params.pop("analysis"), "figure").plot
    tables = {name: read_table(path) for name, path in snakemake.input.items()}
    save(plot(**tables, **params), snakemake.output.svg, snakemake.output.png)
