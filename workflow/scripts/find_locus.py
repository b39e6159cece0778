"""Check that the genome has a locus, and write it as BED."""

from attprior.files import atomic_write
from attprior.genome import read_chrom_sizes
from attprior.locus import parse_locus
from attprior.log import logged

with logged(snakemake.log[0]):
    sizes = read_chrom_sizes(snakemake.input.chrom_sizes)
    locus = parse_locus(snakemake.params.locus, sizes, "locus")
    with atomic_write(snakemake.output[0]) as temporary:
        temporary.write_text("\t".join(map(str, (*locus, locus))) + "\n", encoding="utf-8")
