"""Compare attributions and patterns with known sites."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_samples, write_table
from attprior.analysis.paired import paired_tests
from attprior.analysis.truth import planted_matches, read_motifs, read_sites, truth_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    samples = read_samples(snakemake.input.attributions)
    table = truth_table(samples, read_sites(snakemake.input.sites))
    tests = paired_tests(table, arms, ["kind", "metric"], ["fold", "seed"])
    patterns = {
        arm: read_motifs(path) for arm, path in zip(arms, snakemake.input.patterns, strict=True)
    }
    planted = read_motifs(snakemake.input.motifs) if snakemake.input.motifs else {}
    write_table(table, snakemake.output.table)
    write_table(tests, snakemake.output.tests)
    write_table(planted_matches(patterns, planted), snakemake.output.motifs)
