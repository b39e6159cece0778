"""Which known motifs patterns resemble."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.files import atomic_write
from attprior.motifs.compiled import ENOUGH, load_tomtom
from attprior.motifs.database import read_motifs
from attprior.motifs.discovery import read_patterns, trim

log = logging.getLogger(__name__)

COLUMNS = [
    "pattern", "seqlets", "rank", "database", "motif", "name", "p_value", "q_value", "consensus",
]  # fmt: skip


MAX_Q_VALUE = 0.05  # of a match that gives a pattern its name
MIN_BITS = 0.25  # information of a position that says something
SHUFFLES = 100  # of a pattern, which say how well it would match by chance
DECOYS = 100
BATCH = 2000  # queries of Tomtom at once, for memory
TINY = 1e-300


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


def informative(motif: NDArray) -> NDArray:
    """Which positions of a motif (4, W) have at least `MIN_BITS` of information: (W,) bool."""
    # an import of a second, which other uses of this module do without
    from scipy.stats import entropy

    bits = entropy(np.asarray(motif, dtype=float), base=2, axis=0)
    return 2 - np.nan_to_num(bits) >= MIN_BITS


def without_flanks(motif: NDArray) -> NDArray:
    """Cut a motif (4, W) to its first and last informative position; to nothing without any."""
    kept = np.flatnonzero(informative(motif))
    return motif[:, kept[0] : kept[-1] + 1] if len(kept) else motif[:, :0]


def shuffle_positions(motif: NDArray, rng: np.random.Generator) -> NDArray:
    """Shuffle the informative positions of a motif (4, W); a spacer stays where it is."""
    kept = np.flatnonzero(informative(motif))
    shuffled = motif.copy()
    shuffled[:, kept] = motif[:, rng.permutation(kept)]
    return shuffled


def shuffle_letters(motif: NDArray, rng: np.random.Generator) -> NDArray:
    """Give the letters of each position of a motif (4, W) to each other, so that its bits stay."""
    return rng.permuted(motif, axis=0)


def tomtom_scores(queries: Sequence[NDArray], targets: Sequence[NDArray]) -> NDArray:
    """-ln of Tomtom's p values (N, M) of motifs (4, W) against targets (4, W).

    Tomtom takes its background from the targets. A few are none, so random motifs are put beside
    them. Scores rank, but are no p values where positions are flat: Tomtom takes each position
    for one drawn by itself, while flat ones lie side by side in motifs and in patterns alike.
    """
    beside = decoy_motifs(targets, DECOYS, seed=0) if len(targets) < ENOUGH else []
    tomtom = load_tomtom()
    # it is compiled for each type of numbers
    queries, among = (
        [np.asarray(m, dtype=float) for m in ms] for ms in (queries, [*targets, *beside])
    )
    parts = [
        np.asarray(tomtom(queries[first : first + BATCH], among)[0])
        for first in range(0, len(queries), BATCH)
    ]
    return -np.log(np.clip(np.concatenate(parts)[:, : len(targets)], TINY, 1))


def null_scores(
    queries: Sequence[NDArray],
    targets: Sequence[NDArray],
    shuffle: Callable[[NDArray, np.random.Generator], NDArray],
) -> NDArray:
    """Scores (N, `SHUFFLES`, M) of shuffled queries, the same whatever other queries there are."""
    shuffled = []
    for query in queries:
        rng = np.random.default_rng(0)
        shuffled += [shuffle(query, rng) for _ in range(SHUFFLES)]
    scores = tomtom_scores(shuffled, targets)
    return scores.reshape(len(queries), SHUFFLES, len(targets))


def tail(scores: NDArray, null: NDArray) -> NDArray:
    """How often by chance a score is as high.

    Above the median of the null, its tail is taken for exponential, as that of the highest of many
    scores is, so that a hundred of them tell p values far below a hundredth (after Knijnenburg et
    al. 2009, https://doi.org/10.1093/bioinformatics/btp211).

    Parameters
    ----------
    scores
        (...).
    null
        (S, ...), scores by chance.

    Returns
    -------
    numpy.ndarray
        p values (...).
    """
    counted = (1 + (null >= scores).sum(axis=0)) / (1 + len(null))
    middle = np.median(null, axis=0)
    over = np.maximum(null - middle, 0)
    scale = over.sum(axis=0) / np.maximum((over > 0).sum(axis=0), 1)
    above = (scores > middle) & (scale > 0)
    beyond = np.maximum(scores - middle, 0) / np.where(above, scale, 1)
    return np.where(above, np.exp(-beyond) / 2, counted)


def pair_p_values(queries: Collection[NDArray], targets: Collection[NDArray]) -> NDArray:
    """Whether motifs are one: p values (N, M) of motifs (4, W) against targets (4, W).

    By Tomtom, among motifs with as much information in each position but of random letters. Flanks
    without information are cut off; motifs of nothing else have p values of 1.
    """
    queries, targets = ([without_flanks(m) for m in motifs] for motifs in (queries, targets))
    rows, columns = ([i for i, m in enumerate(ms) if m.size] for ms in (queries, targets))
    p_values = np.ones((len(queries), len(targets)))
    if rows and columns:
        chosen, among = [queries[i] for i in rows], [targets[i] for i in columns]
        scores = tomtom_scores(chosen, among)
        null = null_scores(chosen, among, shuffle_letters)
        # shuffles know nothing of how alike two motifs are by their composition alone: Tomtom does
        found = [tail(of, by) for of, by in zip(scores, null, strict=True)]
        p_values[np.ix_(rows, columns)] = np.maximum(found, np.exp(-scores))
    return p_values


def best_matches(
    queries: Mapping[str, NDArray], targets: Mapping[tuple[str, str], NDArray], most: int
) -> pd.DataFrame:
    """Best matches of motifs in one set, with p values but no q values: see `match_motifs`."""
    queries, targets = (
        {name: cut for name, motif in motifs.items() if (cut := without_flanks(motif)).size}
        for motifs in (queries, targets)
    )
    rows = []
    if queries and targets:
        sets = list(queries.values()), list(targets.values())
        scores = tomtom_scores(*sets)
        by_chance = null_scores(*sets, shuffle_positions).max(axis=2)
        names = list(targets)
        for query, score, null in zip(queries, scores, by_chance, strict=True):
            best = np.argsort(-score, kind="stable")[:most]
            p_values = tail(score[best], null[:, None])
            for rank, (target, p) in enumerate(zip(best, p_values, strict=True), start=1):
                rows.append((query, rank, *names[target], p))
    return pd.DataFrame(rows, columns=["pattern", "rank", "motif", "name", "p_value"])


def with_q_values(matches: pd.DataFrame) -> pd.DataFrame:
    """Add q values: Benjamini and Hochberg over patterns and sets, those of each rank together."""
    # an import of a second, which other uses of this module do without
    from scipy.stats import false_discovery_control

    q_values = matches.groupby("rank").p_value.transform(false_discovery_control)
    return matches.assign(q_value=q_values.astype(float))


def names_pattern(matches: pd.DataFrame) -> pd.Series:
    """Whether each match is good enough to give its pattern a name, the same wherever it is asked."""
    return matches.q_value <= MAX_Q_VALUE


def match_motifs(
    queries: Mapping[str, NDArray], targets: Mapping[tuple[str, str], NDArray], most: int
) -> pd.DataFrame:
    """Best matches of motifs by Tomtom, in the order of its p values.

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
        Columns pattern, rank (from 1), motif, name, p_value (how often the query with its
        informative positions shuffled has a match as good among all targets), q_value (Benjamini
        and Hochberg over the queries). A query without informative positions has no rows.
    """
    return with_q_values(best_matches(queries, targets, most))


def match_sets(
    patterns: Mapping[str, Mapping], sets: Mapping[str, str | Path], most: int
) -> pd.DataFrame:
    """Best matches of TF-MoDISco's patterns in each of several MEME or HOMER files.

    Returns
    -------
    pandas.DataFrame
        As `match_motifs` has it, and database; q values are over all patterns and sets.
    """
    queries = {name: trim(pattern["pfm"], pattern["cwm"]) for name, pattern in patterns.items()}
    tables = [
        best_matches(queries, read_motifs(path), most).assign(database=name)
        for name, path in sets.items()
    ]
    found = pd.concat(tables, ignore_index=True) if tables else best_matches({}, {}, most)
    return with_q_values(found if tables else found.assign(database=""))


def match_patterns(
    result: str | Path, databases: Mapping[str, str | Path], output: str | Path, most: int
) -> None:
    """Write the best matches of each TF-MoDISco pattern in each database, MEME or HOMER file.

    A pattern without any match, as in an empty database or of no information, has a row with an
    empty motif.
    """
    patterns = read_patterns(result)
    found = match_sets(patterns, databases, most)
    about = pd.DataFrame(
        {
            "pattern": list(patterns),
            "seqlets": [pattern["seqlets"] for pattern in patterns.values()],
            "consensus": [consensus(trim(p["pfm"], p["cwm"])) for p in patterns.values()],
        },
        columns=["pattern", "seqlets", "consensus"],
    )
    # of one type even where there are no patterns, or the merge is refused
    about, found = (part.astype({"pattern": object}) for part in (about, found))
    table = about.merge(found, on="pattern", how="left")[COLUMNS]
    for row in table[table["rank"] == 1].itertuples():
        log.info("%s (%d seqlets) %s: %s, q %.1e", *row[1:3], row.consensus, row.name, row.q_value)
    with atomic_write(output) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
