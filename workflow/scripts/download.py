"""Bring a file here, and verify it."""

from attprior.log import logged
from attprior.portal.download import download
from attprior.portal.web import Policy

with logged(snakemake.log[0]):
    download(
        snakemake.params.url,
        snakemake.output[0],
        md5sum=snakemake.params.md5sum,
        file_size=int(snakemake.params.file_size),
        portal=snakemake.params.portal,
        policy=Policy(
            hosts=tuple(snakemake.params.hosts),
            allow_http=snakemake.params.allow_http,
            requests_per_second=snakemake.params.requests_per_second,
        ),
    )
