"""Binary labels: each clause by hand, all of them against a loop over bins and peaks."""

import logging
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from attprior.dataset.labelling import label_bins

WIDTH, STRIDE, FLANK = 200, 50, 400
LENGTH = 3000  # bins start at 400, 450, ... 2400
HG38 = [
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
    138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
    83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895,
]  # fmt: skip


def table(*tasks, signal=None):
    """Peaks of tasks, lists of (start, end), the first of a task its best, or by its signal."""
    rows = [
        (task, start, end, (start + end) // 2, float(1000 - place))
        for task, peaks in enumerate(tasks)
        for place, (start, end) in enumerate(peaks)
    ]
    regions = pd.DataFrame(rows, columns=["task", "start", "end", "summit", "signal"])
    if signal is not None:
        regions["signal"] = signal
    regions = regions.sort_values(["task", "signal"], ascending=[True, False], ignore_index=True)
    regions["rank"] = regions.groupby("task").cumcount()
    return regions.astype({"start": int, "end": int, "summit": int})


def made(peaks, relaxed=None, lengths=(LENGTH,), shape=(WIDTH, STRIDE, FLANK)):
    weak = None if relaxed is None else table(relaxed)
    return label_bins(np.array(lengths), ["task"], table(peaks), weak, *shape)


def starts_with(bins, label):
    """First bases of the bins of the only task that have a label."""
    index = np.arange(bins.number)
    return bins.starts(index[bins.labels(index)[:, 0] == label]).tolist()


def reference(length, peaks, relaxed, shape, as_seqdataloader=False):
    """Labels of a chromosome's bins, bin by bin and peak by peak.

    With `as_seqdataloader`, peaks are cut to what lies between the first bases of the first and of
    the last bin; a peak that would make a bin before the first one positive makes no bin positive;
    and what comes later wins.
    """
    width, stride, flank = shape
    starts = range(flank, length - flank - width + 1, stride)
    labels = np.zeros(len(starts), dtype=int)
    if not labels.size:
        return labels

    def within(intervals):
        if not as_seqdataloader:
            return intervals
        cut = [(max(start, starts[0]), min(end, starts[-1])) for start, end in intervals]
        return [(start, end) for start, end in cut if start < end]

    def run(start, end):
        least = round(0.5 * min(width, end - start))

        def shares(at):
            return min(at + width, end) - max(at, start) >= least

        hit = [b for b, at in enumerate(starts) if shares(at)]
        beside = [b for b in (hit[0] - 1, hit[-1] + 1) if 0 <= b < labels.size] if hit else []
        passed_over = as_seqdataloader and shares(starts[0] - stride)
        return [] if passed_over else hit, beside

    weak = [(s, e) for s, e in relaxed if not any(s < end and start < e for start, end in peaks)]
    runs = [run(*peak) for peak in within(peaks)]
    if as_seqdataloader:
        for hit, beside in runs:
            labels[hit] = 1
            labels[beside] = -1
    else:
        labels[[b for _, beside in runs for b in beside]] = -1
        labels[[b for hit, _ in runs for b in hit]] = 1
    for peak in within(weak):
        labels[run(*peak)[0]] = -1
    return labels


def random_peaks(rng, length, number, longest):
    start = rng.integers(0, length - 1, number)
    end = np.minimum(start + rng.integers(1, longest, number), length)
    return sorted(zip(start.tolist(), end.tolist(), strict=True))


def test_bins_that_share_half_of_themselves_are_positive():
    # 500 bp from 1000 on: from the bin that ends at 1100 to the one that starts at 1400
    assert starts_with(made([(1000, 1500)]), 1) == list(range(900, 1401, 50))
    # with one base less at either side, the outermost bins share 99 bp
    assert starts_with(made([(1001, 1499)]), 1) == list(range(950, 1351, 50))


def test_of_a_short_peak_half_of_it_is_enough():
    # 60 bp: bins share 30 of them
    assert starts_with(made([(1000, 1060)]), 1) == [850, 900, 950, 1000]


@pytest.mark.parametrize(
    ("peak", "positive"),
    [
        # 3 bp: 1.5 is rounded to 2, and 850-1050 shares 1048 and 1049
        ((1048, 1051), [850, 900, 950, 1000]),
        ((1049, 1052), [900, 950, 1000, 1050]),
        # 5 bp: 2.5 is rounded to 2 too, as even
        ((1048, 1053), [850, 900, 950, 1000, 1050]),
        # 1 bp: 0.5 is rounded to 0, and bins need but touch
        ((1050, 1051), [850, 900, 950, 1000, 1050]),
    ],
)
def test_halves_are_rounded_to_even(peak, positive):
    assert starts_with(made([peak]), 1) == positive


def test_next_bin_on_either_side_is_ambiguous():
    bins = made([(1000, 1500)])
    assert starts_with(bins, -1) == [850, 1450]
    assert bins.number == 41
    assert len(starts_with(bins, 0)) == 41 - 11 - 2


def test_ambiguous_neighbours_stay_on_the_chromosome():
    # two chromosomes of 41 bins; peaks make the last bin of one and the first of the next positive
    last = made([(2400, 2700)], lengths=(LENGTH, LENGTH))
    assert starts_with(last, 1) == [2300, 2350, 2400]
    assert starts_with(last, -1) == [2250]
    first = made([(3000 + 300, 3000 + 500)], lengths=(LENGTH, LENGTH))
    assert starts_with(first, 1) == [3400]
    assert starts_with(first, -1) == [3450]


@pytest.mark.parametrize("order", [1, -1])
def test_neighbour_never_takes_the_positive_of_another_peak(order, caplog):
    caplog.set_level(logging.INFO)
    bins = made([(1000, 1200), (1250, 1450)][::order])
    # 900-1100 and 1150-1350: the bins at 1100 and 1150 are each also the other peak's neighbour
    assert starts_with(bins, 1) == list(range(900, 1351, 50))
    assert starts_with(bins, -1) == [850, 1400]
    # in seqdataloader's order, only the second takes one of the first
    assert "1 are positive that a later peak's ambiguous neighbour" in caplog.text


def test_relaxed_peaks_make_bins_ambiguous_even_positive_ones():
    bins = made([(1000, 1200)], relaxed=[(1200, 1400)])
    assert starts_with(bins, 1) == [900, 950, 1000, 1050]
    # and their neighbours stay as they are
    assert starts_with(bins, -1) == [850, 1100, 1150, 1200, 1250, 1300]


def test_relaxed_peaks_that_overlap_a_peak_are_nothing():
    bins = made([(1000, 1200)], relaxed=[(1199, 1400)])
    assert starts_with(bins, 1) == [900, 950, 1000, 1050, 1100]
    assert starts_with(bins, -1) == [850, 1150]


def test_relaxed_peaks_of_one_task_leave_the_others_alone():
    relaxed = table([], [(1000, 1200)])
    bins = label_bins(
        np.array([LENGTH]), ["a", "b"], table([(1000, 1200)], []), relaxed, WIDTH, STRIDE, FLANK
    )
    labels = bins.labels(np.arange(bins.number))
    assert (labels[:, 0] == 1).sum() == 5
    assert (labels[:, 1] == -1).sum() == 5
    assert (labels[:, 1] == 1).sum() == 0


def test_positive_bins_carry_the_best_of_their_peaks():
    regions = table([(1000, 1200), (1100, 1300), (1000, 1200)], signal=[5, 9, 7])
    bins = label_bins(np.array([LENGTH]), ["task"], regions, None, WIDTH, STRIDE, FLANK)
    index = np.flatnonzero(np.isin(bins.starts(np.arange(bins.number)), range(850, 1251, 50)))
    nan = np.nan
    np.testing.assert_array_equal(bins.signal(index)[:, 0], [nan, 7, 7, 9, 9, 9, 9, 9, nan])
    np.testing.assert_array_equal(bins.rank(index)[:, 0], [-1, 1, 1, 0, 0, 0, 0, 0, -1])
    assert bins.region(index)[:, 0].tolist() == [-1, 1, 1, 0, 0, 0, 0, 0, -1]


def test_bins_and_their_flanks_lie_on_one_chromosome():
    lengths = np.array([999, 1000, 1049, 1050, 500, 2345])
    bins = made([], lengths=lengths)
    assert bins.counts.tolist() == [0, 1, 1, 2, 0, 27]
    assert bins.offsets.tolist() == [0, 0, 1, 2, 4, 4]
    starts = bins.starts(np.arange(bins.number))
    ends, chromosome = np.cumsum(lengths), bins.chromosome(np.arange(bins.number))
    assert starts[:5].tolist() == [1399, 2399, 3448, 3498, 4998]
    assert (starts - FLANK >= (ends - lengths)[chromosome]).all()
    assert (starts + WIDTH + FLANK <= ends[chromosome]).all()


@pytest.mark.parametrize("shape", [(200, 50, 400), (200, 50, 0), (21, 10, 7), (30, 45, 10)])
@pytest.mark.parametrize("seed", range(10))
def test_labels_equal_a_loop_over_bins_and_peaks(seed, shape):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(50, 4000, 5)
    each = [random_peaks(rng, length, 6, rng.choice([20, 300, 900])) for length in lengths]
    weak = [random_peaks(rng, length, 6, 400) for length in lengths]
    offsets = np.cumsum(lengths) - lengths
    shifted = [
        [(s + o, e + o) for peaks, o in zip(kind, offsets.tolist(), strict=True) for s, e in peaks]
        for kind in (each, weak)
    ]
    signal = rng.permutation(len(shifted[0]))
    regions = table(shifted[0], signal=signal)
    bins = label_bins(lengths, ["task"], regions, table(shifted[1]), *shape)
    index = np.arange(bins.number)
    labels = bins.labels(index)[:, 0]
    expected = [reference(*each_, shape) for each_ in zip(lengths, each, weak, strict=True)]
    np.testing.assert_array_equal(labels, np.concatenate(expected))
    # the carried signal is the highest of the peaks that share enough
    for b in np.flatnonzero(labels == 1):
        at = bins.starts(b)
        share = np.minimum(at + shape[0], regions.end) - np.maximum(at, regions.start)
        least = np.rint(0.5 * np.minimum(shape[0], regions.end - regions.start))
        assert bins.signal(index[b : b + 1])[0, 0] == regions.signal[share >= least].max()
    np.testing.assert_array_equal(bins.positive(np.arange(5)), np.flatnonzero(labels == 1))


def test_positive_bins_of_some_chromosomes_and_regions():
    lengths = np.array([LENGTH, LENGTH])
    regions = table([(1000, 1200), (4000, 4200)], [(1100, 1300)])
    bins = label_bins(lengths, ["a", "b"], regions, None, WIDTH, STRIDE, FLANK)
    both = bins.positive(np.array([0, 1]))
    assert bins.starts(both).tolist() == [*range(900, 1201, 50), *range(3900, 4101, 50)]
    assert bins.starts(bins.positive(np.array([1]))).tolist() == list(range(3900, 4101, 50))
    second_task = (regions.task == 1).to_numpy()
    chosen = bins.positive(np.array([0, 1]), second_task)
    assert bins.starts(chosen).tolist() == list(range(1000, 1201, 50))


def test_positive_bins_of_many_tasks_come_once_and_in_order():
    rng = np.random.default_rng(0)
    lengths = np.array([9000, 500, 7000])
    each = [random_peaks(rng, 9000, 10, 900) for _ in range(4)]
    bins = label_bins(lengths, list("abcd"), table(*each), None, WIDTH, STRIDE, FLANK)
    found = bins.positive(np.arange(3))
    labels = bins.labels(np.arange(bins.number))
    np.testing.assert_array_equal(found, np.flatnonzero((labels == 1).any(axis=1)))
    assert found.dtype == np.int64


def test_nothing_is_held_for_each_bin():
    rng = np.random.default_rng(0)
    lengths = np.array(HG38)
    starts = np.sort(rng.integers(0, lengths[0] - 1000, 2000)).tolist()
    tracemalloc.start()
    bins = made([(start, start + 300) for start in starts], lengths=lengths)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bins.number > 60_000_000
    assert most < 10e6  # bytes


def test_seqdataloader_differs_only_where_it_is_said_to(tmp_path):
    protocols = pytest.importorskip("seqdataloader.labelgen.classification_label_protocols")
    bedtool = protocols.BedTool
    bedtool.__ne__ = lambda self, other: self is not other  # it asks whether one is None
    settings = {"left_flank": FLANK, "right_flank": FLANK, "bin_size": WIDTH}
    settings |= {"bin_stride": STRIDE, "overlap_thresh": 0.5, "allow_ambiguous": True}
    settings = type("Settings", (), {**settings, "save_label_source": False})
    rng = np.random.default_rng(0)
    for case in range(20):
        length = int(rng.integers(1100, 9000))
        peaks = random_peaks(rng, length, 12, [20, 300, 900][case % 3])
        weak = random_peaks(rng, length, 8, 400)
        weak = [p for p in weak if not any(p[0] < e and s < p[1] for s, e in peaks)]
        files = []
        for name, intervals in (("peaks", peaks), ("weak", weak or [(0, 1)])):
            files.append(str(tmp_path / f"{case}_{name}.bed"))
            with open(files[-1], "w", encoding="utf-8") as file:
                file.writelines(f"chr1\t{start}\t{end}\n" for start, end in intervals)
        last = (length - FLANK - WIDTH) // STRIDE * STRIDE
        _, labels, _ = protocols.peak_percent_overlap_with_bin_classification(
            "task", files[0], None, files[1], "chr1", FLANK, last, settings
        )
        expected = reference(length, peaks, weak, (WIDTH, STRIDE, FLANK), as_seqdataloader=True)
        np.testing.assert_array_equal(np.where(np.isnan(labels), -1, labels), expected)
