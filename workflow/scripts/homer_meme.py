"""Convert motifs of HOMER to MEME."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.homer import homer_to_meme

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    homer_to_meme(snakemake.input[0], snakemake.output[0])
