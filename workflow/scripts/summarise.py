"""Collect the headlines of all analyses."""

import json
from typing import TYPE_CHECKING

from attprior.analyses.inputs import read_table, write_table
from attprior.analyses.summary import Result, summary_table
from attprior.log import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]):
    params = snakemake.params
    names = (params.conditions, params.models, params.comparisons, params.analyses)
    tested = [
        Result(*one, read_table(path))
        for *one, path in zip(*names, snakemake.input.tests, strict=True)
    ]
    arms = dict(zip(params.names, zip(params.firsts, params.seconds, strict=True), strict=True))
    write_table(summary_table(tested, arms, json.loads(params.headlines)), snakemake.output.table)
