"""From an experiment's accession to the files to use, with the reasons in the log."""

import logging
from collections.abc import Collection

import pandas as pd

from attprior.errors import InputError
from attprior.portal.client import fetch_object, payload

log = logging.getLogger(__name__)

COLUMNS = [
    "experiment", "file", "role", "replicate", "output_type", "file_format", "assembly", "md5sum",
    "file_size", "url", "date", "control",
]  # fmt: skip
# the portal's names of both generations of its pipeline
PEAKS = ("IDR thresholded peaks", "optimal IDR thresholded peaks")
RELAXED_PEAKS = ("IDR ranked peaks", "peaks and background as input for IDR")
# genomes whose name differs from the portal's
ASSEMBLIES = {"hg38": "GRCh38"}


def resolve(
    portal: str,
    experiment: str,
    genome: str,
    control: str = "auto",
    alignments: str = "unfiltered alignments",
    required: Collection[str] = ("alignments", "peaks"),
) -> pd.DataFrame:
    """Choose an experiment's files.

    Parameters
    ----------
    portal
        URL or folder of the portal.
    experiment
        Accession.
    genome
        Name of the genome; ``hg38`` is GRCh38 on the portal, others have one name.
    control
        ``auto`` for the one that the portal names, an experiment, or ``none``.
    alignments
        Output type of the alignments to take.
    required
        The roles that must be found, of ``alignments`` and ``peaks``.

    Returns
    -------
    pandas.DataFrame
        A row per file, with the columns ``COLUMNS``. Roles are ``alignments`` (one a biological
        replicate), ``peaks`` and ``relaxed_peaks`` (at most one each).

    Raises
    ------
    InputError
        If the accession is unknown, no experiment or withdrawn, if a required role has no file of
        this assembly, or if the portal names none or several controls.
    """
    record = fetch_object(portal, f"/experiments/{experiment}/")
    _check(record, experiment)
    is_control = record.get("assay_title") == "Control ChIP-seq"
    if is_control and "peaks" in required:
        raise InputError(
            f"{experiment} is a Control ChIP-seq, so it has no peaks: name it in the column "
            "control of the experiment that it belongs to."
        )
    assembly = ASSEMBLIES.get(genome, genome)
    files = [
        fetch_object(portal, file) if isinstance(file, str) else file
        for file in record.get("files", [])
    ]
    fitting = [
        file
        for file in files
        if file.get("assembly") == assembly
        and file.get("status") == "released"
        and not file.get("no_file_available")
    ]
    chosen = [("alignments", file) for file in _choose_alignments(fitting, alignments)]
    if not is_control:
        for role, output_types in (("peaks", PEAKS), ("relaxed_peaks", RELAXED_PEAKS)):
            chosen += [(role, file) for file in _choose_peaks(fitting, output_types)]
    for role, output_types in (("alignments", (alignments,)), ("peaks", PEAKS)):
        if role in required and role not in {found for found, _ in chosen}:
            raise InputError(_missing(experiment, role, output_types, assembly, files))
    matched = _control(record, experiment) if control == "auto" and not is_control else control
    return pd.DataFrame(
        [_row(portal, experiment, role, file, matched) for role, file in chosen], columns=COLUMNS
    )


def _check(record: dict, experiment: str) -> None:
    """Refuse what is no experiment, and what its makers have withdrawn."""
    types = record.get("@type", [])
    if "Experiment" not in types:
        raise InputError(
            f"{experiment} is no experiment on the portal but: {', '.join(types) or 'unknown'}. "
            "Give the accession of an experiment (ENCSR…)."
        )
    if record.get("status") in ("archived", "revoked", "replaced", "deleted"):
        successors = [_accession(item) for item in record.get("superseded_by", [])]
        raise InputError(
            f"{experiment} is {record['status']}, superseded by: "
            f"{', '.join(successors) or 'none'}. Take another experiment in its place."
        )


def _accession(item: str | dict) -> str:
    """Accession of an object, given as its path or embedded."""
    return item.strip("/").rpartition("/")[2] if isinstance(item, str) else item["accession"]


def _replicates(file: dict) -> list[int]:
    return sorted(file.get("biological_replicates", []))


def _date(file: dict) -> str:
    return file.get("date_created") or file.get("date_released") or ""


def _is_a(file: dict, output_types: Collection[str]) -> bool:
    names = {name.casefold() for name in output_types}
    return file.get("output_type", "").casefold() in names


def _choose_alignments(files: list[dict], output_type: str) -> list[dict]:
    """Choose the newest BAM of each biological replicate.

    BAMs pooled over replicates hold the same reads again, so they serve only where there are no
    others.
    """
    bams = [file for file in files if file["file_format"] == "bam" and _is_a(file, [output_type])]
    single = [file for file in bams if len(_replicates(file)) == 1]
    newest = {}
    for file in sorted(single or bams, key=_date):
        newest[tuple(_replicates(file))] = file
    chosen = [newest[replicates] for replicates in sorted(newest)]
    for file in chosen:
        log.info("alignments: %s, replicate %s", file["accession"], _replicates(file))
    for file in bams:
        if file not in chosen:
            log.info("passed over: %s (older, or replicates pooled)", file["accession"])
    return chosen


def _choose_peaks(files: list[dict], output_types: Collection[str]) -> list[dict]:
    """Choose the portal's own choice, else the set over most replicates, else the newest."""
    sets = [file for file in files if file["file_format"] == "bed" and _is_a(file, output_types)]
    if not sets:
        return []
    left, reasons = sets, []
    for reason, value in (
        ("preferred by the portal", lambda file: bool(file.get("preferred_default"))),
        ("over most replicates", lambda file: len(_replicates(file))),
        ("the newest", _date),
        ("the last accession", lambda file: file["accession"]),
    ):
        best = max(map(value, left))
        winners = [file for file in left if value(file) == best]
        if len(winners) < len(left):
            reasons.append(reason)
        left = winners
    chosen = left[0]
    why = " and ".join(reasons) or "the only one"
    log.info("%s: %s, %s", chosen["output_type"], chosen["accession"], why)
    for file in sets:
        if file is not chosen:
            log.info(
                "passed over: %s (%s, replicates %s, preferred: %s, of %s)",
                file["accession"],
                file["output_type"],
                _replicates(file),
                bool(file.get("preferred_default")),
                _date(file) or "unknown date",
            )
    return [chosen]


def _control(record: dict, experiment: str) -> str:
    """Accession of the one matched control."""
    controls = sorted({_accession(item) for item in record.get("possible_controls", [])})
    if len(controls) == 1:
        return controls[0]
    todo = "the one to use" if controls else "an experiment, or none,"
    raise InputError(
        f"{experiment}: its control is auto, but the portal names {len(controls)} controls: "
        f"{', '.join(controls) or 'none'}. Write {todo} into its column control."
    )


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
    assemblies = sorted({file["assembly"] for file in files if "assembly" in file})
    return (
        f"{experiment}: no released {role} ({' or '.join(output_types)}) of assembly {assembly}. "
        f"The portal has: {'; '.join(present) or 'none at all'}. "
        f"Assemblies: {', '.join(assemblies) or 'none'}. "
        "Check genome/name"
        + (" and portal/alignments" if role == "alignments" else "")
        + f", or give local files in the column {role}."
    )


def _row(portal: str, experiment: str, role: str, file: dict, control: str) -> dict:
    """Make a row of the manifest."""
    return {
        "experiment": experiment,
        "file": file["accession"],
        "role": role,
        "replicate": ",".join(map(str, _replicates(file))),
        "url": payload(portal, file["href"]),
        "date": _date(file),
        "control": "" if control == "none" else control,
    } | {
        key: file[key] for key in ("output_type", "file_format", "assembly", "md5sum", "file_size")
    }
