"""The table of the files to use: its columns, and how it is read and put together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from attprior.errors import InputError
from attprior.text import read_cells

COLUMNS = [
    "experiment", "file", "role", "replicate", "output_type", "file_format", "assembly", "md5sum",
    "file_size", "url", "date", "control", "audit", "reason",
]  # fmt: skip
# columns without which a file can't be fetched or used
NEEDED = ["experiment", "file", "role", "assembly", "md5sum", "file_size", "url", "control"]
ROLES = ("alignments", "peaks", "relaxed_peaks")
# genomes whose name differs from the portal's
ASSEMBLIES = {"hg38": "GRCh38"}


def assembly_of(genome: str) -> str:
    """Name of a genome on the portal: ``hg38`` is GRCh38 there, others have one name."""
    return ASSEMBLIES.get(genome, genome)


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
        raise InputError(f"{path}: {again.file} of {again.experiment} is duplicated; keep one row")
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
