"""Find patterns in attributions with TF-MoDISco."""

import os
from typing import TYPE_CHECKING

from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# read when numba is imported; beside OpenMP's threads modisco-lite may not fork, and uses one core
os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)
os.environ["NUMBA_THREADING_LAYER"] = "forksafe"
with logged(snakemake.log[0]):
    from attprior.motifs.discovery import discover

    discover(
        snakemake.input[0],
        result=snakemake.output.result,
        meme=snakemake.output.meme,
        seqlets=snakemake.output.seqlets,
        window=snakemake.params.window,
        max_seqlets=snakemake.params.max_seqlets,
        leiden_runs=snakemake.params.leiden_runs,
    )
