"""Attribute and predict a locus with all seeds of an arm."""

import torch
from attprior.analyses.inputs import write_table
from attprior.attribution.locus import attribute_locus
from attprior.locus import read_locus
from attprior.log import logged

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    params = snakemake.params
    tables = attribute_locus(
        read_locus(params.locus, "locus"),
        snakemake.input.labels,
        snakemake.input.fasta,
        models=dict(zip(params.seeds, snakemake.input.models, strict=True)),
        head=params.head,
        references=params.references,
        batch_size=params.batch_size,
        device=snakemake.resources.device,
    )
    for table, path in zip(tables, snakemake.output, strict=True):
        table.insert(0, "arm", snakemake.wildcards.arm)
        table.insert(1, "fold", params.fold)
        table.insert(2, "split", params.split)
        write_table(table, path)
