"""Check what the config names of the genome."""

import json

from attprior.log import logged
from attprior.places import check_places

with logged(snakemake.log[0]):
    check_places(
        snakemake.input.index,
        snakemake.input.chrom_sizes,
        snakemake.output[0],
        chromosomes=json.loads(snakemake.params.chromosomes),
        loci=json.loads(snakemake.params.loci),
        intervals=zip(snakemake.params.intervals, snakemake.input.intervals, strict=True),
    )
