"""Write training peaks for HOMER."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.homer_peaks import write_homer_peaks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_homer_peaks(
        snakemake.input[0],
        snakemake.output[0],
        snakemake.params.test,
        snakemake.params.peaks,
    )
