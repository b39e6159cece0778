"""Say in words what all analyses found."""

import json

from attprior.analyses.inputs import read_table
from attprior.analyses.learnt import in_words
from attprior.headlines import write_headlines
from attprior.log import logged

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    unlearnt = [
        f"{model}, {line}"
        for model, path in zip(params.models, given.training, strict=True)
        for line in in_words(read_table(path))
    ]
    write_headlines(
        read_table(given.table),
        given.figure,
        list(dict.fromkeys(unlearnt)),  # an arm is in several comparisons
        params.setup,
        params.left_out,
        json.loads(params.headlines),
        json.loads(params.about),
        snakemake.output.page,
        *params.templates,
    )
