"""Train all seeds of an arm on a fold."""

import json
from pathlib import Path

import torch
from attprior.log import logged
from attprior.training.job import train

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    train(
        snakemake.input.labels,
        snakemake.input.fasta,
        snakemake.input.fold,
        settings=json.loads(snakemake.params.settings),
        seeds=dict(zip(snakemake.params.seeds, snakemake.output.models, strict=True)),
        history=snakemake.output.history,
        checkpoints=Path(snakemake.output.history).parent / "checkpoints",
        device=snakemake.resources.device,
        key=snakemake.params.code,
        together=snakemake.params.together,
    )
