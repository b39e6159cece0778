"""Write the methods, the parameters and the versions of software of a run."""

import json

from attprior.analyses.inputs import write_table
from attprior.log import logged
from attprior.methods import write_methods
from attprior.software import parameters, versions

with logged(snakemake.log[0]):
    study = json.loads(snakemake.params.study)
    used = dict(zip(snakemake.params.software, snakemake.params.purposes, strict=True))
    software = versions(used, snakemake.params.pinned)
    write_table(software, snakemake.output.software)
    models = {
        f"{model}/{arm}": chosen
        for model, block in study["models"].items()
        for arm, chosen in block["arms"].items()
    }
    table = parameters({**study["config"], "trained": models})
    write_table(table, snakemake.output.parameters)
    write_methods(
        study,
        snakemake.input.labels,
        [*snakemake.input.manifests, *snakemake.input.kept],
        software,
        snakemake.output.text,
        snakemake.output.page,
        snakemake.params.templates,
    )
