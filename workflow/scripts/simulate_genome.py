"""Draw a genome with planted motif sites."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.simulate.genome import simulate_genome

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    simulate_genome(
        snakemake.params.chromosomes,
        snakemake.params.motifs,
        loci=snakemake.params.loci,
        missing=snakemake.params.missing,
        weak=snakemake.params.weak,
        numbers=snakemake.params.numbers,
        distance=snakemake.params.distance,
        gc=snakemake.params.gc,
        seed=snakemake.params.seed,
        fasta=snakemake.output.fasta,
        meme=snakemake.output.meme,
        sites=snakemake.output.sites,
        tables=snakemake.output.tables,
    )
