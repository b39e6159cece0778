"""Choose an experiment's files on the portal."""

from attprior.files import atomic_write
from attprior.log import logged
from attprior.portal.resolve import resolve
from attprior.portal.web import Policy

with logged(snakemake.log[0]):
    files = resolve(
        snakemake.params.portal,
        snakemake.wildcards.experiment,
        genome=snakemake.params.genome,
        assay=snakemake.params.assay,
        control=snakemake.params.control,
        alignments=snakemake.params.alignments,
        required=snakemake.params.required,
        policy=Policy(
            hosts=tuple(snakemake.params.hosts),
            allow_http=snakemake.params.allow_http,
            requests_per_second=snakemake.params.requests_per_second,
        ),
    )
    with atomic_write(snakemake.output[0]) as target:
        files.to_csv(target, sep="\t", index=False)
