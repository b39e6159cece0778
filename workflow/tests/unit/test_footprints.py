"""Attribution inside sets of bases: as computed by hand, and between what is least and most possible."""

import numpy as np
import pandas as pd
import pytest
from attprior.analyses.footprints import tables as footprints
from attprior.analyses.inputs import KINDS, Sample
from attprior.analyses.tracks import BOUND
from attprior.errors import InputError
from attprior.sequence import decode, encode, reverse_complement
from attprior.settings import check_footprints
from attprior.statistics import differences
from sklearn.metrics import average_precision_score

ARMS = ["without_prior", "with_prior"]
LENGTH = 60
SITE = "GATTACAGGC"


def sample(arm, tracks, codes=None, chrom="chr1"):
    """Sample whose |contributions| are given, (S, M, L)."""
    tracks = np.asarray(tracks, dtype=float)
    seeds, examples, length = tracks.shape
    starts = 1000 * np.arange(examples)
    if codes is None:
        codes = np.random.default_rng(1).integers(0, 4, (examples, length)).astype(np.uint8)
    return Sample(
        arm=arm,
        fold="fold_1",
        seeds=list(range(1, seeds + 1)),
        index=np.arange(examples) + 100,
        chrom=np.full(examples, chrom),
        start=starts,
        summit=starts + length // 2,
        codes=codes,
        # some contributions are negative: only their size counts
        hypothetical=dict.fromkeys(KINDS, tracks[:, :, None] * np.array([[1], [-1], [1], [-1]])),
    )


def arms(tracks, better=None):
    return [sample(ARMS[0], tracks), sample(ARMS[1], tracks if better is None else better)]


def values(table, arm, metric, name="a"):
    """Values of an arm's seeds and examples, of one kind of attribution."""
    rows = table[
        (table.arm == arm)
        & (table.metric == metric)
        & (table["set"] == name)
        & (table.kind == "deepshap")
    ]
    return rows.pivot(index="seed", columns="example", values="value").to_numpy()


@pytest.fixture
def tracks():
    return np.random.default_rng(0).gamma(0.5, size=(3, 6, LENGTH))


@pytest.fixture
def mask():
    inside = np.zeros((6, LENGTH), dtype=bool)
    for m in range(6):
        inside[m, 10 + m : 20 + 2 * m] = True
    return inside


def measured(samples, mask, seed=1):
    return footprints.footprints_table(samples, {"fold_1": {"a": mask}}, ARMS, seed)


def test_enrichment_equals_that_by_hand():
    track = np.array([0.0, 5, 1, 4, 2, 3])
    inside = np.array([0, 1, 0, 0, 0, 1], dtype=bool)
    # in order 5 (in), 4, 3 (in), 2, 1, 0; a third of all bases is inside
    found = footprints.top_enrichment(track, inside, np.array([1, 2, 3, 4, 6]))
    np.testing.assert_allclose(found, [3, 3 / 2, 3 * 2 / 3, 3 * 2 / 4, 1])


def test_bases_of_equal_size_are_as_likely_to_come_first():
    inside = np.array([1, 0, 0, 1], dtype=bool)
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        even = footprints.top_enrichment(np.ones(4), inside[order], np.arange(1, 5))
        np.testing.assert_allclose(even, 1)
        partly = footprints.top_enrichment(
            np.array([2.0, 1, 1, 1])[order], inside[order], np.arange(1, 5)
        )
        np.testing.assert_allclose(partly, [2, (4 / 3) / 2 * 2, (5 / 3) / 3 * 2, 1])


def test_metrics_of_six_examples_equal_independent_ones(tracks, mask):
    table = measured(arms(tracks), mask)
    share, auprc, enrichment = (
        values(table, ARMS[0], metric) for metric in ("share", "auprc", "enrichment")
    )
    for s, own in enumerate(tracks):
        for m, track in enumerate(own):
            inside = mask[m]
            assert share[s, m] == pytest.approx(track[inside].sum() / track.sum())
            assert auprc[s, m] == pytest.approx(average_precision_score(inside, track))
            best = np.argsort(track)[-inside.sum() :]
            assert enrichment[s, m] == pytest.approx(inside[best].mean() / inside.mean())
    assert (table.groupby("example").n.unique().map(list) == [[n] for n in mask.sum(axis=1)]).all()


def test_curve_equals_the_enrichment_of_all_bases_together(tracks, mask):
    curve = footprints.curve_table(arms(tracks), {"fold_1": {"a": mask}}, ARMS, 1)
    own = curve[(curve.arm == ARMS[1]) & (curve.seed == 2) & (curve.kind == "gradient")]
    flat, inside = tracks[1].ravel(), mask.ravel()
    for row in own.itertuples():
        k = round(row.top * len(flat))
        best = np.argsort(flat)[-k:]
        assert row.enrichment == pytest.approx(inside[best].mean() / inside.mean())
        assert row.most == pytest.approx(min(k, inside.sum()) / k / inside.mean())
    assert own.enrichment.iloc[-1] == pytest.approx(1)
    assert (own.n == flat.size).all()


def test_scale_of_an_example_changes_nothing(tracks, mask):
    scales = np.array([1e-6, 1e6, 3, 0.1, 7, 50])[:, None]
    plain, scaled = (measured(arms(some), mask) for some in (tracks, tracks * scales))
    np.testing.assert_allclose(plain.value, scaled.value)


def test_order_of_peaks_and_of_intervals_changes_no_test(tracks):
    better = tracks * np.linspace(1, 2, LENGTH)
    samples = arms(tracks, better)
    starts = np.repeat(1000 * np.arange(6), 2) + np.tile([5, 40], 6)
    table = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + 9})
    order = np.random.default_rng(2).permutation(6)
    turned = [
        s._replace(
            **{
                key: getattr(s, key)[order]
                for key in ("index", "chrom", "start", "summit", "codes")
            },
            hypothetical={kind: v[:, order] for kind, v in s.hypothetical.items()},
        )
        for s in samples
    ]
    tests = []
    for some, intervals in (
        (samples, table),
        # an interval that is there twice counts once
        (turned, pd.concat([table, table.head(3)]).sample(frac=1, random_state=0)),
    ):
        masks = footprints.set_masks(some, {"a": intervals}, {}, 1e-4)
        found = footprints.footprints_table(some, masks, ARMS, 1)
        tests.append(differences(found, ARMS, ["set", "kind", "metric"]))
    pd.testing.assert_frame_equal(*tests)
    assert (tests[0].examples == 6).all()


def test_shuffled_attributions_score_by_chance():
    rng = np.random.default_rng(5)
    mask = np.zeros((40, 200), dtype=bool)
    mask[:, 60:100] = True
    # all attribution is inside, until it is shuffled
    table = measured(arms((mask + 0.01) * rng.gamma(1, size=(10, *mask.shape))), mask)
    rate = mask.mean()
    assert values(table, ARMS[0], "share").mean() > 0.9
    assert values(table, BOUND, "share").mean() == pytest.approx(rate, rel=0.05)
    assert values(table, BOUND, "enrichment").mean() == pytest.approx(1, rel=0.05)
    # average precision of so few bases lies a little above the share of positives
    assert rate < values(table, BOUND, "auprc").mean() < 1.2 * rate


def test_a_copy_of_the_set_scores_as_high_as_can_be(mask):
    samples = arms(np.stack([mask, mask]).astype(float))
    table = measured(samples, mask)
    for metric in ("share", "auprc"):
        np.testing.assert_allclose(values(table, ARMS[0], metric), 1)
    most = np.broadcast_to(1 / mask.mean(axis=1), (2, 6))
    np.testing.assert_allclose(values(table, ARMS[0], "enrichment"), most)
    curve = footprints.curve_table(samples, {"fold_1": {"a": mask}}, ARMS, 1)
    own = curve[curve.arm != BOUND]
    np.testing.assert_allclose(own.enrichment, own.most)


def test_difference_is_that_of_the_means_over_examples(tracks, mask):
    better = tracks + 0.2 * mask
    tests = differences(measured(arms(tracks, better), mask), ARMS, ["set", "kind", "metric"])
    share = tests[(tests.kind == "gradient") & (tests.metric == "share")].iloc[0]
    first, second = (((t * mask).sum(axis=-1) / t.sum(axis=-1)).mean() for t in (tracks, better))
    assert share.difference == pytest.approx(second - first)
    assert share.examples == 6


def test_examples_all_inside_or_all_outside_are_left_out(tracks, mask):
    mask[2], mask[4] = False, True
    table = measured(arms(tracks), mask)
    assert set(table.example) == {100, 101, 103, 105}


def test_no_example_inside_gives_headers(tracks, mask):
    masks = {"fold_1": {"a": np.zeros_like(mask)}}
    table = footprints.footprints_table(arms(tracks), masks, ARMS, 1)
    assert table.empty
    assert list(table) == footprints.COLUMNS
    curve = footprints.curve_table(arms(tracks), masks, ARMS, 1)
    assert curve.empty
    assert list(curve) == footprints.CURVE_COLUMNS
    assert differences(table, ARMS, ["set", "kind", "metric"]).empty


def test_tracks_of_zeros_have_no_share(tracks, mask):
    tracks[:, 3] = 0
    table = measured(arms(tracks), mask)
    assert 103 not in set(table.example[table.metric == "share"])
    assert table.value.notna().all()


def sharp(text):
    return np.where(np.array(list("ACGT"))[:, None] == np.array(list(text)), 0.97, 0.01)


def test_instances_are_marked_on_both_strands():
    codes = np.zeros((3, LENGTH), dtype=np.uint8)
    codes[0, 7:17] = encode(SITE)
    codes[1, 50:60] = reverse_complement(encode(SITE))
    expected = np.zeros((3, LENGTH), dtype=bool)
    expected[0, 7:17] = expected[1, 50:60] = True
    assert SITE in decode(codes[0])
    found = footprints.motif_mask({"a": sharp(SITE)}, codes, 1e-4)
    np.testing.assert_array_equal(found, expected)


def test_motifs_longer_than_the_windows_have_no_instance():
    codes = np.zeros((3, 8), dtype=np.uint8)
    assert not footprints.motif_mask({"a": sharp(SITE)}, codes, 1e-4).any()


def test_both_arms_are_measured_against_the_same_instances(tracks):
    masks = footprints.set_masks(arms(tracks), {}, {"m": {"a": sharp(SITE)}}, 0.01)
    assert list(masks) == ["fold_1"]
    expected = footprints.motif_mask({"a": sharp(SITE)}, arms(tracks)[1].codes, 0.01)
    np.testing.assert_array_equal(masks["fold_1"]["m"], expected)


MEME = """MEME version 4

ALPHABET= ACGT

MOTIF MA0001.2 ONE
letter-probability matrix: alength= 4 w= 2
 0.97 0.01 0.01 0.01
 0.01 0.97 0.01 0.01

MOTIF MA0002.1 TWO
letter-probability matrix: alength= 4 w= 2
 0.01 0.97 0.01 0.01
 0.01 0.97 0.01 0.01
"""


def test_motifs_are_chosen_by_identifier_or_name(tmp_path):
    path = tmp_path / "motifs.meme"
    path.write_text(MEME)
    assert list(footprints.read_chosen(path, ["MA0002.1"])) == ["MA0002.1 TWO"]
    assert list(footprints.read_chosen(path, ["ONE"])) == ["MA0001.2 ONE"]
    assert len(footprints.read_chosen(path, [])) == 2
    with pytest.raises(InputError, match=r"MA0001\.1.*did you mean 'MA0001\.2'"):
        footprints.read_chosen(path, ["ONE", "MA0001.1"])


def block(intervals=None, motifs=None):
    return {"intervals": intervals or {}, "motifs": motifs or {}, "p_value": 1e-4}


@pytest.mark.parametrize(
    ("footprint_block", "message"),
    [
        (block({"SPI": {"a": "a.bed"}}), "SPI; the sheet's conditions are SPI1"),
        (
            block({"SPI1": {"a": "a.bed"}}, {"SPI1": {"a": {"database": "x.meme"}}}),
            "footprints/motifs/SPI1/a.*name too",
        ),
        (block(motifs={"SPI1": {"a": {"database": "jaspar_fungus"}}}), "fungus.*fungi"),
    ],
)
def test_wrong_sets_are_refused(footprint_block, message):
    with pytest.raises(InputError, match=message):
        check_footprints(footprint_block, ["SPI1"])


def test_conditions_of_another_sheet_are_passed_over():
    check_footprints(block({"SPI1": {"a": "a.bed"}, "CTCF": {"a": "b.bed"}}), ["SPI1"])
    check_footprints(block(), [])
