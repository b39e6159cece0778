"""Compare attributions, patterns and motif instances with known sites."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, read_table, write_table
from attprior.analysis.recovery import (
    factor_names,
    held_out,
    hits_table,
    planted_matches,
    recovery_table,
)
from attprior.analysis.truth import truth_table, truth_values
from attprior.bed import read_bed
from attprior.log import logged
from attprior.motifs.database import read_meme
from attprior.motifs.hits import read_callers, read_regions
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms, given = snakemake.params.arms, snakemake.input
    sites = read_bed(given.sites)
    samples = read_samples(given.attributions)
    table = truth_table(samples, sites)
    patterns = {arm: read_meme(path) for arm, path in zip(arms, given.patterns, strict=True)}
    matches = {arm: read_table(path) for arm, path in zip(arms, given.matches, strict=True)}
    planted = read_meme(given.motifs) if given.motifs else {}
    found = planted_matches(patterns, planted)
    here = [name for name in planted if name in set(sites.name)]
    hits = read_callers(arms, finemo=given.hits, fimo=given.sequence_hits)
    named = {key: factor_names(found, key[0], table) for key, table in hits.items()}
    regions = read_regions(given.averaged[0], snakemake.params.window)
    write_table(table, snakemake.output.table)
    tests = differences(truth_values(samples, sites), arms, ["kind", "metric"])
    write_table(tests, snakemake.output.tests)
    write_table(found, snakemake.output.motifs)
    write_table(recovery_table(found, matches, here), snakemake.output.recovery)
    write_table(hits_table(named, regions, sites, held_out(given.folds)), snakemake.output.hits)
