"""Find patterns in attributions with TF-MoDISco."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.discovery import discover

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    discover(
        snakemake.input,
        result=snakemake.output.result,
        meme=snakemake.output.meme,
        window=snakemake.params.window,
        max_seqlets=snakemake.params.max_seqlets,
        leiden_runs=snakemake.params.leiden_runs,
    )
