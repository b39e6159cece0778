"""Measure the spectrum of attributions."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.spectrum import curve_table, spectrum_table
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    samples = read_samples(snakemake.input.attributions)
    limit, sigma = snakemake.params.freq_limit, snakemake.params.smooth_sigma
    table = spectrum_table(samples, limit, sigma)
    tests = differences(table, snakemake.params.arms, ["kind", "metric"])
    write_table(table, snakemake.output.table)
    write_table(curve_table(samples, sigma), snakemake.output.curve)
    write_table(tests, snakemake.output.tests)
