"""From an experiment's accession to the rows of its files, or to what hinders their use."""

import logging
from collections.abc import Collection

import pandas as pd

from attprior.assays import is_control
from attprior.errors import InputError
from attprior.portal.choice import (
    PEAKS,
    TITLES,
    UNRELEASED,
    WITHDRAWN,
    accession,
    choose,
    covered,
    date,
    fits,
    is_a,
    listed,
    replicates,
)
from attprior.portal.client import fetch_object, payload
from attprior.portal.manifest import COLUMNS, assembly_of
from attprior.portal.web import DEFAULT, Policy, is_remote

log = logging.getLogger(__name__)

# audits for the portal's own curators are left out
AUDITS = ("ERROR", "NOT_COMPLIANT", "WARNING")


def resolve(
    portal: str,
    experiment: str,
    genome: str,
    assay: str = "tf-chip",
    control: str = "auto",
    alignments: str = "unfiltered alignments",
    required: Collection[str] = ("alignments", "peaks"),
    policy: Policy = DEFAULT,
) -> pd.DataFrame:
    """Choose an experiment's files.

    Parameters
    ----------
    portal
        URL or folder of the portal.
    experiment
        Accession.
    genome
        Name of the genome, see `assembly_of`.
    assay
        A key of `TITLES`.
    control
        ``auto`` for the one that the portal names, an experiment, or ``none``.
    alignments
        Output type of the alignments to take.
    required
        The roles that must be found, of ``alignments`` and ``peaks``.
    policy
        Where requests may go.

    Returns
    -------
    pandas.DataFrame
        A row per file, with the columns `COLUMNS`. Roles are ``alignments`` (files that share no
        library, together all replicates), ``peaks`` and ``relaxed_peaks`` (at most one each).

    Raises
    ------
    InputError
        If the accession is unknown, no experiment, withdrawn or of another assay; if a required
        role has no file of this assembly; if the portal names none or several controls, or one
        without alignments of this assembly; or if what it answers lacks a field.
    """
    record = _experiment(portal, experiment, policy)
    if _is_control(record) and "peaks" in required:
        raise InputError(
            f"{experiment} is a Control ChIP-seq, so it has no peaks: name it in the column "
            "control of the experiment that it belongs to."
        )
    _check_assay(record, experiment, assay)
    assembly = assembly_of(genome)
    files = _files(portal, record, experiment, policy)
    chosen = choose(record, files, experiment, assay, assembly, alignments)
    for role, sets in (("alignments", ((alignments,),)), ("peaks", PEAKS.get(assay, ()))):
        if role in required and role not in {found for found, _, _ in chosen}:
            names = [name for tier in sets for name in tier]
            raise InputError(_missing(experiment, role, names, assembly, files))
    if "alignments" in required:
        _tell_left_out(record, files, experiment, assembly, chosen)
    if is_control(assay):
        control = "none"
    elif control == "auto":
        control = _control(portal, record, experiment, assembly, alignments, policy)
    audits = _audits(record, experiment)
    return pd.DataFrame(
        [
            _row(portal, experiment, role, file, control, audits, reason)
            for role, file, reason in chosen
        ],
        columns=COLUMNS,
    )


def _experiment(portal: str, experiment: str, policy: Policy) -> dict:
    """Object of an experiment that may be used."""
    try:
        record = fetch_object(portal, f"/experiments/{experiment}/", policy)
    except InputError as error:
        if "no such accession" not in str(error) or not is_remote(portal):
            raise
        try:  # no experiment has this accession, but something else may
            record = fetch_object(portal, f"/{experiment}/", policy)
        except InputError:
            raise error from None
    _check(record, experiment)
    return record


def _check(record: dict, experiment: str) -> None:
    """Refuse what is no experiment, and what its makers have withdrawn."""
    types = record.get("@type", [])
    if "Experiment" not in types:
        raise InputError(
            f"{experiment} is no experiment on the portal but: {', '.join(types) or 'unknown'}. "
            "Give the accession of an experiment (ENCSR…)."
        )
    _need(record, experiment, "status", "files")
    successors = [accession(item) for item in record.get("superseded_by", [])]
    if record["status"] in WITHDRAWN or successors:
        raise InputError(
            f"{experiment} is {record['status']}, superseded by: "
            f"{', '.join(successors) or 'none'}. Take another experiment in its place."
        )
    now = record.get("accession", experiment)
    if now != experiment:
        raise InputError(f"{experiment} has become {now} on the portal: write {now} instead.")


def _need(item: dict, name: str, *fields: str) -> None:
    """Refuse an object that lacks fields."""
    missing = [field for field in fields if item.get(field) is None]
    if missing:
        raise InputError(
            f"{name}: the portal's answer lacks {', '.join(missing)}. "
            "Is portal/url the address of an ENCODE portal? If so, tell its makers, and give "
            "local files in the columns alignments and peaks."
        )


def _title(record: dict) -> str:
    return record.get("assay_title") or record.get("assay_term_name") or "unknown assay"


def _is_control(record: dict) -> bool:
    return bool(record.get("control_type")) or _title(record) in TITLES["control-chip"]


def _check_assay(record: dict, experiment: str, assay: str) -> None:
    """Refuse an experiment that is not what the sheet says."""
    title = _title(record)
    if title in TITLES[assay] or (assay == "control-chip" and _is_control(record)):
        return
    known = [name for name, titles in TITLES.items() if title in titles]
    todo = f"write {known[0]} in its column assay" if known else "it can't be used"
    raise InputError(f"{experiment} is {title} on the portal, not {assay}: {todo}.")


def _files(portal: str, record: dict, experiment: str, policy: Policy) -> list[dict]:
    """Objects of all files of an experiment."""
    files = [
        fetch_object(portal, file, policy) if isinstance(file, str) else file
        for file in record["files"]
    ]
    for file in files:
        _need(file, f"a file of {experiment}", "accession")
        name = f"{file['accession']} of {experiment}"
        _need(file, name, "file_format", "output_type", "status")
    return files


def _known(record: dict, files: list[dict]) -> set[int]:
    """Biological replicates of an experiment, by all that the portal tells of it."""
    items = [item for item in record.get("replicates", []) if isinstance(item, dict)]
    numbers = {item.get("biological_replicate_number") for item in items}
    return covered(files) | (numbers - {None})


def _tell_left_out(
    record: dict,
    files: list[dict],
    experiment: str,
    assembly: str,
    chosen: list[tuple[str, dict, str]],
) -> None:
    """Warn of replicates that no alignments taken hold, and say what would bring them in."""
    taken = covered([file for role, file, _ in chosen if role == "alignments"])
    peaks = [listed(file) for role, file, _ in chosen if role == "peaks"]
    bams = [file for file in files if file["file_format"] == "bam"]
    usable = [file for file in bams if fits(file, record, assembly)]
    for replicate in sorted(_known(record, files) - taken) if taken else ():
        there = "; ".join(
            f"{file['accession']} ({file['output_type']}, {file.get('assembly', 'no assembly')}, "
            f"{'not available' if file.get('no_file_available') else file['status']})"
            for file in bams
            if replicate in replicates(file)
        )
        # other output types serve if they leave out no other replicate
        keys = " or ".join(
            f"portal/alignments: {name}"
            for name in dict.fromkeys(file["output_type"] for file in usable)
            if {replicate, *taken} <= covered([file for file in usable if is_a(file, [name])])
        )
        log.warning(
            "%s: replicate %s is in no alignments taken, which are of %s%s. The portal has of it: "
            "%s. To bring it in, %sgive local files of all replicates in the column alignments.",
            *(experiment, replicate, ",".join(map(str, sorted(taken)))),
            f" (peaks are of {peaks[0]})" if peaks else "",
            there or "no alignments",
            f"set {keys}, or " if keys else "",
        )


def _control(
    portal: str, record: dict, experiment: str, assembly: str, output_type: str, policy: Policy
) -> str:
    """Accession of the one matched control, which has alignments."""
    controls = sorted({accession(item) for item in record.get("possible_controls", [])})
    if not controls:
        raise InputError(
            f"{experiment}: its control is auto, but the portal names 0 controls: none. "
            "Write an experiment, or none, into its column control."
        )
    if len(controls) > 1:
        raise InputError(
            f"{experiment}: its control is auto, but the portal names {len(controls)} controls: "
            f"{', '.join(controls)}. Write the one to use into its column control."
        )
    if controls[0] == experiment:
        raise InputError(
            f"{experiment}: its control is auto, but the portal names the experiment itself. Write "
            "another experiment, or none, into its column control."
        )
    control = _experiment(portal, controls[0], policy)
    files = _files(portal, control, controls[0], policy)
    if not any(
        file["file_format"] == "bam" and is_a(file, [output_type]) and fits(file, control, assembly)
        for file in files
    ):
        missing = _missing(controls[0], "alignments", [output_type], assembly, files)
        raise InputError(
            f"{experiment}: its control is auto, which is {controls[0]}, but that has no "
            f"alignments to use. Write another experiment, or none, into its column control.\n"
            f"{missing}"
        )
    return controls[0]


def _missing(
    experiment: str, role: str, output_types: Collection[str], assembly: str, files: list[dict]
) -> str:
    """Say what is there instead of a file that is needed."""
    present = sorted(
        {
            f"{file['output_type']}, {file.get('assembly', 'no assembly')}, {file['status']}"
            for file in files
            if file["file_format"] == ("bam" if role == "alignments" else "bed")
        }
    )
    assemblies = sorted({file["assembly"] for file in files if file.get("assembly")})
    return (
        f"{experiment}: no released {role} ({' or '.join(output_types)}) of assembly {assembly}. "
        f"The portal has: {'; '.join(present) or 'none at all'}. "
        f"Assemblies: {', '.join(assemblies) or 'none'}. "
        "Check genome/name"
        + (" and portal/alignments" if role == "alignments" else "")
        + f", or give local files in the column {role}."
    )


def _audits(record: dict, experiment: str) -> list[tuple[str, str]]:
    """What the portal's audits find: accession of the experiment or file, level and category."""
    found = {}
    levels = record.get("audit") or {}
    for level in AUDITS:
        for audit in levels.get(level, []):
            about = accession(audit.get("path") or experiment)
            found[about, f"{level}: {audit.get('category', 'unnamed')}"] = audit.get("detail", "")
    if record["status"] in UNRELEASED:
        found[experiment, f"WARNING: {record['status']}"] = "This experiment is not released."
    for (about, text), detail in found.items():
        log.warning("%s: %s. %s", about, text, " ".join(detail.split())[:300])
    return list(found)


def _row(
    portal: str,
    experiment: str,
    role: str,
    file: dict,
    control: str,
    audits: list[tuple[str, str]],
    reason: str,
) -> dict:
    """Make a row of the manifest."""
    _need(file, f"{file['accession']} of {experiment}", "href", "md5sum", "file_size")
    own = [text for about, text in audits if about in (experiment, file["accession"])]
    return {
        "experiment": experiment,
        "file": file["accession"],
        "role": role,
        "replicate": listed(file),
        "url": payload(portal, file["href"]),
        "date": date(file),
        "control": "" if control == "none" else control,
        "audit": "; ".join(" ".join(text.split()) for text in own),
        "reason": reason,
    } | {
        key: file[key] for key in ("output_type", "file_format", "assembly", "md5sum", "file_size")
    }
