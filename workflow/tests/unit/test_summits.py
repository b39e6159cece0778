"""Attribution and summits: as computed by hand, and between what is least and most possible."""

import numpy as np
import pandas as pd
import pytest
from attprior.analyses.inputs import KINDS, Sample
from attprior.analyses.summits import tables as summits
from attprior.analyses.tracks import BOUND
from attprior.dataset.store import Labels
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

ARMS = ["without_prior", "with_prior"]
EXAMPLES, LENGTH = 6, 101


def sample(arm, tracks):
    """Sample whose |contributions| are given, (S, M, L), centred on summits 1000 bp apart."""
    tracks = np.asarray(tracks, dtype=float)
    seeds, examples, length = tracks.shape
    middle = 1000 * np.arange(1, examples + 1)
    return Sample(
        arm=arm,
        fold="fold_1",
        seeds=list(range(1, seeds + 1)),
        index=np.arange(examples),
        chrom=np.full(examples, "chr1"),
        start=middle - length // 2,
        summit=middle,
        codes=np.random.default_rng(1).integers(0, 4, (examples, length)).astype(np.uint8),
        hypothetical=dict.fromkeys(KINDS, np.repeat(tracks[:, :, None], 4, axis=2)),
    )


def arms(tracks):
    return [sample(arm, tracks) for arm in ARMS]


@pytest.fixture
def tracks():
    return np.random.default_rng(0).gamma(0.5, size=(2, EXAMPLES, LENGTH))


@pytest.fixture
def peaks():
    middle = 1000 * np.arange(1, EXAMPLES + 1)
    own = pd.DataFrame(
        {"chrom": "chr1", "start": middle - 12, "end": middle + 20, "summit": middle}
    )
    # the second window has a second peak, and another chromosome has peaks too
    more = pd.DataFrame(
        {
            "chrom": ["chr1", "chr2"],
            "start": [2030, 1000],
            "end": [2045, 1100],
            "summit": [2040, 1050],
        }
    )
    return pd.concat([own, more], ignore_index=True)


def values(table, arm, metric):
    rows = table[(table.arm == arm) & (table.metric == metric) & (table.kind == "deepshap")]
    return rows.pivot(index="seed", columns="example", values="value").to_numpy()


def by_hand(peaks, start):
    """Distance to the nearest summit, and whether in a peak, of each base of a window."""
    own = peaks[peaks.chrom == "chr1"]
    positions = range(start, start + LENGTH)
    distance = [min(abs(p - summit) for summit in own.summit) for p in positions]
    inside = [any(a <= p < b for a, b in zip(own.start, own.end, strict=True)) for p in positions]
    return np.array(distance), np.array(inside)


def test_metrics_of_six_examples_equal_independent_ones(tracks, peaks):
    samples = arms(tracks)
    table = summits.summits_table(samples, peaks, ARMS, 1)
    rho, auprc = (values(table, ARMS[0], metric) for metric in ("spearman", "auprc"))
    for m, start in enumerate(samples[0].start):
        distance, inside = by_hand(peaks, start)
        for s in range(2):
            assert rho[s, m] == pytest.approx(spearmanr(tracks[s, m], distance).statistic)
            assert auprc[s, m] == pytest.approx(average_precision_score(inside, tracks[s, m]))
        assert set(table.n[table.example == m]) == {inside.sum()}
    assert (table.fold == "fold_1").all()


def test_distance_is_to_the_nearest_summit_of_the_same_chromosome(peaks):
    start = np.array([1950, 950])
    found = summits.summit_distance(peaks, np.array(["chr1", "chr2"]), start, LENGTH)
    np.testing.assert_array_equal(found[0], by_hand(peaks, 1950)[0])
    np.testing.assert_array_equal(found[1], np.abs(np.arange(950, 950 + LENGTH) - 1050))


def test_order_and_repeats_of_peaks_change_nothing(tracks, peaks):
    turned = pd.concat([peaks, peaks.head(4)]).sample(frac=1, random_state=1)
    tables = [summits.summits_table(arms(tracks), some, ARMS, 1) for some in (peaks, turned)]
    pd.testing.assert_frame_equal(*tables)


def test_scale_of_an_example_changes_nothing(tracks, peaks):
    scales = np.array([1e-6, 1e6, 3, 0.1, 7, 50])[:, None]
    for measure in (summits.summits_table, summits.curve_table):
        plain, scaled = (measure(arms(some), peaks, ARMS, 1) for some in (tracks, tracks * scales))
        pd.testing.assert_frame_equal(plain, scaled)


def test_bounds_are_chance_and_perfect_order(peaks):
    start = arms(np.ones((1, EXAMPLES, LENGTH)))[0].start
    near = np.stack([1 / (1 + by_hand(peaks, s)[0]) for s in start])
    inside = np.stack([by_hand(peaks, s)[1] for s in start])
    table = summits.summits_table(arms(np.stack([near] * 50)), peaks, ARMS, 1)
    np.testing.assert_allclose(values(table, ARMS[1], "spearman"), -1)
    assert values(table, BOUND, "spearman").mean() == pytest.approx(0, abs=0.02)
    table = summits.summits_table(arms(np.stack([inside] * 50) * 1.0), peaks, ARMS, 1)
    np.testing.assert_allclose(values(table, ARMS[1], "auprc"), 1)
    rate = inside.mean()
    assert values(table, BOUND, "auprc").mean() == pytest.approx(rate, rel=0.1)


def test_a_window_all_in_peaks_has_no_auprc_but_a_correlation(tracks, peaks):
    peaks.loc[3, ["start", "end"]] = [3000, 5000]
    table = summits.summits_table(arms(tracks), peaks, ARMS, 1)
    assert set(table.example[table.metric == "auprc"]) == {0, 1, 2, 4, 5}
    assert set(table.example[table.metric == "spearman"]) == set(range(EXAMPLES))


def test_even_attribution_is_as_dense_everywhere_and_has_no_correlation(peaks):
    samples = arms(np.ones((2, EXAMPLES, LENGTH)))
    curve = summits.curve_table(samples, peaks, ARMS, 1)
    np.testing.assert_allclose(curve.density, 1)
    table = summits.summits_table(samples, peaks, ARMS, 1)
    assert "spearman" not in set(table.metric[table.arm == ARMS[0]])


def test_density_by_distance_equals_that_by_hand(tracks, peaks):
    samples = arms(tracks)
    curve = summits.curve_table(samples, peaks, ARMS, 1)
    distance = np.stack([by_hand(peaks, start)[0] for start in samples[0].start])
    share = tracks / tracks.mean(axis=-1, keepdims=True)
    own = curve[(curve.arm == ARMS[1]) & (curve.seed == 2) & (curve.kind == "gradient")]
    for row in own.itertuples():
        here = (distance >= row.distance - 4.5) & (distance <= row.distance + 4.5)
        assert row.n == here.sum()
        assert row.density == pytest.approx(share[1][here].mean())
    assert own.n.sum() == EXAMPLES * LENGTH


def test_peaks_are_read_in_the_coordinates_of_their_chromosomes(condition):
    labels = Labels.open(condition[0])
    found = summits.read_regions(condition[0])
    assert len(found) == len(labels.regions)
    assert found.chrom.nunique() > 1
    coordinates = labels.coordinates
    sizes = found.chrom.map(dict(zip(coordinates.names, coordinates.lengths, strict=True)))
    assert ((found.start >= 0) & (found.end <= sizes)).all()
    assert ((found.start <= found.summit) & (found.summit < found.end)).all()
