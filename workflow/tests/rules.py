"""The rules of the workflow, as Snakemake reads them."""

import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, ResourceSettings
from workflows import ROOT


@dataclass(frozen=True)
class Rule:
    """Name of a rule, the file of its environment and that of its script, where it has them.

    `function` is that of the library which the script calls, where the rule's params name it, and
    `names` are those of the rule's inputs, outputs, params and wildcards.
    """

    name: str
    environment: Path | None
    script: Path | None
    function: str | None
    names: dict[str, frozenset[str]]


@cache
def rules() -> tuple[Rule, ...]:
    """All rules that the demo's config gives."""
    settings = ConfigSettings(configfiles=[Path("config/demo.yaml")])
    snakefile = Path("workflow/Snakefile")
    with contextlib.chdir(ROOT), SnakemakeApi() as api:
        read = api.workflow(ResourceSettings(), config_settings=settings, snakefile=snakefile)
        # paths are relative to the files of the rules
        folder = ROOT / "workflow/rules"
        return tuple(
            Rule(
                rule.name,
                (folder / rule.conda_env).resolve() if rule.conda_env else None,
                (folder / rule.script).resolve() if rule.script else None,
                dict(rule.params._allitems()).get("function"),
                {
                    kind: frozenset(name for name, _ in getattr(rule, kind)._allitems() if name)
                    for kind in ("input", "output", "params")
                }
                | {"wildcards": frozenset(rule.wildcard_names)},
            )
            for rule in read._workflow.rules
        )
