"""Tell whether a machine and a configuration are ready for a run."""

from attprior import ready
from attprior.log import logged

with logged(snakemake.log[0]):
    params = snakemake.params
    lines = [
        ready.Line("config", ready.OK, params.config),
        ready.Line(*params.gpu),
        ready.memory(params.most, params.elsewhere),
        *(ready.disk(folder, params.download) for folder in params.folders),
        *ready.programs(params.programs),
    ]
    lines += [ready.portal(params.portal)] if params.portal else []
    lines += [ready.partitions(params.partitions)] if params.partitions else []
    ready.check(lines)
