"""Check peaks and keep those that can be used."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.peaks import prepare_peaks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    prepare_peaks(
        snakemake.input.peaks[0],
        snakemake.output.peaks,
        snakemake.input.chrom_sizes,
        snakemake.input.index,
        blacklist=snakemake.input.blacklist or None,
        best=snakemake.params.get("best"),
        dropped=snakemake.output.dropped,
    )
