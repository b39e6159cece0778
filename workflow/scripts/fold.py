"""Write the splits of a fold, and what is in each."""

from attprior.dataset.counts import check_splits, count_chromosomes, sum_splits
from attprior.dataset.folds import split_chromosomes
from attprior.dataset.store import Labels
from attprior.files import atomic_write
from attprior.log import logged

with logged(snakemake.log[0]):
    labels = Labels.open(snakemake.input[0], counts=False)
    fold = snakemake.wildcards.fold
    splits = split_chromosomes(labels, fold, **snakemake.params.splits)
    counts = count_chromosomes(snakemake.input[0], splits)
    check_splits(counts, fold, labels.condition)
    for name, made in (("splits", splits), ("counts", sum_splits(counts))):
        with atomic_write(snakemake.output[name]) as temporary:
            made.to_csv(temporary, sep="\t", index=False)
