"""Quality control: what is measured is right, verdicts follow the standards, figures are whole."""

import logging
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest
from attprior.assays import ASSAYS
from attprior.errors import InputError
from attprior.plotting.qc import plot_experiment, plot_summary, value_text
from attprior.qc.deeptools import (
    correlate,
    fingerprint,
    indexed,
    measure_fingerprint,
    measure_replicates,
    other_chromosomes,
)
from attprior.qc.reads import (
    bed_fragments,
    complexity,
    flagstat,
    measure_reads,
    multiplicity,
)
from attprior.qc.standards import (
    BAD,
    GOOD,
    METRICS,
    NONE,
    STANDARDS,
    WARNING,
    Standard,
    judge,
    log_verdicts,
    standards_of,
    verdict,
    worst,
)
from attprior.qc.strands import HIGHEST, LOWEST, cross_correlation, lag_counts, strand_metrics
from attprior.qc.summary import read_verdicts, summarise, write_verdicts
from attprior.qc.tables import read_metrics, write_metrics
from attprior.qc.tracks import five_prime_counts, gc_content, inside_of, measure_tracks, merge
from attprior.reads.select import filter_reads
from matplotlib import pyplot as plt

SIZES = {"chr1": 40_000, "chr2": 20_000}
READ, FRAGMENT = 36, 180
HUMAN = 3_000_000_000
needs_tools = pytest.mark.skipif(
    not (shutil.which("samtools") and shutil.which("bedtools")), reason="samtools or bedtools"
)
needs_deeptools = pytest.mark.skipif(
    not shutil.which("plotFingerprint") or not shutil.which("samtools"), reason="deepTools"
)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture
def genome(tmp_path):
    """Sizes and FASTA of a random genome, whose second chromosome is all G and C."""
    rng = np.random.default_rng(0)
    with (tmp_path / "genome.fa").open("w") as fasta:
        for chrom, bases in (("chr1", "AT"), ("chr2", "GC")):
            fasta.write(f">{chrom}\n{''.join(rng.choice(list(bases), SIZES[chrom]))}\n")
    pysam.faidx(str(tmp_path / "genome.fa"))
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items()))
    return tmp_path


def write_bam(path, reads, sizes=SIZES, paired=False):
    """Write reads, (chrom, 5' end, flag, MAPQ); mates are put `FRAGMENT` bp away."""
    header = {"HD": {"SO": "coordinate"}}
    header["SQ"] = [{"SN": chrom, "LN": size} for chrom, size in sizes.items()]
    rows = []
    for chrom, end, flag, mapq in reads:
        start = end - READ + 1 if flag & 16 else end
        rows.append((list(sizes).index(chrom), start, flag, mapq))
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, (chrom, start, flag, mapq) in enumerate(sorted(rows)):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.mapping_quality = f"r{number}", flag, mapq
            read.reference_id, read.reference_start, read.cigarstring = chrom, start, f"{READ}M"
            if paired:
                read.next_reference_id, read.next_reference_start = chrom, start
                read.template_length = FRAGMENT + number % 2
            bam.write(read)
    if max(sizes.values()) < 1 << 29:  # which is as far as this kind of index goes
        pysam.index(str(path))
    return path


def write_track(path, counts, sizes=SIZES):
    rows = [
        (chrom, int(place), int(place) + 1, float(values[place]))
        for chrom, values in counts.items()
        for place in (np.flatnonzero(values) if values.any() else [0])
    ]
    pybigtools.open(str(path), "w").write(sizes, iter(rows))
    return path


def write_peaks(path, *intervals):
    path.write_text(
        "".join(
            f"{chrom}\t{a}\t{b}\t.\t0\t.\t1\t-1\t-1\t{(b - a) // 2}\n" for chrom, a, b in intervals
        )
    )
    return path


def random_reads(n=600, seed=0, flags=(0, 16), mapqs=(60,)):
    rng = np.random.default_rng(seed)
    return [
        (
            str(rng.choice(list(SIZES))),
            int(rng.integers(100, 19_000)),
            int(rng.choice(flags)),
            int(rng.choice(mapqs)),
        )
        for _ in range(n)
    ]


# complexity


def test_complexity_by_hand():
    # two places with one fragment, one with two, one with four
    keys = np.array([7, 1, 3, 3, 9, 9, 9, 9])
    places = multiplicity(keys)
    assert places == Counter({1: 2, 2: 1, 4: 1})
    assert complexity(places) == {"NRF": 4 / 8, "PBC1": 2 / 4, "PBC2": 2 / 1}


def test_complexity_of_no_copies_and_of_nothing():
    found = complexity(Counter({1: 5}))
    assert found == {"NRF": 1, "PBC1": 1, "PBC2": np.inf}
    assert all(np.isnan(value) for value in complexity(Counter()).values())


@needs_tools
def test_reads_of_other_strands_are_other_fragments_and_duplicates_count(genome):
    reads = [("chr1", 500, 0, 60), ("chr1", 500, 1024, 60), ("chr1", 500, 16, 60)]
    reads += [("chr1", 500, 0, 10), ("chr1", 500, 512, 60), ("chr2", 500, 0, 60)]
    found = measured_reads(genome, [write_bam(genome / "a.bam", reads)])
    assert (found["fragments"], found["distinct_fragments"]) == (4, 3)
    assert found["PBC1"] == pytest.approx(2 / 3)
    assert found["read_length"] == READ


@needs_tools
def test_pairs_are_counted_once_and_told_apart_by_their_length(genome):
    # first reads at one place, of two lengths in turn, and their mates
    reads = [("chr1", 500, flag, 60) for flag in [64 | 1] * 4 + [128 | 1] * 4]
    found = measured_reads(genome, [write_bam(genome / "a.bam", reads, paired=True)])
    assert (found["fragments"], found["distinct_fragments"]) == (4, 2)


@needs_tools
def test_replicates_are_not_copies_of_each_other(genome):
    bam = write_bam(genome / "a.bam", [("chr1", 100 * n, 0, 60) for n in range(1, 50)])
    found = measured_reads(genome, [bam, shutil.copy(bam, genome / "b.bam")])
    assert found["NRF"] == 1
    assert (found["files"], found["fragments"], found["fragments_per_file"]) == (2, 98, 49)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_in_text_have_the_complexity_of_those_in_bam(genome, suffix):
    rows = ["chr1\t100\t136\t.\t0\t+", "chr1\t100\t130\t.\t0\t+", "chr1\t100\t136\t.\t0\t-"]
    rows += ["chr2\t10\t46\t.\t0\t+", "chrUn\t10\t46\t.\t0\t+"]
    path = genome / f"a.bed{suffix}"
    write = __import__("gzip").open if suffix else open
    with write(path, "wt") as file:
        file.write("\n".join(rows) + "\n")
    lengths = []
    places = sum(map(multiplicity, bed_fragments(path, SIZES, lengths)), Counter())
    assert places == Counter({1: 2, 2: 1})
    assert sorted(lengths) == [30, 36, 36, 36, 36]


def test_fragments_in_text_are_told_apart_by_both_ends(genome):
    path = genome / "a.bedpe"
    path.write_text("chr1\t100\t280\nchr1\t100\t280\nchr1\t100\t281\nchr2\t100\t280\n")
    lengths = []
    places = sum(map(multiplicity, bed_fragments(path, SIZES, lengths)), Counter())
    assert places == Counter({1: 2, 2: 1})
    assert not lengths


def test_counts_are_written_whole(tmp_path):
    write_metrics({"fragments": 123_456_789, "NRF": np.nan}, tmp_path / "a.tsv")
    found = read_metrics(tmp_path / "a.tsv")
    assert found["fragments"] == 123_456_789 and np.isnan(found["NRF"])


# flagstat


def measured_reads(genome, bams, filtered=None):
    filtered = filtered or bams[0]
    measure_reads(
        bams, filtered, genome / "chrom.sizes", genome / "reads.tsv",
        genome / "flagstat.tsv", exclude_flags=780, min_mapq=30,
    )  # fmt: skip
    return read_metrics(genome / "reads.tsv")


@needs_tools
def test_flagstat_equals_a_count_of_flags(genome):
    flags = [0, 4, 16, 256, 512, 1024, 1040, 1028, 2048]
    bam = write_bam(genome / "a.bam", random_reads(800, flags=flags, mapqs=(0, 60)))
    with pysam.AlignmentFile(str(bam)) as file:
        reads = list(file.fetch(until_eof=True))
    primary = [read for read in reads if not read.flag & (256 | 2048)]
    found = flagstat(bam).set_index("category")
    both = found.reads + found.failed
    assert found.failed["total (QC-passed reads + QC-failed reads)"] == sum(
        r.is_qcfail for r in reads
    )
    assert both["primary"] == len(primary)
    assert both["primary mapped"] == sum(r.is_mapped for r in primary)
    assert both["primary duplicates"] == sum(r.is_duplicate for r in primary)


@needs_tools
def test_the_filter_keeps_what_samtools_keeps(genome):
    bams = [
        write_bam(
            genome / f"{n}.bam", random_reads(500, n, flags=(0, 16, 4, 512, 1024), mapqs=(0, 60))
        )
        for n in range(2)
    ]
    kept = genome / "reads.bam"
    merge = f"samtools merge -u - {bams[0]} {bams[1]} | samtools view -b -F 780 -q 30 -o {kept} -"
    subprocess.run(merge, shell=True, check=True)
    wanted = int(pysam.view("-c", str(kept)))
    found = measured_reads(genome, bams, kept)
    assert 100 < wanted < 900
    assert found["reads"] == 1000
    assert found["reads_kept"] == found["fragments"] == wanted
    assert found["share_kept"] == pytest.approx(wanted / 1000)
    stages = pd.read_csv(genome / "flagstat.tsv", sep="\t").groupby("stage").file.nunique()
    assert dict(stages) == {"before": 2, "after": 1}


@needs_tools
def test_cram_files_give_the_same(genome):
    bam, cram = write_bam(genome / "a.bam", random_reads(300)), genome / "a.cram"
    fasta = genome / "genome.fa"
    pysam.view("-C", "-T", str(fasta), "-o", str(cram), str(bam), catch_stdout=False)
    assert measured_reads(genome, [cram], bam) == measured_reads(genome, [bam])
    fasta.unlink()  # which is not needed
    assert measured_reads(genome, [cram], bam) == measured_reads(genome, [bam])
    linked = indexed(cram, genome / "linked.bam", 1)
    assert pysam.view("-c", str(linked), "chr1") == pysam.view("-c", str(bam), "chr1")


@needs_tools
def test_a_file_that_samtools_cannot_read_is_an_error(tmp_path):
    bad = tmp_path / "bad.bam"
    bad.write_bytes(b"no BAM")
    with pytest.raises(InputError, match="flagstat"):
        flagstat(bad)


# strands


def test_distances_are_counted_as_by_all_pairs():
    rng = np.random.default_rng(3)
    plus, minus = (np.unique(rng.integers(0, 3000, 400)) for _ in range(2))
    distances = minus[None, :] - plus[:, None]
    wanted = [(distances == lag).sum() for lag in range(-40, 91)]
    np.testing.assert_array_equal(lag_counts(plus, minus, -40, 90), wanted)


@pytest.mark.parametrize("pairs", [1, 7, 100])
def test_distances_are_the_same_however_they_are_gathered(monkeypatch, pairs):
    rng = np.random.default_rng(4)
    plus, minus = (np.unique(rng.integers(0, 500, 60)) for _ in range(2))
    wanted = lag_counts(plus, minus, -20, 20)
    monkeypatch.setattr("attprior.qc.strands.PAIRS", pairs)
    np.testing.assert_array_equal(lag_counts(plus, minus, -20, 20), wanted)


def fragments(length, n=4000, size=2_000_000, seed=0, background=8000, sites=400, read=None):
    """5' ends of fragments around sites, and of others that lie anywhere."""
    rng = np.random.default_rng(seed)
    site = rng.choice(rng.integers(5000, size - 5000, sites), n)
    start = site - rng.integers(0, length, n)
    plus, minus = start, start + length - 1
    where = rng.random(n) < 0.5  # each fragment is read from one end
    plus, minus = plus[where], minus[~where]
    plus = np.append(plus, rng.integers(0, size, background))
    minus = np.append(minus, rng.integers(0, size, background))
    if read:  # bases that can be mapped are fewer: a read on either strand starts where one may
        mappable = rng.integers(0, size - read, 6000)
        plus = np.append(plus, mappable)
        minus = np.append(minus, mappable + read - 1)
    return {"chr1": (np.unique(plus), np.unique(minus))}, {"chr1": size}


@pytest.mark.parametrize("length", [120, 180, 300])
def test_cross_correlation_finds_the_length_of_fragments(length):
    found = strand_metrics(cross_correlation(*fragments(length)), READ)
    assert found["fragment_length"] == pytest.approx(length, abs=12)


def test_a_planted_shift_is_found_to_the_base():
    rng = np.random.default_rng(5)
    plus = np.unique(rng.integers(0, 490_000, 3000))
    curve = cross_correlation({"chr1": (plus, plus + FRAGMENT - 1)}, {"chr1": 500_000})
    peak = curve[curve["shift"].between(FRAGMENT - 5, FRAGMENT + 5)].correlation
    assert strand_metrics(curve, np.nan)["fragment_length"] == pytest.approx(FRAGMENT, abs=5)
    assert peak.min() == pytest.approx(1 / 11, abs=0.01)


def test_correlation_is_pearsons():
    strands, sizes = fragments(FRAGMENT, size=20_000, n=2000, background=500)
    plus, minus = (np.isin(np.arange(20_000), ends) for ends in strands["chr1"])
    curve = cross_correlation(strands, sizes).set_index("shift").correlation
    shifts = range(FRAGMENT - 5, FRAGMENT + 6)
    wanted = [np.corrcoef(plus[: 20_001 - s], minus[s - 1 :])[0, 1] for s in shifts]
    assert curve[FRAGMENT] == pytest.approx(np.mean(wanted), abs=0.01)


def test_more_enrichment_raises_nsc_and_rsc():
    weak, strong = (
        strand_metrics(cross_correlation(*fragments(FRAGMENT, n=n, read=READ)), READ)
        for n in (2000, 8000)
    )
    assert weak["phantom_length"] == pytest.approx(READ, abs=6)
    assert weak["RSC"] < strong["RSC"]
    assert strong["fragment_length"] == pytest.approx(FRAGMENT, abs=12)


def test_nsc_and_rsc_by_hand():
    shifts = np.arange(LOWEST, HIGHEST + 1)
    curve = pd.DataFrame({"shift": shifts, "correlation": 0.02})
    curve.loc[curve["shift"] == READ, "correlation"] = 0.06
    curve.loc[curve["shift"] == 200, "correlation"] = 0.05
    found = strand_metrics(curve, READ)
    assert found["NSC"] == pytest.approx(2.5)
    assert found["RSC"] == pytest.approx(0.75)
    assert (found["fragment_length"], found["phantom_length"]) == (200, READ)


def test_what_is_not_known_is_not_told():
    curve = cross_correlation(*fragments(FRAGMENT))
    assert np.isnan(strand_metrics(curve, np.nan)["RSC"])
    assert np.isnan(strand_metrics(curve, READ, exonuclease=True)["RSC"])
    empty = cross_correlation({"chr1": (np.array([5]), np.array([], int))}, {"chr1": 9000})
    assert empty.empty
    assert all(np.isnan(value) for value in strand_metrics(empty, READ).values())


def test_close_ends_are_found_where_an_exonuclease_trimmed():
    curve = cross_correlation(*fragments(FRAGMENT))
    strands, sizes = fragments(24, n=8000)
    found = strand_metrics(cross_correlation(strands, sizes), READ, exonuclease=True)
    assert found["fragment_length"] == pytest.approx(24, abs=8)
    assert strand_metrics(curve, READ)["fragment_length"] > READ


# peaks


@needs_tools
def test_frip_equals_bedtools(genome):
    bam = write_bam(genome / "a.bam", random_reads(3000, flags=(0, 16)))
    peaks = write_peaks(
        genome / "peaks", ("chr1", 500, 900), ("chr1", 800, 1500), ("chr1", 3000, 3001),
        ("chr2", 100, 9000),
    )  # fmt: skip
    ends = subprocess.run(
        f"bedtools bamtobed -i {bam} | awk -v OFS='\\t' "
        "'{ if ($6 == \"+\") $3 = $2 + 1; else $2 = $3 - 1; print }' | "
        f"bedtools intersect -u -a - -b {peaks} | wc -l",
        shell=True, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = measured_tracks(genome, bam, peaks)
    assert found["ends"] == 3000
    assert 300 < int(ends.stdout) < 2700
    assert found["FRiP"] == pytest.approx(int(ends.stdout) / 3000, abs=1e-6)
    assert (found["peaks"], found["median_peak_width"]) == (4, 550)


def counts_of(bam):
    strands = [{chrom: np.zeros(size) for chrom, size in SIZES.items()} for _ in range(2)]
    with pysam.AlignmentFile(str(bam)) as reads:
        for read in reads:
            end = read.reference_end - 1 if read.is_reverse else read.reference_start
            strands[read.is_reverse][read.reference_name][end] += 1
    return strands


def measured_tracks(genome, bam, peaks=None, assay="tf-chip", reads=None):
    strands = counts_of(bam)
    if len(ASSAYS[assay]) == 1:
        strands = [{chrom: strands[0][chrom] + strands[1][chrom] for chrom in SIZES}]
    tracks = [write_track(genome / f"{n}.bw", strand) for n, strand in enumerate(strands)]
    measure_tracks(
        tracks, genome / "chrom.sizes", genome / "genome.fa", peaks, reads, assay,
        genome / "tracks.tsv", genome / "curve.tsv", genome / "intervals.tsv",
    )  # fmt: skip
    return read_metrics(genome / "tracks.tsv")


def test_intervals_that_touch_or_overlap_are_one():
    table = pd.DataFrame(
        {"chrom": "chr1", "start": [50, 0, 10, 30, 70], "end": [60, 40, 20, 45, 80]}
    )
    starts, ends = merge(table)["chr1"]
    assert (starts.tolist(), ends.tolist()) == ([0, 50, 70], [45, 60, 80])
    positions, counts = np.array([0, 44, 45, 59, 60]), np.array([1.0, 2, 4, 8, 16])
    assert inside_of(positions, counts, starts, ends) == 11


def test_runs_of_equal_counts_are_taken_apart(tmp_path):
    track = tmp_path / "a.bw"
    rows = [("chr1", 0, 1, 1.0), ("chr1", 99, 102, 2.0), ("chr1", 102, 103, 0.0)]
    pybigtools.open(str(track), "w").write(SIZES, iter([*rows, ("chr1", 39_999, 40_000, 5.0)]))
    counts = dict(zip(SIZES, five_prime_counts(track, SIZES), strict=True))
    positions, found = counts["chr1"]
    assert positions.tolist() == [0, 99, 100, 101, 39_999]
    assert found.tolist() == [1, 2, 2, 2, 5]
    assert not len(counts["chr2"][0])


def test_gc_content_by_hand():
    assert gc_content(np.array([0, 1, 2, 3])) == 0.5
    assert gc_content(np.array([1, 2, 2, 4])) == 1
    assert np.isnan(gc_content(np.array([1, 4, 4, 4])))


def test_gc_content_of_peaks_and_of_places_outside_them(genome):
    bam = write_bam(genome / "a.bam", random_reads())
    # summits on the chromosome of G and C alone, all of which is peaks
    peaks = write_peaks(genome / "peaks", *[("chr2", n, n + 400) for n in range(0, 19_600, 200)])
    found = measured_tracks(genome, bam, peaks)
    assert (found["peak_GC"], found["negative_GC"]) == (1, 0)
    table = pd.read_csv(genome / "intervals.tsv", sep="\t")
    assert set(table[table.kind == "peak"].width) == {400}
    # the window at the first summit leaves the chromosome
    assert table[table.kind == "peak"].GC.isna().sum() == 1


def test_places_outside_peaks_are_the_same_each_time(genome):
    bam = write_bam(genome / "a.bam", random_reads())
    peaks = write_peaks(genome / "peaks", *[("chr1", n, n + 300) for n in range(0, 30_000, 900)])
    measured_tracks(genome, bam, peaks)
    first = (genome / "intervals.tsv").read_text()
    measured_tracks(genome, bam, peaks)
    assert (genome / "intervals.tsv").read_text() == first


def test_a_control_has_no_peaks_and_an_unstranded_assay_no_strands(genome):
    bam = write_bam(genome / "a.bam", random_reads())
    control = measured_tracks(genome, bam, assay="control-chip")
    assert "FRiP" not in control and "NSC" in control
    assert pd.read_csv(genome / "intervals.tsv", sep="\t").empty
    peaks = write_peaks(genome / "peaks", ("chr1", 0, 9000))
    atac = measured_tracks(genome, bam, peaks, "atac")
    assert "FRiP" in atac and "NSC" not in atac and "share_plus" not in atac
    assert pd.read_csv(genome / "curve.tsv", sep="\t").empty


# deepTools


def test_a_fingerprint_by_hand():
    curve = fingerprint("sample", pd.Series([3.0, 0, 0, 1]))
    ends = curve.set_index("share_of_bins").share_of_reads.groupby(level=0).first()
    assert dict(ends) == {0: 0, 0.25: 0, 0.5: 0, 0.75: 0.25, 1: 1}


def test_each_pair_of_replicates_is_correlated():
    counts = pd.DataFrame({"1": [1, 2, 3, 9], "2": [2, 4, 6, 18], "3": [4, 3, 2, 1]})
    found = correlate(counts).set_index(["first", "second"])
    assert found.loc[("1", "2"), "Pearson"] == pytest.approx(1)
    assert found.loc[("1", "3"), "Spearman"] == pytest.approx(-1)
    assert len(found) == 3


@needs_deeptools
def test_a_tiny_experiment_goes_all_the_way(genome, caplog):
    bams = [write_bam(genome / f"{n}.bam", random_reads(400, n)) for n in range(2)]
    kept = genome / "reads.bam"
    filter_reads(bams, kept, exclude_flags=0, min_mapq=0, keep_duplicates=True)
    measured_reads(genome, bams, kept)
    measured_tracks(genome, kept, reads=genome / "reads.tsv")
    sizes = genome / "chrom.sizes"
    measure_fingerprint(kept, bams[0], sizes, genome / "finger.tsv", genome / "metrics.tsv")
    measure_replicates(bams, sizes, genome / "pairs.tsv", genome / "bins.tsv", 780, 30)
    parts = {"reads": "reads", "tracks": "tracks", "fingerprint": "metrics", "replicates": "pairs"}
    measured = {part: genome / f"{name}.tsv" for part, name in parts.items()}
    with caplog.at_level(logging.INFO):
        write_verdicts(
            **measured, chrom_sizes=sizes, experiment="tiny", assay="tf-chip", formats=["bam"],
            target=genome / "qc.tsv",
        )  # fmt: skip
    found = read_verdicts(genome / "qc.tsv").set_index("metric")
    assert found.index.tolist() == list(METRICS)
    assert found.value[["fingerprint_JSD", "control_JSD", "Pearson", "Spearman"]].notna().all()
    # all kept reads are in the bins of a genome as small as this
    bins = pd.read_csv(genome / "bins.tsv", sep="\t")
    assert bins["1"].sum() >= 400 and bins["2"].sum() >= 400
    assert "tiny: verdict" in caplog.text
    figure = plot_experiment(
        found.reset_index(),
        pd.read_csv(genome / "curve.tsv", sep="\t"),
        pd.read_csv(genome / "intervals.tsv", sep="\t"),
        pd.read_csv(genome / "finger.tsv", sep="\t"),
        bins,
        "tiny",
        "tf-chip",
    )
    figure.canvas.draw()


@needs_deeptools
def test_deeptools_reads_cram_files_and_chromosomes_past_512_mb(genome):
    bams = [write_bam(genome / f"{n}.bam", random_reads(400, n)) for n in range(2)]
    crams = [genome / f"{n}.cram" for n in range(2)]
    for bam, cram in zip(bams, crams, strict=True):
        pysam.view(
            "-C", "-T", str(genome / "genome.fa"), "-o", str(cram), str(bam), catch_stdout=False
        )
    kept, sizes, found = genome / "reads.bam", genome / "chrom.sizes", []
    for files in (bams, crams):
        filter_reads(files, kept, exclude_flags=0, min_mapq=0, keep_duplicates=True)
        measure_fingerprint(kept, None, sizes, genome / "finger.tsv", genome / "metrics.tsv")
        measure_replicates(files, sizes, genome / "pairs.tsv", genome / "bins.tsv", 780, 30)
        found.append([(genome / f"{n}.tsv").read_text() for n in ("finger", "pairs", "bins")])
    assert found[0] == found[1]
    long = SIZES | {"chrL": 600_000_000}
    sizes.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in long.items()))
    bam = write_bam(genome / "long.bam", random_reads(400), long)
    filter_reads([bam], kept, exclude_flags=0, min_mapq=0, keep_duplicates=True)
    measure_fingerprint(kept, None, sizes, genome / "finger.tsv", genome / "metrics.tsv")
    measure_replicates([bam, bam], sizes, genome / "pairs.tsv", genome / "bins.tsv", 780, 30)
    pairs = pd.read_csv(genome / "pairs.tsv", sep="\t")
    assert pairs.Pearson.tolist() == pytest.approx([1])


@needs_deeptools
def test_what_deeptools_complains_of_is_told(genome):
    bam = write_bam(genome / "a.bam", random_reads(50))
    Path(f"{bam}.bai").unlink()
    with pytest.raises(InputError, match="plotFingerprint failed"):
        measure_fingerprint(bam, None, genome / "chrom.sizes", genome / "a", genome / "b")


def test_deeptools_is_kept_off_chromosomes_that_are_not_used(genome):
    bam = write_bam(genome / "a.bam", random_reads(50), SIZES | {"chrM": 700})
    option, bed = other_chromosomes([str(bam)], SIZES, genome / "bed")
    assert option == "--blackListFileName"
    assert bed.read_text() == "chrM\t0\t700\n"
    assert other_chromosomes([str(bam)], SIZES | {"chrM": 700}, genome / "bed") == []


# verdicts


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.9, GOOD), (0.95, GOOD), (0.899, WARNING), (0.5, WARNING), (0.49, BAD)],
)
def test_values_fall_into_classes(value, expected):
    assert verdict(value, Standard(0.9, 0.5, "")) == expected


def test_no_value_or_no_standard_gives_no_verdict():
    assert verdict(np.nan, Standard(0.9, 0.5, "")) == NONE
    assert verdict(1, None) == NONE
    assert verdict(0, Standard(0.01, None, "")) == WARNING
    assert verdict(np.inf, Standard(10, 1, "")) == GOOD


def test_every_assay_and_standard_is_known():
    assert STANDARDS.keys() == ASSAYS.keys()
    for standards in STANDARDS.values():
        assert standards.keys() <= METRICS.keys()
        for standard in standards.values():
            assert standard.bad is None or standard.bad < standard.good
            assert standard.source.startswith("https://")


def judged(assay="tf-chip", size=HUMAN, formats=("bam",), **metrics):
    return judge(metrics, assay, formats, size).set_index("metric")


def test_encodes_depth_is_asked_of_large_genomes_alone():
    deep, shallow = judged(distinct_per_file=25e6), judged(distinct_per_file=12e6)
    assert deep.verdict["distinct_per_file"] == GOOD
    assert shallow.verdict["distinct_per_file"] == WARNING
    assert judged(distinct_per_file=9e6).verdict["distinct_per_file"] == BAD
    yeast = judged(distinct_per_file=1e6, size=12_000_000).loc["distinct_per_file"]
    assert yeast.verdict == NONE and "genomes of human's size" in yeast.note


def test_assays_are_held_to_their_own_standards():
    assert judged("tf-chip", FRiP=0.05).verdict["FRiP"] == GOOD
    assert judged("atac", FRiP=0.05).verdict["FRiP"] == BAD
    assert judged("atac", PBC2=5).verdict["PBC2"] == GOOD
    assert judged("tf-chip", PBC2=5).verdict["PBC2"] == WARNING
    for assay in ("chip-exo", "chip-nexus", "dnase"):
        assert judged(assay, NRF=0.1).verdict["NRF"] == NONE
    assert "NSC" not in standards_of("control-chip", HUMAN)


def test_what_misses_a_standard_is_told_in_words(caplog):
    table = judged(NRF=0.3, FRiP=0.2).reset_index()
    with caplog.at_level(logging.INFO):
        log_verdicts(table, "mine")
    assert "mine: bad: NRF is 0.3 (good from 0.9, bad below 0.5): many fragments are" in caplog.text
    assert "FRiP" not in "".join(r.message for r in caplog.records if r.levelname == "WARNING")


def test_what_does_not_apply_says_why():
    bigwig = judged(formats=("bigwig",)).note
    assert "bigWigs do not tell fragments apart" in bigwig["NRF"]
    assert "needs BAM" in bigwig["fingerprint_JSD"] and "no flags" in bigwig["reads"]
    assert "both strands" in judged("atac").note["NSC"]
    assert "no peaks" in judged("control-chip").note["FRiP"]
    assert "one file" in judged(files=1).note["Pearson"]
    assert "exonuclease" in judged("chip-exo").note["RSC"]
    assert judged(FRiP=0.2).note["FRiP"] == ""


def test_few_places_in_a_small_genome_are_told_from_copies():
    places, reads = 20_000, 16_000
    drawn = np.unique(np.random.default_rng(0).integers(0, places, reads))
    small = judged(NRF=len(drawn) / reads, fragments_per_file=reads, size=places // 2)
    assert f"would give {len(drawn) / reads:.2f} here" in small.note["NRF"]
    large = judged(NRF=len(drawn) / reads, fragments_per_file=reads)
    assert "here" not in large.note["NRF"]


def test_the_worst_verdict_counts():
    assert worst([GOOD, NONE, WARNING]) == WARNING
    assert worst([GOOD, BAD, WARNING]) == BAD
    assert worst([NONE]) == worst([]) == NONE


# summary and figures


def summary_of(tmp_path, **experiments):
    paths = []
    for name, metrics in experiments.items():
        paths.append(tmp_path / f"{name}.tsv")
        judged(**metrics).reset_index().to_csv(paths[-1], sep="\t", index=False)
    target = tmp_path / "summary.tsv"
    assays = [metrics.get("assay", "tf-chip") for metrics in experiments.values()]
    summarise(paths, list(experiments), assays, target)
    return pd.read_csv(target, sep="\t")


def test_the_summary_holds_every_experiment(tmp_path):
    table = summary_of(
        tmp_path, one={"NRF": 0.95, "FRiP": 0.3}, two={"NRF": 0.4, "FRiP": 0.001}, three={}
    ).set_index("experiment")
    assert table.overall.to_dict() == {"one": GOOD, "two": BAD, "three": NONE}
    assert table.warnings.to_dict() == {"one": 0, "two": 2, "three": 0}
    assert table.NRF["two"] == 0.4 and table.NRF_verdict["two"] == BAD


@pytest.mark.parametrize("n", [1, 12])
def test_the_figure_of_all_experiments_shows_each(tmp_path, n):
    table = summary_of(tmp_path, **{f"exp_{k}": {"NRF": 0.95, "PBC2": np.inf} for k in range(n)})
    figure = plot_summary(table)
    figure.canvas.draw()
    (ax,) = figure.axes
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert shown == [f"exp_{k} (tf-chip)" for k in range(n)]
    assert sum(text.get_text() == "∞" for text in ax.texts) == n


def test_the_figure_of_an_experiment_says_what_is_left_out():
    table = judged("control-atac", formats=("bigwig",), ends=1000).reset_index()
    empty = pd.DataFrame({"shift": [], "correlation": []})
    none = pd.DataFrame({"kind": [], "width": [], "GC": []})
    figure = plot_experiment(table, empty, none, None, None, "mine", "control-atac")
    figure.canvas.draw()
    said = " ".join(text.get_text().replace("\n", " ") for ax in figure.axes for text in ax.texts)
    for why in ("needs BAM, not bigwig", "a control has no peaks", "both strands are counted"):
        assert why in said


def test_values_are_written_as_people_read_them():
    assert value_text("reads", 25_310_000) == "25.3 M"
    assert value_text("FRiP", 0.0123) == "1.2%"
    assert value_text("NRF", 0.8765) == "0.876"
    assert value_text("PBC2", np.inf) == "∞" and value_text("RSC", np.nan) == "–"


def test_real_yeast_reads_stack_up_and_lie_in_peaks(genome):
    shared = Path(__file__).parents[4] / "shared/data/yeast_reb1"
    if not shared.exists() or not shutil.which("samtools"):
        pytest.skip("no real reads here")
    sizes = genome / "yeast.sizes"
    sizes.write_text("chrI\t230218\n")
    measure_reads(
        [shared / "reb1.bam"], shared / "reb1.bam", sizes, genome / "reads.tsv",
        genome / "flagstat.tsv", 780, 30,
    )  # fmt: skip
    found = read_metrics(genome / "reads.tsv")
    assert found["fragments"] == int(pysam.view("-c", str(shared / "reb1.bam"), "chrI"))
    assert found["read_length"] == 36 and found["NRF"] < 0.5


def test_one_replicate_has_nothing_to_be_correlated_with(tmp_path):
    tables = tmp_path / "pairs.tsv", tmp_path / "bins.tsv"
    files = [tmp_path / "a.bam", tmp_path / "b.bed"]
    measure_replicates(files, tmp_path / "sizes", *tables, 780, 30)
    pairs, bins = (pd.read_csv(table, sep="\t") for table in tables)
    assert list(pairs) == ["first", "second", "Pearson", "Spearman"]
    assert pairs.empty
    assert bins.empty
