"""Replace the sequence of peaks by a background with planted sites."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.simulate.plant import plant

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    plant(
        snakemake.input.fasta,
        snakemake.input.index,
        snakemake.input.peaks,
        snakemake.params.conditions,
        motif=snakemake.params.motif,
        gc=snakemake.params.gc,
        distance=snakemake.params.distance,
        flank=snakemake.params.flank,
        seed=snakemake.params.seed,
        target=snakemake.output.fasta,
        target_index=snakemake.output.index,
        sites=snakemake.output.sites,
        meme=snakemake.output.meme,
    )
