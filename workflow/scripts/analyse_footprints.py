"""Measure attribution in footprints, motif instances and peaks of other factors."""

import json
from typing import TYPE_CHECKING

from attprior.analysis.footprints import (
    curve_table,
    footprints_table,
    read_chosen,
    set_masks,
)
from attprior.analysis.inputs import read_samples, write_table
from attprior.bed import read_bed
from attprior.log import logged
from attprior.statistics import differences

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    samples = read_samples(given.attributions)
    intervals = {
        name: read_bed(path)
        for name, path in zip(params.interval_sets, given.intervals, strict=True)
    }
    sets = json.loads(params.instance_sets)
    motifs = {
        name: read_chosen(path, chosen.get("names", []))
        for (name, chosen), path in zip(sets.items(), given.motifs, strict=True)
    }
    masks = set_masks(samples, intervals, motifs, params.p_value)
    table = footprints_table(samples, masks, params.arms, params.seed)
    tests = differences(table, params.arms, ["set", "kind", "metric"])
    write_table(table, snakemake.output.table)
    write_table(curve_table(samples, masks, params.arms, params.seed), snakemake.output.curve)
    write_table(tests, snakemake.output.tests)
