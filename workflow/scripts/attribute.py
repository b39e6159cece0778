"""Attribute peaks with all seeds of an arm."""

import torch
from attprior.attribution.run import attribute
from attprior.log import logged

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    attribute(
        snakemake.input.labels,
        snakemake.input.fasta,
        snakemake.input.fold,
        models=dict(zip(snakemake.params.seeds, snakemake.input.models, strict=True)),
        output=snakemake.output.attributions,
        references=snakemake.params.references,
        peaks=snakemake.params.peaks,
        sample=snakemake.params.sample,
        batch_size=snakemake.params.batch_size,
        device=snakemake.resources.device,
        attrs=dict(snakemake.wildcards.items()),
        head=snakemake.wildcards.head,
        ism=snakemake.params.ism,
        key=snakemake.params.code,
        deltas=snakemake.output.deltas,
    )
