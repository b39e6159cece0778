"""Measure how many peaks hold a motif instance."""

from typing import TYPE_CHECKING

from attprior.analysis.hits import best_table, hits_table
from attprior.analysis.inputs import write_table
from attprior.log import logged
from attprior.motifs.hits import read_callers, read_regions

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms, best = snakemake.params.arms, snakemake.params.best
    hits = read_callers(arms, finemo=snakemake.input.hits, fimo=snakemake.input.sequence_hits)
    regions = read_regions(snakemake.input.averaged[0], snakemake.params.window)
    write_table(hits_table(hits, regions), snakemake.output.table)
    write_table(best_table(hits, regions, best), snakemake.output.best)
