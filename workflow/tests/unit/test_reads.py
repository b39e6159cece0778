"""Alignments: bad ones are refused, and good ones are counted exactly."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest
from attprior.errors import InputError
from attprior.reads import check_reads, filter_reads, quality, runs_of_counts, write_tracks

SIZES = {"chr2": 3000, "chr10": 2000, "chr3": 500}  # no reads are put on chr3
SHARED = Path(__file__).parents[4] / "shared/data"
needs_tools = pytest.mark.skipif(
    not (shutil.which("samtools") and shutil.which("bedtools")), reason="samtools or bedtools"
)


def write_sizes(path, sizes=SIZES):
    path.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in sizes.items()))
    return path


@pytest.fixture
def sizes(tmp_path):
    return write_sizes(tmp_path / "chrom.sizes")


def write_bam(path, seed=0, n=2000, sizes=SIZES, order="coordinate", shuffle=False):
    """Write random reads of all flags, qualities and shapes."""
    rng = np.random.default_rng(seed)
    header = {
        "HD": {"VN": "1.6", **({"SO": order} if order else {})},
        "SQ": [{"SN": chrom, "LN": size} for chrom, size in sizes.items()],
    }
    spans = {"30M": 30, "5S25M": 25, "10M2D20M": 32, "10M3I17M": 27, "12M50N18M": 80, "2H28M": 28}
    reads = []
    for _ in range(n):
        chrom = int(rng.integers(2))
        cigar = str(rng.choice(list(spans)))
        # crowded, so that counts above one and touching runs are common
        last = (list(sizes.values())[chrom] - spans[cigar]) // 2
        flag = int(rng.choice([0, 16, 1024, 1040, 256, 512, 4, 73, 83, 147]))
        mapq = int(rng.choice([0, 29, 30, 60]))
        reads.append((chrom, int(rng.integers(last)), flag, mapq, cigar))
    if not shuffle:
        reads.sort()
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, (chrom, start, flag, mapq, cigar) in enumerate(reads):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.mapping_quality = f"read{number}", flag, mapq
            read.reference_id, read.reference_start, read.cigarstring = chrom, start, cigar
            bam.write(read)
    return path


def five_prime_counts(bams, sizes, strand):
    """Count the 5' ends of `samtools view -F 780 -q 30` with `bedtools genomecov`."""
    counts = {chrom: np.zeros(size) for chrom, size in sizes.items()}
    for bam in bams:
        command = (
            f"samtools view -b -F 780 -q 30 '{bam}' | "
            f"bedtools genomecov -5 -bg -strand {strand} -ibam -"
        )
        rows = subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True)
        for row in rows.stdout.splitlines():
            chrom, start, end, count = row.split()
            if chrom in counts:
                counts[chrom][int(start) : int(end)] += int(count)
    return counts


def tracks_of(bams, sizes, folder):
    filter_reads(bams, folder / "reads.bam", exclude_flags=780, min_mapq=30, keep_duplicates=True)
    table = write_sizes(folder / "used.sizes", sizes)
    write_tracks(folder / "reads.bam", table, folder / "plus.bw", folder / "minus.bw")
    files = {"+": "plus.bw", "-": "minus.bw"}
    return {strand: pybigtools.open(str(folder / file)) for strand, file in files.items()}


@needs_tools
@pytest.mark.parametrize("replicates", [1, 2])
def test_counts_equal_bedtools_at_every_base(tmp_path, replicates):
    bams = [write_bam(tmp_path / f"{seed}.bam", seed, n=6000) for seed in range(replicates)]
    tracks = tracks_of(bams, SIZES, tmp_path)
    for strand, track in tracks.items():
        wanted = five_prime_counts(bams, SIZES, strand)
        assert wanted["chr2"].sum() > 100 and wanted["chr2"].max() > 1
        for chrom, size in SIZES.items():
            np.testing.assert_array_equal(track.values(chrom, 0, size, fillna=0), wanted[chrom])


@needs_tools
def test_counts_of_real_reads_equal_bedtools_at_every_base(tmp_path):
    bam = SHARED / "yeast_reb1/reb1.bam"
    if not bam.exists():
        pytest.skip("no real reads here")
    with pysam.AlignmentFile(str(bam)) as alignments:
        sizes = {chrom: alignments.get_reference_length(chrom) for chrom in ("chrIV", "chrV")}
    for strand, track in tracks_of([bam], sizes, tmp_path).items():
        for chrom, wanted in five_prime_counts([bam], sizes, strand).items():
            assert wanted.sum() > 10_000
            np.testing.assert_array_equal(track.values(chrom, 0, len(wanted), fillna=0), wanted)


def test_every_used_chromosome_is_in_the_tracks_and_no_other(tmp_path):
    used = {"chr3": 500, "chr10": 2000}
    for track in tracks_of([write_bam(tmp_path / "a.bam")], used, tmp_path).values():
        assert track.chroms() == used
        assert not np.any(track.values("chr3", 0, 500, fillna=0))


def test_runs_restore_the_counts():
    positions = np.random.default_rng(1).integers(0, 200, 300)
    starts, ends, counts = runs_of_counts(positions)
    dense = np.zeros(200, dtype=int)
    for start, end, count in zip(starts, ends, counts, strict=True):
        dense[start:end] += count
    np.testing.assert_array_equal(dense, np.bincount(positions, minlength=200))
    touching = starts[1:] == ends[:-1]
    assert np.all(counts[1:][touching] != counts[:-1][touching])


def test_duplicates_count_unless_told_otherwise(tmp_path):
    bam, target = write_bam(tmp_path / "a.bam"), tmp_path / "reads.bam"
    kept = {}
    for keep in (True, False):
        filter_reads([bam], target, exclude_flags=780, min_mapq=30, keep_duplicates=keep)
        with pysam.AlignmentFile(str(target)) as reads:
            kept[keep] = [read.flag for read in reads]
    assert any(flag & 1024 for flag in kept[True])
    assert kept[False] == [flag for flag in kept[True] if not flag & 1024]


def test_a_filter_that_leaves_nothing_is_an_error_and_leaves_no_file(tmp_path):
    bam, target = write_bam(tmp_path / "a.bam"), tmp_path / "reads.bam"
    with pytest.raises(InputError, match="reads/min_mapq"):
        filter_reads([bam], target, exclude_flags=780, min_mapq=100, keep_duplicates=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bam"]


def test_a_bam_damaged_in_the_middle_is_an_error(tmp_path):
    good, bad = write_bam(tmp_path / "good.bam", n=20000), tmp_path / "bad.bam"
    content = bytearray(good.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    bad.write_bytes(content)
    for bams in ([bad], [good, bad]):
        with pytest.raises(InputError, match=r"bad\.bam"):
            filter_reads(
                bams, tmp_path / "reads.bam", exclude_flags=0, min_mapq=0, keep_duplicates=True
            )


def check(bam, sizes, used=None):
    table = sizes.with_name("checked.tsv")
    check_reads([bam], used or sizes, sizes, table)
    return pd.read_csv(table, sep="\t").iloc[0]


@pytest.mark.parametrize("order", ["coordinate", "unknown", None])
def test_a_sorted_bam_passes_whatever_its_header_knows(tmp_path, sizes, order):
    found = check(write_bam(tmp_path / "a.bam", order=order), sizes)
    assert found.chromosomes == len(SIZES)


def test_reads_are_told_where_an_index_counts_them(tmp_path, sizes):
    bam = write_bam(tmp_path / "a.bam", n=123)
    pysam.index(str(bam))
    assert check(bam, sizes).reads == 123


def test_a_missing_bam_is_an_error(tmp_path, sizes):
    with pytest.raises(InputError, match=r"a\.bam: no such file"):
        check(tmp_path / "a.bam", sizes)


@pytest.mark.parametrize("content", [b"", b"@HD\tVN:1.6\n", b"CRAM\3\0", b"\x1f\x8b nonsense"])
def test_what_is_no_bam_is_an_error(tmp_path, sizes, content):
    bam = tmp_path / "a.bam"
    bam.write_bytes(content)
    with pytest.raises(InputError, match="not a BAM"):
        check(bam, sizes)


@pytest.mark.parametrize("lost", [1, 28, 3000])
def test_a_truncated_bam_is_an_error(tmp_path, sizes, lost):
    bam = write_bam(tmp_path / "a.bam", n=5000)
    bam.write_bytes(bam.read_bytes()[:-lost])
    with pytest.raises(InputError, match="truncated"):
        check(bam, sizes)


@pytest.mark.parametrize("order", ["unsorted", "queryname"])
def test_a_header_that_says_unsorted_is_believed(tmp_path, sizes, order):
    with pytest.raises(InputError, match=f"SO:{order}.*samtools sort"):
        check(write_bam(tmp_path / "a.bam", order=order), sizes)


@pytest.mark.parametrize("order", ["coordinate", None])
def test_a_header_that_says_sorted_is_not_believed(tmp_path, sizes, order):
    with pytest.raises(InputError, match="not sorted"):
        check(write_bam(tmp_path / "a.bam", order=order, shuffle=True), sizes)


def test_other_names_of_chromosomes_are_told_from_both_sides(tmp_path, sizes):
    bare = {chrom.removeprefix("chr"): size for chrom, size in SIZES.items()}
    with pytest.raises(InputError, match=r"has 2, 10, 3; the genome has chr2, chr10, chr3.*'chr'"):
        check(write_bam(tmp_path / "a.bam", sizes=bare), sizes)
    with pytest.raises(InputError, match=r"has chr2, chr10, chr3; the genome has 2, 10, 3.*'chr'"):
        check(write_bam(tmp_path / "b.bam"), write_sizes(tmp_path / "bare.sizes", bare))


def test_other_lengths_of_chromosomes_are_told(tmp_path, sizes):
    other = SIZES | {"chr10": 2001}
    with pytest.raises(InputError, match=r"chr10 .2001 bp, in the genome 2000 bp"):
        check(write_bam(tmp_path / "a.bam", sizes=other), sizes)


def test_chromosomes_that_are_not_used_do_no_harm(tmp_path, sizes):
    bam = write_bam(tmp_path / "a.bam", sizes=SIZES | {"chrEBV": 100})
    used = write_sizes(tmp_path / "used.sizes", {"chr2": 3000})
    assert check(bam, sizes, used).chromosomes == 1


def test_quality_equals_a_count_by_hand(tmp_path, sizes):
    bam, reads, target = write_bam(tmp_path / "a.bam"), tmp_path / "reads.bam", tmp_path / "qc.tsv"
    filter_reads([bam], reads, exclude_flags=780, min_mapq=30, keep_duplicates=True)
    peaks = tmp_path / "peaks.narrowPeak"
    rest = "\t.\t0\t.\t1\t-1\t-1\t5\n"
    peaks.write_text(f"chr2\t100\t200{rest}chr2\t150\t400{rest}chr10\t0\t40{rest}")
    quality([bam, bam], reads, sizes, peaks, target)
    found = pd.read_csv(target, sep="\t", index_col="metric").value
    with pysam.AlignmentFile(str(reads)) as file:
        kept = list(file)
    inside = [
        any(
            read.reference_name == chrom and read.get_overlap(start, end)
            for chrom, start, end in (("chr2", 100, 400), ("chr10", 0, 40))
        )
        for read in kept
    ]
    assert found.reads == 4000
    assert found.reads_kept == len(kept)
    wanted = {
        "share_kept": len(kept) / 4000,
        "share_duplicates": np.mean([read.is_duplicate for read in kept]),
        "share_plus": np.mean([read.is_forward for read in kept]),
        "share_minus": np.mean([read.is_reverse for read in kept]),
        "share_in_peaks": np.mean(inside),
        "peaks": 3,
        "median_peak_width": 100,
    }
    for metric, value in wanted.items():
        assert found[metric] == pytest.approx(value, rel=1e-4), metric


def test_a_control_has_no_peaks_to_judge(tmp_path, sizes):
    bam, reads, target = write_bam(tmp_path / "a.bam"), tmp_path / "reads.bam", tmp_path / "qc.tsv"
    filter_reads([bam], reads, exclude_flags=780, min_mapq=30, keep_duplicates=True)
    quality([bam], reads, sizes, None, target)
    assert "share_in_peaks" not in set(pd.read_csv(target, sep="\t").metric)
