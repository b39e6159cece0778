"""Tabulate contributions at example loci."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.loci import loci_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    samples = read_samples(snakemake.input.attributions)
    table = loci_table(samples, snakemake.params.loci, snakemake.params.seeds)
    write_table(table, snakemake.output.table)
