"""Motif sets that a config names, told apart by their first lines alone."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from attprior.errors import InputError
from attprior.text import lines

JASPAR_GROUPS = ("vertebrates", "fungi", "plants", "insects", "nematodes")
# names of HOMER's own results among the sets
HOMER_SETS = ("homer_de_novo", "homer_known")
FIRST_LINES = 50  # MEME's own output begins with a banner


def motif_format(path: str | Path) -> str:
    """Whether a motif file is `meme` or `homer`.

    Raises
    ------
    InputError
        For a file that is missing, no text or neither.
    """
    first = [line.rstrip() for _, line in islice(lines(path, skip=b""), FIRST_LINES)]
    if any(line.startswith(("MEME version", "MOTIF")) for line in first):
        return "meme"
    first = [line for line in first if not line.startswith("#")]
    if first and is_homer_header(first[0]):
        return "homer"
    found = f"begins with {first[0][:60]!r}" if first else "is empty"
    raise InputError(
        f"{path}: neither a MEME nor a HOMER motif file, as it {found}. MEME files begin with 'MEME "
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
