"""Write a page of a comparison's loci that a browser shows offline."""

from itertools import product

from attprior.browser.page import comparison_tracks, page_loci, shared_out, write_page
from attprior.browser.slices import fullest_window
from attprior.log import logged


def of_arms(paths: list[str]) -> dict[str, str]:
    """Name the files of the two arms by them."""
    return dict(zip(snakemake.params.arms, paths, strict=True))


with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    loci = page_loci(params.loci, given.loci, given.index)
    tracks = comparison_tracks(
        loci,
        params.arms,
        dict(zip(params.tasks, given.peaks, strict=True)),
        shared_out(given.observed, params.tasks, params.strands),
        shared_out(
            given.predicted, list(product(params.arms, params.tasks)), 2 * list(params.strands)
        ),
        of_arms(given.contributions),
        {
            "Hits": of_arms(given.hits),
            "Seqlets": of_arms(given.seqlets),
            "Sequence sites": of_arms(given.sites),
        },
        next(iter(given.known), None),
    )
    write_page(
        snakemake.output[0],
        given.fasta,
        f"{snakemake.wildcards.condition}, model {snakemake.wildcards.model}",
        params.arms,
        loci,
        [fullest_window(given.contributions, locus, 2 * params.flank) for locus in loci],
        tracks,
    )
