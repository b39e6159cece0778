"""Collect the headlines of all analyses."""

import json

from attprior.analyses.inputs import read_table, write_table
from attprior.analyses.summary import Result, summary_table
from attprior.log import logged

with logged(snakemake.log[0]):
    params = snakemake.params
    tested = [
        Result(*one, read_table(path))
        for one, path in zip(json.loads(params.tested), snakemake.input.tests, strict=True)
    ]
    headlines = json.loads(params.headlines)
    table = summary_table(tested, dict(json.loads(params.arms)), headlines)
    write_table(table, snakemake.output.table)
