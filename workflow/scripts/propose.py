"""List experiments on the portal, and write rows for the sheet."""

from attprior.log import logged
from attprior.portal.search import propose, write
from attprior.portal.web import Policy

with logged(snakemake.log[0]):
    query = snakemake.params
    found = propose(
        query.portal,
        query.genome,
        target=query.target,
        biosample=query.biosample,
        assay=query.assay,
        alignments=query.alignments,
        peaks_only=query.peaks_only,
        policy=Policy(
            hosts=tuple(query.hosts),
            allow_http=query.allow_http,
            requests_per_second=query.requests_per_second,
        ),
    )
    write(*found, query.base, peaks_only=query.peaks_only)
