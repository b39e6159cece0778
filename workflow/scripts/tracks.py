"""Count 5' ends."""

from pathlib import Path

from attprior.log import logged
from attprior.reads.tracks import write_tracks

with logged(snakemake.log[0]):
    write_tracks(
        snakemake.input.reads,
        snakemake.input.chrom_sizes,
        {Path(path).stem: path for path in snakemake.output},
        exclude_flags=snakemake.params.exclude_flags,
        min_mapq=snakemake.params.min_mapq,
        keep_duplicates=snakemake.params.keep_duplicates,
        shift=tuple(snakemake.params.shift),
        checked=snakemake.input.checked,
    )
