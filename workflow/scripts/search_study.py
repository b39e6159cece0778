"""Put a search's trials into its study."""

import json
from pathlib import Path

from attprior.log import logged
from attprior.search.study import begin

with logged(snakemake.log[0]):
    begin(
        Path(snakemake.output[0]).parent / "study.journal",
        json.loads(snakemake.params.definition),
        snakemake.params.trials,
        data=dict(snakemake.input.items()),
        code=snakemake.params.code,
        output=snakemake.output[0],
    )
