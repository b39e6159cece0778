"""Lay out simulated files as the ENCODE portal does."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.simulate.portal import simulate_portal

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    simulate_portal(
        snakemake.params.conditions,
        dict(snakemake.input.items()),
        snakemake.output.index,
    )
