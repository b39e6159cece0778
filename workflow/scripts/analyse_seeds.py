"""Tabulate which seeds explain example loci alike."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.seeds import seeds_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    samples = read_samples(snakemake.input.attributions)
    write_table(seeds_table(samples, snakemake.params.loci), snakemake.output.table)
