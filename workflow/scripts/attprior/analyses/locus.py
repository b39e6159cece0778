"""What is known of one place of the genome: peaks, footprints, sites and motif instances."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from attprior.bed import feature_rows
from attprior.files import atomic_write
from attprior.locus import Locus
from attprior.text import whole_number

COLUMNS = ["kind", "source", "chrom", "start", "end", "name", "score", "strand", "summit"]
HIGHEST_SCORE = 1000  # that BED allows


class Source(NamedTuple):
    """A BED or narrowPeak file, the kind of its rows, and whose they are."""

    kind: str
    source: str
    path: str | Path


def features_table(locus: Locus, sources: Iterable[Source]) -> pd.DataFrame:
    """Rows of files that share a base with a locus.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, in the order of the sources and then of starts. Positions are 0-based
        half-open; `summit` is there for peaks alone, and `name` and `score` as in the file.
    """
    rows = []
    for kind, source, path in sources:
        for chrom, start, end, *rest in feature_rows(path, [locus]):
            # a BED may end after any column
            name, score, strand = (*rest[:3], *(".", "0", ".")[len(rest[:3]) :])
            # narrowPeak: -1 where no summit is known
            offset = whole_number(rest[6]) if len(rest) == 7 else None
            summit = pd.NA if offset is None or offset < 0 else int(start) + offset
            rows.append((kind, source, chrom, int(start), int(end), name, score, strand, summit))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"summit": "Int64"})
    order = {key: number for number, key in enumerate(dict.fromkeys(table.kind + table.source))}
    key = (table.kind + table.source).map(order)
    return table.assign(key=key).sort_values(["key", "start", "end"])[COLUMNS]


def write_features_bed(table: pd.DataFrame, path: str | Path) -> None:
    """Write features as BED6, sorted; names say what a row is, whose it is and how it is called."""
    score = pd.to_numeric(table.score, errors="coerce").fillna(0).clip(0, HIGHEST_SCORE)
    names = (
        table.kind + ", " + table.source + table.name.map(lambda x: "" if x == "." else f": {x}")
    )
    bed = table[["chrom", "start", "end"]].assign(
        name=names, score=score.round().astype(int), strand=table.strand
    )
    with atomic_write(path) as temporary:
        bed.sort_values(["start", "end"], kind="stable").to_csv(
            temporary, sep="\t", header=False, index=False
        )
