"""From the name of a TF or a cell line to rows of the sheet."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from attprior.assays import is_control
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.portal.choice import TITLES, choose, fits
from attprior.portal.client import payload
from attprior.portal.manifest import COLUMNS as MANIFEST_COLUMNS
from attprior.portal.manifest import assembly_of
from attprior.portal.web import DEFAULT, Policy, get, is_remote, persist
from attprior.sheet import COLUMNS

log = logging.getLogger(__name__)

FOUND = ["target", "biosample", "lab", "released", "replicates", "controls", "bam", "peak_set"]
"""What is told of an experiment, in columns that are not pasted."""
FIELDS = [
    "accession", "status", "assay_title", "biosample_summary", "target.label", "lab.title",
    "date_released", "control_type", "superseded_by", "possible_controls.accession", "analyses",
    *(
        f"files.{name}"
        for name in (
            "accession", "status", "file_format", "file_format_type", "output_type", "assembly",
            "biological_replicates", "technical_replicates", "preferred_default", "date_created",
            "no_file_available", "href", "md5sum", "file_size",
        )
    ),
]  # fmt: skip


def assay_of(name: str) -> str:
    """The sheet's name of an assay, given by either name."""
    return next((assay for assay, titles in TITLES.items() if name in titles), name)


def fetch_search(
    portal: str, query: Mapping[str, str | Sequence[str]], policy: Policy = DEFAULT
) -> list[dict]:
    """Objects that a search of the portal finds, all of them.

    Parameters
    ----------
    portal
        URL of the portal.
    query
        Properties and their values, e.g. ``{"type": "Experiment"}``; ``field`` names those wanted.
    policy
        Where requests may go.

    Raises
    ------
    InputError
        If the portal is a folder, or if the answer is no search result.
    """
    if not is_remote(portal):
        raise InputError(f"portal/url is the folder {portal}: only a portal's URL can be searched.")
    place = f"{portal.rstrip('/')}/search/"
    asked = {"format": "json", "limit": "all", **query}

    def text() -> str:
        with get(place, portal, policy, {"Accept": "application/json"}, asked) as response:
            return response.content.decode(errors="replace")

    answer = persist(text, place)
    try:  # a search that finds nothing is answered with 404, and an empty graph
        found = json.loads(answer)["@graph"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{place}: answered {answer[:60]!r}, no search result. "
            "Is portal/url the address of an ENCODE portal?"
        ) from None
    return found


def check_query(target: str | None, biosample: str | None) -> None:
    """Check that something is looked for.

    Raises
    ------
    InputError
        If neither target nor biosample is given.
    """
    if not target and not biosample:
        raise InputError("config key 'propose' needs target (GATA2) or biosample (K562), or both")


def propose(
    portal: str,
    genome: str,
    target: str | None = None,
    biosample: str | None = None,
    assay: str = "tf-chip",
    alignments: str = "unfiltered alignments",
    peaks_only: bool = False,
    policy: Policy = DEFAULT,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find released experiments, and make rows of the sheet of those that can be used.

    Parameters
    ----------
    portal
        URL of the portal.
    genome
        Assembly that files must be of.
    target
        Gene symbol of the TF; any if None.
    biosample
        Term name of the cell line or tissue; any if None.
    assay
        The sheet's or the portal's name of the assay.
    alignments
        Output type of the alignments that an experiment must have.
    peaks_only
        Whether peaks are enough.
    policy
        Where requests may go.

    Returns
    -------
    rows : pandas.DataFrame
        Columns of the sheet, then `FOUND`; experiments that lack files stand in it with an empty
        `assay`.
    peaks : pandas.DataFrame
        The peak set of each experiment, as rows of a manifest.

    Raises
    ------
    InputError
        If neither target nor biosample is given, or nothing is found.
    """
    check_query(target, biosample)
    assay, assembly = assay_of(assay), assembly_of(genome)
    query = {"type": "Experiment", "status": "released", "assay_title": TITLES[assay][0]}
    # tagged proteins have labels of their own (eGFP-GATA2), but the gene's symbol
    query |= {"target.genes.symbol": target} if target else {}
    query |= {"biosample_ontology.term_name": biosample} if biosample else {}
    wanted = ", ".join(f"{key}={value}" for key, value in query.items())
    found = fetch_search(portal, {**query, "assembly": assembly, "field": FIELDS}, policy)
    if not found:
        raise InputError(
            f"{portal}: no experiment with {wanted}, assembly={assembly}. Check the spelling: "
            "gene symbols are capitals (SPI1, not PU.1), cell lines as the portal writes them."
        )
    log.info("%s: %d experiments with %s, assembly=%s", portal, len(found), wanted, assembly)
    rows, peaks = [], []
    for record in sorted(found, key=lambda item: item["accession"]):
        name = record["accession"]
        files = [file for file in record.get("files", []) if "accession" in file]
        chosen = choose(record, files, name, assay, assembly, alignments)
        sets = [(file, why) for role, file, why in chosen if role == "peaks"]
        bams = [file for role, file, _ in chosen if role == "alignments"]
        usable = bool(sets or is_control(assay)) and bool(bams or peaks_only)
        rows.append(
            _row(record, assay, target or biosample, usable)
            | {
                "replicates": str(_replicates(files, assembly, record)),
                "bam": ",".join(file["accession"] for file in bams) or "none",
                "peak_set": ",".join(file["accession"] for file, _ in sets) or "none",
            }
        )
        peaks += [_peak_row(portal, name, file, why) for file, why in sets]
    return (
        pd.DataFrame(rows, columns=[*COLUMNS, *FOUND]),
        pd.DataFrame(peaks, columns=MANIFEST_COLUMNS),
    )


def _replicates(files: list[dict], assembly: str, record: dict) -> int:
    """How many biological replicates an experiment has files of."""
    return len(
        {
            replicate
            for file in files
            if fits(file, record, assembly)
            for replicate in file.get("biological_replicates", [])
        }
    )


def _row(record: dict, assay: str, condition: str, usable: bool) -> dict[str, str]:
    """Make a row of the sheet, and what there is to know before it is pasted."""
    controls = sorted({item["accession"] for item in record.get("possible_controls", [])})
    control_row = is_control(assay)
    # auto is for TF ChIP-seq alone
    one = "auto" if assay == "tf-chip" else "".join(controls)
    control = {0: "none", 1: one}.get(len(controls), "?")
    return dict.fromkeys(COLUMNS, "") | {
        "condition": "" if control_row or not usable else condition,
        "experiment": record["accession"],
        "assay": assay if usable else "",
        "control": "" if control_row or not usable else control,
        "target": (record.get("target") or {}).get("label", ""),
        "biosample": record.get("biosample_summary", ""),
        "lab": (record.get("lab") or {}).get("title", ""),
        "released": record.get("date_released", ""),
        "controls": ",".join(controls) or "none",
    }


def _peak_row(portal: str, experiment: str, file: dict, why: str) -> dict:
    """Make a manifest's row of a peak set alone."""
    known = ("output_type", "file_format", "assembly", "md5sum", "file_size")
    return {
        "experiment": experiment,
        "file": file["accession"],
        "role": "peaks",
        "replicate": ",".join(map(str, sorted(file.get("biological_replicates", [])))),
        "url": payload(portal, file["href"]),
        "date": file.get("date_created", ""),
        "control": "",
        "audit": "",
        "reason": why,
    } | {key: file[key] for key in known}


def as_sheet(rows: pd.DataFrame) -> str:
    """Text of a sheet: what can be used as rows, all that is known as comments above them.

    Lines that begin with # are skipped where a sheet is read, so the text is a sheet as it is.
    """
    told = rows[["experiment", *FOUND]].rename(columns={"experiment": "# experiment"})
    told["# experiment"] = "# " + told["# experiment"]
    unsure = rows.experiment[rows.control == "?"]
    lacking = rows.experiment[rows.assay == ""]
    notes = [
        f"# {name}: names several controls; write the one to use in place of ?" for name in unsure
    ]
    notes += [f"# {name}: left out, as it lacks files of this assembly" for name in lacking]
    used = rows.loc[rows.assay != "", COLUMNS]
    return "\n".join(
        [
            told.to_csv(sep="\t", index=False).rstrip("\n"),
            *notes,
            used.to_csv(sep="\t", index=False),
        ]
    )


def write(
    rows: pd.DataFrame, peaks: pd.DataFrame, base: str | Path, peaks_only: bool = False
) -> Path:
    """Write what was found, and show it.

    Parameters
    ----------
    rows, peaks
        As `propose` gives them.
    base
        Where to write, less the suffix: ``.tsv`` for a sheet, ``.peaks.tsv`` for a manifest of peak
        sets alone.
    peaks_only
        Whether to write the peak sets.
    """
    file = Path(f"{base}{'.peaks' if peaks_only else ''}.tsv")
    text = peaks.to_csv(sep="\t", index=False) if peaks_only else as_sheet(rows)
    with atomic_write(file) as target:
        target.write_text(text, encoding="utf-8")
    shown = [as_sheet(rows)] if peaks_only else []
    print(*shown, text, f"written to {file}", sep="\n", flush=True)
    return file
