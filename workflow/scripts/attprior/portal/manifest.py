"""From an experiment's accession to the files to use, with the reasons beside them."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from attprior.assays import is_control
from attprior.errors import InputError
from attprior.portal.client import fetch_object, payload
from attprior.portal.web import Policy, is_remote
from attprior.text import read_cells

log = logging.getLogger(__name__)

DEFAULT = Policy()

COLUMNS = [
    "experiment", "file", "role", "replicate", "output_type", "file_format", "assembly", "md5sum",
    "file_size", "url", "date", "control", "audit", "reason",
]  # fmt: skip
# columns without which a file can't be fetched or used
NEEDED = ["experiment", "file", "role", "assembly", "md5sum", "file_size", "url", "control"]
ROLES = ("alignments", "peaks", "relaxed_peaks")
# what the portal calls the sheet's assays
TITLES = {
    "tf-chip": ("TF ChIP-seq", "ChIP-seq"),
    "control-chip": ("Control ChIP-seq",),
    "dnase": ("DNase-seq",),
    "atac": ("ATAC-seq",),
    "control-dnase": ("DNase-seq",),
    "control-atac": ("ATAC-seq",),
}
# the portal's names, in both generations of its pipelines; where the first set has none, the next
IDR = ("IDR thresholded peaks", "optimal IDR thresholded peaks")
PEAKS = {
    "tf-chip": (IDR,),
    "dnase": (("peaks",),),
    "atac": (IDR, ("replicated peaks", "pseudoreplicated peaks")),
}
RANKED = ("IDR ranked peaks", "peaks and background as input for IDR")
RELAXED_PEAKS = {"tf-chip": (RANKED,), "dnase": (), "atac": (RANKED,)}
# genomes whose name differs from the portal's
ASSEMBLIES = {"hg38": "GRCh38"}
WITHDRAWN = ("archived", "revoked", "replaced", "deleted")
UNRELEASED = ("in progress", "submitted", "preliminary", "proposed", "started")
# audits for the portal's own curators are left out
AUDITS = ("ERROR", "NOT_COMPLIANT", "WARNING")

Rungs = Sequence[tuple[str, Callable[[dict], object]]]


def assembly_of(genome: str) -> str:
    """Name of a genome on the portal: ``hg38`` is GRCh38 there, others have one name."""
    return ASSEMBLIES.get(genome, genome)


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


def choose(
    record: dict,
    files: list[dict],
    experiment: str,
    assay: str,
    assembly: str,
    alignments: str = "unfiltered alignments",
) -> list[tuple[str, dict, str]]:
    """Choose among an experiment's files: role, file and reason of each that serves."""
    dates = _analyses(record)
    fitting = [file for file in files if fits(file, record, assembly)]
    chosen = [
        ("alignments", file, why) for file, why in _choose_alignments(fitting, alignments, dates)
    ]
    for role, kinds in (("peaks", PEAKS), ("relaxed_peaks", RELAXED_PEAKS)):
        for output_types in kinds.get(assay, ()):
            found = _choose_peaks(fitting, output_types, dates)
            if found:
                chosen.append((role, *found))
                break
    return chosen


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
    successors = [_accession(item) for item in record.get("superseded_by", [])]
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


def _accession(item: str | dict) -> str:
    """Accession of an object, given as its path or embedded."""
    if isinstance(item, dict):
        item = item.get("accession") or item["@id"]
    return item.strip("/").rpartition("/")[2]


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


def fits(file: dict, record: dict, assembly: str) -> bool:
    """Whether a file may be used: released as its experiment is, and of the assembly."""
    usable = {"released"}
    if record["status"] in UNRELEASED:
        usable.update(UNRELEASED)
    return (
        file.get("assembly") == assembly
        and file["status"] in usable
        and not file.get("no_file_available")
    )


def _replicates(file: dict) -> list[int]:
    return sorted(file.get("biological_replicates", []))


def _listed(file: dict) -> str:
    """Replicates of a file, as the manifest lists them."""
    return ",".join(map(str, _replicates(file)))


def _date(file: dict) -> str:
    return file.get("date_created") or file.get("date_released") or ""


def _analyses(record: dict) -> dict[str, str]:
    """Date of the newest analysis that made a file, by the file's accession."""
    dates: dict[str, str] = {}
    for analysis in record.get("analyses", []):
        if isinstance(analysis, dict) and analysis.get("status", "released") not in WITHDRAWN:
            for file in map(_accession, analysis.get("files", [])):
                dates[file] = max(dates.get(file, ""), _date(analysis))
    return dates


def _is_a(file: dict, output_types: Collection[str]) -> bool:
    names = {name.casefold() for name in output_types}
    return file["output_type"].casefold() in names


def _prefer(files: list[dict], rungs: Rungs) -> tuple[dict, str]:
    """Choose one file, rung by rung, and say which rungs told it from the others."""
    left, reasons = files, []
    for reason, value in rungs:
        best = max(map(value, left))
        winners = [file for file in left if value(file) == best]
        if len(winners) < len(left):
            reasons.append(reason)
        left = winners
    return left[0], " and ".join(reasons) or "the only one"


def _rungs(dates: Mapping[str, str], coverage: tuple[str, Callable[[dict], object]]) -> Rungs:
    return (
        ("preferred by the portal", lambda file: bool(file.get("preferred_default"))),
        coverage,
        ("of the newest analysis", lambda file: dates.get(file["accession"], "")),
        ("the newest", _date),
        ("the last accession", lambda file: file["accession"]),
    )


def _share(one: dict, other: dict) -> bool:
    """Whether two alignments hold reads of the same library."""
    libraries = [set(file.get("technical_replicates", [])) for file in (one, other)]
    if not all(libraries):
        libraries = [set(_replicates(file)) for file in (one, other)]
    return bool(libraries[0] & libraries[1]) or not all(libraries)


def _covered(files: list[dict]) -> set[int]:
    return {replicate for file in files for replicate in _replicates(file)}


def _choose_alignments(
    files: list[dict], output_type: str, dates: Mapping[str, str]
) -> list[tuple[dict, str]]:
    """Choose BAMs that hold each library once, and say why.

    Technical replicates of a biological one may lie in BAMs of their own: all of these serve.
    BAMs pooled over biological replicates hold the same reads again, so they serve only where the
    others don't cover every replicate.
    """
    bams = [file for file in files if file["file_format"] == "bam" and _is_a(file, [output_type])]
    single = [file for file in bams if len(_replicates(file)) == 1]
    left = single if single and _covered(single) == _covered(bams) else bams
    rungs = _rungs(
        dates,
        (
            "over most replicates",
            lambda file: (len(_replicates(file)), len(file.get("technical_replicates", []))),
        ),
    )
    chosen = []
    while left:
        first, _ = _prefer(left, rungs)
        rivals = [file for file in left if file is first or _share(first, file)]
        chosen.append((first, _prefer(rivals, rungs)[1]))
        left = [file for file in left if file not in rivals]
    chosen.sort(key=lambda item: (_replicates(item[0]), item[0]["accession"]))
    taken = [file for file, _ in chosen]
    for file, why in chosen:
        log.info("alignments: %s, replicate %s, %s", file["accession"], _replicates(file), why)
    for file in bams:
        if file not in taken:
            log.info("passed over: %s (older, or replicates pooled)", file["accession"])
    return chosen


def _known(record: dict, files: list[dict]) -> set[int]:
    """Biological replicates of an experiment, by all that the portal tells of it."""
    listed = [item for item in record.get("replicates", []) if isinstance(item, dict)]
    numbers = {item.get("biological_replicate_number") for item in listed}
    return _covered(files) | (numbers - {None})


def _tell_left_out(
    record: dict,
    files: list[dict],
    experiment: str,
    assembly: str,
    chosen: list[tuple[str, dict, str]],
) -> None:
    """Warn of replicates that no alignments taken hold, and say what would bring them in."""
    taken = _covered([file for role, file, _ in chosen if role == "alignments"])
    peaks = [_listed(file) for role, file, _ in chosen if role == "peaks"]
    bams = [file for file in files if file["file_format"] == "bam"]
    usable = [file for file in bams if fits(file, record, assembly)]
    for replicate in sorted(_known(record, files) - taken) if taken else ():
        there = "; ".join(
            f"{file['accession']} ({file['output_type']}, {file.get('assembly', 'no assembly')}, "
            f"{'not available' if file.get('no_file_available') else file['status']})"
            for file in bams
            if replicate in _replicates(file)
        )
        # other output types serve if they leave out no other replicate
        keys = " or ".join(
            f"portal/alignments: {name}"
            for name in dict.fromkeys(file["output_type"] for file in usable)
            if {replicate, *taken} <= _covered([file for file in usable if _is_a(file, [name])])
        )
        log.warning(
            "%s: replicate %s is in no alignments taken, which are of %s%s. The portal has of it: "
            "%s. To bring it in, %sgive local files of all replicates in the column alignments.",
            *(experiment, replicate, ",".join(map(str, sorted(taken)))),
            f" (peaks are of {peaks[0]})" if peaks else "",
            there or "no alignments",
            f"set {keys}, or " if keys else "",
        )


def _choose_peaks(
    files: list[dict], output_types: Collection[str], dates: Mapping[str, str]
) -> tuple[dict, str] | None:
    """Choose the portal's own choice, else the set over most replicates, else the newest."""
    sets = [
        file
        for file in files
        if file["file_format"] == "bed"
        and file.get("file_format_type") != "broadPeak"
        and _is_a(file, output_types)
    ]
    if not sets:
        return None
    chosen, why = _prefer(
        sets, _rungs(dates, ("over most replicates", lambda file: len(_replicates(file))))
    )
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
    return chosen, why


def _control(
    portal: str, record: dict, experiment: str, assembly: str, output_type: str, policy: Policy
) -> str:
    """Accession of the one matched control, which has alignments."""
    controls = sorted({_accession(item) for item in record.get("possible_controls", [])})
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
        file["file_format"] == "bam"
        and _is_a(file, [output_type])
        and fits(file, control, assembly)
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
            about = _accession(audit.get("path") or experiment)
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
        "replicate": _listed(file),
        "url": payload(portal, file["href"]),
        "date": _date(file),
        "control": "" if control == "none" else control,
        "audit": "; ".join(" ".join(text.split()) for text in own),
        "reason": reason,
    } | {
        key: file[key] for key in ("output_type", "file_format", "assembly", "md5sum", "file_size")
    }


def read_manifest(path: str | Path, genome: str = "") -> pd.DataFrame:
    """Read a manifest that a user keeps.

    Parameters
    ----------
    path
        TSV with the columns `COLUMNS`, of which only `NEEDED` must be there.
    genome
        Name of the genome that all files must be of; not checked if empty.

    Returns
    -------
    pandas.DataFrame
        All cells are text.

    Raises
    ------
    InputError
        If there is no such file, or if a column or a cell is missing or wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; config key 'manifest' names it. "
            "`snakemake manifest` writes one: copy it there, or leave the key out."
        )
    (_, header), *rows = read_cells(path) or [(1, [])]
    table = pd.DataFrame([row for _, row in rows], columns=header, dtype=str)
    missing = [column for column in NEEDED if column not in table]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(missing)} is missing; found {', '.join(table.columns)}"
        )
    table = table.reindex(columns=COLUMNS, fill_value="").fillna("")
    for (number, _), row in zip(rows, table.to_dict("records"), strict=True):
        _check_row(f"{path}, line {number}", row, genome)
    repeated = table[table.duplicated(["experiment", "file", "role"])]
    if len(repeated):
        again = repeated.iloc[0]
        raise InputError(f"{path}: {again.file} of {again.experiment} stands twice; keep one row")
    reads = table[table.role == "alignments"]
    both = reads.merge(reads, left_on=["control", "file"], right_on=["experiment", "file"])
    for row in both.head(1).itertuples():
        raise InputError(
            f"{path}: {row.file} is in the alignments of {row.experiment_x} and of its control "
            f"{row.control_x}, so that the control would tell the reads that are to be predicted"
        )
    return table


def _check_row(where: str, row: Mapping[str, str], genome: str) -> None:
    empty = [column for column in NEEDED if not row[column] and column != "control"]
    if empty:
        raise InputError(f"{where}: {', '.join(empty)} is empty; ask again with key 'refresh'")
    if row["role"] not in ROLES:
        raise InputError(f"{where}: unknown role '{row['role']}'; roles: {', '.join(ROLES)}")
    if row["control"] == row["experiment"]:
        raise InputError(f"{where}: control of {row['experiment']} is the experiment itself")
    if not row["file_size"].isdigit():
        raise InputError(f"{where}: file_size is '{row['file_size']}', not a number of bytes")
    if genome and row["assembly"] != assembly_of(genome):
        raise InputError(
            f"{where}: {row['file']} is of {row['assembly']}, but genome/name is {genome}; "
            "keep a manifest for each genome"
        )


def join_manifests(kept: pd.DataFrame | None, new: Sequence[str | Path]) -> pd.DataFrame:
    """Put manifests together: rows that are kept stay as they are, others follow.

    An experiment of ``new`` takes the place of its rows in ``kept``.
    """
    added = [read_manifest(path) for path in new]
    asked = {name for table in added for name in table.experiment}
    if kept is not None:
        added.insert(0, kept[~kept.experiment.isin(asked)])
    if not added:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(added, ignore_index=True)
