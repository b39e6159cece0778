"""Motif instances against known sites, and among peaks, equal what counting by hand gives."""

import numpy as np
import pandas as pd
import pytest
from attprior.analyses.hits import tables as hits
from attprior.analyses.overlaps import shared_bases, within
from attprior.analyses.truth import recovery
from attprior.bed import read_bed
from attprior.motifs.hits import PLACE

ARMS = ["without_prior", "with_prior"]


def places(*rows, columns=("chrom", "start", "end", "name")):
    return pd.DataFrame(rows, columns=list(columns))


REGIONS = places(
    ("chr1", 100, 200), ("chr1", 150, 250), ("chr2", 100, 200), ("chr2", 500, 600),
    columns=("chrom", "start", "end"),
)  # fmt: skip
SITES = places(
    ("chr1", 110, 120, "SPI1"),
    ("chr1", 160, 170, "SPI1"),  # in two windows, one site
    ("chr1", 245, 255, "SPI1"),  # half out of its window
    ("chr2", 550, 560, "SPI1"),
    ("chr2", 580, 590, "CTCF"),
    ("chr3", 10, 20, "SPI1"),  # never searched
)
CALLED = places(
    ("chr1", 115, 125, "SPI1"),  # half
    ("chr1", 166, 176, "SPI1"),  # four bases of ten
    ("chr1", 244, 250, "SPI1"),  # of the site that is half out
    ("chr2", 545, 565, "SPI1"),  # wider than the site
    ("chr2", 551, 558, "CTCF"),  # another factor's
    ("chr2", 120, 130, ""),  # nothing there
)


def scored(called=CALLED, regions=REGIONS, sites=SITES, test=("chr2",)):
    table = recovery.hits_table({("with_prior", "fimo"): called}, regions, sites, test)
    assert list(table) == recovery.HIT_COLUMNS
    return table.set_index(["peaks", "name"])


def test_precision_and_recall_equal_counts_by_hand():
    table = scored()
    row = table.loc["all", "any"]
    assert (row.n, row.hits, row.sites, row.found) == (4, 6, 4, 2)
    assert row.precision == pytest.approx(4 / 6)
    assert row.recall == pytest.approx(2 / 4)
    assert row.f1 == pytest.approx(2 / (6 / 4 + 4 / 2))
    row = table.loc["all", "SPI1"]
    assert (row.hits, row.sites, row.found) == (4, 3, 2)
    assert (row.precision, row.recall) == (3 / 4, 2 / 3)
    row = table.loc["all", "CTCF"]
    assert (row.hits, row.sites, row.found, row.precision, row.recall, row.f1) == (1, 1, 0, 0, 0, 0)


def test_test_rows_are_of_test_chromosomes_alone():
    row = scored().loc["test", "any"]
    assert (row.n, row.hits, row.sites, row.found) == (2, 3, 2, 1)
    chosen = [table[table.chrom == "chr2"] for table in (CALLED, REGIONS, SITES)]
    alone = scored(*chosen).loc["all", "any"]
    pd.testing.assert_series_equal(row, alone, check_names=False)


def test_sites_without_names_are_compared_by_place():
    table = scored(sites=SITES.assign(name=""))
    assert table.loc["all", "any"].found == 2
    assert set(table.loc["all"].index) == {"any", "SPI1", "CTCF"}
    assert table.loc["all", "SPI1"].sites == 0
    assert np.isnan(table.loc["all", "SPI1"].recall)


@pytest.mark.parametrize("lacking", ["hits", "peaks", "sites"])
def test_nothing_to_score_is_not_a_number(lacking):
    parts = {"hits": CALLED, "peaks": REGIONS, "sites": SITES}
    parts[lacking] = parts[lacking][:0]
    row = scored(*parts.values(), test=()).loc["all", "any"]
    assert np.isnan(row.f1)
    assert np.isnan(row.precision) == (lacking == "hits")
    assert np.isnan(row.recall) == (lacking != "hits")


def test_shared_bases_equal_those_of_all_pairs():
    rng = np.random.default_rng(0)

    def draw(number, longest):
        start = rng.integers(0, 400, number)
        chrom = rng.choice(["chr1", "chr2", "chr10"], number)
        table = pd.DataFrame({"chrom": chrom, "start": start})
        return table.assign(end=start + rng.integers(1, longest, number))

    first, second = draw(60, 10), draw(80, 50)
    expected = {}
    for i, a in first.iterrows():
        for j, b in second.iterrows():
            shared = min(a.end, b.end) - max(a.start, b.start)
            if a.chrom == b.chrom and shared > 0:
                expected[i, j] = shared
    i, j, shared = shared_bases(first, second)
    assert len(i) == len(expected) > 50
    assert dict(zip(zip(i, j, strict=True), shared, strict=True)) == expected
    whole = {(i, j) for (i, j), n in expected.items() if n == first.end[i] - first.start[i]}
    assert set(zip(*within(first, second), strict=True)) == whole


def test_hits_have_the_planted_name_of_their_pattern_or_else_their_own():
    found = pd.DataFrame(
        [("with_prior", "a", "MA0080.7", 1e-9), ("with_prior", "b", "", 0.5)],
        columns=recovery.MATCH_COLUMNS,
    )
    called = pd.DataFrame(
        {"pattern": ["a", "b", "b", "c"], "name": ["Spib", "Reb1(x)", "Reb1(x)", ""]}
    )
    assert list(recovery.factor_names(found, "with_prior", called).name) == [
        *("MA0080.7", "REB1", "REB1", ""),
    ]
    assert list(recovery.factor_names(found, "without_prior", called).name) == [
        *("SPIB", "REB1", "REB1", ""),
    ]


def matches(*rows):
    return pd.DataFrame(rows, columns=["pattern", "seqlets", "motif", "name", "q_value"])


def test_recovery_names_the_largest_pattern_and_counts_false_ones():
    found = pd.DataFrame(
        [
            ("with_prior", "a", "SPI1", 1e-9),
            ("with_prior", "b", "SPI1", 1e-9),
            ("with_prior", "c", "", 0.9),
            ("with_prior", "d", "CTCF", 1e-9),  # no sites of it here
        ],
        columns=recovery.MATCH_COLUMNS,
    )
    listed = {
        "without_prior": matches(),
        "with_prior": matches(
            ("a", 30, "MA0080.7", "SPI1", 1e-3),
            ("b", 50, "MA0081.3", "SPIB", 1e-8),
            ("b", 50, "MA0080.6", "Spi1", 1e-6),
            ("c", 10, "", np.nan, np.nan),
        ),
    }
    without, with_prior = recovery.recovery_table(found, listed, ["SPI1"]).to_dict("records")
    assert (without["found"], without["patterns"], without["false_patterns"]) == (0, 0, 0)
    assert (with_prior["found"], with_prior["patterns"], with_prior["false_patterns"]) == (1, 4, 2)
    assert (with_prior["pattern"], with_prior["seqlets"]) == ("b", 50)
    assert (with_prior["motif"], with_prior["q_value"]) == ("MA0080.6", 1e-6)


def test_planted_matrix_is_known_by_its_identifier_in_any_version():
    found = pd.DataFrame([("a", "p", "MA0363.2", 1e-9)], columns=recovery.MATCH_COLUMNS)
    listed = {"a": matches(("p", 9, "MA0421.1", "NSI1", 1e-9), ("p", 9, "MA0363.3", "REB1", 1e-8))}
    (row,) = recovery.recovery_table(found, listed, ["MA0363.2"]).to_dict("records")
    assert (row["motif"], row["q_value"]) == ("MA0363.3", 1e-8)


def test_sites_are_read_with_and_without_names(tmp_path):
    path = tmp_path / "sites.bed"
    path.write_text("chr1\t5\t9\tSPI1\t900\t-\n")
    assert read_bed(path).to_numpy().tolist() == [["chr1", 5, 9, "SPI1"]]
    path.write_text("1\t5\t9\n")
    assert read_bed(path).to_numpy().tolist() == [["1", 5, 9, ""]]
    path.write_text("")
    assert list(read_bed(path)) == ["chrom", "start", "end", "name"]


def test_chromosomes_are_held_out_if_every_fold_tests_on_them(tmp_path):
    folds = {"a": ("test", "test", "training"), "b": ("test", "validation", "test")}
    for name, splits in folds.items():
        table = pd.DataFrame({"chrom": ["1", "2", "3"], "split": splits, "peaks": 9})
        table.to_csv(tmp_path / name, sep="\t", index=False)
    assert recovery.held_out([tmp_path / "a"]) == {"1", "2"}
    assert recovery.held_out([tmp_path / "a", tmp_path / "b"]) == {"1"}


def test_share_of_peaks_equals_counts_by_hand():
    called = {("with_prior", "finemo"): CALLED, ("with_prior", "fimo"): CALLED[:0]}
    table = hits.best_table(called, REGIONS, best=1000).set_index(["caller", "name"])
    # windows 0 and 1 share a hit; one hit ends in no window but 1
    assert table.loc["finemo", "any"][["peaks", "with_hit", "share", "hits"]].tolist() == [
        *(4, 4, 1.0, 6),
    ]
    assert table.loc["finemo", "SPI1"].with_hit == 3
    assert table.loc["finemo", "CTCF"].with_hit == 1
    assert table.loc["fimo", "any"].share == 0
    best = hits.best_table(called, REGIONS, best=2).set_index(["caller", "name"])
    assert best.loc["finemo", "any"][["peaks", "with_hit", "hits"]].tolist() == [2, 2, 3]


def test_shares_by_rank_add_up_to_all_peaks():
    rng = np.random.default_rng(0)
    start = 1000 * rng.permutation(53)
    regions = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 100})
    chosen = start[rng.random(53) < 0.4] + 30
    called = places(*(("chr1", at, at + 10, "SPI1") for at in chosen))
    found = {("with_prior", "finemo"): called}
    table = hits.hits_table(found, regions, bins=10)
    table = table[table.name == "any"]
    assert table["first"].tolist() == [1 + 6 * n for n in range(9)]
    assert table["last"].tolist() == [*(6 * n for n in range(1, 9)), 53]
    assert table.peaks.sum() == 53
    assert table.with_hit.sum() == len(called)
    has = np.isin(start + 30, chosen)
    assert table.share.iloc[0] == has[:6].mean()


def test_no_peaks_give_headers_of_shares():
    empty = REGIONS[:0]
    none = {(arm, "fimo"): pd.DataFrame(columns=PLACE) for arm in ARMS}
    assert list(hits.hits_table(none, empty)) == hits.COLUMNS
    assert hits.hits_table(none, empty).empty
    table = hits.best_table(none, empty, 10)
    assert table.peaks.tolist() == [0, 0]
    assert table.share.isna().all()
