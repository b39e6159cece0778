"""Gather tracks and peaks of a condition in one labelled HDF5."""

from collections.abc import Iterable

from attprior.dataset.writing import write_labels
from attprior.log import logged


def of_each(names: Iterable[str], paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name to bigWigs, of a list of the bigWigs of all."""
    each = zip(*[iter(paths)] * snakemake.params.tracks_per_task, strict=True)
    return dict(zip(names, each, strict=True))


tasks, controls = list(snakemake.params.tasks), list(snakemake.params.controls)

with logged(snakemake.log[0]):
    write_labels(
        snakemake.output[0],
        condition=snakemake.wildcards.condition,
        genome=snakemake.params.genome,
        chrom_sizes=snakemake.input.chrom_sizes,
        tracks=of_each(tasks, snakemake.input.tracks),
        controls=dict(zip(tasks, controls, strict=True)),
        control_tracks=of_each(
            dict.fromkeys(filter(None, controls)), snakemake.input.control_tracks
        ),
        peaks=dict(zip(tasks, snakemake.input.peaks, strict=True)),
        relaxed=dict(zip(snakemake.params.with_relaxed, snakemake.input.relaxed, strict=True)),
        bins={key: snakemake.params[key] for key in ("width", "stride", "flank")},
        config=snakemake.params.settings,
        blacklist=snakemake.input.blacklist or None,
    )
