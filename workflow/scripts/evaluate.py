"""Measure predictions of all seeds of an arm."""

import torch
from attprior.evaluation import evaluate
from attprior.log import logged

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    evaluate(
        snakemake.input.labels,
        snakemake.input.fasta,
        snakemake.input.fold,
        models=dict(zip(snakemake.params.seeds, snakemake.input.models, strict=True)),
        output=snakemake.output.table,
        examples=snakemake.output.examples,
        groups=snakemake.output.groups,
        device=snakemake.resources.device,
    )
