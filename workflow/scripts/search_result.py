"""Write what came out of a search."""

import json
from pathlib import Path

from attprior.log import logged
from attprior.search.result import summarise

with logged(snakemake.log[0]):
    path = Path(snakemake.input.definition)
    summarise(
        path.parent / "study.journal",
        json.loads(path.read_text(encoding="utf-8")),
        snakemake.wildcards.search,
        folder=path.parent / "trials",
        trials=snakemake.output.trials,
        pareto=snakemake.output.pareto,
        best=snakemake.output.best,
    )
