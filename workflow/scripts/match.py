"""Match patterns to known motifs."""

from attprior.log import logged
from attprior.motifs.matching import match_patterns

databases = dict(zip(snakemake.params.databases, snakemake.input.databases, strict=True))

with logged(snakemake.log[0]):
    match_patterns(
        snakemake.input.result, databases, snakemake.output[0], most=snakemake.params.most
    )
