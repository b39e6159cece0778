"""HOMER's files: peaks in, de novo and known motifs out."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from memelite.io import write_meme
from numpy.typing import NDArray

from attprior.dataset.store import Labels
from attprior.errors import InputError
from attprior.files import aside

# T:168.0(33.60%),B:21.5(1.09%),P:1e-102
_COUNTS = re.compile(
    r"T:(?P<targets>[\d.]+)\((?P<target_share>[\d.]+)%\),"
    r"B:(?P<background>[\d.]+)\((?P<background_share>[\d.]+)%\),P:(?P<p>[-+.\deE]+)"
)


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
        Natural log of the enrichment's p value.
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
        if header is None:
            return
        if not rows:
            raise InputError(f"{path}, line {first}: motif {header[1]} has no rows of frequencies")
        name, _, guess = header[1].partition(",BestGuess:")
        counts = _COUNTS.search(header[5]) if len(header) > 5 else None
        motifs.append(
            HomerMotif(
                header[0].removeprefix(">"),
                name,
                guess,
                np.array(rows).T,
                float(header[2]),
                float(header[3]),
                float(counts["target_share"]) / 100 if counts else np.nan,
                float(counts["background_share"]) / 100 if counts else np.nan,
            )
        )

    for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
        if line.startswith(">"):
            finish()
            header, rows, first = line.split("\t"), [], number
            if len(header) < 4 or not (_is_number(header[2]) and _is_number(header[3])):
                raise InputError(
                    f"{path}, line {number}: a motif's header is >consensus, name, threshold and "
                    f"log p, separated by tabs; found {line!r}"
                )
        elif line.strip():
            values = line.split()
            if header is None or len(values) != 4 or not all(map(_is_number, values)):
                raise InputError(
                    f"{path}, line {number}: expected four frequencies, found {line!r}"
                )
            rows.append([float(value) for value in values])
    finish()
    return motifs


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


def read_known_results(path: str | Path) -> pd.DataFrame:
    """Known motifs of `knownResults.txt`.

    Returns
    -------
    pandas.DataFrame
        Columns motif, consensus, log_p, q_value, targets, target_share, background,
        background_share; shares from 0 to 1.

    Raises
    ------
    InputError
        For a file without the nine columns, or with a share that is no percentage.
    """
    try:
        table = pd.read_csv(path, sep="\t")
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(f"{path}: no table of known motifs ({error})") from None
    if table.shape[1] != 9:
        raise InputError(f"{path}: {table.shape[1]} columns; knownResults.txt has 9")
    # headers hold the numbers of sequences, so columns go by place
    table.columns = [
        "motif", "consensus", "p_value", "log_p", "q_value",
        "targets", "target_share", "background", "background_share",
    ]  # fmt: skip
    for column in ("target_share", "background_share"):
        share = pd.to_numeric(table[column].astype(str).str.rstrip("%"), errors="coerce")
        if share.isna().any():
            row = int(share.isna().argmax())
            raise InputError(
                f"{path}, line {row + 2}: {column} is '{table[column][row]}', not a percentage"
            )
        table[column] = share / 100
    return table.drop(columns="p_value")


def homer_to_meme(source: str | Path, target: str | Path) -> None:
    """Write the motifs of a HOMER file as MEME, named `homer_N CONSENSUS`."""
    motifs = read_homer_motifs(source)
    with aside(target) as temporary:
        write_meme(
            str(temporary),
            {
                f"homer_{number} {motif.best_guess or motif.consensus}": motif.frequencies
                / motif.frequencies.sum(axis=0)
                for number, motif in enumerate(motifs, start=1)
            },
        )


def write_homer_peaks(labels: str | Path, output: str | Path) -> None:
    """Write a condition's peaks in HOMER's peak format, a row per summit: HOMER centres there."""
    data = Labels.open(labels)
    summits = data.regions.drop_duplicates("summit")
    offset = data.coordinates.offsets[summits.chromosome]
    start = summits.summit.to_numpy() - offset
    table = pd.DataFrame(
        {
            "id": [f"peak_{number}" for number in range(1, len(summits) + 1)],
            "chrom": np.array(data.coordinates.names)[summits.chromosome],
            # 1-based, closed
            "start": start + 1,
            "end": start + 1,
            "strand": "+",
        }
    )
    with aside(output) as temporary:
        table.to_csv(temporary, sep="\t", index=False, header=False)
