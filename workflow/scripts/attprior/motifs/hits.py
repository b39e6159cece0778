"""Where a model's patterns are in its peaks: in its contributions (Fi-NeMo), and in sequence (FIMO).

Letters in shapes: N peaks, W positions around their summits, P pattern positions, M patterns in
both orientations. Coordinates are 0-based half-open.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attprior.files import atomic_write
from attprior.hdf5 import open_hdf5
from attprior.motifs.compiled import load_fimo
from attprior.motifs.discovery import core, middle, read_origins, read_patterns
from attprior.motifs.matching import names_pattern

log = logging.getLogger(__name__)

PLACE = ["chrom", "start", "end", "strand", "pattern", "name", "score"]
HIT_COLUMNS = [*PLACE, "similarity", "importance", "peak"]
SITE_COLUMNS = [*PLACE, "p_value", "peak"]
STRANDS = ("+", "-")
# what a batch's largest array may hold: 128 MB, of which Fi-NeMo keeps about eight
BATCH_NUMBERS = 2**25


def read_regions(attributions: str | Path, window: int) -> pd.DataFrame:
    """Read which bases around the summits are searched, best peak first.

    Parameters
    ----------
    attributions
        HDF5 of an arm, averaged over folds.
    window
        Base pairs in the middle of the input.

    Returns
    -------
    pandas.DataFrame
        Columns chrom, start, end; a row per peak.
    """
    with open_hdf5(attributions) as file:
        kept = middle(file["raw/seq"].shape[2], window)
    chrom, start = read_origins(attributions, window)
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + kept.stop - kept.start})


def pattern_names(matches: pd.DataFrame) -> dict[str, str]:
    """Give patterns the name of their best match, where that counts.

    Parameters
    ----------
    matches
        As `attprior.motifs.matching` writes them; the first database comes first.
    """
    named = matches[matches.name.notna() & names_pattern(matches)]
    best = named.sort_values("rank", kind="stable").drop_duplicates("pattern")
    return dict(zip(best.pattern, best.name.astype(str), strict=True))


def contribution_hits(
    cwms: Mapping[str, NDArray],
    sequences: NDArray,
    contributions: NDArray,
    penalty: float,
    device: str = "cpu",
) -> pd.DataFrame:
    """Find patterns in contributions with Fi-NeMo.

    Fi-NeMo explains a peak's contributions as a sparse sum of patterns, so that patterns compete
    for a place. It needs the whole, untrimmed pattern to lie in the window.

    Parameters
    ----------
    cwms
        Pattern -> mean contributions (4, P), untrimmed.
    sequences
        (N, 4, W), one-hot.
    contributions
        (N, 4, W), hypothetical or actual.
    penalty
        Fi-NeMo's lambda, 0 to 1: least similarity of a hit.
    device
        Where torch computes: `auto`, `cpu` or `cuda`.

    Returns
    -------
    pandas.DataFrame
        Columns peak (row of the input), start and end (in the window, of the trimmed pattern),
        strand, pattern, score (Fi-NeMo's coefficient in units of squared contributions),
        similarity (cosine of contributions and pattern), importance (summed |contribution|).
    """
    columns = [c for c in HIT_COLUMNS if c not in ("chrom", "name")]
    length = max((cwm.shape[1] for cwm in cwms.values()), default=0)
    if not cwms or not len(sequences) or length > sequences.shape[2]:
        return pd.DataFrame(columns=columns)
    # seconds to import, needed here alone
    from finemo.hitcaller import fit_contribs

    from attprior.training.device import choose_device

    oriented = [
        (name, strand, cwm[::step, ::step] / np.linalg.norm(cwm))
        for name, cwm in cwms.items()
        for strand, step in zip(STRANDS, (1, -1), strict=True)
    ]
    patterns = pd.DataFrame([row[:2] for row in oriented], columns=["pattern", "strand"])
    kept = [core(cwm) for _, _, cwm in oriented]
    matrices = np.zeros((len(oriented), 4, length), dtype=np.float32)
    masks = np.zeros((len(oriented), length), dtype=np.int8)
    for number, (_, _, cwm) in enumerate(oriented):
        matrices[number, :, : cwm.shape[1]] = cwm
        masks[number, kept[number]] = 1
    places = len(oriented) * (sequences.shape[2] - length + 1)
    found, quality = fit_contribs(
        matrices,
        np.asarray(contributions, dtype=np.float32),
        np.asarray(sequences, dtype=np.int8),
        masks,
        use_hypothetical=False,
        lambdas=np.full(len(oriented), penalty, dtype=np.float32),
        batch_size=int(np.clip(BATCH_NUMBERS // places, 1, min(2000, len(sequences)))),
        device=choose_device(device),
    )
    scale = dict(zip(quality["peak_id"], quality["global_scale"], strict=True))
    number, peak = found["motif_id"].to_numpy(), found["peak_id"].to_numpy().astype(np.int64)
    scale = np.array([scale[p] for p in peak], dtype=np.float64)
    start = found["hit_start"].to_numpy()
    return pd.DataFrame(
        {
            "start": start + np.array([part.start for part in kept])[number],
            "end": start + np.array([part.stop for part in kept])[number],
            "strand": patterns.strand.to_numpy()[number],
            "pattern": patterns.pattern.to_numpy()[number],
            # windows were scaled to contributions of mean square 1
            "score": found["hit_coefficient"].to_numpy() * scale**2,
            "similarity": found["hit_similarity"].to_numpy(),
            "importance": found["hit_importance"].to_numpy() * scale,
            "peak": peak,
        },
        columns=columns,
    )


def sequence_sites(
    motifs: Mapping[str, NDArray], sequences: NDArray, p_value: float
) -> pd.DataFrame:
    """Find motifs in sequence with FIMO, against a background of equal bases.

    Parameters
    ----------
    motifs
        Name -> base frequencies (4, P), trimmed.
    sequences
        (N, 4, W), one-hot.
    p_value
        Greatest p value of a site: one place on one strand, not corrected for how many there are.

    Returns
    -------
    pandas.DataFrame
        Columns peak (row of the input), start and end (in the window), strand, pattern, score
        (log2 odds, bits), p_value.
    """
    columns = [c for c in SITE_COLUMNS if c not in ("chrom", "name")]
    motifs = {name: motif for name, motif in motifs.items() if motif.shape[1] <= sequences.shape[2]}
    if not motifs or not len(sequences):
        return pd.DataFrame(columns=columns)
    fimo = load_fimo()
    frequencies = {name: np.asarray(motif, dtype=np.float64) for name, motif in motifs.items()}
    found = fimo(frequencies, np.asarray(sequences, dtype=np.int8), threshold=p_value)
    found = [table for table in found if len(table)]
    if not found:
        return pd.DataFrame(columns=columns)
    named = {"motif_name": "pattern", "sequence_name": "peak", "p-value": "p_value"}
    return pd.concat(found, ignore_index=True).rename(columns=named)[columns]


def placed(
    found: pd.DataFrame, regions: pd.DataFrame, names: Mapping[str, str], columns: list[str]
) -> pd.DataFrame:
    """Give hits in windows their coordinates; where windows overlap, a hit is listed once.

    Parameters
    ----------
    found
        Columns peak, start, end (in the window), strand, pattern, score and more.
    regions
        Columns chrom and start of each window.
    names
        Pattern -> name; others get an empty one.
    columns
        Of the result.

    Returns
    -------
    pandas.DataFrame
        Sorted by chromosome and start. Of equal hits of several peaks the one of the highest score
        is kept, of equal scores that of the best peak.
    """
    peak = found.peak.to_numpy(dtype=np.int64)
    offset = regions.start.to_numpy()[peak]
    hits = found.assign(
        chrom=regions.chrom.to_numpy()[peak],
        start=found.start.to_numpy(dtype=np.int64) + offset,
        end=found.end.to_numpy(dtype=np.int64) + offset,
        name=found.pattern.map(lambda pattern: names.get(pattern, "")),
    )
    place = ["chrom", "start", "end", "strand", "pattern"]
    hits = hits.sort_values(["score", "peak"], ascending=[False, True], kind="stable")
    hits = hits.drop_duplicates(place).sort_values(place, kind="stable")
    return hits[columns].reset_index(drop=True)


def write_hits(hits: pd.DataFrame, bed_score: NDArray, table: str | Path, bed: str | Path) -> None:
    """Write hits as TSV and as BED6, which is named by TF, or else by pattern.

    Parameters
    ----------
    bed_score
        0 to 1, written as 0 to 1000.
    """
    with atomic_write(table) as temporary:
        hits.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
    six = hits[["chrom", "start", "end"]].assign(
        name=hits.name.where(hits.name != "", hits.pattern),
        score=(1000 * np.clip(bed_score, 0, 1)).round().astype(int),
        strand=hits.strand,
    )
    with atomic_write(bed) as temporary:
        six.to_csv(temporary, sep="\t", index=False, header=False)


def read_hits(path: str | Path) -> pd.DataFrame:
    """Read hits that `write_hits` wrote; unnamed ones have an empty name."""
    text = dict.fromkeys(["chrom", "strand", "pattern", "name"], str)
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False)


def read_callers(
    arms: Sequence[str], **callers: Sequence[str | Path]
) -> dict[tuple[str, str], pd.DataFrame]:
    """Read the hits of several arms, a file of each for each caller: (arm, caller) -> its hits."""
    return {
        (arm, caller): read_hits(path)
        for caller, paths in callers.items()
        for arm, path in zip(arms, paths, strict=True)
    }


def call_hits(
    attributions: str | Path,
    result: str | Path,
    matches: str | Path,
    table: str | Path,
    bed: str | Path,
    window: int,
    penalty: float,
    device: str,
) -> None:
    """Write where a TF-MoDISco result's patterns are in the contributions of its peaks.

    Parameters
    ----------
    attributions
        HDF5 of an arm, averaged over folds.
    result
        TF-MoDISco's HDF5.
    matches
        TSV of the patterns' matches, which name them.
    window, penalty, device
        See `read_regions` and `contribution_hits`.
    """
    regions = read_regions(attributions, window)
    sequences, contributions = _read_arrays(attributions, window, ["raw/seq", "shap/seq"])
    cwms = {name: pattern["cwm"] for name, pattern in read_patterns(result).items()}
    found = contribution_hits(cwms, sequences, contributions, penalty, device)
    names = pattern_names(pd.read_csv(matches, sep="\t"))
    hits = placed(found, regions, names, HIT_COLUMNS)
    _report(hits, len(regions), len(cwms))
    write_hits(hits, hits.similarity.to_numpy(dtype=float), table, bed)


def scan_sites(
    attributions: str | Path,
    result: str | Path,
    matches: str | Path,
    table: str | Path,
    bed: str | Path,
    window: int,
    p_value: float,
) -> None:
    """Write where a TF-MoDISco result's trimmed patterns are in the sequences of its peaks.

    Parameters are those of `call_hits` and `sequence_sites`. A BED score of 1000 is a p value of
    1e-10 or less.
    """
    regions = read_regions(attributions, window)
    [sequences] = _read_arrays(attributions, window, ["raw/seq"])
    motifs = {
        name: pattern["pfm"][:, core(pattern["cwm"])]
        for name, pattern in read_patterns(result).items()
    }
    found = sequence_sites(motifs, sequences, p_value)
    names = pattern_names(pd.read_csv(matches, sep="\t"))
    sites = placed(found, regions, names, SITE_COLUMNS)
    _report(sites, len(regions), len(motifs))
    with np.errstate(divide="ignore"):
        bits = -np.log10(sites.p_value.to_numpy(dtype=float)) / 10
    write_hits(sites, bits, table, bed)


def _read_arrays(attributions: str | Path, window: int, names: list[str]) -> list[NDArray]:
    with open_hdf5(attributions) as file:
        kept = middle(file["raw/seq"].shape[2], window)
        return [file[name][:, :, kept] for name in names]


def _report(hits: pd.DataFrame, peaks: int, patterns: int) -> None:
    log.info("%d peaks, %d patterns, %d hits", peaks, patterns, len(hits))
    for pattern, number in hits.pattern.value_counts().items():
        log.info("%s: %d", pattern, number)
