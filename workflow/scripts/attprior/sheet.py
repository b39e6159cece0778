"""The sheet of experiments: read and checked."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from attprior.assays import (
    ASSAYS,
    FORMATS,
    control_assay,
    file_format,
    file_name,
    is_control,
    is_url,
)
from attprior.errors import InputError
from attprior.files import identity
from attprior.text import read_cells

COLUMNS = ["condition", "experiment", "assay", "control", "alignments", "peaks", "relaxed_peaks"]
REQUIRED_COLUMNS = ["condition", "experiment", "assay"]
CALLED = "macs3"  # in the place of a file: peaks to be called
NOT_ON_PORTAL = ("chip-exo", "chip-nexus")
# what the names of bigWigs call the strands
STRAND_NAMES = (
    re.compile(r"(^|[._-])(plus|pos|positive|fwd|forward)([._-]|$)", re.IGNORECASE),
    re.compile(r"(^|[._-])(minus|neg|negative|rev|reverse)([._-]|$)", re.IGNORECASE),
)
ACCESSION = re.compile(r"^(ENC|TST)SR\d{3}[A-Z0-9]{3}$")


def is_accession(name: str) -> bool:
    """Whether a name is an experiment's accession of the ENCODE portal."""
    return bool(ACCESSION.match(name))


def split_paths(text: str) -> list[str]:
    """Paths of a cell that lists them with commas."""
    return [path.strip() for path in text.split(",") if path.strip()]


def read_experiments(path: str | Path, may_be_empty: bool = False) -> pd.DataFrame:
    """Read and check the sheet of experiments.

    Parameters
    ----------
    path
        TSV, a row per experiment.
    may_be_empty
        Whether a sheet without rows is taken too, as where its rows are still looked for.

    Returns
    -------
    pandas.DataFrame
        A row per experiment, indexed by its name; columns `COLUMNS` without `experiment`, empty
        strings where the sheet has nothing.

    Raises
    ------
    InputError
        For a missing file or column, a row of too many cells, a repeated or ill-named experiment,
        an unknown assay or control, and local files that are missing or half given.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; config key 'experiments' names the sheet")
    found = read_cells(path)
    if not found:
        raise InputError(f"{path}: empty; its first line names columns: {', '.join(COLUMNS)}")
    (_, header), *rows = found
    sheet = pd.DataFrame([cells for _, cells in rows], columns=header, dtype=str)
    missing = [column for column in REQUIRED_COLUMNS if column not in sheet]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(missing)} is missing; found {', '.join(sheet.columns)} "
            "(columns are separated by tabs)"
        )
    for column in sheet.columns.difference(COLUMNS):
        near = difflib.get_close_matches(column, COLUMNS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known columns: {', '.join(COLUMNS)}"
        raise InputError(f"{path}: unknown column '{column}'; {hint}")
    if sheet.empty and not may_be_empty:
        raise InputError(
            f"{path}: no experiments; add a row per experiment (`snakemake propose` finds some)"
        )
    sheet = sheet.reindex(columns=COLUMNS, fill_value="")
    for (number, _), row in zip(rows, sheet.to_dict("records"), strict=True):
        _check_row(f"{path}, line {number}", row, sheet)
    repeated = sheet.experiment[sheet.experiment.duplicated()]
    if len(repeated):
        raise InputError(
            f"{path}: experiment {repeated.iloc[0]} stands in more than one row; a row per experiment"
        )
    return sheet.set_index("experiment")


def _check_row(where: str, row: Mapping[str, str], sheet: pd.DataFrame) -> None:
    name = row["experiment"]
    for column in ("condition", "experiment"):
        # not . or .., which are folders
        if not re.fullmatch(r"(?!\.+$)[A-Za-z0-9_.-]*", row[column]):
            raise InputError(
                f"{where}: {column} '{row[column]}' becomes part of file names; "
                "use letters, digits, '_', '.' and '-'"
            )
    if not name:
        raise InputError(f"{where}: no experiment; give an accession or a name of your own")
    if row["assay"] not in ASSAYS:
        near = difflib.get_close_matches(row["assay"], ASSAYS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known assays: {', '.join(ASSAYS)}"
        raise InputError(f"{where}: unknown assay '{row['assay']}' of {name}; {hint}")
    control_row = is_control(row["assay"])
    if control_row == bool(row["condition"]):
        want = "leave it empty, other rows name it in 'control'" if control_row else "give one"
        raise InputError(f"{where}: condition of {name} is '{row['condition']}'; {want}")
    if not row["alignments"] and not is_accession(name):
        raise InputError(
            f"{where}: '{name}' is no accession (such as ENCSR000BGQ) and has no alignments; "
            "correct the accession, or give files in column alignments"
        )
    if not (control_row or row["peaks"] or is_accession(name)):
        raise InputError(
            f"{where}: {name} has alignments but no peaks; give a narrowPeak file, or {CALLED} to "
            "have them called"
        )
    if row["assay"] in NOT_ON_PORTAL and not (row["alignments"] and row["peaks"]):
        raise InputError(
            f"{where}: {name} is {row['assay']}, which the portal is not asked for; give files in "
            "the columns alignments and peaks"
        )
    _check_files(where, row)
    _check_alignments(where, row)
    control = row["control"]
    if control == name and control not in ("auto", "none"):
        raise InputError(
            f"{where}: control of {name} is {name} itself, from which its reads could be copied; "
            "name another experiment, or none"
        )
    known = control in ("", "auto", "none") or is_accession(control)
    if not known and control not in set(sheet.experiment):
        raise InputError(
            f"{where}: control '{control}' of {name} is neither auto, none, an accession nor the "
            "experiment of another row"
        )
    if control == "auto" and not (is_accession(name) and row["assay"] == "tf-chip"):
        raise InputError(
            f"{where}: control of {name} is auto, which only accessions of tf-chip can have; "
            "write none, an accession, or the experiment of another row"
        )


def _check_files(where: str, row: Mapping[str, str]) -> None:
    """Check that a row's files are there, or have URLs by which they can be told apart."""
    for column in ("peaks", "relaxed_peaks"):
        files = split_paths(row[column])
        if len(files) > 1:
            raise InputError(
                f"{where}: {column} of {row['experiment']} lists {len(files)} files; give one"
            )
    names: dict[str, str] = {}
    for column in ("alignments", "peaks", "relaxed_peaks"):
        for file in split_paths(row[column]):
            of = f"{where}: {column} of {row['experiment']}"
            if file == CALLED and column != "alignments":
                continue
            if column != "alignments" and file_format(file) == "bigwig":
                raise InputError(f"{of}: {file} is a bigWig; give a narrowPeak or BED file")
            if not is_url(file):
                if not Path(file).is_file():
                    raise InputError(f"{of}: no file {file}")
                continue
            name = file_name(file)
            if not re.fullmatch(r"[A-Za-z0-9_.+-]+", name):
                raise InputError(
                    f"{of}: the URL {file} ends in '{name}', which can't be a file name here; "
                    "download it yourself, and give its path"
                )
            if names.setdefault(name, file) != file:
                raise InputError(
                    f"{of}: {names[name]} and {file} have the same name; download one of them "
                    "yourself, and give its path"
                )


def _check_alignments(where: str, row: Mapping[str, str]) -> None:
    """Check the formats of a row's alignments, and the order of its bigWigs."""
    files = split_paths(row["alignments"])
    of = f"{where}: alignments of {row['experiment']}"
    for file in files:
        if file_format(file) is None:
            endings = ", ".join(ending for endings in FORMATS.values() for ending in endings)
            raise InputError(
                f"{of}: {file} is of no known format; names end in {endings} (BED, tagAlign and "
                "bedpe also in .gz)"
            )
    seen: dict[object, str] = {}
    for file in files:
        first = seen.setdefault(source(file), file)
        if first is not file:
            again = "" if first == file else f" (as {first} too)"
            raise InputError(f"{of}: {file} is listed twice{again}, so its reads would count twice")
    bigwigs = [file for file in files if file_format(file) == "bigwig"]
    if not bigwigs:
        return
    if len(bigwigs) < len(files):
        raise InputError(
            f"{of}: bigWigs and files of reads together; give one or the other, as bigWigs are "
            "counted already"
        )
    if CALLED in (row["peaks"], row["relaxed_peaks"]):
        raise InputError(
            f"{of}: peaks can't be called ({CALLED}) from bigWigs; give a narrowPeak file"
        )
    strands = ASSAYS[row["assay"]]
    if len(bigwigs) % len(strands):
        raise InputError(
            f"{of}: {len(bigwigs)} bigWigs, but {row['assay']} has one of the plus and one of the "
            "minus strand for each replicate; list them plus, minus, plus, minus"
        )
    if len(strands) == 1:
        return
    for place, strand in enumerate(strands):
        own, other = STRAND_NAMES[place], STRAND_NAMES[1 - place]
        for name in map(file_name, bigwigs[place::2]):
            if other.search(name) and not own.search(name):
                raise InputError(
                    f"{of}: {name} stands where a {strand} strand is expected, but its name says "
                    "otherwise; list bigWigs plus, minus, plus, minus (or rename it)"
                )


def source(file: str) -> object:
    """What a path or URL of the sheet names: the same for all names of one file."""
    return file if is_url(file) else identity(file)


def check_experiments(sheet: pd.DataFrame, config: Mapping) -> None:
    """Check what concerns several rows, or rows and the config.

    Parameters
    ----------
    sheet
        As `read_experiments` gives it.
    config
        Completed configuration.

    Raises
    ------
    InputError
        If a condition mixes tracks with and without strands, or experiments with a control and
        without; if a control shares alignments with its user, has tracks of another kind, or bigWigs
        where peaks are called against it; or if duplicates are to be left out of files that do not
        mark them.
    """
    path = config["experiments"]
    for condition, rows in sheet[sheet.condition != ""].groupby("condition", sort=False):
        kinds = {name: len(ASSAYS[assay]) for name, assay in rows.assay.items()}
        if len(set(kinds.values())) > 1:
            named = [
                f"{', '.join(name for name, n in kinds.items() if n == number)} {text}"
                for number, text in ((2, "with strands"), (1, "without"))
            ]
            raise InputError(
                f"{path}: condition {condition} mixes experiments: {'; '.join(named)}. One model "
                "can't have both: give them conditions of their own"
            )
        without = rows.index[rows.control.isin(["", "none"])]
        if 0 < len(without) < len(rows):
            raise InputError(
                f"{path}: condition {condition} mixes experiments with a control "
                f"({', '.join(rows.index.difference(without, sort=False))}) and without "
                f"({', '.join(without)}); in one condition give every experiment a control, or none"
            )
    of_controls: dict[str, str] = {}
    for name, row in sheet.iterrows():
        control = row["control"]
        if control in ("", "none", "auto"):
            continue
        listed = sheet.assay.get(control)
        first = of_controls.setdefault(control, name)
        assay = listed or control_assay(sheet.assay[first])
        if ASSAYS[assay] != ASSAYS[row["assay"]]:
            why = "" if listed else f", as {first} names it too"
            raise InputError(
                f"{path}: the control of {name} ({row['assay']}) is {control} ({assay}{why}), but "
                f"their tracks are not of one kind: {', '.join(ASSAYS[row['assay']])} and "
                f"{', '.join(ASSAYS[assay])}; name a {control_assay(row['assay'])}"
            )
        if not listed:
            continue
        own = {source(file) for file in split_paths(row["alignments"])}
        files = split_paths(sheet.alignments[control])
        for file in files:
            if source(file) in own:
                raise InputError(
                    f"{path}: the control of {name} is {control}, but {file} is in the alignments of "
                    "both, so that the control would tell the reads that are to be predicted; give "
                    "the control its own files, or none"
                )
        called = CALLED in (row["peaks"], row["relaxed_peaks"])
        if called and any(file_format(file) == "bigwig" for file in files):
            raise InputError(
                f"{path}: the control of {name} is {control}, which has bigWigs, so {CALLED} can't "
                f"call peaks against it; give its reads in column alignments, or {name} a file of "
                "peaks"
            )
    if config["reads"]["keep_duplicates"]:
        return
    for name, cell in sheet.alignments.items():
        for file in split_paths(cell):
            if file_format(file) not in ("bam", "cram"):
                raise InputError(
                    f"{path}: alignments of {name}: {file} does not mark duplicates, but config "
                    "key 'reads/keep_duplicates' is false; give BAM files, or set it to true"
                )


def shared_alignments(sheet: pd.DataFrame) -> list[str]:
    """Say which files are alignments of several experiments of a condition."""
    lines = []
    for condition, rows in sheet[sheet.condition != ""].groupby("condition", sort=False):
        owners: dict[object, str] = {}
        for name, cell in rows.alignments.items():
            for file in split_paths(cell):
                owner = owners.setdefault(source(file), name)
                if owner != name:
                    lines.append(
                        f"{file} is in the alignments of {owner} and of {name}, so the model of "
                        f"{condition} learns the same reads as two tasks"
                    )
    return lines


def assay_of_control(sheet: pd.DataFrame, control: str) -> str:
    """Assay of a control without a row of its own, by the first row that names it."""
    users = sheet.assay[sheet.control == control]
    return control_assay(users.iloc[0] if len(users) else "tf-chip")
