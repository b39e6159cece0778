"""Examples: what they hold, and that a seed and an epoch decide which they are."""

import numpy as np
import pandas as pd
import pytest
from attprior.dataset.sampler import PeakSampler, Windows, sampler
from attprior.dataset.store import Coordinates, Labels, Track
from attprior.sequence import N_CODE, one_hot_codes

LENGTHS = np.array([3000, 1000, 2000, 60])
OFFSETS = np.array([0, 3000, 4000, 6000])
TOTAL = int(LENGTHS.sum())
READ, PREDICTED = 100, 60


def track(rng):
    dense = rng.poisson(0.3, TOTAL)
    at = np.flatnonzero(dense)
    return Track(at, dense[at].astype(np.float32)), dense


def make(summits, tasks=2, task=None, signal=None):
    rng = np.random.default_rng(0)
    coordinates = Coordinates(("chr1", "chr2", "chr3", "chr4"), LENGTHS)
    made = [[track(rng) for _ in range(2)] for _ in range(2 * tasks)]
    tracks = [[t for t, _ in strands] for strands in made]
    summits = np.asarray(summits)
    signal = np.asarray(signal if signal is not None else rng.random(len(summits)))
    regions = pd.DataFrame(
        {
            "task": np.zeros(len(summits), int) if task is None else task,
            "summit": summits,
            "signal": signal,
            "chromosome": coordinates.chromosome(summits),
        }
    )
    names = tuple(f"task_{number}" for number in range(tasks))
    labels = Labels("TF", coordinates, names, "matched", tracks[:tasks], tracks[tasks:], regions)
    genome = rng.integers(0, 4, TOTAL).astype(np.uint8)
    genome[500:510] = N_CODE
    dense = np.array([[counts for _, counts in strands] for strands in made])
    return Windows(labels, genome, READ, PREDICTED), dense


@pytest.fixture
def windows():
    return make(np.random.default_rng(2).integers(60, 5900, 40))[0]


def inside(starts, chromosomes):
    """Whether windows lie whole in one of some chromosomes."""
    ends = OFFSETS + LENGTHS
    return np.array(
        [any(OFFSETS[c] <= s and s + READ <= ends[c] for c in chromosomes) for s in starts]
    )


def test_batch_holds_sequence_counts_and_controls_of_its_windows():
    windows, dense = make([500, 3500])
    starts = np.array([450, 0, 2900, 3000, 5900])
    batch = windows.batch(starts, starts == 450, both_strands=False)
    assert batch.sequences.shape == (5, 4, READ)
    assert batch.profiles.shape == batch.control.shape == (5, 2, 2, PREDICTED)
    for row, start in enumerate(starts):
        codes = windows.genome[start : start + READ]
        np.testing.assert_array_equal(batch.sequences[row], one_hot_codes(codes))
        middle = slice(start + 20, start + 20 + PREDICTED)
        np.testing.assert_array_equal(batch.profiles[row], dense[:2, :, middle])
        np.testing.assert_array_equal(batch.control[row], dense[2:, :, middle])


def test_windows_are_centred_on_summits(windows):
    assert windows.starts(np.array([500])).tolist() == [450]


def test_holds_summit_equals_a_search(windows):
    starts = np.random.default_rng(0).integers(0, TOTAL - READ, 300)
    summits = windows.labels.regions.summit.to_numpy()
    expected = [((summits >= s + 20) & (summits < s + 80)).any() for s in starts]
    np.testing.assert_array_equal(windows.holds_summit(starts), expected)


def test_reverse_complements_flip_sequence_strands_and_positions(windows):
    starts = np.array([450, 100, 3200])
    positive = np.array([True, False, False])
    one = windows.batch(starts, positive, both_strands=False)
    both = windows.batch(starts, positive, both_strands=True)
    for name in ("sequences", "profiles", "control", "positive"):
        np.testing.assert_array_equal(getattr(both, name)[:3], getattr(one, name))
    np.testing.assert_array_equal(both.sequences[3:], one.sequences[:, ::-1, ::-1])
    np.testing.assert_array_equal(both.profiles[3:], one.profiles[:, :, ::-1, ::-1])
    np.testing.assert_array_equal(both.control[3:], one.control[:, :, ::-1, ::-1])
    np.testing.assert_array_equal(both.positive[3:], positive)
    # so that twice is identity
    np.testing.assert_array_equal(both.sequences[3:][:, ::-1, ::-1], one.sequences)
    np.testing.assert_array_equal(both.profiles[3:][:, :, ::-1, ::-1], one.profiles)


def epochs_equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_seed_and_epoch_alone_decide_an_epoch(windows):
    one, other = (PeakSampler(windows, np.array([0, 1]), jitter=20) for _ in range(2))
    for epoch in (5, 3, 1):
        one.epoch(9, epoch)  # what was drawn before has no say
    np.random.seed(1)  # noqa: NPY002
    assert epochs_equal(one.epoch(1, 2), other.epoch(1, 2))


def test_epochs_and_seeds_differ(windows):
    draws = PeakSampler(windows, np.array([0, 1]), jitter=20)
    sets = [set(draws.epoch(*key)[0].tolist()) for key in ((1, 1), (1, 2), (2, 1), (2, 2))]
    for number, one in enumerate(sets):
        for other in sets[:number]:
            assert len(one & other) < 0.5 * len(one)


def test_epoch_is_in_random_order(windows):
    _, positive = PeakSampler(windows, np.array([0, 1, 2])).epoch(1, 1)
    assert np.diff(positive.astype(int)).astype(bool).sum() > 5


def test_examples_lie_on_the_splits_chromosomes(windows):
    for chromosomes in ([0], [2, 1], [1, 3]):
        draws = PeakSampler(windows, np.array(chromosomes), jitter=500, negatives_per_peak=20)
        for epoch in range(3):
            starts, _ = draws.epoch(0, epoch)
            assert inside(starts, chromosomes).all()


def test_peaks_are_where_the_labels_say(windows):
    starts, positive = PeakSampler(windows, np.array([0])).epoch(1, 1)
    summits = windows.labels.regions.summit[windows.labels.regions.chromosome == 0]
    expected = [s for s in summits - 50 if 0 <= s <= 2900]
    assert sorted(starts[positive]) == sorted(expected)
    assert (~positive).sum() == positive.sum()


def test_peaks_at_chromosome_ends_are_left_out():
    windows, _ = make([49, 50, 2950, 2951, 3049, 3050, 6030])
    starts, positive = PeakSampler(windows, np.arange(4)).epoch(1, 1)
    assert sorted(starts[positive]) == [0, 2900, 3000]


def test_jitter_is_bounded_and_moves_both_ways():
    windows, _ = make(np.full(400, 1500))
    starts, positive = PeakSampler(windows, np.array([0]), jitter=30).epoch(1, 1)
    moved = starts[positive] + 50 - 1500
    assert (moved.min(), moved.max()) == (-30, 30)
    assert abs(moved.mean()) < 4


@pytest.mark.parametrize("jitter", [60, 128, 400])
def test_jitter_never_takes_a_peak_off_its_chromosome(jitter):
    # with a jitter beyond the input's length a window would fit whole into the next chromosome
    windows, _ = make(np.repeat([3055, 3945], 200))
    starts, positive = PeakSampler(windows, np.array([1]), jitter=jitter).epoch(1, 1)
    assert positive.sum() == 400
    assert inside(starts, [1]).all()


def test_random_intervals_are_uniform_by_length():
    windows, _ = make([1500])
    draws = PeakSampler(windows, np.array([0, 2, 3]), negatives_per_peak=20_000)
    starts, positive = draws.epoch(1, 1)
    negatives = starts[~positive]
    assert len(negatives) == 20_000
    # 2,901 places on the first, 1,901 on the third, and none on the fourth
    assert (negatives < 3000).mean() == pytest.approx(2901 / 4802, abs=0.015)
    quarters = np.histogram(negatives[negatives < 3000], bins=4, range=(0, 2901))[0]
    np.testing.assert_allclose(quarters / quarters.sum(), 0.25, atol=0.02)
    assert len(set(negatives.tolist())) > 0.97 * 4802


@pytest.mark.parametrize(("ratio", "number"), [(0, 0), (0.5, 10), (1, 20), (3, 60)])
def test_negatives_are_so_many_per_peak(ratio, number):
    windows, _ = make(np.arange(100, 2100, 100))
    _, positive = PeakSampler(windows, np.array([0]), negatives_per_peak=ratio).epoch(1, 1)
    assert (~positive).sum() == number


@pytest.mark.parametrize(("peaks", "kept"), [(1, 10), (0.3, 3), (0.01, 1), (4, 4), (99, 10)])
def test_best_share_or_count_of_each_task_is_kept(peaks, kept):
    summits = np.arange(100, 2100, 100)
    signal = np.random.default_rng(3).permutation(20).astype(float)
    task = np.repeat([0, 1], 10)
    windows, _ = make(summits, task=task, signal=signal)
    starts, positive = PeakSampler(windows, np.array([0]), peaks=peaks).epoch(1, 1)
    expected = [
        summit - 50
        for each in (0, 1)
        for summit in summits[task == each][np.argsort(-signal[task == each])[:kept]]
    ]
    assert sorted(starts[positive]) == sorted(expected)


def test_batches_split_an_epoch(windows):
    draws = PeakSampler(windows, np.array([0, 2]))
    starts, positive = draws.epoch(1, 1)
    batches = list(draws.batches(1, 1, 16, both_strands=False))
    assert [len(b.positive) for b in batches[:-1]] == [16] * (len(batches) - 1)
    np.testing.assert_array_equal(np.concatenate([b.positive for b in batches]), positive)
    sequences = np.concatenate([b.sequences for b in batches])
    np.testing.assert_array_equal(sequences, one_hot_codes(windows.sequences(starts)))
    doubled = list(draws.batches(1, 1, 16, both_strands=True))
    assert [len(b.positive) for b in doubled] == [2 * len(b.positive) for b in batches]


def test_settings_name_what_is_sampled(windows):
    settings = {"peaks": 0.5, "jitter": 7, "negatives_per_peak": 2, "epochs": 1}
    expected = PeakSampler(windows, np.array([0]), peaks=0.5, jitter=7, negatives_per_peak=2)
    found = sampler(windows, np.array([0]), settings)
    assert epochs_equal(found.epoch(1, 1), expected.epoch(1, 1))
