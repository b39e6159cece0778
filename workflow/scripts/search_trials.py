"""Run trials of a search until none is left."""

import json
from pathlib import Path

import pandas as pd
import torch
from attprior.analyses.inputs import write_table
from attprior.log import logged
from attprior.search.study import run_trials
from attprior.search.trial import measurer

torch.set_num_threads(snakemake.threads)
with logged(snakemake.log[0]):
    path = Path(snakemake.input.definition)
    definition = json.loads(path.read_text(encoding="utf-8"))
    measure = measurer(
        snakemake.input.labels,
        snakemake.input.fasta,
        snakemake.input.fold,
        definition,
        batch_size=snakemake.params.batch_size,
        device=snakemake.resources.device,
    )
    ended = run_trials(
        path.parent / "study.journal",
        definition,
        job=int(snakemake.wildcards.job),
        jobs=snakemake.params.jobs,
        measure=measure,
        folder=path.parent / "trials",
    )
    write_table(pd.DataFrame({"trial": ended}), snakemake.output[0])
