"""Write motifs of JASPAR as MEME."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.database import write_jaspar

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_jaspar(snakemake.output[0], snakemake.wildcards.group)
