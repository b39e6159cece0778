"""Call peaks with MACS3."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.macs3 import call_peaks

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    call_peaks(
        snakemake.input.treatment,
        snakemake.input.control,
        snakemake.output[0],
        snakemake.input.chrom_sizes,
        assay=snakemake.params.assay,
        name=snakemake.wildcards.experiment,
        keep_duplicates=snakemake.params.keep_duplicates,
        q_value=snakemake.params.get("q_value"),
        p_value=snakemake.params.get("p_value"),
    )
