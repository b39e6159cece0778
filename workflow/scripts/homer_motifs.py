"""Write HOMER's motifs as a table and as MEME."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.homer import write_results

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_results(
        snakemake.input[0],
        snakemake.output.table,
        snakemake.output.de_novo,
        snakemake.output.known,
    )
