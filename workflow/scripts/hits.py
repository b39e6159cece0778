"""Find patterns in contributions."""

from typing import TYPE_CHECKING

import torch
from attprior.log import logged
from attprior.motifs.hits import call_hits

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    call_hits(
        *(snakemake.input.attributions, snakemake.input.result, snakemake.input.matches),
        table=snakemake.output.table,
        bed=snakemake.output.bed,
        window=snakemake.params.window,
        penalty=snakemake.params.penalty,
        device=snakemake.resources.device,
    )
