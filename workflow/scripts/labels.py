"""Gather tracks and peaks of a condition in one labelled HDF5."""

from typing import TYPE_CHECKING

from attprior.dataset.store import write_labels
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

pairs = list(zip(snakemake.input.tracks[::2], snakemake.input.tracks[1::2], strict=True))
of_controls = snakemake.input.control_tracks
control_pairs = zip(of_controls[::2], of_controls[1::2], strict=True)
controls = list(snakemake.params.controls)

with logged(snakemake.log[0]):
    write_labels(
        snakemake.output[0],
        condition=snakemake.wildcards.condition,
        genome=snakemake.params.genome,
        chrom_sizes=snakemake.input.chrom_sizes,
        tracks=dict(zip(snakemake.params.tasks, pairs, strict=True)),
        controls=dict(zip(snakemake.params.tasks, controls, strict=True)),
        control_tracks=dict(zip(dict.fromkeys(filter(None, controls)), control_pairs, strict=True)),
        peaks=dict(zip(snakemake.params.tasks, snakemake.input.peaks, strict=True)),
        relaxed=dict(zip(snakemake.params.with_relaxed, snakemake.input.relaxed, strict=True)),
    )
