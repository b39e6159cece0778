"""Find motifs in peaks with HOMER."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.homer_run import run_homer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    run_homer(
        snakemake.input.peaks,
        snakemake.input.fasta,
        snakemake.output[0],
        snakemake.params.length,
        snakemake.params.size,
        snakemake.threads,
        background=snakemake.input.background or None,
        background_sequences=snakemake.params.sequences,
        known_motifs=snakemake.input.known or None,
        motif_set=snakemake.params.motif_set,
    )
