"""Motif sets that a config names, told apart by their first lines alone."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from attprior.errors import InputError

JASPAR_GROUPS = ("vertebrates", "fungi", "plants", "insects", "nematodes")
# names of HOMER's own results among the sets
HOMER_SETS = ("homer_de_novo", "homer_known")
FIRST_LINES = 50  # MEME's own output begins with a banner


def motif_format(path: str | Path) -> str:
    """Whether a motif file is `meme` or `homer`.

    Raises
    ------
    InputError
        For a file that is missing or is neither.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip() for line in islice(file, FIRST_LINES) if line.strip()]
    except OSError as error:
        raise InputError(f"{path}: no motif file ({error.strerror})") from None
    if any(line.startswith(("MEME version", "MOTIF")) for line in lines):
        return "meme"
    lines = [line for line in lines if not line.startswith("#")]
    if lines and is_homer_header(lines[0]):
        return "homer"
    first = f"begins with {lines[0][:60]!r}" if lines else "is empty"
    raise InputError(
        f"{path}: neither a MEME nor a HOMER motif file, as it {first}. MEME files begin with 'MEME "
        "version', HOMER's with '>', consensus, name and threshold, separated by tabs"
    )


def is_homer_header(line: str) -> bool:
    """Whether a line is the first of a HOMER motif; those of FASTA and JASPAR files are not."""
    fields = line.split("\t")
    return line.startswith(">") and len(fields) > 2 and is_number(fields[2])


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return float("-inf") < float(text) < float("inf")
    except ValueError:
        return False


def motif_sets(names: Sequence[str]) -> dict[str, str]:
    """Check the entries of `motifs/databases`.

    Parameters
    ----------
    names
        `jaspar_` and a taxonomic group, or files.

    Returns
    -------
    dict
        Name of each set (of a file, without its ending) -> its file; "" for JASPAR's.

    Raises
    ------
    InputError
        For a group that JASPAR lacks, a file that is missing or of another format, and for two
        sets of one name.
    """
    sets: dict[str, str] = {}
    for entry in names:
        key = "config key 'motifs/databases'"
        file = "" if entry.startswith("jaspar_") else entry
        if not file and entry.removeprefix("jaspar_") not in JASPAR_GROUPS:
            raise InputError(
                f"{key}: {entry} is unknown; choose of "
                f"{', '.join('jaspar_' + group for group in JASPAR_GROUPS)}, or give a MEME or "
                "HOMER file"
            )
        if file and not Path(file).is_file():
            raise InputError(f"{key}: {entry} is neither jaspar_<group> nor a file that is there")
        if file:
            check_format(key, file)
        name = Path(file).stem or entry
        if name in (*sets, *HOMER_SETS):
            raise InputError(
                f"{key}: {entry}: another set of motifs is called {name}; rename the file"
            )
        sets[name] = file
    return sets


def check_format(key: str, path: str | Path, wanted: str | None = None) -> None:
    """Check that the motif file of a config key is of a known format, or of the one wanted.

    Raises
    ------
    InputError
        With the key.
    """
    try:
        found = motif_format(path)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    if wanted and found != wanted:
        raise InputError(f"{key}: {path} is a {found.upper()} file; give a {wanted.upper()} file")
