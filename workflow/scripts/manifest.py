"""Write all manifests as one."""

from attprior.files import atomic_write
from attprior.log import logged
from attprior.portal.manifest import join_manifests, read_manifest

with logged(snakemake.log[0]):
    kept = read_manifest(snakemake.input.kept) if snakemake.input.kept else None
    with atomic_write(snakemake.output[0]) as target:
        join_manifests(kept, snakemake.input.new).to_csv(target, sep="\t", index=False)
