"""The methods of a run, written out from its configuration and its data.

The sentences are those of the template; here is what they are chosen by, and the numbers and names in
them. References are keys in brackets until the end, see `attprior.references`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attprior.assays import is_control
from attprior.files import atomic_write
from attprior.hdf5 import open_hdf5
from attprior.motifs.formats import JASPAR_GROUPS
from attprior.references import numbered
from attprior.templates import one_line, render

Study = Mapping[str, Any]

ASSAYS = {
    "tf-chip": "TF ChIP-seq",
    "chip-exo": "ChIP-exo",
    "chip-nexus": "ChIP-nexus",
    "dnase": "DNase-seq",
    "atac": "ATAC-seq",
}
FORMATS = {"bam": "BAM", "cram": "CRAM", "bed": "BED", "bedpe": "bedpe", "bigwig": "bigWig"}


def read_condition(path: str | Path) -> dict[str, Any]:
    """Read what a labelled HDF5 tells of its data.

    Returns
    -------
    dict
        `condition`, and `tasks`: a dict each of `experiment`, `ends` (5' ends counted), `peaks`,
        `control` (its name, or empty) and `control_ends`.
    """
    with open_hdf5(path) as file:
        names, controls = (list(file[key].asstr()[:]) for key in ("tasks", "control_names"))
        controls = {0: [""], 1: controls}.get(len(controls), controls)
        controls = controls * len(names) if len(controls) == 1 else controls
        of_task = pd.Series(file["regions/task"][:]).value_counts()

        def ends(name: str) -> int:
            return sum(int(track["count"][:].sum()) for track in file["tracks"][name].values())

        return {
            "condition": file.attrs["condition"],
            "tasks": [
                {
                    "experiment": name,
                    "ends": ends(name),
                    "peaks": int(of_task.get(number, 0)),
                    "control": control,
                    "control_ends": ends(control) if control else 0,
                }
                for number, (name, control) in enumerate(zip(names, controls, strict=True))
            ],
        }


def write_methods(
    study: Study,
    labels: Sequence[str | Path],
    manifests: Sequence[str | Path],
    software: pd.DataFrame,
    text: str | Path,
    page: str | Path,
    templates: Sequence[str | Path],
) -> None:
    """Write the methods as Markdown and as a web page.

    Parameters
    ----------
    study
        `config` (completed), `arms` (names), `models` (name to `examples`, `heads`, `base` settings and
        those of `arms`), `experiments` (name to `condition`, `assay`, `formats`, `source`, `called`).
    labels
        Labelled HDF5 of each condition.
    manifests
        Tables of the portal's files.
    software
        See `attprior.software.versions`.
    templates
        Of the sentences, of the Markdown and of the web page.

    Raises
    ------
    InputError
        As `attprior.templates.render`.
    """
    conditions = [read_condition(path) for path in labels]
    files = [pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False) for path in manifests]
    known = pd.concat(files) if files else pd.DataFrame(columns=["experiment", "file", "role"])
    sentences, *layouts = templates
    paragraphs, references = written(study, conditions, known, software, sentences)
    names = {
        "paragraphs": paragraphs,
        "references": references,
        "table": data_table(study, conditions, known),
    }
    for path, layout in zip((text, page), layouts, strict=True):
        with atomic_write(path) as temporary:
            temporary.write_text(render(layout, **names), encoding="utf-8")


def written(
    study: Study,
    conditions: Sequence[Mapping[str, Any]],
    files: pd.DataFrame,
    software: pd.DataFrame,
    template: str | Path,
) -> tuple[dict[str, str], list[str]]:
    """Write the paragraphs of a study by a template.

    Returns
    -------
    tuple
        Heading to paragraph, and the references in the order of their numbers.

    Raises
    ------
    InputError
        As `attprior.templates.render`.
    """
    made = render(template, **told(study, conditions, files), software=[*software.itertuples()])
    text, references = numbered(made)
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], map(one_line, parts[1::2]), strict=True)), references


def told(
    study: Study, conditions: Sequence[Mapping[str, Any]], files: pd.DataFrame
) -> dict[str, Any]:
    """What the sentences choose by, and their numbers and names."""
    config, experiments, models = study["config"], study["experiments"], study["models"]
    tasks = [task for known in conditions for task in known["tasks"]]
    named = [task[key] for key in ("experiment", "control") for task in tasks]
    sources: dict[str, list[str]] = {"encode": [], "simulated": [], "local": []}
    for name in filter(None, dict.fromkeys(named)):
        sources[_source(study, name)].append(name)
    local = [experiments[name] for name in sources["local"]]
    formats = [FORMATS[kind] for known in local for kind in known["formats"]]
    with_peaks = {
        name
        for name, known in experiments.items()
        if not known["called"] and not is_control(known["assay"])
    }
    trainings = [
        {
            "arm": arm,
            "model": model,
            "settings": block["arms"][arm],
            "changes": _changes(block["arms"][arm], block["base"]),
        }
        for arm in study["arms"]
        for model, block in models.items()
    ]
    reads = config["reads"]
    atac = any(known["assay"] == "atac" for known in experiments.values())
    motif = config.get("plant", {}).get("motif", "")
    return {
        **study,
        "conditions": [
            {
                "name": known["condition"],
                "experiments": (names := [task["experiment"] for task in known["tasks"]]),
                "assays": _assays(study, names),
            }
            for known in conditions
        ],
        "sources": sources,
        "gives_peaks": [
            source for source, names in sources.items() if not with_peaks.isdisjoint(names)
        ],
        "local_formats": list(dict.fromkeys(formats)),
        "portal_peaks": sorted(set(files.output_type[files.role == "peaks"])) if len(files) else [],
        "called": [name for name, known in experiments.items() if known["called"]],
        "formats": sorted({kind for known in experiments.values() for kind in known["formats"]}),
        "excluded_flags": [1 << bit for bit in range(12) if reads["exclude_flags"] >> bit & 1],
        "atac_shift": reads["atac_shift"] if atac and any(reads["atac_shift"]) else None,
        "planted_of_jaspar": re.fullmatch(r"MA\d+\.\d+", motif),
        "controlled": any(task["control"] for task in tasks),
        "trainings": trainings,
        "priors": {trained["settings"]["prior"]["kind"] for trained in trainings} - {"none"},
        "heads": dict.fromkeys(head for block in models.values() for head in block["heads"]),
        "jaspar": [f"jaspar_{group}" for group in JASPAR_GROUPS],
    }


def _assays(study: Study, names: Iterable[str]) -> list[str]:
    """Assays of experiments, each once."""
    return list(dict.fromkeys(ASSAYS[study["experiments"][name]["assay"]] for name in names))


def _source(study: Study, name: str) -> str:
    """Where an experiment is from; controls that the portal alone names are from there too."""
    known = study["experiments"].get(name, {}).get("source")
    return known or ("simulated" if "simulate" in study["config"] else "encode")


def _changes(settings: Mapping[str, Any], base: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What an arm changes beside the prior: a setting, its value, and that of the model."""
    return [
        (key, value, base.get(key))
        for key, value in settings.items()
        if key != "prior" and value != base.get(key)
    ]


def data_table(
    study: Study, conditions: Sequence[Mapping[str, Any]], files: pd.DataFrame
) -> list[dict[str, str]]:
    """What went in: a row per experiment of each condition."""
    rows = []
    for known in conditions:
        for task in known["tasks"]:
            own = files[files.experiment.isin([task["experiment"], task["control"]])]
            control = task["control"]
            rows.append(
                {
                    "Condition": known["condition"],
                    "Experiment": task["experiment"],
                    "Assay": ASSAYS[study["experiments"][task["experiment"]]["assay"]],
                    "5' ends": f"{task['ends']:,}",
                    "Peaks": f"{task['peaks']:,}",
                    "Control": control or "none",
                    "5' ends of the control": f"{task['control_ends']:,}" if control else "",
                    "Files": " ".join(dict.fromkeys(own.file)),
                }
            )
    return rows
