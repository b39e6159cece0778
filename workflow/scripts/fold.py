"""Write the splits of a fold."""

from typing import TYPE_CHECKING

from attprior.dataset.store import Labels, split_chromosomes
from attprior.files import aside
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    splits = split_chromosomes(
        Labels.open(snakemake.input[0], counts=False),
        snakemake.wildcards.fold,
        **snakemake.params.splits,
    )
    with aside(snakemake.output[0]) as temporary:
        splits.to_csv(temporary, sep="\t", index=False)
