"""Judge an experiment by what was measured of it."""

from typing import TYPE_CHECKING

from attprior.log import logged
from attprior.qc.summary import write_verdicts

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

OPTIONAL = ("reads", "fingerprint", "replicates")

with logged(snakemake.log[0]):
    measured = {part: next(iter(snakemake.input.get(part)), None) for part in OPTIONAL}
    write_verdicts(
        measured | {"tracks": snakemake.input.tracks},
        snakemake.input.chrom_sizes,
        snakemake.wildcards.experiment,
        snakemake.params.assay,
        snakemake.params.formats,
        snakemake.output[0],
    )
