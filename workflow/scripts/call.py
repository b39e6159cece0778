"""Call the function of the library that the rule's params name, such as reads.check.check_reads.

Its arguments are the rule's named inputs, outputs and params; an input that the rule leaves empty is
None, and settings that are text are read. Threads, the device and wildcards are given to a function
that takes them.
"""

import inspect
import json
import os
from importlib import import_module

from attprior.log import logged

# read when OpenMP and numba are loaded; beside OpenMP's threads modisco-lite does not fork
os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)
os.environ["NUMBA_THREADING_LAYER"] = "forksafe"


def is_settings(value: object) -> bool:
    """Whether a param is what `attprior.settings.as_text` writes."""
    return isinstance(value, str) and value.startswith("{")


with logged(snakemake.log[0]):
    given = {name: value or None for name, value in snakemake.input.items()}
    given |= dict(snakemake.output.items())
    for name, value in snakemake.params.items():
        given[name] = json.loads(value) if is_settings(value) else value
    del given["code"]
    module, _, name = given.pop("function").rpartition(".")
    function = getattr(import_module(f"attprior.{module}"), name)
    also = {"threads": snakemake.threads, "device": snakemake.resources.get("device")}
    taken = inspect.signature(function).parameters
    for name, value in (*also.items(), *snakemake.wildcards.items()):
        if name in taken:
            given.setdefault(name, value)
    function(**given)
