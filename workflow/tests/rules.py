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
    """Name of a rule, the file of its environment and that of its script, where it has them."""

    name: str
    environment: Path | None
    script: Path | None


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
            )
            for rule in read._workflow.rules
        )
