"""MACS3 is given the reads that count, in one format, and its peaks are those that were known."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pysam
import pytest
from attprior import macs3
from attprior.bed import overlaps
from attprior.errors import InputError
from attprior.macs3 import call_peaks, has_fragments, write_reads
from attprior.peaks import read_peaks

DATA = Path(__file__).parents[4] / "shared/data"
SIZES = {"chr1": 100_000, "chr2": 50_000}
REAL_SIZES = {"chrIV": 1_531_933, "chrVII": 1_090_940}
installed = pytest.mark.skipif(
    not Path(sys.executable).with_name("macs3").exists(), reason="MACS3 is not installed"
)
real = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")


def write_bam(path, reads):
    """Write reads: (chrom, start, length, reverse, flags, template length)."""
    header = {"SQ": [{"SN": name, "LN": size} for name, size in {**SIZES, "chrM": 900}.items()]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, (chrom, start, length, reverse, flags, template) in enumerate(reads):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.reference_name = f"r{number}", chrom
            read.reference_start, read.template_length = start, template
            read.flag, read.mapping_quality = flags | 16 * reverse, 40
            read.cigartuples = [(0, length)]
            bam.write(read)
    return path


@pytest.fixture
def written(tmp_path):
    def run(*files, fragments=False):
        write_reads(files, tmp_path / "reads.bed", SIZES, fragments)
        return [line.split("\t") for line in (tmp_path / "reads.bed").read_text().splitlines()]

    return run


@pytest.fixture
def pairs(tmp_path):
    """A BAM of one proper pair, an improper one, and one of chrM."""
    rows = [
        ("chr1", 100, 36, False, 1 | 2 | 64, 180),
        ("chr1", 244, 36, True, 1 | 2 | 128, -180),
        ("chr1", 900, 36, False, 1 | 64, 60_000),
        ("chrM", 10, 36, False, 1 | 2 | 64, 90),
    ]
    return write_bam(tmp_path / "pairs.bam", rows)


def test_mates_are_reads_or_ends_of_one_fragment(written, pairs):
    assert [row[:3] + row[5:] for row in written(pairs)] == [
        ["chr1", "100", "136", "+"],
        ["chr1", "244", "280", "-"],
        ["chr1", "900", "936", "+"],
    ]
    assert written(pairs, fragments=True) == [["chr1", "100", "280"]]


def test_ends_of_fragments_in_text_are_those_of_the_fragment(written, tmp_path):
    path = tmp_path / "fragments.bedpe.gz"
    with gzip.open(path, "wt") as file:
        file.write("# a comment\nchr1\t100\t280\nchr2\t5\t25\nchrM\t1\t60\n")
    rows = written(path)
    assert [row[:3] + row[5:] for row in rows] == [
        ["chr1", "100", "150", "+"],
        ["chr1", "230", "280", "-"],
        ["chr2", "5", "25", "+"],
        ["chr2", "5", "25", "-"],
    ]
    assert written(path, fragments=True) == [["chr1", "100", "280"], ["chr2", "5", "25"]]


def test_ten_columns_of_bedpe_are_two_mates(written, tmp_path):
    path = tmp_path / "mates.bedpe"
    path.write_text(
        "chr1\t244\t280\tchr1\t100\t136\tn\t60\t-\t+\n"
        "chr1\t10\t46\tchr2\t100\t136\tn\t60\t+\t-\n"
        ".\t-1\t-1\tchr1\t100\t136\tn\t60\t.\t+\n"
        "chrM\t10\t46\tchr2\t700\t736\tn\t60\t+\t-\n"
    )
    assert [row[:3] + row[5:] for row in written(path)] == [
        ["chr1", "244", "280", "-"],
        ["chr1", "100", "136", "+"],
        ["chr1", "10", "46", "+"],
        ["chr2", "100", "136", "-"],
        ["chr2", "700", "736", "-"],
    ]
    assert written(path, fragments=True) == [["chr1", "100", "280"], ["chr2", "700", "736"]]


def test_bam_and_text_are_read_together(written, tmp_path, pairs):
    path = tmp_path / "more.tagAlign"
    path.write_text("chr2\t10\t46\tN\t1000\t-\n")
    assert len(written(pairs, path)) == 4


def test_reads_are_fragments_only_if_all_are_paired(tmp_path, pairs):
    single = write_bam(tmp_path / "single.bam", [("chr1", 100, 36, False, 0, 0)])
    assert has_fragments(pairs) and has_fragments("fragments.bedpe.gz")
    assert not has_fragments(single) and not has_fragments("reads.bed.gz")


@pytest.mark.parametrize("name", ["given.bed", "given.bed.gz"])
def test_names_and_compression_of_reads_change_nothing(written, tmp_path, name):
    text = '\ufeff#chrom\tstart\nchr1\t10\t46\t#1\t0\t+ \r\nchr1\t 20\t56\t"2\t0\t-\r\n'
    for content in (text.encode(), gzip.compress(text.encode())):
        (tmp_path / name).write_bytes(content)
        assert [row[:3] + row[5:] for row in written(tmp_path / name)] == [
            ["chr1", "10", "46", "+"],
            ["chr1", "20", "56", "-"],
        ]


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("bad.bed", "chr1\t10\t46", "line 2: 3 columns"),
        ("bad.bed", "chr1\t10\t46\t.\t0\t.", "line 2: strand is '.'"),
        ("bad.bed", "chr1\tx\t46\t.\t0\t+", "line 2: start and end are 'x'"),
        ("bad.bedpe", "chr1\t46\t46", "line 2: start 46 and end 46"),
        ("bad.bedpe", "chr1 40 46", "line 2: 1 columns"),
    ],
)
def test_a_bad_line_is_named(written, tmp_path, name, line, message):
    path = tmp_path / name
    first = "chr1\t1\t40\t.\t0\t+" if name == "bad.bed" else "chr1\t1\t40"
    path.write_text(f"{first}\n{line}\n")
    with pytest.raises(InputError, match=message):
        written(path)


def test_reads_of_other_chromosomes_alone_are_an_error(written, tmp_path):
    path = tmp_path / "other.bed"
    path.write_text("1\t10\t46\t.\t0\t+\n")
    with pytest.raises(InputError, match="no reads on the chromosomes used: chr1, chr2"):
        written(path)


@pytest.fixture
def enriched(tmp_path):
    """Reads as in ChIP-seq around 40 sites, and a control without them."""
    rng = np.random.default_rng(0)
    sites = np.arange(2_000, 90_000, 2_200)
    background = rng.integers(200, 99_000, 4_000)
    around = np.repeat(sites, 60) + rng.normal(0, 20, 60 * len(sites)).astype(int)

    def rows(centres, spread):
        reverse = rng.random(len(centres)) < 0.5
        starts = np.where(reverse, centres + spread - 36, centres - spread)
        return sorted(zip(starts.tolist(), reverse.tolist(), strict=True))

    def write(name, reads):
        path = tmp_path / name
        lines = (f"chr1\t{start}\t{start + 36}\t.\t0\t{'+-'[minus]}\n" for start, minus in reads)
        path.write_text("".join(lines))
        return path

    (tmp_path / "chrom.sizes").write_text("".join(f"{c}\t{s}\n" for c, s in SIZES.items()))
    bound = rows(around, 90) + rows(background, 0)
    return write("reads.bed", bound), write("control.bed", rows(background + 40, 0)), sites


@pytest.fixture
def called(tmp_path, enriched):
    reads, control, _ = enriched

    def run(treatment=(reads,), against=(), name="made", **changes):
        settings = {"assay": "tf-chip", "keep_duplicates": True, "q_value": 0.01, **changes}
        target = tmp_path / f"{name}.narrowPeak"
        call_peaks(treatment, against, target, tmp_path / "chrom.sizes", name=name, **settings)
        return read_peaks(target)

    run.control = control
    return run


@installed
@pytest.mark.parametrize("assay", list(macs3.OPTIONS))
def test_known_sites_are_found_with_their_summits(called, enriched, assay):
    *_, sites = enriched
    peaks = called(assay=assay)
    summits = (peaks.start + peaks.summit).to_numpy()
    nearest = np.abs(summits[:, None] - sites).min(axis=0)
    assert (nearest < 130).mean() > 0.9
    assert peaks.name.str.startswith("made_peak_").all()


@installed
def test_a_control_takes_out_what_it_has_too(called, enriched):
    reads, *_ = enriched
    alone = called()
    assert len(called(against=[called.control], name="against")) >= 0.8 * len(alone)
    with pytest.raises(InputError, match=r"MACS3 finds no peaks at -q 0\.01"):
        called(against=[reads], name="itself")


@installed
def test_relaxed_peaks_hold_the_others(called):
    strict, relaxed = called(), called(name="relaxed", q_value=None, p_value=0.05)
    assert len(relaxed) > len(strict)
    assert overlaps(strict, relaxed).all()


@installed
def test_nothing_is_left_beside_the_peaks(called, tmp_path):
    before = set(tmp_path.iterdir())
    called()
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"made.narrowPeak"}


@installed
def test_a_failure_shows_the_last_lines(tmp_path):
    with pytest.raises(InputError, match=r"MACS3 failed:\n[^$]*required: -t"):
        macs3.run([str(Path(sys.executable).with_name("macs3")), "callpeak"])


def test_a_missing_macs3_is_said(called, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match="envs/run --macs3"):
        called()


def given(name):
    """Peaks of the shared data on the chromosomes that are looked at."""
    peaks = read_peaks(DATA / name)
    return peaks[peaks.chrom.isin(REAL_SIZES)]


def shares(found, given):
    """Share of the peaks found that were given, and of the best that were given and are found."""
    best = given.sort_values("signal", ascending=False).head(len(given) // 4)
    return overlaps(found, given).mean(), overlaps(best, found).mean()


@pytest.fixture
def real_sizes(enriched, tmp_path):
    (tmp_path / "chrom.sizes").write_text("".join(f"{c}\t{s}\n" for c, s in REAL_SIZES.items()))


@installed
@real
def test_real_chip_exo_gives_the_peaks_that_are_known(called, real_sizes, tmp_path):
    bam, known = DATA / "yeast_reb1/reb1.bam", given("yeast_reb1/reb1_peaks.narrowPeak.gz")
    alone = called([bam], assay="chip-exo", name="alone")
    assert 0.5 < len(alone) / len(known) < 1.2
    assert min(shares(alone, known)) > 0.95
    # a control with the regional bias of the reads, but none of their peaks
    rng, control = np.random.default_rng(0), tmp_path / "sampled.bed"
    with pysam.AlignmentFile(str(bam)) as reads, control.open("w") as file:
        for chrom, size in REAL_SIZES.items():
            found = np.array(
                [(read.reference_start, read.is_reverse) for read in reads.fetch(chrom)]
            )
            starts = found[::3, 0] + rng.integers(-5_000, 5_000, len(found[::3]))
            for start, minus in zip(starts, found[::3, 1], strict=True):
                if 0 <= start < size - 36:
                    file.write(f"{chrom}\t{start}\t{start + 36}\t.\t0\t{'+-'[minus]}\n")
    against = called([bam], [control], assay="chip-exo", name="against")
    assert min(shares(against, known)) > 0.9


@installed
@real
def test_real_atac_fragments_give_the_peaks_that_are_known(called, real_sizes):
    fragments = DATA / "yeast_atac/yeast_500k_SRR1822137.bedpe.gz"
    found = called([fragments], assay="atac", name="cuts")
    right, best_found = shares(found, given("yeast_atac/atac_peaks.narrowPeak.gz"))
    assert right > 0.8 and best_found > 0.95
    # regions of several summits stay so
    assert found[["chrom", "start", "end"]].value_counts().max() > 1
