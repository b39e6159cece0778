"""Put the patterns of both arms side by side."""

from typing import TYPE_CHECKING

from attprior.analysis.inputs import read_table, write_table
from attprior.analysis.motifs import cwm_table, motifs_table
from attprior.log import logged
from attprior.motifs.discovery import read_patterns

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    arms = snakemake.params.arms
    matches = {
        arm: read_table(path) for arm, path in zip(arms, snakemake.input.matches, strict=True)
    }
    patterns = {
        arm: read_patterns(path) for arm, path in zip(arms, snakemake.input.modisco, strict=True)
    }
    write_table(motifs_table(matches, patterns), snakemake.output.table)
    write_table(cwm_table(patterns), snakemake.output.cwm)
