"""Peaks: bad ones are refused with their line, unusable ones are dropped and counted."""

import gzip
import logging
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from attprior.bed import overlaps
from attprior.errors import InputError
from attprior.peaks import COLUMNS, best_first, prepare_peaks, read_peaks

SIZES = {"chr2": 1000, "chr10": 500, "chrM": 100}
REST = "peak\t100\t.\t{}\t9\t8\t10"


def lines(*intervals):
    """Format narrowPeak lines of (chrom, start, end, signal)."""
    return "".join(
        f"{chrom}\t{start}\t{end}\t{REST.format(signal)}\n"
        for chrom, start, end, signal in intervals
    )


@pytest.fixture
def prepare(tmp_path):
    index, used = tmp_path / "genome.fa.fai", tmp_path / "chrom.sizes"
    index.write_text("".join(f"{chrom}\t{size}\t0\t60\t61\n" for chrom, size in SIZES.items()))
    used.write_text("chr2\t1000\nchr10\t500\n")

    def run(text, **settings):
        source, target = tmp_path / "source.narrowPeak", tmp_path / "peaks.narrowPeak"
        source.write_text(text)
        prepare_peaks(source, target, used, index, **settings)
        return pd.read_csv(target, sep="\t", names=COLUMNS)

    return run


def test_peaks_are_sorted_in_the_genomes_order_and_otherwise_kept(prepare):
    text = lines(("chr10", 10, 40, 1.5), ("chr2", 300, 400, 3), ("chr2", 20, 60, 2))
    found = prepare(text)
    assert list(zip(found.chrom, found.start, found.end, found.signal, strict=True)) == [
        ("chr2", 20, 60, 2),
        ("chr2", 300, 400, 3),
        ("chr10", 10, 40, 1.5),
    ]
    assert set(found.summit) == {10}
    assert set(found.q_value) == {8}


def test_compressed_peaks_comments_and_further_columns_are_read(tmp_path):
    path = tmp_path / "peaks.bed.gz"
    with gzip.open(path, "wt") as file:
        file.write('track name="x"\n# a comment\n\nchr2\t20\t60\t' + REST.format(3) + "\t4\t5\n")
    assert read_peaks(path)[["start", "summit", "line"]].to_numpy().tolist() == [[20, 10, 4]]


@pytest.mark.parametrize(
    ("text", "signal"), [("chr2\t20\t61\n", 0), ("chr2\t20\t61\tname\t700\n", 700)]
)
def test_summits_of_plain_bed_are_centres_and_the_log_says_so(prepare, caplog, text, signal):
    with caplog.at_level(logging.WARNING):
        found = prepare(text)
    assert (found.summit[0], found.signal[0]) == (20, signal)
    assert "centres" in caplog.text


BED12 = "chr2\t20\t80\tp\t700\t.\t20\t80\t255,0,0\t2\t10,20,\t0,40,"


@pytest.mark.parametrize(
    ("line", "signal", "summit"),
    [
        ("chr2\t20\t80\tp\t700\t.\t5.5\t4\t3\t7", 5.5, 7),  # narrowPeak
        ("chr2\t20\t80\tp\t700\t.\t5.5\t4\t3\t7\t1\t0.5", 5.5, 7),  # and further columns
        ("chr2\t20\t80\tp\t700\t.\t5.5\t4\t3\t1" + 10 * "\t60", 5.5, 1),  # IDR's
        ("chr2\t20\t80\tp\t700\t.\t5.5\t4\t3", 5.5, 30),  # broadPeak
        ("chr2\t20\t80\tp\t700\t.\t20\t80\t255,0,0", 700, 30),  # BED9
        ("chr2\t20\t80\tp\t700\t.\t20\t20\t0", 700, 30),
        (BED12, 700, 30),
        (BED12.replace("2\t10,20,\t0,40,", "1\t60\t0"), 700, 30),
        (BED12 + "\t5.5\t4\t3", 5.5, 30),  # gappedPeak
        (BED12.replace("700", ".") + "\t5.5\t-1\t-1", 5.5, 30),  # HMMRATAC's
        ("chr2\t50\t51\tp\t12.5", 12.5, 0),  # MACS3's summits
    ],
)
def test_formats_are_told_by_their_columns(prepare, line, signal, summit):
    found = prepare(line + "\n")
    assert (found.signal[0], found.summit[0]) == (signal, summit)


@pytest.mark.parametrize(
    ("line", "column"),
    [(BED12, 5), (BED12 + "\t5.5\t4\t3", 13), ("chr2\t20\t80\tp\t700\t.\t5.5\t4\t3", 7)],
)
def test_the_log_says_which_column_is_the_signal(prepare, caplog, line, column):
    with caplog.at_level(logging.WARNING):
        prepare(line + "\n")
    assert f"column {column})" in caplog.text or f"column {column} for the signal" in caplog.text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BED12.replace("0,40,", "0,41,"), "columns 10 to 12 are no blocks of BED12"),
        (BED12.replace("\t2\t", "\t3\t") + "\t1\t1\t1", "columns 10 to 12 are no blocks"),
        ("chr2\t20\t80\t7\t5\tchr2:30-40", "the strand"),  # SEACR's
        ("chr2\tMACS\tpeak\t20\t80\t.\t+\t.\tID", "start is not a whole number"),  # GFF
        ("chr2\t20\t80\t60\t50\t9.5\t3\t2\t1\tpeak", "the strand"),  # MACS3's table
        ("chr\tstart\tend\tlength\tabs_summit\tpileup", "start is not a whole number"),  # its names
    ],
)
def test_files_of_other_columns_are_refused(prepare, line, message):
    with pytest.raises(InputError, match=rf"source\.narrowPeak, line 1: {message}"):
        prepare(line + "\n")


def test_the_same_peak_counts_once_with_its_highest_signal(prepare, tmp_path, caplog):
    peak, other = ("chr2", 20, 60), ("chr2", 20, 61)
    text = lines((*peak, 3), (*other, 1), (*peak, 4), (*peak, 4))
    text += lines((*peak, 9)).replace("\t10\n", "\t11\n")  # another summit
    with caplog.at_level(logging.WARNING):
        found = prepare(text, dropped=tmp_path / "dropped.tsv")
    assert sorted(zip(found.end, found.summit, found.signal, strict=True)) == [
        (60, 10, 4), (60, 11, 9), (61, 10, 1),
    ]  # fmt: skip
    assert "dropped 2 of 5 listed twice" in caplog.text
    table = pd.read_csv(tmp_path / "dropped.tsv", sep="\t").set_index("what").peaks
    assert (table["listed twice"], table["kept"]) == (2, 3)


def test_a_blacklist_of_other_names_is_refused(prepare, tmp_path):
    blacklist = tmp_path / "blacklist.bed"
    blacklist.write_text("2\t59\t100\n")
    with pytest.raises(InputError, match=r"blacklist\.bed: none of its chromosomes.*'chr'"):
        prepare(lines(("chr2", 20, 60, 1)), blacklist=blacklist)


def test_unknown_summits_are_centres(prepare):
    assert prepare("chr2\t20\t60\tpeak\t0\t.\t1\t-1\t-1\t-1\n").summit[0] == 20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr2\t20", "line 2: .* 2 columns.*narrowPeak 10"),
        ("chr2 20 60", "line 2: .* 1 columns"),
        ("chr2\t20\t60", "line 2: not as many columns as the 10 of line 1"),
        (lines(("chr2", "20.5", 60, 1)), "line 2: start is not a whole number"),
        (lines(("chr2", "x", 60, 1)), "line 2: start is not a whole number"),
        (lines(("chr2", 20, 60, "high")), "line 2: signal is not a number"),
        (lines(("chr2", 20, 60, "nan")), "line 2: signal is not a number"),
        (lines(("chr2", -1, 60, 1)), "line 2: not 0 <= start < end"),
        (lines(("chr2", 60, 60, 1)), "line 2: not 0 <= start < end"),
        (lines(("chr2", 20, 30, 1)), "line 2: the summit"),
        (lines(("chr2", 990, 1030, 1)), "line 2: outside its chromosome"),
        (lines(("chr2", 5000, 5030, 1)), "line 2: outside its chromosome"),
    ],
)
def test_a_bad_line_is_named(prepare, line, message):
    with pytest.raises(InputError, match=rf"source\.narrowPeak, {message}"):
        prepare(lines(("chr2", 20, 60, 1)) + line)


def test_many_bad_lines_are_counted(prepare):
    with pytest.raises(InputError, match=r"line 1, 2, 3, 4, 5, … \(8 in all\)"):
        prepare(lines(*[("chr2", 2000, 2100, 1)] * 8))


def test_a_peak_that_overhangs_is_cut(prepare, caplog):
    with caplog.at_level(logging.WARNING):
        found = prepare(lines(("chr2", 970, 1006, 1)))
    assert found.end[0] == 1000
    assert "1 cut at the end" in caplog.text


def test_names_of_another_genome_are_told_from_both_sides(prepare):
    with pytest.raises(InputError, match=r"has 2, 10; the genome has chr2, chr10, chrM.*'chr'"):
        prepare(lines(("2", 20, 60, 1), ("10", 20, 60, 1)))


def test_peaks_on_unused_and_unknown_chromosomes_are_dropped_and_counted(prepare, caplog):
    text = lines(("chrM", 20, 60, 1), ("chrEBV", 20, 9000, 1), ("chr2", 20, 60, 1))
    with caplog.at_level(logging.WARNING):
        assert prepare(text).chrom.tolist() == ["chr2"]
    assert "dropped 1 of 3" in caplog.text and "chrEBV" in caplog.text
    assert "dropped 1 of 2" in caplog.text and "chrM" in caplog.text


@pytest.mark.parametrize("text", ["", "# nothing\n", lines(("chrM", 20, 60, 1))])
def test_no_peaks_are_an_error(prepare, text):
    with pytest.raises(InputError, match="no peaks"):
        prepare(text)


def test_a_missing_or_truncated_file_is_an_error(tmp_path):
    path = tmp_path / "peaks.bed.gz"
    with pytest.raises(InputError, match="no such file"):
        read_peaks(path)
    path.write_bytes(gzip.compress(lines(("chr2", 20, 60, 1)).encode())[:-12])
    with pytest.raises(InputError, match="damaged"):
        read_peaks(path)


def test_the_best_are_those_of_the_highest_signal(prepare):
    text = lines(*[("chr2", 10 * n, 10 * n + 30, (7 * n) % 11) for n in range(11)])
    assert sorted(prepare(text, best=4).signal) == [7, 8, 9, 10]
    assert prepare(text, best=4).start.is_monotonic_increasing


def ranked(signal, score=0, p_value=-1, q_value=-1, number=1000):
    """Starts of a file's peaks, the best first, from columns in the order of the genome."""
    start = 100 * np.arange(number)
    peaks = pd.DataFrame({"start": start, "signal": signal, "score": score})
    return best_first(peaks.assign(p_value=p_value, q_value=q_value), "some.narrowPeak").start


def test_signals_that_differ_rank_peaks_and_ties_stay_in_order(caplog):
    signal = np.arange(1000) // 20
    found = ranked(signal, score=np.random.default_rng(0).random(1000)).to_numpy()
    np.testing.assert_array_equal(found, 100 * np.argsort(-signal, kind="stable"))
    assert not caplog.text


@pytest.mark.parametrize(("column", "number"), [("p_value", 8), ("q_value", 9), ("score", 5)])
@pytest.mark.parametrize("signal", [0, 7.5])
def test_peaks_of_one_signal_are_ranked_by_a_column_that_varies(caplog, column, number, signal):
    values = np.random.default_rng(1).permutation(1000)
    found = ranked(signal, **{column: values}).to_numpy()
    np.testing.assert_array_equal(values[found // 100], np.arange(1000)[::-1])
    assert f"1000 of 1000 peaks have the signal (column 7) {signal:g}" in caplog.text
    assert f"ranked by {column} (column {number}), then at random" in caplog.text


def test_peaks_that_no_column_ranks_are_taken_from_all_over_the_genome(caplog):
    found = ranked(1).to_numpy()
    assert sorted(found) == list(range(0, 100_000, 100))
    # the best tenth is no more of the genome's first half than of its second
    assert 30 < (found[:100] < 50_000).sum() < 70
    np.testing.assert_array_equal(ranked(1), found)
    assert "in no way; they are ranked at random (seed 0)" in caplog.text


def test_signals_of_few_values_rank_by_these_first(caplog):
    signal = np.tile([1, 3, 2, 1], 250)
    score = np.random.default_rng(2).permutation(1000)
    found = ranked(signal, score).to_numpy() // 100
    assert sorted(zip(-signal, -score, strict=True)) == list(
        zip(-signal[found], -score[found], strict=True)
    )
    assert "500 of 1000 peaks have the signal (column 7) 1" in caplog.text


def test_peaks_in_the_blacklist_are_dropped_and_counted(prepare, tmp_path, caplog):
    blacklist = tmp_path / "blacklist.bed.gz"
    with gzip.open(blacklist, "wt") as file:
        file.write("chr2\t59\t100\tHigh Signal\nchr9\t0\t10\tx\n")
    text = lines(
        ("chr2", 20, 59, 1), ("chr2", 20, 60, 2), ("chr2", 99, 140, 3), ("chr10", 59, 99, 4)
    )
    with caplog.at_level(logging.WARNING):
        assert sorted(prepare(text, blacklist=blacklist).signal) == [1, 4]
    assert "dropped 2 of 4" in caplog.text


def test_what_is_dropped_is_tabulated(prepare, tmp_path):
    blacklist, table = tmp_path / "blacklist.bed", tmp_path / "dropped.tsv"
    blacklist.write_text("chr2\t59\t100\n")
    text = lines(
        ("chrEBV", 20, 60, 1), ("chrM", 20, 60, 1), ("chrM", 30, 70, 1), ("chr2", 20, 60, 2),
        ("chr2", 200, 260, 3), ("chr2", 300, 360, 4), ("chr2", 400, 460, 5),
    )  # fmt: skip
    prepare(text, blacklist=blacklist, best=2, dropped=table)
    assert pd.read_csv(table, sep="\t").set_index("what").peaks.to_dict() == {
        "read": 7,
        "on chromosomes that the genome lacks": 1,
        "on chromosomes left out": 2,
        "listed twice": 0,
        "in the blacklist": 1,
        "past the best": 1,
        "kept": 2,
    }


@pytest.mark.skipif(not shutil.which("bedtools"), reason="bedtools")
def test_overlaps_equal_bedtools(tmp_path):
    rng = np.random.default_rng(0)

    def draw(n, longest):
        start = rng.integers(0, 3000, n)
        chrom = rng.choice(["a", "b", "c"], n)
        return pd.DataFrame(
            {"chrom": chrom, "start": start, "end": start + rng.integers(1, longest, n)}
        )

    intervals, others = draw(300, 60), draw(40, 200).query("chrom != 'c'")
    for name, table in (("a.bed", intervals), ("b.bed", others)):
        table.to_csv(tmp_path / name, sep="\t", header=False, index=False)
    command = ["bedtools", "intersect", "-c", "-a", tmp_path / "a.bed", "-b", tmp_path / "b.bed"]
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert overlaps(intervals, others).tolist() == [row.split("\t")[3] != "0" for row in rows]
