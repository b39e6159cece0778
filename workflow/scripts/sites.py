"""Find patterns in sequences."""

import os
from typing import TYPE_CHECKING

from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# read when numba is imported
os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)
with logged(snakemake.log[0]):
    from attprior.motifs.hits import scan_sites

    scan_sites(
        *(snakemake.input.attributions, snakemake.input.result, snakemake.input.matches),
        table=snakemake.output.table,
        bed=snakemake.output.bed,
        window=snakemake.params.window,
        p_value=snakemake.params.p_value,
    )
