"""Copies of the workflow that tests may run, edit and break."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from attprior.analyses.registry import registered

ROOT = Path(__file__).parents[2]
JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)*)", re.MULTILINE)
HEAD = r"^ *(?:rule|checkpoint|use rule \w+ as)\b ?(\w*)"
RULE = re.compile(rf"{HEAD}.*?\n(.*?)(?={HEAD}|\Z)", re.MULTILINE | re.DOTALL)
# of rules that are made in a loop over the analyses
LOOPED = re.compile(r'name:\s+f"(\w+)\{name\}"')
# so little of everything that all rules run in a minute
TINY = {
    "experiments": "sheet.tsv",
    "pathvars": {"results": "results", "resources": "resources"},
    "simulate": {
        "chromosomes": {"chr1": 60_000, "chr2": 30_000, "chr3": 30_000},
        "motifs": {"SPI1": "MA0080.7"},
        "loci": 150,
        "reads_per_locus": 40,
    },
    "models": {"profile": {"filters": 4}},
    "training": {
        "seeds": [1, 2],
        "folds": {"fold_1": {"validation": ["chr2"], "test": ["chr3"]}},
        "epochs": 1,
    },
    "attribution": {"peaks": 60, "sample": 5, "references": 2},
    "motifs": {"modisco": {"leiden_runs": 1}},
}


# an analysis that a user adds to the library's
OWN_ANALYSIS = {
    "__init__.py": """
TITLE = "My own"
ABOUT = "how large they get"
PLACE = 200
READS = {"attributions": "{arm}/{fold}/attributions/{head}.h5"}
TABLES = {"table": None, "tests": "tests"}
DRAWS = ["table"]
HEADLINES = [
    {"metric": "Largest contribution", "better": 1, "where": {"kind": "deepshap"}, "words": "size"}
]
""",
    "tables.py": """
import numpy as np
import pandas as pd

from attprior.analyses.inputs import read_samples
from attprior.analyses.tracks import per_example
from attprior.statistics import differences


def tabulate(attributions, arms):
    table = pd.concat(
        per_example(
            sample, np.abs(sample.contributions("deepshap")).max(-1), arm=sample.arm, kind="deepshap"
        )
        for sample in read_samples(attributions)
    )
    return {"table": table, "tests": differences(table.assign(metric="size"), arms, ["kind"])}
""",
    "figure.py": """
from matplotlib import pyplot as plt


def plot(table, arms):
    figure, ax = plt.subplots()
    ax.boxplot([table.value[table.arm == arm] for arm in arms])
    return figure
""",
    "caption.rst": "{{ snakemake.wildcards.condition }}: the largest contribution of each peak.",
}
SINGLE_THREADS = ["--set-threads"] + [
    f"{rule}=1" for rule in ("train", "evaluate", "attribute", "modisco", "match")
]


@dataclass(frozen=True, order=True)
class Job:
    """A planned job."""

    rule: str
    wildcards: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, wildcard):
        return dict(self.wildcards).get(wildcard)


@dataclass
class Run:
    """How a Snakemake ended, and what it printed."""

    status: int
    text: str

    @property
    def jobs(self) -> set[Job]:
        """What was planned or run, but for the target rule."""
        found = set()
        for rule, block in JOB.findall(self.text):
            pairs = re.search(r"^    wildcards: (.*)$", block, re.MULTILINE)
            pairs = pairs.group(1).split(", ") if pairs else []
            found.add(Job(rule, tuple(tuple(pair.split("=", 1)) for pair in pairs)))
        return found - {Job("all")}

    @property
    def counts(self) -> Counter:
        """Number of jobs of each rule."""
        return Counter(job.rule for job in self.jobs)


@dataclass
class Project:
    """A copy of the workflow in a folder of its own."""

    path: Path
    configs: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=lambda: ["--cores", "2"])
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    python: Path = Path(sys.executable)

    @classmethod
    def copy(cls, path: Path) -> "Project":
        """Copy what is needed to run; modification times stay, as Snakemake looks at them."""
        path.mkdir(parents=True, exist_ok=True)
        ignore = shutil.ignore_patterns("tests", "__pycache__")
        for name in ("workflow", "config", "envs", "profiles"):
            shutil.copytree(ROOT / name, path / name, ignore=ignore)
        return cls(path)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def configure(self, name: str, *layers: dict) -> None:
        """Write a config file and let it override those before it."""
        text = yaml.safe_dump(merged(*layers))
        self.write(name, text)
        self.configs.append(name)

    def add_analysis(self) -> None:
        """Add an analysis to the library's, as a user may."""
        for name, text in OWN_ANALYSIS.items():
            self.write(f"workflow/scripts/attprior/analyses/mine/{name}", text)

    def sheet(self, *rows: str, name: str = "sheet.tsv") -> None:
        """Write a sheet; cells are separated by spaces, and - is an empty one."""
        header = "condition experiment assay control alignments peaks"
        cells = [["" if cell == "-" else cell for cell in row.split()] for row in [header, *rows]]
        self.write(name, "".join("\t".join(row) + "\n" for row in cells))

    def start(self, *arguments: str, config: dict | None = None) -> subprocess.Popen:
        """Start Snakemake with the project's configs, and another on top where one is given."""
        configs = list(self.configs)
        if config:
            self.write("override.yaml", yaml.safe_dump(config))
            configs.append("override.yaml")
        command = [str(self.python), "-m", "snakemake"]
        command += ["--configfile", *configs] if configs else []
        path = f"{self.python.parent}{os.pathsep}{self.environment['PATH']}"
        return subprocess.Popen(
            [*command, *self.options, *arguments],
            cwd=self.path,
            env={**self.environment, "PATH": path, "PYTHONNOUSERSITE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # of its own group, as a terminal's
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, config: dict | None = None) -> Run:
        """Run Snakemake to its end."""
        with self.start(*arguments, config=config) as process:
            text, _ = process.communicate()
        return Run(process.returncode, text)

    def plan(self, *targets: str, config: dict | None = None) -> Run:
        """Plan what a run would do."""
        run = self.snakemake("--dry-run", *targets, config=config)
        assert run.status == 0, run.text
        return run


def merged(*layers: dict) -> dict:
    """Later layers override earlier ones leaf by leaf, as config files do."""
    result: dict = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def rules_with(words: str = "") -> set[str]:
    """Names of the rules whose definition has these words."""
    found = set()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for name, body, _ in RULE.findall(path.read_text()):
            looped = LOOPED.search(body)
            names = [f"{looped[1]}{analysis}" for analysis in registered()] if looped else [name]
            found |= set(names if words in body else [])
    return found
