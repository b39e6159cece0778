"""HOMER's files: motifs de novo and known, and how enriched they are.

Read as HOMER 4.9 to 5.1 write them. The versions differ in what follows a motif's p value, in
whether known motifs have files of their own, and in how the known motifs' table writes numbers of
sequences.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.motifs.formats import is_homer_header, is_number
from attprior.text import lines

log = logging.getLogger(__name__)

MAX_Q_VALUE = 0.05  # of a known motif that counts as enriched
# what a run of HOMER leaves, see `attprior.motifs.homer_run`
DE_NOVO = "homerMotifs.all.motifs"
KNOWN = "knownResults.txt"
TESTED = "tested.motifs"
KNOWN_HEADER = (
    "Motif Name\tConsensus\tP-value\tLog P-value\tq-value (Benjamini)\t"
    "# of Target Sequences with Motif\t% of Target Sequences with Motif\t"
    "# of Background Sequences with Motif\t% of Background Sequences with Motif\n"
)
TABLE_COLUMNS = [
    "kind", "motif", "name", "consensus", "log_p", "q_value", "target_share", "background_share",
]  # fmt: skip
# T:168.0(33.60%),B:21.5(1.09%),P:1e-102
_COUNTS = re.compile(
    r"T:(?P<targets>[\d.]+)\((?P<target_share>[\d.]+)%\),"
    r"B:(?P<background>[\d.]+)\((?P<background_share>[\d.]+)%\),P:(?P<p>[-+.\deE]+)"
)


# columns of knownResults.txt that are read as numbers
_NUMBERS = {
    "log_p": "number",
    "q_value": "number",
    "target_share": "percentage",
    "background_share": "percentage",
}


@dataclass(frozen=True)
class HomerMotif:
    """A motif of a HOMER file.

    Parameters
    ----------
    consensus, name
        First and second column; `best_guess` is the database motif in the name, if any.
    frequencies
        (4, W).
    threshold
        Log-odds score from which a site counts.
    log_p
        Natural log of the enrichment's p value; NaN where the file has none.
    target_share, background_share
        Sequences with the motif, 0 to 1; NaN where the file has none.
    """

    consensus: str
    name: str
    best_guess: str
    frequencies: NDArray
    threshold: float
    log_p: float
    target_share: float
    background_share: float


def read_homer_motifs(path: str | Path) -> list[HomerMotif]:
    """Motifs of `homerMotifs.all.motifs`, `motifN.motif` or a known-motif file.

    Raises
    ------
    InputError
        For rows that are no four numbers, and for a header without its columns or rows.
    """
    motifs: list[HomerMotif] = []
    header, rows, first = None, [], 0

    def finish() -> None:
        if header is not None and not rows:
            raise InputError(f"{path}, line {first}: motif {header[1]} has no rows of frequencies")
        if header is not None:
            motifs.append(_motif(header, rows))

    for number, line in lines(path, skip=b"#"):
        if line.startswith(">"):
            finish()
            header, rows, first = line.split("\t"), [], number
            if not is_homer_header(line):
                raise InputError(
                    f"{path}, line {number}: a motif's header is >consensus, name and threshold, "
                    f"separated by tabs; found {line!r}"
                )
        else:
            values = line.split()
            if header is None or len(values) != 4 or not all(map(is_number, values)):
                raise InputError(
                    f"{path}, line {number}: expected four frequencies, found {line!r}"
                )
            rows.append([float(value) for value in values])
    finish()
    return motifs


def _motif(header: list[str], rows: list[list[float]]) -> HomerMotif:
    name, _, guess = header[1].partition(",BestGuess:")
    counts = _COUNTS.search(header[5]) if len(header) > 5 else None
    return HomerMotif(
        consensus=header[0].removeprefix(">"),
        name=name,
        best_guess=guess,
        frequencies=np.array(rows).T,
        threshold=float(header[2]),
        log_p=float(header[3]) if len(header) > 3 and is_number(header[3]) else np.nan,
        target_share=float(counts["target_share"]) / 100 if counts else np.nan,
        background_share=float(counts["background_share"]) / 100 if counts else np.nan,
    )


def read_known_results(path: str | Path) -> pd.DataFrame:
    """Known motifs of `knownResults.txt`.

    Returns
    -------
    pandas.DataFrame
        Columns motif, consensus, log_p, q_value, target_share, background_share; shares from 0
        to 1.

    Raises
    ------
    InputError
        For a file without the nine columns, and for a cell that is no number where one belongs.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3)
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: no table of known motifs ({error})") from None
    if table.shape[1] != 9:
        raise InputError(f"{path}: {table.shape[1]} columns; knownResults.txt has 9")
    # headers hold the numbers of sequences, so columns go by place
    table.columns = [
        "motif", "consensus", "p_value", "log_p", "q_value",
        "targets", "target_share", "background", "background_share",
    ]  # fmt: skip
    for column, unit in _NUMBERS.items():
        text = table[column].str.strip()
        values = pd.to_numeric(text.str.rstrip("%"), errors="coerce")
        if values.isna().any():
            row = int(values.isna().argmax())
            raise InputError(
                f"{path}, line {row + 2}: {column} is '{table[column][row]}', not a {unit}"
            )
        table[column] = values / 100 if unit == "percentage" else values
    return table.drop(columns=["p_value", "targets", "background"])


def write_known_results(path: str | Path, motifs: list[HomerMotif]) -> None:
    """Write known motifs with their enrichment as `knownResults.txt`, but for numbers of sequences."""
    # an import of a second, which other uses of this module do without
    from scipy.stats import false_discovery_control

    p_values = np.exp([motif.log_p for motif in motifs])
    q_values = false_discovery_control(p_values) if len(motifs) else []
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(KNOWN_HEADER)
        for motif, p, q in sorted(
            zip(motifs, p_values, q_values, strict=True), key=lambda row: row[0].log_p
        ):
            file.write(
                f"{motif.name}\t{motif.consensus}\t{p:.0e}\t{motif.log_p:.3e}\t{q:.4f}\t\t"
                f"{motif.target_share:.2%}\t\t{motif.background_share:.2%}\n"
            )


def named_motifs(motifs: Iterable[HomerMotif]) -> dict[tuple[str, str], NDArray]:
    """(Identifier, name) -> frequencies (4, W) of motifs.

    The identifier is HOMER's whole name, without spaces and numbered where it comes again; the name
    is what it begins with, or what the best guess does: `PU.1(ETS)` of `PU.1(ETS)/ThioMac/Homer`.
    """
    named: dict[tuple[str, str], NDArray] = {}
    seen: dict[str, int] = {}
    for motif in motifs:
        identifier = re.sub(r"\s+", "_", motif.name.strip()) or motif.consensus
        seen[identifier] = seen.get(identifier, 0) + 1
        if seen[identifier] > 1:
            identifier = f"{identifier}_{seen[identifier]}"
        name = (motif.best_guess or motif.name).split("/")[0].strip() or identifier
        named[identifier, name] = motif.frequencies
    return named


def write_results(
    folder: str | Path, table: str | Path, de_novo: str | Path, known: str | Path
) -> None:
    """Write what a run of HOMER found as a table, and its motifs as MEME.

    Parameters
    ----------
    folder
        What `attprior.motifs.homer_run.run_homer` wrote.
    table
        TSV of columns `TABLE_COLUMNS`, a row per motif: those found de novo, then all known ones
        that were tested, each with the most enriched first. The name of a motif found de novo is
        that of the known motif that HOMER finds most like it.
    de_novo, known
        MEME files, of the motifs found de novo and of the known ones with q of at most
        `MAX_Q_VALUE`.
    """
    folder = Path(folder)
    found = read_homer_motifs(folder / DE_NOVO)
    tested = read_known_results(folder / KNOWN)
    with atomic_write(table) as temporary:
        results_table(found, best_guesses(folder), tested).to_csv(temporary, sep="\t", index=False)
    enriched = list(tested.motif[tested.q_value <= MAX_Q_VALUE])
    by_name = known_motifs(folder)
    missing = [name for name in enriched if name not in by_name]
    if missing:
        log.warning(
            "%d enriched known motifs have no frequencies in HOMER's files, and are left out of %s",
            *(len(missing), known),
        )
    log.info("%d motifs de novo, %d of %d known enriched", len(found), len(enriched), len(tested))
    _write_meme(de_novo, found)
    _write_meme(known, [by_name[name] for name in enriched if name in by_name])


def results_table(
    found: list[HomerMotif], guesses: dict[str, str], tested: pd.DataFrame
) -> pd.DataFrame:
    """Table of columns `TABLE_COLUMNS`, see `write_results`."""
    identifiers = [identifier for identifier, _ in named_motifs(found)]
    de_novo = pd.DataFrame(
        {
            "kind": "de novo",
            "motif": identifiers,
            "name": [motif.best_guess or guesses.get(motif.name, "") for motif in found],
            "consensus": [motif.consensus for motif in found],
            "log_p": [motif.log_p for motif in found],
            "q_value": np.nan,
            "target_share": [motif.target_share for motif in found],
            "background_share": [motif.background_share for motif in found],
        }
    )
    known = tested.assign(kind="known", name=tested.motif.str.split("/").str[0])
    parts = [
        part[TABLE_COLUMNS].sort_values("log_p", kind="stable")
        for part in (de_novo, known)
        if len(part)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=TABLE_COLUMNS)


def best_guesses(folder: Path) -> dict[str, str]:
    """Name of a de novo motif -> known motif that HOMER finds most like it, with its score."""
    files = sorted(folder.glob("homerResults/motif*.motif"))
    motifs = [motif for path in files for motif in read_homer_motifs(path)]
    return {motif.name: motif.best_guess for motif in motifs if motif.best_guess}


def known_motifs(folder: Path) -> dict[str, HomerMotif]:
    """Name -> known motif that a run tested.

    HOMER 4.9 writes no files of the enriched ones, so the whole set that was tested lies beside.
    """
    files = [*sorted(folder.glob("knownResults/*.motif")), *folder.glob(TESTED)]
    return {motif.name: motif for path in files for motif in read_homer_motifs(path)}


def _write_meme(target: str | Path, motifs: list[HomerMotif]) -> None:
    # an import of seconds' compilation, which other uses of this module do without
    from memelite.io import write_meme

    titled = {
        identifier if name == identifier else f"{identifier} {name}": values / values.sum(axis=0)
        for (identifier, name), values in named_motifs(motifs).items()
    }
    with atomic_write(target) as temporary:
        write_meme(str(temporary), titled)
