"""Measure how attribution lies to summits and peaks."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.summits import curve_table, read_regions, summits_table
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms, seed = snakemake.params.arms, snakemake.params.seed
    samples = read_samples(snakemake.input.attributions)
    peaks = read_regions(snakemake.input.labels)
    table = summits_table(samples, peaks, arms, seed)
    write_table(table, snakemake.output.table)
    write_table(curve_table(samples, peaks, arms, seed), snakemake.output.curve)
    write_table(differences(table, arms, ["kind", "metric"]), snakemake.output.tests)
