"""What a run is of: its configuration and sheet, and all that follows from them alone."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from attprior import settings, sheet
from attprior.assays import ASSAYS, file_format, is_control, is_shifted
from attprior.locus import Locus
from attprior.models import registry

# sections of the config that results depend on
SECTIONS = (
    *("experiments", "genome", "reads", "peaks", "bins", "models", "training", "arms"),
    *("comparisons", "attribution", "motifs", "truth", "footprints", "simulate", "plant"),
)
# of these, keys that no result depends on
UNTOLD = (("training", "device"), ("training", "seeds_together"), ("attribution", "batch_size"))
SPLITS = ("test", "validation", "training")


class Project:
    """A checked configuration and its sheet of experiments.

    Parameters
    ----------
    config
        As `attprior.settings.complete` makes it.
    schema
        The configuration's.
    experiments
        As `attprior.settings.read_experiments` reads them.
    """

    def __init__(self, config: Mapping, schema: Mapping, experiments: pd.DataFrame) -> None:
        self.config, self.schema, self.experiments = config, schema, experiments
        self.conditions = list(dict.fromkeys(filter(None, experiments.condition)))
        self.models = list(config["models"])
        self.folds = list(config["training"]["folds"])
        self.comparisons = config["comparisons"]
        # those that a comparison names
        self.arms = list(dict.fromkeys(arm for pair in self.comparisons.values() for arm in pair))
        self.row, self.settings = cache(self._row), cache(self._settings)

    def _row(self, experiment: str) -> dict[str, str]:
        """Row of an experiment; a control without a row of its own has an empty one."""
        if experiment in self.experiments.index:
            return self.experiments.loc[experiment].to_dict()
        empty = dict.fromkeys(self.experiments.columns, "")
        assay = sheet.assay_of_control(self.experiments, experiment)
        return {**empty, "assay": assay, "control": "none"}

    def assay(self, experiment: str) -> str:
        """Assay of an experiment."""
        return self.row(experiment)["assay"]

    def tasks(self, condition: str) -> list[str]:
        """Experiments of a condition, in the order of the sheet."""
        return list(self.experiments.index[self.experiments.condition == condition])

    def tracks(self, experiment: str) -> list[str]:
        """Names of an experiment's tracks: plus and minus, or unstranded."""
        return list(ASSAYS[self.assay(experiment)])

    def shift(self, experiment: str) -> list[int]:
        """Base pairs by which 5' ends move, on the plus and the minus strand."""
        shifted = is_shifted(self.assay(experiment))
        return self.config["reads"]["atac_shift"] if shifted else [0, 0]

    def formats(self, experiment: str) -> list[str]:
        """Formats of an experiment's alignments, in order; the portal's are BAM files."""
        local = sheet.split_paths(self.row(experiment)["alignments"])
        return sorted(set(map(file_format, local))) or ["bam"]

    def has_bam(self, experiment: str) -> bool:
        """Whether an experiment has reads with flags: BAM or CRAM files."""
        return not {"bam", "cram"}.isdisjoint(self.formats(experiment))

    def is_called(self, experiment: str, role: str) -> bool:
        """Whether MACS3 calls `peaks` or `relaxed_peaks`, the latter unless they are given."""
        given = self.row(experiment)
        return role != "alignments" and (given[role] or given["peaks"]) == sheet.CALLED

    def missing_roles(self, experiment: str) -> list[str]:
        """Roles that local files leave to the portal."""
        given = self.row(experiment)
        roles = ["alignments"] if is_control(given["assay"]) else ["alignments", "peaks"]
        return [role for role in roles if not given[role]]

    def on_portal(self, experiment: str) -> bool:
        """Whether at least some files of an experiment are the portal's."""
        return sheet.is_accession(experiment) and bool(self.missing_roles(experiment))

    def _settings(self, model: str, arm: str | None = None) -> dict[str, Any]:
        """Settings of a model, in an arm if one is named; made once, so not to be changed."""
        return settings.resolve(self.config, self.schema, model, arm)

    def architecture(self, model: str, arm: str | None = None) -> registry.Declaration:
        """What the architecture of a model declares."""
        return registry.declaration(self.settings(model, arm)["architecture"])

    def predicts_profiles(self, model: str) -> bool:
        """Whether a model predicts profiles, rather than whether bins are bound."""
        return self.architecture(model).examples == "profiles"

    def heads(self, model: str) -> list[str]:
        """Heads of a model that are attributed, summed over tasks; its main one first."""
        return settings.model_heads(self.config, self.schema, model)

    def heads_of_tasks(self, model: str, condition: str) -> list[str]:
        """Heads of a model in a condition; those of each task alone too, where they are wanted."""
        names, tasks = list(self.heads(model)), self.tasks(condition)
        # a single task is the sum
        if self.config["attribution"]["tasks"] == "each" and len(tasks) > 1:
            names += [f"{head}.{task}" for head in names for task in tasks]
        return names

    def compared(self) -> list[tuple[str, str, str]]:
        """Condition, model and comparison of all that is compared."""
        return [
            (condition, model, comparison)
            for condition in self.conditions
            for model in self.models
            for comparison in self.comparisons
        ]

    def split(self, fold: str, locus: Locus) -> str:
        """Split that a locus's chromosome is of in a fold."""
        chosen = self.config["training"]["folds"][fold]
        held_out = (split for split in SPLITS[:2] if locus.chrom in chosen[split])
        return next(held_out, "training")

    def fold(self, locus: Locus) -> str:
        """The first fold that tests on a locus's chromosome; else one that validates on it, else any."""
        return min(self.folds, key=lambda fold: SPLITS.index(self.split(fold, locus)))

    def named_chromosomes(self) -> dict[str, Sequence[str]]:
        """Chromosomes that the config names, by key; of genome/exclude, those that are its own."""
        named = {
            f"training/folds/{fold}/{split}": names
            for fold, splits in self.config["training"]["folds"].items()
            for split, names in splits.items()
        }
        # the schema's are of no genome in particular
        usual = self.schema["properties"]["genome"]["properties"]["exclude"]["default"]
        own = [name for name in self.config["genome"]["exclude"] if name not in usual]
        return named | {"genome/exclude": own}

    def setup(self, version: str) -> dict[str, str]:
        """What was compared, trained and read, in words."""
        training = self.config["training"]
        return {
            "Comparisons": ", ".join(
                f"{name} ({first} against {second})"
                for name, (first, second) in self.comparisons.items()
            ),
            "Models": ", ".join(self.models),
            "Seeds": ", ".join(map(str, training["seeds"])),
            "Folds": "; ".join(
                f"{name} (test: {', '.join(fold['test'])}; "
                f"validation: {', '.join(fold['validation'])})"
                for name, fold in training["folds"].items()
            ),
            "Genome": self.config["genome"]["name"],
            "Workflow": f"attprior {version}",
        }

    def study(self) -> dict[str, Any]:
        """What the methods are written of: config, arms, models and experiments."""
        models = {
            model: {
                "examples": self.architecture(model).examples,
                "heads": self.heads(model),
                "base": self.settings(model),
                "arms": {arm: self.settings(model, arm) for arm in self.arms},
            }
            for model in self.models
        }
        experiments = {
            name: {
                "condition": row["condition"],
                "assay": row["assay"],
                "formats": self.formats(name),
                "source": self._source(name),
                "called": self.is_called(name, "peaks"),
            }
            for name, row in self.experiments.to_dict("index").items()
        }
        return {
            "config": self._told(),
            "arms": self.arms,
            "models": models,
            "experiments": experiments,
        }

    def software(self) -> dict[str, str]:
        """Packages of this run, by what each was used for."""
        names, chosen = self.experiments.index, self.config["motifs"]
        has_bam = any(map(self.has_bam, names))
        jaspar = any(name.startswith("jaspar_") for name in chosen["databases"])
        called = any(self.is_called(name, "peaks") for name in names)
        used = {
            "snakemake": "workflow",
            "pysam": "reads" if has_bam else None,
            "pybigtools": "bigWigs",
            "figwig": "bigWigs",
            "deepTools": "quality control" if has_bam else None,
            "macs3": "peaks" if called else None,
            "torch": "training, attribution",
            "tangermeme": "dinucleotide shuffles, attribution",
            "modisco-lite": "patterns",
            "memelite": "matches and instances of motifs",
            "finemo": "instances of motifs",
            "pyjaspar": "JASPAR's motifs" if jaspar else None,
            "HOMER": "motifs" if chosen["homer"]["enabled"] else None,
            "scikit-learn": "metrics",
            "scipy": "tests",
            "matplotlib": "figures",
            "igv-reports": "genome browser",
        }
        return {name: purpose for name, purpose in used.items() if purpose}

    def _told(self) -> dict[str, Any]:
        """The configuration, less what no result depends on."""
        config = self.config
        kept = {key: dict(config[key]) for key in SECTIONS if isinstance(config.get(key), dict)}
        kept["experiments"] = config["experiments"]
        kept["portal"] = {"alignments": config["portal"]["alignments"]}
        for section, key in UNTOLD:
            kept[section].pop(key, None)
        return kept

    def _source(self, experiment: str) -> str:
        """Whether an experiment is simulated, the portal's or of local files."""
        if self.row(experiment)["condition"] in self.config.get("simulate", {}).get("motifs", {}):
            return "simulated"
        return "encode" if self.on_portal(experiment) else "local"
