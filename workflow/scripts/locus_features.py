"""Collect the peaks, footprints, sites and motif instances that overlap a locus."""

from attprior.analyses.inputs import write_table
from attprior.analyses.locus import Source, features_table, write_features_bed
from attprior.locus import read_locus
from attprior.log import logged

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    sources = [
        Source(kind, name, path)
        for kind, names, paths in (
            ("peak", params.tasks, given.peaks),
            ("footprint", params.sets, given.intervals),
            ("known site", [snakemake.wildcards.condition], given.known),
            ("hit", params.arms, given.hits),
            ("sequence site", params.arms, given.sites),
        )
        for name, path in zip(names, paths, strict=False)
    ]
    table = features_table(read_locus(params.locus, "locus"), sources)
    write_table(table, snakemake.output.table)
    write_features_bed(table, snakemake.output.bed)
