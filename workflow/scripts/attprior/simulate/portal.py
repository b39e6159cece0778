"""Simulated files laid out as the ENCODE portal serves experiments and files."""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from attprior.files import atomic_write

log = logging.getLogger(__name__)

DATE = "2026-01-01"
PORTAL_FILES = {
    "replicate_1": {"output_type": "unfiltered alignments", "biological_replicates": [1]},
    "replicate_2": {"output_type": "unfiltered alignments", "biological_replicates": [2]},
    "thresholded": {
        "output_type": "IDR thresholded peaks",
        "biological_replicates": [1, 2],
        "preferred_default": True,
    },
    "thresholded_replicate": {
        "output_type": "IDR thresholded peaks",
        "biological_replicates": [1],
    },
    "relaxed": {"output_type": "IDR ranked peaks", "biological_replicates": [1, 2]},
    "control": {"output_type": "unfiltered alignments", "biological_replicates": [1]},
}
"""What a condition deposits, and how the portal describes it; all but the control is treatment."""


def file_object(accession: str, experiment: str, kind: str, payload: Path) -> dict:
    """Return the portal's object of a file.

    Parameters
    ----------
    accession, experiment
        Accessions of the file and of its experiment.
    kind
        A key of `PORTAL_FILES`.
    payload
        The file itself.
    """
    described = PORTAL_FILES[kind]
    content = payload.read_bytes()
    bam = payload.suffix == ".bam"
    extension = "bam" if bam else "bed.gz"
    return {
        "@id": f"/files/{accession}/",
        "@type": ["File", "Item"],
        "accession": accession,
        "title": accession,
        "status": "released",
        "dataset": f"/experiments/{experiment}/",
        "file_format": "bam" if bam else "bed",
        "file_type": "bam" if bam else "bed narrowPeak",
        **({} if bam else {"file_format_type": "narrowPeak"}),
        "output_category": "alignment" if bam else "annotation",
        **described,
        "technical_replicates": [f"{n}_1" for n in described["biological_replicates"]],
        "assembly": "simulated",
        "date_created": f"{DATE}T00:00:00.000000+00:00",
        "file_size": len(content),
        "md5sum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "href": f"/files/{accession}/@@download/{accession}.{extension}",
        "no_file_available": False,
    }


def experiment_object(
    accession: str, condition: str, files: Sequence[str], control: str | None
) -> dict:
    """Return the portal's object of an experiment.

    Parameters
    ----------
    accession
        Of the experiment.
    condition
        The transcription factor.
    files
        Accessions of its files.
    control
        Accession of its control; None where it is a control itself.
    """
    is_control = control is None
    replicates = 1 if is_control else 2
    title = "Control" if is_control else "TF"
    paths = [f"/files/{name}/" for name in files]
    return {
        "@id": f"/experiments/{accession}/",
        "@type": ["Experiment", "Dataset", "Item"],
        "accession": accession,
        "status": "released",
        "assay_title": f"{title} ChIP-seq",
        "assay_term_name": "ChIP-seq",
        "assay_term_id": "OBI:0000716",
        **({"control_type": "input library"} if is_control else {}),
        **({} if is_control else {"target": f"/targets/{condition}-human/"}),
        "biosample_summary": "simulated cells",
        "description": f"Simulated {title} ChIP-seq of {condition}",
        "possible_controls": [] if is_control else [f"/experiments/{control}/"],
        "replicates": [f"/replicates/{accession}-{n}/" for n in range(1, replicates + 1)],
        "replication_type": "unreplicated" if is_control else "isogenic",
        "files": paths,
        "original_files": paths,
        "revoked_files": [],
        "assembly": ["simulated"],
        "date_created": f"{DATE}T00:00:00.000000+00:00",
        "date_released": DATE,
        "alternate_accessions": [],
        "supersedes": [],
        "superseded_by": [],
    }


def simulate_portal(
    conditions: Sequence[str], index: str | Path, **files: Sequence[str | Path]
) -> None:
    """Lay out the conditions' files as the ENCODE portal serves them.

    Beside the index appear ``experiments/ACCESSION.json``, ``files/ACCESSION.json`` and the files
    themselves under ``files/ACCESSION/@@download/``: the portal's URLs, but for ``.json``. The
    index is written last: where it is, the portal is whole.

    Parameters
    ----------
    conditions
        Names; the n-th condition is experiment 2n-1, and its control 2n.
    index
        Table to write: ``accession``, ``condition``, ``kind`` of every experiment and file.
    files
        For each kind of `PORTAL_FILES`, the file of each condition.
    """
    portal = Path(index).parent
    Path(index).unlink(missing_ok=True)
    for folder in ("experiments", "files"):
        shutil.rmtree(portal / folder, ignore_errors=True)
    rows, file_number = [], 0
    for n, condition in enumerate(conditions):
        treatment, control = (f"TSTSR{2 * n + k:06d}" for k in (1, 2))
        held: dict[str, list[str]] = {treatment: [], control: []}
        for kind in PORTAL_FILES:
            file_number += 1
            accession, payload = f"TSTFF{file_number:06d}", Path(files[kind][n])
            experiment = control if kind == "control" else treatment
            held[experiment].append(accession)
            described = file_object(accession, experiment, kind, payload)
            target = portal / described["href"].lstrip("/")
            target.parent.mkdir(parents=True)
            with atomic_write(target) as path:
                shutil.copyfile(payload, path)
            write_json(described, portal / "files" / f"{accession}.json")
            rows.append((accession, condition, kind))
        for accession, its_control in ((treatment, control), (control, None)):
            described = experiment_object(accession, condition, held[accession], its_control)
            write_json(described, portal / "experiments" / f"{accession}.json")
            kind = "control experiment" if its_control is None else "experiment"
            rows.append((accession, condition, kind))
    with atomic_write(index) as path:
        table = pd.DataFrame(rows, columns=["accession", "condition", "kind"])
        table.sort_values("accession").to_csv(path, sep="\t", index=False)
    log.info("%s: %d experiments and %d files", portal, 2 * len(conditions), file_number)


def write_json(content: Mapping, path: Path) -> None:
    """Write an object as indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as target:
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
