"""Draw the reads and peaks of a condition."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.simulate.experiment import simulate_experiment

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    simulate_experiment(
        snakemake.wildcards.condition,
        snakemake.input.fasta,
        snakemake.input.table,
        reads_per_locus=snakemake.params.reads_per_locus,
        background=snakemake.params.background,
        seed=snakemake.params.seed,
        replicates=snakemake.output.replicates,
        control=snakemake.output.control,
        thresholded=snakemake.output.thresholded,
        thresholded_replicate=snakemake.output.thresholded_replicate,
        relaxed=snakemake.output.relaxed,
    )
