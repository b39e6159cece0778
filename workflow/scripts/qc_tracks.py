"""Measure the tracks and peaks of an experiment."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.tracks import measure_tracks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    measure_tracks(
        snakemake.input.tracks,
        snakemake.input.chrom_sizes,
        snakemake.input.fasta,
        next(iter(snakemake.input.peaks), None),
        next(iter(snakemake.input.reads), None),
        snakemake.params.assay,
        snakemake.output.metrics,
        snakemake.output.curve,
        snakemake.output.intervals,
    )
