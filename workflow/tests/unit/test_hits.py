"""Motif instances: where they are, on which strand, and once each."""

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior.motifs import hits
from attprior.sequence import encode, one_hot, one_hot_codes

SITE = "GACGTTCAAGCG"
OTHER = "TTGCCATAGGAC"
BEFORE, LENGTH, WINDOW = 7, 120, 100  # unequal flanks of a pattern: a turned one shows
COMPLEMENT = str.maketrans("ACGT", "TGCA")
NAMES = {"pos_patterns.pattern_0": "Spi1", "pos_patterns.pattern_1": ""}
# trimming keeps two bases at either side
PLANTED = [
    ("chr1", 1040, "+", SITE),
    ("chr1", 1075, "-", SITE),
    ("chr1", 3050, "-", OTHER),
    ("chr2", 550, "+", SITE),
    ("chr2", 575, "+", OTHER),
]
REGIONS = [("chr2", 500), ("chr1", 1000), ("chr1", 1010), ("chr1", 3000)]


def on_strand(text, strand):
    return text if strand == "+" else text.translate(COMPLEMENT)[::-1]


def flanked(matrix):
    return np.hstack([np.zeros((4, BEFORE)), matrix, np.zeros((4, 30 - BEFORE - matrix.shape[1]))])


def write_result(path, texts=(SITE, OTHER)):
    """Write a TF-MoDISco result whose patterns are these texts between empty flanks."""
    with h5py.File(path, "w") as file:
        for number, text in enumerate(texts):
            group = file.create_group(f"pos_patterns/pattern_{number}")
            frequencies = np.where(flanked(one_hot(text)), 0.91, 0.03)
            frequencies[:, flanked(one_hot(text)).sum(axis=0) == 0] = 0.25
            group["sequence"] = frequencies.T
            group["contrib_scores"] = flanked(one_hot(text)).T * 0.4
            group["seqlets/n_seqlets"] = np.array([50 - number])
    return path


def write_attributions(path, regions=REGIONS):
    rng = np.random.default_rng(3)
    genome = {chrom: rng.integers(0, 4, 4000).astype(np.uint8) for chrom in ("chr1", "chr2")}
    signal = {chrom: np.full(4000, 0.001) for chrom in genome}
    for chrom, start, strand, text in PLANTED:
        genome[chrom][start : start + len(text)] = encode(on_strand(text, strand))
        signal[chrom][start : start + len(text)] = 0.4
    codes = np.array([genome[c][s : s + LENGTH] for c, s in regions], dtype=np.uint8)
    tracks = np.array([signal[c][s : s + LENGTH] for c, s in regions])
    codes, tracks = codes.reshape(-1, LENGTH), tracks.reshape(-1, LENGTH)
    with h5py.File(path, "w") as file:
        file["raw/seq"] = one_hot_codes(codes).astype(np.int8)
        file["shap/seq"] = (one_hot_codes(codes) * tracks[:, None]).astype(np.float16)
        file["regions/chrom"] = np.array([chrom for chrom, _ in regions], dtype="S4")
        file["regions/start"] = np.array([start for _, start in regions], dtype=np.int64)
    return path


def write_matches(path, q_values=(1e-8, 0.2)):
    names = [f"pos_patterns.pattern_{n}" for n in range(len(q_values))]
    table = pd.DataFrame({"pattern": names, "rank": 1, "name": ["Spi1", "Ctcf"][: len(names)]})
    table.assign(q_value=q_values).to_csv(path, sep="\t", index=False)
    return path


def call(folder, caller, **files):
    given = {
        "attributions": write_attributions(folder / "default.h5"),
        "result": write_result(folder / "modisco.h5"),
        "matches": write_matches(folder / "matches.tsv"),
    } | files
    paths = *given.values(), folder / "found.tsv", folder / "found.bed"
    if caller == "finemo":
        hits.call_hits(*paths, window=WINDOW, penalty=0.7, device="cpu")
    else:
        hits.scan_sites(*paths, window=WINDOW, p_value=1e-5)
    return hits.read_hits(folder / "found.tsv")


def expected(planted=PLANTED):
    """Chromosome, start, end, strand, pattern and name of the planted sites, trimmed."""
    rows = [
        (chrom, start - 2, start + len(text) + 2, strand, f"pos_patterns.pattern_{number}")
        for chrom, start, strand, text in planted
        for number in [[SITE, OTHER].index(text)]
    ]
    return sorted((*row, NAMES[row[-1]]) for row in rows)


def found_places(table):
    return [tuple(row) for row in table[hits.PLACE[:-1]].itertuples(index=False)]


@pytest.mark.parametrize("caller", ["finemo", "fimo"])
def test_planted_sites_are_found_at_their_places_and_nowhere_else(tmp_path, caller):
    table = call(tmp_path, caller)
    assert found_places(table) == expected()
    bed = pd.read_csv(tmp_path / "found.bed", sep="\t", header=None)
    assert list(bed[[0, 1, 2, 5]].itertuples(index=False, name=None)) == [
        row[:4] for row in expected()
    ]
    assert list(bed[3]) == [row[5] or row[4] for row in expected()]
    assert bed[4].between(1, 1000).all()


def test_flank_bases_in_the_window_do_not_hide_a_site_at_its_edge(tmp_path):
    # FIMO needs the trimmed pattern in the window, which ends 10 bp before the input does
    codes = write_attributions(
        tmp_path / "a.h5", [("chr1", 1075 - 2 - 10), ("chr1", 1075 - 1 - 10)]
    )
    table = call(tmp_path, "fimo", attributions=codes)
    assert found_places(table) == [row for row in expected() if row[1] == 1073]
    assert table.peak.tolist() == [0]


@pytest.mark.parametrize("caller", ["finemo", "fimo"])
def test_overlapping_peaks_give_a_hit_once_and_distant_order_does_not_matter(tmp_path, caller):
    once = call(tmp_path, caller)
    twice = write_attributions(tmp_path / "twice.h5", REGIONS[::-1] + REGIONS)
    again = call(tmp_path, caller, attributions=twice)
    assert found_places(once) == found_places(again)
    # of equals, the better peak's
    if caller == "fimo":
        assert again.peak.max() < len(REGIONS)


def test_scores_of_hits_scale_with_contributions(tmp_path):
    path = write_attributions(tmp_path / "attributions.h5")
    weak = call(tmp_path, "finemo", attributions=path)
    with h5py.File(path, "a") as file:
        file["shap/seq"][:] = file["shap/seq"][:] * np.float16(2)
    strong = call(tmp_path, "finemo", attributions=path)
    np.testing.assert_allclose(strong.importance, 2 * weak.importance, rtol=1e-3)
    np.testing.assert_allclose(strong.similarity, weak.similarity, rtol=1e-3)
    np.testing.assert_allclose(strong.score, 4 * weak.score, rtol=1e-2)
    # the whole of a planted site's contributions
    np.testing.assert_allclose(weak.importance, 0.4 * len(SITE), rtol=0.02)


def test_sequence_without_contributions_is_a_site_but_no_hit(tmp_path):
    path = write_attributions(tmp_path / "attributions.h5")
    with h5py.File(path, "a") as file:
        file["shap/seq"][:] = 0
    assert call(tmp_path, "finemo", attributions=path).empty
    assert len(call(tmp_path, "fimo", attributions=path)) == len(PLANTED)


def test_p_value_bounds_sites(tmp_path):
    rng = np.random.default_rng(0)
    sequences = one_hot_codes(rng.integers(0, 4, (300, 400)).astype(np.uint8))
    motif = {"a": rng.dirichlet([1] * 4, 9).T}
    found = hits.sequence_sites(motif, sequences, 1e-3)
    assert (found.p_value <= 1e-3).all()
    # two strands, 392 places in each sequence
    assert 0.5 < len(found) / (2 * 300 * 392 * 1e-3) < 1.5


@pytest.mark.parametrize("caller", ["finemo", "fimo"])
@pytest.mark.parametrize("lacking", ["patterns", "peaks", "hits"])
def test_nothing_to_find_gives_headers(tmp_path, caller, lacking):
    files = {}
    if lacking == "patterns":
        files["result"] = write_result(tmp_path / "none.h5", [])
        files["matches"] = write_matches(tmp_path / "none.tsv", [])
    elif lacking == "peaks":
        files["attributions"] = write_attributions(tmp_path / "none.h5", [])
    else:
        files["attributions"] = write_attributions(tmp_path / "none.h5", [("chr2", 3000)])
    table = call(tmp_path, caller, **files)
    columns = hits.HIT_COLUMNS if caller == "finemo" else hits.SITE_COLUMNS
    assert (tmp_path / "found.tsv").read_text() == "\t".join(columns) + "\n"
    assert (tmp_path / "found.bed").read_text() == ""
    assert table.empty


def test_single_peak_is_enough(tmp_path):
    path = write_attributions(tmp_path / "one.h5", [("chr1", 3000)])
    for caller in ("finemo", "fimo"):
        assert found_places(call(tmp_path, caller, attributions=path)) == expected(PLANTED[2:3])


def test_pattern_wider_than_the_window_is_nowhere(tmp_path):
    sequences = np.zeros((2, 4, 20), dtype=np.int8)
    cwm = {"a": flanked(one_hot(SITE))}
    assert hits.contribution_hits(cwm, sequences, sequences, 0.7).empty
    assert hits.sequence_sites(cwm, sequences, 1e-4).empty


def test_best_match_of_the_first_database_names_a_pattern():
    rows = [
        ("a", 1, "Spi1", 0.04),
        ("a", 2, "Spib", 0.05),
        ("b", 1, "Ctcf", 0.06),
        ("c", 1, np.nan, np.nan),
        ("d", 1, "Reb1", 0.2),
        ("a", 1, "PU.1", 0.001),
        ("d", 1, "REB1(homer)", 0.01),
    ]
    matches = pd.DataFrame(rows, columns=["pattern", "rank", "name", "q_value"])
    assert hits.pattern_names(matches) == {"a": "Spi1", "d": "REB1(homer)"}
