"""Show TF-MoDISco's patterns and what they resemble."""

import os
from typing import TYPE_CHECKING

from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

# read when numba is imported
os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)
with logged(snakemake.log[0]):
    from attprior.motifs.report import write_report

    write_report(
        snakemake.input.result,
        snakemake.input.databases,
        snakemake.output[0],
        most=snakemake.params.most,
        title=", ".join(snakemake.wildcards),
    )
