"""Average the attributions of an arm over its folds."""

from typing import TYPE_CHECKING

from attprior.attribution.average import average
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    average(snakemake.input, snakemake.output[0])
