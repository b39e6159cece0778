"""Which of an experiment's files serve, by the portal's records of them, with the reasons."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

log = logging.getLogger(__name__)

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
WITHDRAWN = ("archived", "revoked", "replaced", "deleted")
UNRELEASED = ("in progress", "submitted", "preliminary", "proposed", "started")

Criteria = Sequence[tuple[str, Callable[[dict], object]]]


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


def accession(item: str | dict) -> str:
    """Accession of an object, given as its path or embedded."""
    if isinstance(item, dict):
        item = item.get("accession") or item["@id"]
    return item.strip("/").rpartition("/")[2]


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


def replicates(file: dict) -> list[int]:
    """Numbers of the biological replicates that a file holds."""
    return sorted(file.get("biological_replicates", []))


def listed(file: dict) -> str:
    """Replicates of a file, as the manifest lists them."""
    return ",".join(map(str, replicates(file)))


def date(file: dict) -> str:
    """When a file was made, else when it was released."""
    return file.get("date_created") or file.get("date_released") or ""


def _analyses(record: dict) -> dict[str, str]:
    """Date of the newest analysis that made a file, by the file's accession."""
    dates: dict[str, str] = {}
    for analysis in record.get("analyses", []):
        if isinstance(analysis, dict) and analysis.get("status", "released") not in WITHDRAWN:
            for file in map(accession, analysis.get("files", [])):
                dates[file] = max(dates.get(file, ""), date(analysis))
    return dates


def is_a(file: dict, output_types: Collection[str]) -> bool:
    """Whether a file is of one of some output types, in any case."""
    names = {name.casefold() for name in output_types}
    return file["output_type"].casefold() in names


def _prefer(files: list[dict], criteria: Criteria) -> tuple[dict, str]:
    """Choose one file, criterion by criterion, and say which of them told it from the others."""
    left, reasons = files, []
    for reason, value in criteria:
        best = max(map(value, left))
        winners = [file for file in left if value(file) == best]
        if len(winners) < len(left):
            reasons.append(reason)
        left = winners
    return left[0], " and ".join(reasons) or "the only one"


def _criteria(dates: Mapping[str, str], coverage: tuple[str, Callable[[dict], object]]) -> Criteria:
    return (
        ("preferred by the portal", lambda file: bool(file.get("preferred_default"))),
        coverage,
        ("of the newest analysis", lambda file: dates.get(file["accession"], "")),
        ("the newest", date),
        ("the last accession", lambda file: file["accession"]),
    )


def _share(one: dict, other: dict) -> bool:
    """Whether two alignments hold reads of the same library."""
    libraries = [set(file.get("technical_replicates", [])) for file in (one, other)]
    if not all(libraries):
        libraries = [set(replicates(file)) for file in (one, other)]
    return bool(libraries[0] & libraries[1]) or not all(libraries)


def covered(files: list[dict]) -> set[int]:
    """Numbers of the biological replicates that files hold together."""
    return {replicate for file in files for replicate in replicates(file)}


def _choose_alignments(
    files: list[dict], output_type: str, dates: Mapping[str, str]
) -> list[tuple[dict, str]]:
    """Choose BAMs that hold each library once, and say why.

    Technical replicates of a biological one may lie in BAMs of their own: all of these serve.
    BAMs pooled over biological replicates hold the same reads again, so they serve only where the
    others don't cover every replicate.
    """
    bams = [file for file in files if file["file_format"] == "bam" and is_a(file, [output_type])]
    single = [file for file in bams if len(replicates(file)) == 1]
    left = single if single and covered(single) == covered(bams) else bams
    criteria = _criteria(
        dates,
        (
            "over most replicates",
            lambda file: (len(replicates(file)), len(file.get("technical_replicates", []))),
        ),
    )
    chosen = []
    while left:
        first, _ = _prefer(left, criteria)
        rivals = [file for file in left if file is first or _share(first, file)]
        chosen.append((first, _prefer(rivals, criteria)[1]))
        left = [file for file in left if file not in rivals]
    chosen.sort(key=lambda item: (replicates(item[0]), item[0]["accession"]))
    taken = [file for file, _ in chosen]
    for file, why in chosen:
        log.info("alignments: %s, replicate %s, %s", file["accession"], replicates(file), why)
    for file in bams:
        if file not in taken:
            log.info("passed over: %s (older, or replicates pooled)", file["accession"])
    return chosen


def _choose_peaks(
    files: list[dict], output_types: Collection[str], dates: Mapping[str, str]
) -> tuple[dict, str] | None:
    """Choose the portal's own choice, else the set over most replicates, else the newest."""
    sets = [
        file
        for file in files
        if file["file_format"] == "bed"
        and file.get("file_format_type") != "broadPeak"
        and is_a(file, output_types)
    ]
    if not sets:
        return None
    chosen, why = _prefer(
        sets, _criteria(dates, ("over most replicates", lambda file: len(replicates(file))))
    )
    log.info("%s: %s, %s", chosen["output_type"], chosen["accession"], why)
    for file in sets:
        if file is not chosen:
            log.info(
                "passed over: %s (%s, replicates %s, preferred: %s, of %s)",
                file["accession"],
                file["output_type"],
                replicates(file),
                bool(file.get("preferred_default")),
                date(file) or "unknown date",
            )
    return chosen, why
