"""Draw HOMER's background as the negatives of training are drawn."""

import json
from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.motifs.homer_peaks import write_homer_background

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    write_homer_background(
        snakemake.input.labels,
        snakemake.input.fasta,
        snakemake.output[0],
        json.loads(snakemake.params.settings),
        snakemake.params.test,
        snakemake.params.seed,
        snakemake.params.sequences,
        snakemake.params.peaks,
    )
