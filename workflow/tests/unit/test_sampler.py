"""Examples: what they hold, and that a seed and an epoch decide which they are."""

import dataclasses
import logging

import numpy as np
import pandas as pd
import pytest
from attprior.dataset.labelling import label_bins
from attprior.dataset.sampler import (
    BinSampler,
    PeakSampler,
    best_peaks,
    match_gc,
    sampler,
    tiles,
)
from attprior.dataset.store import Coordinates, Labels, Track
from attprior.dataset.windows import Windows
from attprior.errors import InputError
from attprior.sequence import N_CODE, one_hot_codes

LENGTHS = np.array([3000, 1000, 2000, 60])
OFFSETS = np.array([0, 3000, 4000, 6000])
TOTAL = int(LENGTHS.sum())
READ, PREDICTED = 100, 60
WIDTH, STRIDE, FLANK = 40, 10, 30


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
            "start": summits - 20,
            "end": summits + 31,
            "summit": summits,
            "signal": signal,
            "chromosome": coordinates.chromosome(summits),
        }
    )
    by_task = regions.groupby("task").signal
    regions["rank"] = by_task.rank(ascending=False, method="first").astype(int) - 1
    names = tuple(f"task_{number}" for number in range(tasks))
    bins = label_bins(LENGTHS, names, regions, None, WIDTH, STRIDE, FLANK)
    tracks, control = tracks[:tasks], tracks[tasks:]
    labels = Labels("TF", coordinates, names, "matched", tracks, control, regions, bins)
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


@pytest.mark.parametrize("strands", [1, 2])
@pytest.mark.parametrize(("read", "predicted"), [(100, 60), (101, 60), (61, 61), (64, 1)])
def test_batch_equals_plain_numpy(strands, read, predicted):
    made, dense = make([500, 3500])
    tracks, control = made.labels.tracks, made.labels.control_tracks
    tracks, control = ([s[:strands] for s in kind] for kind in (tracks, control[:1]))
    labels = dataclasses.replace(made.labels, tracks=tracks, control_tracks=control)
    windows = Windows(labels, made.genome, read, predicted)
    starts = np.array([450, 0, 450, TOTAL - read, 2990, 505])  # twice, at both ends, across one, N
    batch = windows.batch(starts, starts == 450, both_strands=True)
    at = starts[:, None] + np.arange(read)
    sequences = (made.genome[at][:, None] == np.arange(4)[:, None]).astype(np.float32)
    sequences = np.concatenate([sequences, sequences[:, ::-1, ::-1]])
    np.testing.assert_array_equal(batch.sequences, sequences)
    at = starts[:, None] + (read - predicted) // 2 + np.arange(predicted)
    counts = np.moveaxis(dense[:, :strands][..., at], 2, 0)
    counts = np.concatenate([counts, counts[..., ::-1, ::-1]])
    np.testing.assert_array_equal(batch.profiles, counts[:, :2])
    np.testing.assert_array_equal(batch.control, counts[:, 2:3])
    assert {array.dtype for array in (batch.sequences, batch.profiles)} == {np.dtype("float32")}


def test_without_controls_or_a_profile_these_are_empty(windows):
    labels = dataclasses.replace(windows.labels, control_tracks=[])
    starts = np.array([450, 700])
    batch = Windows(labels, windows.genome, READ, PREDICTED).batch(starts, starts > 0, True)
    assert batch.control.shape == (4, 0, 2, PREDICTED)
    batch = Windows(labels, windows.genome, READ).batch(starts, starts > 0, True)
    assert batch.profiles.shape == (4, 2, 2, 0)


@pytest.mark.parametrize("start", [-1, TOTAL - READ + 1])
def test_windows_off_the_genome_are_an_error(windows, start):
    for read in (windows.one_hot, windows.gc_content):
        with pytest.raises(IndexError, match="leave the genome"):
            read(np.array([500, start]))


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
        draws = PeakSampler(windows, np.array(chromosomes), jitter=500, negatives_per_positive=20)
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
    draws = PeakSampler(windows, np.array([0, 2, 3]), negatives_per_positive=20_000, max_unknown=1)
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
    _, positive = PeakSampler(windows, np.array([0]), negatives_per_positive=ratio).epoch(1, 1)
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


@pytest.mark.parametrize(("share", "kept"), [(0.07, 7), (0.071, 8), (0.29, 29), (0.001, 1)])
def test_shares_are_rounded_up_but_not_past_a_whole_number(share, kept):
    regions = make(np.arange(100, 2100, 20), signal=np.arange(100))[0].labels.regions
    best = best_peaks(regions, np.array([0]), share)
    assert np.flatnonzero(best).tolist() == list(range(100 - kept, 100))


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


def batches_equal(one, other):
    return all(
        np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
@pytest.mark.parametrize("workers", [1, 4])
def test_threads_and_the_first_batch_change_no_batch(windows, kind, workers):
    draws = kind(windows, np.array([0, 2]), match_gc=True)
    expected = list(draws.batches(1, 3, 6, both_strands=True))
    assert len(expected) > 9
    for first in (0, 1, 5, len(expected) - 1, len(expected)):
        again = kind(windows, np.array([0, 2]), match_gc=True)
        found = list(again.batches(1, 3, 6, both_strands=True, first=first, workers=workers))
        assert len(found) == len(expected) - first
        assert all(map(batches_equal, found, expected[first:]))


def test_batches_can_be_left_before_their_end(windows):
    draws = PeakSampler(windows, np.array([0, 2]))
    batches = draws.batches(1, 1, 4, both_strands=False, workers=2)
    assert batches_equal(next(batches), next(draws.batches(1, 1, 4, both_strands=False)))
    batches.close()


@pytest.mark.parametrize(
    ("start", "end", "stride", "expected"),
    [(10, 20, 5, [10, 15]), (10, 21, 5, [10, 15, 20]), (10, 11, 5, [10]), (3, 6, 1, [3, 4, 5])],
)
def test_tiles_go_from_a_peaks_start_to_before_its_end(start, end, stride, expected):
    assert tiles(np.array([start]), np.array([end]), stride).tolist() == expected


def test_tiled_windows_cover_each_peak():
    summits = np.array([500, 700, 1200, 4500])
    windows, _ = make(summits)
    starts, positive = PeakSampler(windows, np.array([0, 2]), tile_stride=7).epoch(1, 1)
    centres = starts[positive] + READ // 2
    # peaks are of 51 bp, from 20 before the summit on
    expected = [s - 20 + 7 * tile for s in summits for tile in range(8)]
    assert sorted(centres) == sorted(expected)
    assert (~positive).sum() == positive.sum()


def test_tiles_at_chromosome_ends_are_left_out_and_counted(caplog):
    windows, _ = make([55, 1500])
    with caplog.at_level(logging.INFO):
        draws = PeakSampler(windows, np.array([0]), tile_stride=5)
    # of the tiles at 35, 40, 45, ... three are nearer to the end than half a window
    assert "3 of 22 windows" in caplog.text
    starts, positive = draws.epoch(1, 1)
    assert positive.sum() == 19
    assert starts.min() >= 0


@pytest.mark.parametrize(("summits", "dropped"), [([100, 1500], 0), ([49, 50, 2950, 2951], 2)])
def test_dropped_peaks_are_counted(summits, dropped, caplog):
    windows, _ = make(summits)
    with caplog.at_level(logging.INFO):
        PeakSampler(windows, np.array([0]))
    assert (f"{dropped} of {len(summits)} windows" in caplog.text) == (dropped > 0)


def test_summits_alone_are_centred():
    windows, _ = make([500, 700, 1200])
    starts, positive = PeakSampler(windows, np.array([0]), negatives_per_positive=0).epoch(1, 1)
    assert positive.all()
    assert sorted(starts + READ // 2) == [500, 700, 1200]


def with_gc_rich(windows, at):
    """A genome whose GC content grows along each chromosome, with GC-rich sites at some places."""
    rng = np.random.default_rng(5)
    share = np.concatenate([np.linspace(0.2, 0.7, n) for n in LENGTHS])
    for site in at:
        share[site - 60 : site + 60] = 0.65
    gc = rng.random(TOTAL) < share
    genome = np.where(gc, rng.integers(1, 3, TOTAL), 3 * rng.integers(0, 2, TOTAL))
    return Windows(windows.labels, genome.astype(np.uint8), READ, PREDICTED)


def gc_of(windows, starts):
    codes = windows.sequences(starts)
    return np.isin(codes, (1, 2)).sum(axis=1) / (codes != N_CODE).sum(axis=1)


@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_matched_negatives_have_the_gc_content_of_positives(kind):
    summits = np.arange(100, 1000, 150)
    windows = with_gc_rich(make(summits)[0], summits)
    differences = {}
    for matched in (False, True):
        draws = kind(windows, np.array([0]), match_gc=matched, negatives_per_positive=2)
        starts, positive = draws.epoch(1, 1)
        assert (~positive).sum() == 2 * positive.sum()
        gc = gc_of(windows, starts)
        own = np.quantile(gc[positive], np.linspace(0, 1, 21))
        other = np.quantile(gc[~positive], np.linspace(0, 1, 21))
        differences[matched] = np.abs(own - other).mean()
    assert differences[True] < 0.03
    assert differences[False] > 0.1


def test_matched_negatives_hold_no_summit():
    summits = np.arange(100, 2900, 150)
    windows = with_gc_rich(make(summits)[0], summits)
    starts, positive = PeakSampler(windows, np.array([0]), match_gc=True).epoch(1, 1)
    assert (~positive).sum() == positive.sum()
    assert not windows.holds_summit(starts[~positive]).any()


def test_gc_content_counts_known_bases_alone(windows):
    starts = np.array([300, 430, 505 - READ, 700])
    np.testing.assert_allclose(windows.gc_content(starts), gc_of(windows, starts))
    windows.genome[1000:1200] = N_CODE
    assert windows.gc_content(np.array([1050])) == 0


def test_each_window_is_matched_in_its_own_bin_or_the_nearest():
    offered = np.array([0.105, 0.505, 0.525, 0.505, 0.905, 0.095])
    assert sorted(match_gc(np.array([0.501, 0.509]), offered)) == [1, 3]
    # a third one takes the nearest left, and no row is taken twice
    assert sorted(match_gc(np.array([0.501, 0.509, 0.503]), offered)) == [1, 2, 3]
    assert sorted(match_gc(np.array([1.0, 0.0]), offered)) == [4, 5]
    assert sorted(match_gc(np.full(9, 0.3), offered)) == [0, 1, 2, 3, 4, 5]
    assert len(match_gc(np.zeros(0), offered)) == 0


def task_bins(windows, task, label, chromosome):
    """Indices of the bins of a chromosome that have a label, by a look at each."""
    bins = windows.labels.bins
    index = np.arange(bins.number)
    return set(
        index[(bins.chromosome(index) == chromosome) & (bins.labels(index)[:, task] == label)]
    )


def unknown_bases(windows, index):
    """How many unknown bases the windows around bins hold."""
    bins = windows.labels.bins
    starts = windows.starts(bins.starts(np.asarray(index)) + WIDTH // 2)
    return (windows.sequences(starts) == N_CODE).sum(axis=-1)


@pytest.fixture
def two_tasks():
    summits = np.array([300, 500, 505, 900, 2000, 2050, 2960, 3500, 4500])
    task = np.array([0, 0, 1, 1, 0, 1, 1, 0, 1])
    return make(summits, task=task, signal=np.array([5, 9, 7, 8, 1, 2, 6, 99, 99]))[0]


def test_positive_bins_are_those_of_any_task_and_negative_ones_those_of_all(two_tasks):
    positives = task_bins(two_tasks, 0, 1, 0) | task_bins(two_tasks, 1, 1, 0)
    negatives = task_bins(two_tasks, 0, 0, 0) & task_bins(two_tasks, 1, 0, 0)
    negatives = {index for index in negatives if not unknown_bases(two_tasks, index)}
    index, positive = BinSampler(two_tasks, np.array([0])).examples(1, 1)
    assert sorted(index[positive]) == sorted(positives)
    assert set(index[~positive]) < negatives
    assert len(set(index)) == len(index) == 2 * len(positives)
    assert np.diff(positive.astype(int)).astype(bool).sum() > 5
    # and with more wanted than there are, all negatives come, each once
    index, positive = BinSampler(two_tasks, np.array([0]), negatives_per_positive=99).examples(1, 1)
    assert sorted(index[~positive]) == sorted(negatives)


def test_too_few_negative_bins_are_told(two_tasks, caplog):
    BinSampler(two_tasks, np.array([0]), negatives_per_positive=1)
    assert not caplog.text
    BinSampler(two_tasks, np.array([0]), negatives_per_positive=99)
    assert "negative bins" in caplog.text


def test_negative_bins_are_uniform_and_new_each_epoch(two_tasks):
    draws = BinSampler(two_tasks, np.array([0, 2]))
    bins = two_tasks.labels.bins
    seen = np.zeros(bins.number, int)
    for epoch in range(400):
        index, positive = draws.examples(1, epoch)
        seen[index[~positive]] += 1
    negative = (bins.labels(np.arange(bins.number)) == 0).all(axis=1)
    negative &= np.isin(bins.chromosome(np.arange(bins.number)), [0, 2])
    negative &= unknown_bases(two_tasks, np.arange(bins.number)) == 0
    assert not seen[~negative].any()
    mean = seen[negative].mean()
    assert seen[negative].min() > 0
    assert seen[negative].std() == pytest.approx(np.sqrt(mean), rel=0.2)


def test_bins_of_the_best_peaks_are_positive_and_of_the_others_nothing(two_tasks):
    draws = BinSampler(two_tasks, np.array([0]), peaks=1 / 3, negatives_per_positive=99)
    index, positive = draws.examples(1, 1)
    # of task 0 the best of the chromosome's three peaks, of task 1 two of four, rounded up
    bins, summits = two_tasks.labels.bins, two_tasks.labels.regions.summit
    kept = summits.index[summits.isin([500, 505, 900])]
    every = np.arange(bins.number)
    expected = every[np.isin(bins.region(every), kept).any(axis=1)]
    assert len(expected) > 6
    assert sorted(index[positive]) == sorted(expected)
    assert (bins.labels(index[~positive]) == 0).all()


@pytest.mark.parametrize("both_strands", [False, True])
def test_batches_of_bins_hold_sequences_and_labels(two_tasks, both_strands):
    draws = BinSampler(two_tasks, np.array([0, 1]))
    index, positive = draws.examples(1, 1)
    starts, same = draws.epoch(1, 1)
    np.testing.assert_array_equal(positive, same)
    bins = two_tasks.labels.bins
    # an input window has its bin in the middle
    np.testing.assert_array_equal(starts + (READ - WIDTH) // 2, bins.starts(index))
    batches = list(draws.batches(1, 1, 1000, both_strands))
    assert len(batches) == 1
    labels = bins.labels(index)
    assert set(np.unique(labels)) == {-1, 0, 1}
    for half in range(1 + both_strands):
        part = slice(half * len(index), (half + 1) * len(index))
        np.testing.assert_array_equal(batches[0].labels[part], labels)
        np.testing.assert_array_equal(batches[0].positive[part], (labels == 1).any(axis=1))
        sequences = one_hot_codes(two_tasks.sequences(starts))
        sequences = sequences[:, ::-1, ::-1] if half else sequences
        np.testing.assert_array_equal(batches[0].sequences[part], sequences)
    assert batches[0].labels.dtype == np.int8
    assert len(batches[0].positive) == (1 + both_strands) * len(index)


@pytest.mark.parametrize("length", [60, 100, 101, 160, 161])
def test_windows_around_bins_stay_on_their_chromosome(length, caplog):
    made = make([60, 1500, 2950])[0]
    windows = Windows(made.labels, made.genome, length)
    with caplog.at_level(logging.INFO):
        draws = BinSampler(windows, np.array([0, 2]), negatives_per_positive=99)
    starts, _ = draws.epoch(1, 1)  # with all negatives
    chromosome = windows.labels.coordinates.chromosome(starts)
    assert np.isin(chromosome, [0, 2]).all()
    assert (starts + length <= OFFSETS[chromosome] + LENGTHS[chromosome]).all()
    # bins have flanks for 100 bp
    assert ("positive bins" in caplog.text) == (length > 100)


def test_settings_name_what_is_sampled(windows):
    settings = {
        "architecture": "profile",
        "peaks": 0.5,
        "jitter": 7,
        "tile_stride": 9,
        "negatives_per_positive": 2,
        "match_gc": True,
        "max_unknown": 0.04,
        "epochs": 1,
    }
    expected = PeakSampler(windows, np.array([0]), 0.5, 2, True, 0.04, jitter=7, tile_stride=9)
    found = sampler(windows, np.array([0]), settings)
    assert epochs_equal(found.epoch(1, 1), expected.epoch(1, 1))
    expected = BinSampler(windows, np.array([0]), 0.5, 2, True, 0.04)
    found = sampler(windows, np.array([0]), {**settings, "architecture": "binary"})
    assert epochs_equal(found.epoch(1, 1), expected.epoch(1, 1))


BLACKLIST = np.array([[0, 15], [700, 740], [730, 760], [4300, 4301], [5990, 6000]])


@pytest.fixture
def hard():
    """Unknown bases within, at both ends and across chromosomes, and a blacklist."""
    made = make(np.random.default_rng(2).integers(60, 5900, 40))[0]
    labels = dataclasses.replace(made.labels, blacklist=BLACKLIST)
    for first, stop in ((0, 5), (1200, 1450), (1460, 1461), (2980, 3020), (5000, 5150)):
        made.genome[first:stop] = N_CODE
    made.genome[6050:] = N_CODE
    return Windows(labels, made.genome, READ, PREDICTED)


def allowed(windows, max_unknown, chromosomes):
    """First positions that negatives may have, by a look at each."""
    starts = np.flatnonzero(inside(np.arange(TOTAL), chromosomes))
    unknown = (windows.sequences(starts) == N_CODE).sum(axis=1)
    starts = starts[unknown <= max_unknown * windows.input_length + 1e-9]
    blacklist = windows.labels.blacklist
    barred = (starts[:, None] < blacklist[:, 1]) & (starts[:, None] + READ > blacklist[:, 0])
    return starts[~barred.any(axis=1)]


def negatives_of(draws, epochs):
    """First positions of the negatives of some epochs."""
    made = [draws.epoch(1, epoch) for epoch in range(epochs)]
    return np.concatenate([starts[~positive] for starts, positive in made])


SHARES = [0, 0.01, 0.29, 0.5, 0.99, 1]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("chromosomes", [[0, 2], [1], [0, 1, 2, 3]])
def test_random_intervals_are_all_those_that_are_sequence_and_not_in_the_blacklist(
    hard, share, chromosomes
):
    draws = PeakSampler(hard, np.array(chromosomes), negatives_per_positive=2000, max_unknown=share)
    assert set(negatives_of(draws, 3)) == set(allowed(hard, share, chromosomes))


def test_random_intervals_are_uniform_over_those_allowed(hard):
    draws = PeakSampler(hard, np.array([0, 2]), negatives_per_positive=10_000)
    expected = allowed(hard, 0, [0, 2])
    counts = np.bincount(negatives_of(draws, 1), minlength=TOTAL)[expected]
    mean = counts.mean()
    assert mean > 80
    assert counts.std() == pytest.approx(np.sqrt(mean), rel=0.1)


def test_negatives_beside_unknown_bases_and_the_blacklist_are_drawn(hard):
    drawn = set(negatives_of(PeakSampler(hard, np.array([0]), negatives_per_positive=2000), 1))
    for at, is_drawn in {1100: True, 1101: False, 600: True, 601: False, 760: True, 759: False,
                         1461: True, 1460: False, 15: True, 14: False}.items():  # fmt: skip
        assert (at in drawn) == is_drawn


def bins_allowed(windows, share, chromosomes, task=None):
    """Negative bins, of all tasks or one, that may be drawn, by a look at each."""
    bins = windows.labels.bins
    index = np.arange(bins.number)
    labels = bins.labels(index)
    negative = (labels == 0).all(axis=1)
    if task is not None:
        negative = (labels[:, task] == 0) & (labels != 1).all(axis=1)
    starts = windows.starts(bins.starts(index) + WIDTH // 2)
    whole = np.isin(bins.chromosome(index), chromosomes)
    return index[negative & whole & np.isin(starts, allowed(windows, share, chromosomes))]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("chromosomes", [[0, 2], [1], [0, 1, 2, 3]])
def test_negative_bins_are_all_those_that_are_sequence_and_not_in_the_blacklist(
    hard, share, chromosomes
):
    draws = BinSampler(hard, np.array(chromosomes), negatives_per_positive=99, max_unknown=share)
    index, positive = draws.examples(1, 1)
    assert sorted(index[~positive]) == bins_allowed(hard, share, chromosomes).tolist()
    expected = [len(bins_allowed(hard, share, chromosomes, task)) for task in (0, 1)]
    assert draws.drawn_from().tolist() == expected


@pytest.mark.parametrize("match_gc", [False, True])
@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_positives_do_not_depend_on_unknown_bases_or_the_blacklist(hard, kind, match_gc):
    summit = hard.labels.regions.summit.iloc[0]
    hard.genome[summit - 5 : summit] = N_CODE
    free = dataclasses.replace(
        hard, labels=dataclasses.replace(hard.labels, blacklist=BLACKLIST[:0])
    )
    free = dataclasses.replace(free, genome=np.where(hard.genome == N_CODE, 0, hard.genome))
    found = []
    for windows in (hard, free):
        starts, positive = kind(windows, np.array([0, 1, 2]), match_gc=match_gc).epoch(1, 1)
        found.append(sorted(starts[positive]))
    assert found[0] == found[1]
    assert set(found[0]) - set(allowed(hard, 0, [0, 1, 2]))


@pytest.mark.parametrize("match_gc", [False, True])
@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_seed_and_epoch_alone_decide_the_negatives_that_are_left(hard, kind, match_gc):
    made = [kind(hard, np.array([0, 1]), match_gc=match_gc) for _ in range(2)]
    for epoch in (5, 3, 1):
        made[0].epoch(9, epoch)
    assert epochs_equal(made[0].epoch(1, 2), made[1].epoch(1, 2))
    assert not epochs_equal(made[0].epoch(1, 2), made[1].epoch(1, 3))
    starts, positive = made[0].epoch(1, 2)
    assert np.isin(starts[~positive], allowed(hard, 0, [0, 1])).all()


@pytest.mark.parametrize("match_gc", [False, True])
@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_negatives_alone_are_those_of_the_whole_epoch(hard, kind, match_gc):
    whole = kind(hard, np.array([0, 1]), match_gc=match_gc)
    starts, positive = whole.epoch(1, 2)
    alone, none = dataclasses.replace(whole, only_negatives=True).epoch(1, 2)
    assert not none.any()
    assert sorted(alone) == sorted(starts[~positive])


@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_negatives_left_out_are_counted(hard, kind, caplog):
    with caplog.at_level(logging.INFO):
        kind(hard, np.array([0, 2]))
    if kind == PeakSampler:
        number, left = inside(np.arange(TOTAL), [0, 2]).sum(), len(allowed(hard, 0, [0, 2]))
    else:
        bare = dataclasses.replace(hard.labels, blacklist=BLACKLIST[:0])
        bare = dataclasses.replace(hard, labels=bare)
        number, left = len(bins_allowed(bare, 1, [0, 2])), len(bins_allowed(hard, 0, [0, 2]))
    assert f"chr1, chr3: {number - left} of {number} possible negatives" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        kind(hard, np.array([0, 2]), negatives_per_positive=0)
    assert "possible" not in caplog.text


@pytest.mark.parametrize("kind", [PeakSampler, BinSampler])
def test_no_place_for_a_negative_is_an_error(kind):
    windows = make([500, 3500])[0]
    windows.genome[np.arange(3000, 4000, 50)] = N_CODE
    draws = kind(windows, np.array([1]))
    with pytest.raises(InputError, match=r"chr2.*max_unknown \(0\).*raise max_unknown, or move"):
        draws.epoch(1, 1)
    starts, positive = kind(windows, np.array([1]), negatives_per_positive=0).epoch(1, 1)
    assert len(starts) == positive.sum() > 0
    starts, positive = kind(windows, np.array([1]), max_unknown=0.02).epoch(1, 1)
    assert (~positive).any()


def test_summit_of_two_tasks_is_measured_once():
    windows, _ = make(np.array([200, 400, 200, 600]), task=np.array([0, 0, 1, 1]))
    starts, positive = PeakSampler(windows, np.array([0])).epoch(1, 1)
    assert sorted(starts[positive] + 50) == [200, 400, 600]
