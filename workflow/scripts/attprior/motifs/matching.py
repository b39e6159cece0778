"""Which known motifs patterns resemble."""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from memelite import tomtom
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from attprior.files import aside
from attprior.motifs.database import read_motifs
from attprior.motifs.discovery import read_patterns, trim

log = logging.getLogger(__name__)

COLUMNS = [
    "pattern", "seqlets", "rank", "database", "motif", "name", "p_value", "q_value", "consensus",
]  # fmt: skip


MAX_Q_VALUE = 0.05  # of a match that gives a pattern its name
ENOUGH = 25  # motifs that make a background of Tomtom by themselves
DECOYS = 100


def consensus(pfm: NDArray) -> str:
    """Most frequent base of each position of a motif (4, W), in lower case below one half."""
    bases = np.array(list("ACGT"))[pfm.argmax(axis=0)]
    return "".join(
        base if share >= 0.5 else base.lower()
        for base, share in zip(bases, pfm.max(0), strict=True)
    )


def decoy_motifs(motifs: Collection[NDArray], count: int, seed: int) -> list[NDArray]:
    """Make motifs of random columns, as long as the given ones (4, W) and as sharp on average."""
    rng = np.random.default_rng(seed)
    lengths = [motif.shape[1] for motif in motifs]
    return [rng.dirichlet([0.3] * 4, size=rng.choice(lengths)).T for _ in range(count)]


def tomtom_p_values(queries: Collection[NDArray], targets: Collection[NDArray]) -> NDArray:
    """Tomtom's p values (N, M) of motifs (4, W) against targets (4, W).

    Tomtom takes its background from the targets. A few are none, so random motifs are put beside
    them.
    """
    beside = decoy_motifs(targets, DECOYS, seed=0) if len(targets) < ENOUGH else []
    p_values = tomtom(list(queries), [*targets, *beside])[0]
    return np.clip(np.asarray(p_values)[:, : len(targets)], 0, 1)


def match_motifs(
    queries: Mapping[str, NDArray], targets: Mapping[tuple[str, str], NDArray], most: int
) -> pd.DataFrame:
    """Best matches of motifs by Tomtom.

    Parameters
    ----------
    queries
        Name -> frequencies (4, W).
    targets
        (Identifier, name) -> frequencies (4, W).
    most
        Matches listed for each query.

    Returns
    -------
    pandas.DataFrame
        Columns pattern, rank (from 1), motif, name, p_value, q_value (Benjamini and Hochberg over
        the targets of a query).
    """
    rows = []
    if queries and targets:
        p_values = tomtom_p_values(queries.values(), targets.values())
        names = list(targets)
        for query, p in zip(queries, p_values, strict=True):
            q = false_discovery_control(p)
            for rank, best in enumerate(np.argsort(p, kind="stable")[:most], start=1):
                rows.append((query, rank, *names[best], p[best], q[best]))
    return pd.DataFrame(rows, columns=["pattern", "rank", "motif", "name", "p_value", "q_value"])


def match_patterns(
    result: str | Path, databases: Mapping[str, str | Path], output: str | Path, most: int
) -> None:
    """Write the best matches of each TF-MoDISco pattern in each database, MEME or HOMER file.

    A pattern without any match, as in an empty database, has a row with an empty motif.
    """
    patterns = read_patterns(result)
    queries = {name: trim(pattern["pfm"], pattern["cwm"]) for name, pattern in patterns.items()}
    tables = [
        match_motifs(queries, read_motifs(path), most).assign(database=name)
        for name, path in databases.items()
    ]
    found = pd.concat(tables) if tables else match_motifs({}, {}, most).assign(database="")
    about = pd.DataFrame(
        {
            "pattern": list(patterns),
            "seqlets": [pattern["seqlets"] for pattern in patterns.values()],
            "consensus": [consensus(query) for query in queries.values()],
        },
        columns=["pattern", "seqlets", "consensus"],
    )
    # of one type even where there are no patterns, or the merge is refused
    about, found = (part.astype({"pattern": object}) for part in (about, found))
    table = about.merge(found, on="pattern", how="left")[COLUMNS]
    for row in table[table["rank"] == 1].itertuples():
        log.info("%s (%d seqlets) %s: %s, q %.1e", *row[1:3], row.consensus, row.name, row.q_value)
    with aside(output) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
