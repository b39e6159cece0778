"""Alignments: bad ones are refused, and good ones are counted exactly."""

import gzip
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest
from attprior.errors import InputError
from attprior.reads.bam import reads_of_bam
from attprior.reads.check import check_reads
from attprior.reads.select import filter_reads
from attprior.reads.tracks import counts_of_sorted, runs_of_counts, write_tracks

SIZES = {"chr2": 3000, "chr10": 2000, "chr3": 500}  # no reads are put on chr3
SHARED = Path(__file__).parents[4] / "shared/data"
FILTERS = {"exclude_flags": 780, "min_mapq": 30}
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
            read.template_length = int(rng.integers(-500, 500))
            bam.write(read)
    return path


def test_fields_of_reads_are_those_of_pysam(tmp_path):
    path = write_bam(tmp_path / "a.bam")
    found = zip(*reads_of_bam(path, {"chr10": 0}, exclude_flags=4, min_mapq=30), strict=True)
    with pysam.AlignmentFile(str(path)) as bam:
        wanted = [
            (
                -(read.reference_name != "chr10"),
                *(read.reference_start, read.reference_end, read.flag, read.template_length),
                read.infer_query_length(),
            )
            for read in bam
            if not read.is_unmapped and read.mapping_quality >= 30
        ]
    np.testing.assert_array_equal(np.transpose(list(map(np.concatenate, found))), wanted)


def five_prime_runs(bam, strand, sizes):
    """Count the 5' ends of `samtools view -F 780 -q 30` with `bedtools genomecov`.

    Other chromosomes leave its header, as bedtools has an array for each base of each.
    """
    command = (
        f"samtools view -h -F 780 -q 30 '{bam}' | "
        f"awk '!/^@SQ/ || /SN:({'|'.join(sizes)})\\t/' | awk '/^@/ || $3 ~ /^({'|'.join(sizes)})$/' | "
        f"samtools view -b | bedtools genomecov -5 -bg -strand {strand} -ibam -"
    )
    rows = subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True)
    fields = map(str.split, rows.stdout.splitlines())
    return [(chrom, int(start), int(end), float(count)) for chrom, start, end, count in fields]


def five_prime_counts(bams, sizes, strand):
    """The same of several files together, a value a base."""
    counts = {chrom: np.zeros(size) for chrom, size in sizes.items()}
    for bam in bams:
        for chrom, start, end, count in five_prime_runs(bam, strand, sizes):
            counts[chrom][start:end] += count
    return counts


def tracks_of(files, sizes, folder, strands=("plus", "minus"), **options):
    """Dense counts of the tracks that are written: strand to chromosome to (L,)."""
    table = write_sizes(folder / "used.sizes", sizes)
    targets = {strand: folder / f"{strand}.bw" for strand in strands}
    write_tracks(files, table, targets, **{**FILTERS, **options})
    return {strand: dense(target, sizes) for strand, target in targets.items()}


def dense(path, sizes):
    track = pybigtools.open(str(path))
    assert track.chroms() == sizes
    return {chrom: track.values(chrom, 0, size, fillna=0) for chrom, size in sizes.items()}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for chrom, counts in wanted.items():
        np.testing.assert_array_equal(found[chrom], counts)


def added(*counts):
    return {chrom: sum(each[chrom] for each in counts) for chrom in counts[0]}


@needs_tools
@pytest.mark.parametrize("replicates", [1, 2])
def test_counts_equal_bedtools_at_every_base(tmp_path, replicates):
    bams = [write_bam(tmp_path / f"{seed}.bam", seed, n=6000) for seed in range(replicates)]
    wanted = {strand: five_prime_counts(bams, SIZES, strand) for strand in "+-"}
    assert wanted["+"]["chr2"].sum() > 100 and wanted["-"]["chr2"].max() > 1
    found = tracks_of(bams, SIZES, tmp_path)
    assert_same(found["plus"], wanted["+"])
    assert_same(found["minus"], wanted["-"])
    one = tracks_of(bams, SIZES, tmp_path, ["unstranded"])["unstranded"]
    assert_same(one, added(*wanted.values()))


REAL = {
    "yeast_reb1/reb1.bam": ("chrIV", "chrV", "chrXII"),
    "encode_bams/ENCFF494VZW.chr21-22.subsample0.3.GRCh38.bam": ("chr21", "chr22"),
    "encode_bams/wgEncodeBroadHistoneGm12878ControlStdAlnRep1_chr22_sorted.bam": ("chr22",),
}


@needs_tools
@pytest.mark.parametrize("name", REAL)
def test_counts_of_real_reads_equal_bedtools_at_every_base(tmp_path, name):
    bam = SHARED / name
    if not bam.exists():
        pytest.skip("no real reads here")
    with pysam.AlignmentFile(str(bam)) as alignments:
        sizes = {chrom: alignments.get_reference_length(chrom) for chrom in REAL[name]}
        genome = dict(zip(alignments.references, alignments.lengths, strict=True))
    index = write_sizes(tmp_path / "genome.fai", genome)
    used = write_sizes(tmp_path / "used", sizes)
    check_reads([bam], used, index, tmp_path / "checked.tsv")
    targets = {strand: tmp_path / f"{strand}.bw" for strand in ("plus", "minus")}
    write_tracks([bam], used, targets, **FILTERS)
    for strand, target in zip("+-", targets.values(), strict=True):
        track = pybigtools.open(str(target))
        found = [(chrom, *run) for chrom in sizes for run in track.records(chrom)]
        wanted = five_prime_runs(bam, strand, sizes)
        assert len(wanted) > 10_000
        assert sorted(found) == sorted(wanted)


def test_every_used_chromosome_is_in_the_tracks_and_no_other(tmp_path):
    used = {"chr3": 500, "chr10": 2000}  # `dense` compares them
    for track in tracks_of([write_bam(tmp_path / "a.bam")], used, tmp_path).values():
        assert track["chr10"].any() and not track["chr3"].any()


def test_runs_restore_the_counts():
    positions = np.random.default_rng(1).integers(0, 200, 300)
    starts, ends, counts = runs_of_counts(*counts_of_sorted(np.sort(positions)))
    found = np.zeros(200, dtype=int)
    for start, end, count in zip(starts, ends, counts, strict=True):
        found[start:end] += count
    np.testing.assert_array_equal(found, np.bincount(positions, minlength=200))
    touching = starts[1:] == ends[:-1]
    assert np.all(counts[1:][touching] != counts[:-1][touching])


def write_fasta(path, sizes=SIZES, bases="ACGTT"):
    texts = {chrom: bases * (size // 5) for chrom, size in sizes.items()}
    path.write_text("".join(f">{chrom}\n{text}\n" for chrom, text in texts.items()))
    pysam.faidx(str(path))
    return path


@pytest.fixture
def cram(tmp_path):
    """The reads of a BAM file, with bases of the genome, as CRAM that needs it; BAM, CRAM, FASTA."""
    bam, fasta = write_bam(tmp_path / "a.bam", n=3000), write_fasta(tmp_path / "genome.fa")
    full, cram = tmp_path / "full.bam", tmp_path / "a.cram"
    with pysam.AlignmentFile(str(bam)) as reads, pysam.AlignmentFile(full, "wb", reads) as target:
        for read in reads:
            length = sum(n for op, n in read.cigartuples if op in (0, 1, 4))
            read.query_sequence = ("ACGTT" * 20)[read.reference_start % 5 :][:length]
            target.write(read)
    subprocess.run(["samtools", "view", "-C", "-T", fasta, "-o", cram, full], check=True)
    return bam, cram, fasta


@needs_tools
def test_cram_counts_as_its_bam_does(tmp_path, cram, asked):
    bam, cram, fasta = cram
    wanted = tracks_of([bam], SIZES, tmp_path)
    fasta.unlink()  # whose path the file knows: no genome is needed, nor asked for anywhere
    found = tracks_of([cram], SIZES, tmp_path)
    both = tracks_of([bam, cram], SIZES, tmp_path)
    for strand, track in wanted.items():
        assert_same(found[strand], track)
        assert_same(both[strand], added(track, track))
    assert not asked


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What htslib asks a server of references for."""
    paths = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("REF_PATH", f"http://127.0.0.1:{server.server_port}/%s")
    monkeypatch.setenv("REF_CACHE", str(tmp_path / "cache/%s"))
    yield paths
    server.shutdown()


@needs_tools
def test_the_server_of_references_would_be_asked_for_bases(cram, asked):
    cram[2].unlink()
    subprocess.run(["samtools", "view", "-c", "-d", "NM:0", cram[1]], capture_output=True)
    assert asked


@needs_tools
def test_a_cram_of_another_reference_is_named(tmp_path, cram, sizes, asked):
    other = write_fasta(tmp_path / "other.fa", bases="GATTC")
    table = tmp_path / "checked.tsv"
    with pytest.raises(InputError, match=r"a\.cram: compressed by another reference.*chr2, chr10"):
        check_reads([cram[1]], sizes, sizes, table, fasta=other)
    # a chromosome that is not used may be another
    text = cram[2].read_text().replace(f">chr3\n{'ACGTT' * 100}", f">chr3\n{'A' * 500}")
    other.write_text(text)
    used = write_sizes(tmp_path / "used", {"chr2": 3000, "chr10": 2000})
    check_reads([cram[1]], used, sizes, table, fasta=other)
    with pytest.raises(InputError, match=r"the bases of chr3 have"):
        check_reads([cram[1]], sizes, sizes, table, fasta=other)
    assert not asked


def as_lines(bam, line):
    """The reads of a BAM file that count, a line each: first base, past the last, strand."""
    with pysam.AlignmentFile(str(bam)) as reads:
        return "".join(
            line(
                read.reference_name, read.reference_start, read.reference_end, "+-"[read.is_reverse]
            )
            for read in reads
            if not read.flag & 780 and read.mapping_quality >= 30
        )


@pytest.mark.parametrize("name", ["a.bed", "a.tagAlign.gz"])
def test_bed_counts_as_its_bam_does(tmp_path, name):
    bam = write_bam(tmp_path / "a.bam", n=6000)
    text = "track name=x\n# mine\n" + as_lines(
        bam, lambda chrom, start, end, strand: f"{chrom}\t{start}\t{end}\tR#1/1\t9\t{strand}\n"
    )
    path = tmp_path / name
    (gzip.open if name.endswith(".gz") else open)(path, "wt").write(text)
    wanted, found = tracks_of([bam], SIZES, tmp_path), tracks_of([path], SIZES, tmp_path)
    for strand, track in wanted.items():
        assert track["chr2"].sum() > 100
        assert_same(found[strand], track)


@pytest.mark.parametrize("more", ["", "\tAAAC-1\t3"])
def test_both_ends_of_a_fragment_count_once(tmp_path, more):
    path = tmp_path / "a.bedpe"
    path.write_text(f"# 10x\nchr2\t5\t100{more}\nchr2\t5\t90{more}\nchrUn\t1\t2{more}\n")
    found = tracks_of([path], SIZES, tmp_path)
    assert nonzero(found["plus"]["chr2"]) == {5: 2}
    assert nonzero(found["minus"]["chr2"]) == {99: 1, 89: 1}
    one = tracks_of([path], SIZES, tmp_path, ["unstranded"])["unstranded"]
    assert nonzero(one["chr2"]) == {5: 2, 99: 1, 89: 1}


def nonzero(counts):
    return {int(base): int(counts[base]) for base in np.flatnonzero(counts)}


def test_mates_count_on_their_own_strands_and_half_mapped_pairs_do_not(tmp_path):
    path = tmp_path / "a.bedpe"
    path.write_text(
        "chr2\t5\t30\tchr2\t70\t100\tp1\t60\t+\t-\n"
        "chr2\t7\t30\tchr10\t70\t100\tp2\t60\t-\t+\n"
        "chr2\t9\t30\t.\t-1\t-1\tp3\t60\t+\t.\n"
    )
    found = tracks_of([path], SIZES, tmp_path)
    assert nonzero(found["plus"]["chr2"]) == {5: 1}
    assert nonzero(found["minus"]["chr2"]) == {29: 1, 99: 1}
    assert nonzero(found["plus"]["chr10"]) == {70: 1}


def test_shifted_ends_that_leave_their_chromosome_are_dropped_and_counted(tmp_path, caplog):
    path = tmp_path / "a.bedpe"
    path.write_text("chr3\t10\t50\nchr3\t0\t3\nchr3\t497\t500\n")
    found = tracks_of([path], SIZES, tmp_path, ["unstranded"], shift=(4, -4))["unstranded"]
    assert nonzero(found["chr3"]) == {14: 1, 45: 1, 4: 1, 495: 1}
    assert "2 5' ends lie outside" in caplog.text


def test_cuts_of_real_atac_fragments_equal_a_count_by_hand(tmp_path):
    path = SHARED / "yeast_atac/yeast_500k_SRR1822137.bedpe.gz"
    sizes = SHARED / "yeast_reb1/sacCer3.chrom.sizes"
    if not path.exists():
        pytest.skip("no real fragments here")
    used = {"chrI": 230218, "chrIV": 1531933}
    assert used.items() <= dict(pd.read_csv(sizes, sep="\t", header=None).to_numpy()).items()
    check_reads([path], write_sizes(tmp_path / "used", used), sizes, tmp_path / "checked.tsv")
    found = tracks_of([path], used, tmp_path, ["unstranded"], shift=(4, -4))["unstranded"]
    table = pd.read_csv(path, sep="\t", header=None)
    for chrom, size in used.items():
        mine = table[table[0] == chrom]
        ends = np.concatenate([mine[1] + 4, mine[2] - 1 - 4])
        wanted = np.bincount(ends[(ends >= 0) & (ends < size)], minlength=size)
        assert wanted.sum() > 5000
        np.testing.assert_array_equal(found[chrom], wanted)


def write_bigwig(path, rows, sizes=SIZES):
    pybigtools.open(str(path), "w").write(sizes, iter(rows))
    return path


def test_bigwigs_are_summed_by_strand_and_negative_counts_taken_as_positive(tmp_path, caplog):
    caplog.set_level("INFO")
    files = [
        write_bigwig(tmp_path / "1.plus.bw", [("chr2", 0, 3, 2.0), ("chr10", 5, 6, 1.0)]),
        write_bigwig(tmp_path / "1.minus.bw", [("chr2", 7, 9, -4.0)]),
        write_bigwig(tmp_path / "2.plus.bw", [("chr2", 2, 5, 1.0), ("chr2", 9, 20, 0.0)]),
        write_bigwig(tmp_path / "2.minus.bw", [("chr2", 8, 9, 3.0)]),
    ]
    found = tracks_of(files, SIZES, tmp_path)
    assert nonzero(found["plus"]["chr2"]) == {0: 2, 1: 2, 2: 3, 3: 1, 4: 1}
    assert nonzero(found["plus"]["chr10"]) == {5: 1}
    assert nonzero(found["minus"]["chr2"]) == {7: 4, 8: 7}
    assert "1.minus.bw: counts are stored negative" in caplog.text
    one = tracks_of(files[::2], SIZES, tmp_path, ["unstranded"])["unstranded"]
    assert_same(one, found["plus"])


def test_tracks_of_reads_come_through_as_bigwigs(tmp_path):
    first = tracks_of([write_bam(tmp_path / "a.bam")], SIZES, tmp_path)
    files = [(tmp_path / f"{strand}.bw").rename(tmp_path / f"own.{strand}.bw") for strand in first]
    again = tracks_of(files, SIZES, tmp_path)
    for strand, track in first.items():
        assert_same(again[strand], track)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("chr2", 3, 4, 1.0), ("chr2", 7, 8, 0.5)], r"0\.5 at chr2:7"),
        ([("chr2", 3, 4, -1.0), ("chr2", 7, 8, 1.0)], r"from -1 to 1"),
        # past the first chromosome that has counts, and that an int32 can't hold
        ([("chr2", 3, 4, 1.0), ("chr3", 7, 8, 0.25)], r"0\.25 at chr3:7"),
        ([("chr2", 3, 4, 1.0), ("chr2", 7, 8, np.inf)], r"inf at chr2:7"),
        ([("chr2", 3, 4, 1.0), ("chr2", 7, 8, -np.inf)], r"-inf at chr2:7"),
        ([("chr2", 3, 4, 1.0), ("chr2", 7, 8, np.nan)], r"nan at chr2:7"),
        ([("chr2", 3, 4, 1.0), ("chr2", 7, 8, 2.0**31)], r"2\.14748e\+09 at chr2:7"),
    ],
)
def test_values_that_are_no_counts_are_refused(tmp_path, sizes, rows, message):
    bad = write_bigwig(tmp_path / "bad.bw", rows)
    good = write_bigwig(tmp_path / "good.bw", [("chr2", 3, 4, 1.0)])
    for refuse in (
        lambda: tracks_of([good, bad], SIZES, tmp_path),
        lambda: check_reads([good, bad], sizes, sizes, tmp_path / "checked.tsv"),
    ):
        with pytest.raises(InputError, match=rf"bad\.bw: .*{message}"):
            refuse()


def test_counts_that_add_up_to_too_many_are_refused(tmp_path):
    large = write_bigwig(tmp_path / "a.bw", [("chr2", 3, 4, 2.0**30)])
    with pytest.raises(InputError, match=r"a\.bw: chr2 has 2147483648 5' ends at a base"):
        tracks_of([large, large], SIZES, tmp_path, ["unstranded"])
    assert not (tmp_path / "unstranded.bw").exists()


def coverage(starts, length, size):
    """Runs of the coverage by reads of a length; of 1 bp, 5' ends."""
    edges = np.zeros(size + 1)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + length, -1)
    depth = np.cumsum(edges)[:-1]
    return [("chr2", i, i + 1, float(value)) for i, value in enumerate(depth) if value]


@pytest.mark.parametrize("reads", [20, 200, 3000, 30_000])
def test_coverage_is_told_from_ends_at_any_depth(tmp_path, sizes, caplog, reads):
    starts = np.random.default_rng(0).integers(0, 2900, reads)
    for length in (1, 36):
        caplog.clear()
        path = write_bigwig(tmp_path / f"{length}.bw", coverage(starts, length, 3000))
        check(path, sizes)
        assert ("That is coverage" in caplog.text) == (length == 36)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_bigwig_for_both_strands_is_refused(tmp_path, sizes, sign):
    one = write_bigwig(tmp_path / "plus.bw", [("chr2", 3, 4, 1.0), ("chr2", 9, 10, 2.0)])
    two = write_bigwig(
        tmp_path / "minus.bw", [("chr2", 3, 4, 1.0 * sign), ("chr2", 9, 10, 2.0 * sign)]
    )
    with pytest.raises(InputError, match=r"plus\.bw and .*minus\.bw hold the same counts"):
        check_reads([one, two], sizes, sizes, tmp_path / "checked.tsv")


def test_negative_counts_of_another_than_the_minus_strand_are_refused(tmp_path, sizes):
    negative = write_bigwig(tmp_path / "a.bw", [("chr2", 3, 4, -1.0)])
    with pytest.raises(InputError, match="listed plus, minus"):
        check_reads([negative, negative], sizes, sizes, tmp_path / "checked.tsv")
    with pytest.raises(InputError, match="unstranded track"):
        tracks_of([negative], SIZES, tmp_path, ["unstranded"])


@pytest.mark.parametrize("name", ["a.bed", "a.bedpe", "a.bw"])
def test_duplicates_cannot_be_left_out_where_they_are_not_marked(tmp_path, name):
    with pytest.raises(InputError, match="reads/keep_duplicates"):
        tracks_of([tmp_path / name], SIZES, tmp_path, keep_duplicates=False)


def test_duplicates_of_a_bam_are_left_out_of_the_tracks(tmp_path):
    bam = write_bam(tmp_path / "a.bam")
    totals = [
        sum(counts["chr2"].sum() for counts in found.values())
        for found in (tracks_of([bam], SIZES, tmp_path, keep_duplicates=k) for k in (True, False))
    ]
    with pysam.AlignmentFile(str(bam)) as reads:
        flags = [
            read.flag
            for read in reads
            if read.reference_name == "chr2" and read.mapping_quality >= 30 and not read.flag & 780
        ]
    assert totals == [len(flags), sum(not flag & 1024 for flag in flags)]


def test_tracks_of_no_reads_are_an_error(tmp_path):
    with pytest.raises(InputError, match="no read is counted"):
        tracks_of([write_bam(tmp_path / "a.bam")], SIZES, tmp_path, min_mapq=100)
    assert not (tmp_path / "plus.bw").exists()


GOOD_LINES = "chr2\t5\t35\tr\t0\t+\n" * 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr2\t5\tx\tr\t0\t+", "start and end are '5' and 'x', no whole numbers"),
        ("chr2\t5\t5\tr\t0\t+", "start 5 and end 5 are no interval"),
        ("chr2\t-1\t5\tr\t0\t+", "start -1 and end 5 are no interval"),
        ("chr2\t5\t3001\tr\t0\t+", "it ends at 3001, but chr2 has 3000 bp"),
        ("chr2\t5\t35\tr\t0\t.", "strand is '.', neither"),
        ("chr2\t5\t35", "3 columns, but 6 are needed"),
    ],
)
def test_bad_lines_are_named_by_their_number(tmp_path, sizes, line, message):
    path = tmp_path / "a.bed"
    path.write_text(f"# mine\n{GOOD_LINES}{line}\n{GOOD_LINES}")
    for refuse in (
        lambda: check_reads([path], sizes, sizes, tmp_path / "checked.tsv"),
        lambda: tracks_of([path], SIZES, tmp_path),
    ):
        with pytest.raises(InputError, match=rf"a\.bed, line 5: {re.escape(message)}"):
            refuse()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.bed", "", "no line with an interval"),
        ("a.bed", "chr2\t5\t35\n", "line 1: 3 columns, separated by tabs; tagAlign and BED"),
        ("a.bed", "chr2 5 35 r 0 +\n", "line 1: 1 columns, separated by tabs"),
        ("a.bedpe", "chr2\t5\t9\tchr2\t5\t9\n", "6 columns, separated by tabs; fragments have"),
        ("a.bedpe", "2\t5\t9\n", "none of the genome's chromosomes is in it. It has 2;"),
        ("a.bed.gz", "chr2\t5\t9\tr\t0\t+\n" * 999, "damaged"),
    ],
)
def test_text_of_no_reads_is_an_error(tmp_path, sizes, name, text, message):
    path = tmp_path / name
    content = text.encode()
    path.write_bytes(gzip.compress(content)[:-9] if name.endswith(".gz") else content)
    with pytest.raises(InputError, match=re.escape(message)):
        check_reads([path], sizes, sizes, tmp_path / "checked.tsv")


def test_a_bigwig_is_checked(tmp_path, sizes):
    def refused(path, message):
        with pytest.raises(InputError, match=message):
            check(path, sizes)

    good = write_bigwig(tmp_path / "good.bw", [("chr2", 3, 4, 1.0)])
    assert check(good, sizes).chromosomes == 1
    cut = tmp_path / "cut.bw"
    cut.write_bytes(good.read_bytes()[:-100])
    refused(cut, "no bigWig, or a damaged one")
    refused(write_bigwig(tmp_path / "0.bw", [("chr2", 3, 4, 0.0)]), "nothing but zeros")
    bare = write_bigwig(tmp_path / "bare.bw", [("2", 3, 4, 1.0)], {"2": 3000})
    refused(bare, "none of the genome's chromosomes")
    longer = write_bigwig(tmp_path / "long.bw", [("chr2", 3, 4, 1.0)], {"chr2": 3001})
    refused(longer, "chr2 .3001 bp, in the genome 3000 bp")


@needs_tools
def test_a_cram_is_checked_as_a_bam_is(tmp_path, cram, sizes):
    table = tmp_path / "checked.tsv"
    check_reads([cram[1]], sizes, sizes, table, fasta=cram[2])
    assert pd.read_csv(table, sep="\t").format.tolist() == ["cram"]
    cut = tmp_path / "cut.cram"
    cut.write_bytes(cram[1].read_bytes()[:-38])
    with pytest.raises(InputError, match="truncated"):
        check_reads([cut], sizes, sizes, table, fasta=cram[2])
    shutil.copy(cram[0], cut)
    with pytest.raises(InputError, match="not a CRAM"):
        check_reads([cut], sizes, sizes, table, fasta=cram[2])


@needs_tools
def test_filtered_reads_of_bam_and_cram_are_merged(tmp_path, cram):
    bam, cram, fasta = cram
    fasta.unlink()
    counts = []
    for files in ([bam], [cram], [bam, cram]):
        target = tmp_path / "reads.bam"
        filter_reads(files, target, **FILTERS, keep_duplicates=True)
        with pysam.AlignmentFile(str(target)) as reads:
            counts.append(sum(1 for _ in reads))
    assert counts[0] == counts[1] > 0 and counts[2] == 2 * counts[0]


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
        with pytest.raises(InputError, match=r"bad\.bam: damaged"):
            tracks_of(bams, SIZES, tmp_path)


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


def test_chromosomes_that_are_not_used_do_no_harm(tmp_path, sizes, caplog):
    other = SIZES | {"chr10": 2001, "chrEBV": 100}
    used = write_sizes(tmp_path / "used.sizes", {"chr2": 3000})
    text = tmp_path / "a.bed"
    text.write_text("chr10\t1990\t2001\tr\t0\t+\nchr2\t5\t35\tr\t0\t+\n")
    for path in (
        write_bam(tmp_path / "a.bam", sizes=other),
        write_bigwig(tmp_path / "a.bw", [("chr2", 3, 4, 1.0)], other),
        text,
    ):
        assert check(path, sizes, used).chromosomes == 1
    assert "chrEBV not in the genome; passed over" in caplog.text


@pytest.mark.parametrize("flags", [[], [4, 4, 77, 141]])
def test_a_bam_without_mapped_reads_is_an_error(tmp_path, sizes, flags):
    bam = tmp_path / "a.bam"
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": c, "LN": size} for c, size in SIZES.items()]}
    with pysam.AlignmentFile(str(bam), "wb", header=header) as file:
        for flag in flags:
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag = "r", flag
            file.write(read)
    wanted = "none of the first 4 reads is mapped" if flags else "no reads"
    with pytest.raises(InputError, match=rf"a\.bam: {wanted}"):
        check(bam, sizes)


@needs_tools
@pytest.mark.parametrize("names", [["chr10", "chr2", "chr3"], ["chr3", "chr10", "chr2", "chrUn"]])
def test_replicates_may_order_chromosomes_unlike(tmp_path, names):
    first = write_bam(tmp_path / "a.bam")
    second = write_bam(tmp_path / "b.bam", 1, sizes={n: (SIZES | {"chrUn": 900})[n] for n in names})
    target = tmp_path / "reads.bam"
    filter_reads([first, second], target, **FILTERS, keep_duplicates=True)
    found = places(target)
    assert found == sorted(found, key=lambda place: (list(SIZES).index(place[0]), place[1]))
    wanted = [*places(first), *places(second)]
    assert sorted(found) == sorted(wanted)
    with pysam.AlignmentFile(str(target)) as reads:  # by its index
        assert reads.count("chr10") == sum(place[0] == "chr10" for place in wanted)
    assert not list(tmp_path.glob(".*"))


def places(path):
    """Chromosome and start of the reads that count."""
    with pysam.AlignmentFile(str(path)) as reads:
        return [
            (read.reference_name, read.reference_start)
            for read in reads
            if not read.flag & 780 and read.mapping_quality >= 30
        ]


@needs_tools
def test_chromosomes_may_be_longer_than_an_index_of_the_kind_bai_knows(tmp_path):
    sizes = {"chr1": 1_900_000_000, "chr2": 3000}
    bam, target = tmp_path / "a.bam", tmp_path / "reads.bam"
    sam = "".join(f"@SQ\tSN:{chrom}\tLN:{size}\n" for chrom, size in sizes.items())
    sam += "".join(
        f"r{n}\t{flag}\tchr1\t{start}\t60\t30M\t*\t0\t0\t*\t*\n"
        for n, (start, flag) in enumerate([(1, 0), (600_000_000, 0), (1_899_999_971, 16)])
    )
    subprocess.run(["samtools", "view", "-b", "-o", bam, "-"], input=sam, text=True, check=True)
    table = write_sizes(tmp_path / "chrom.sizes", sizes)
    check_reads([bam], table, table, tmp_path / "checked.tsv")
    filter_reads([bam], target, **FILTERS, keep_duplicates=True)
    with pysam.AlignmentFile(str(target)) as reads:
        assert [read.reference_start for read in reads.fetch("chr1", 599_999_990)] == [
            *(599_999_999, 1_899_999_970)
        ]
    targets = {strand: tmp_path / f"{strand}.bw" for strand in ("plus", "minus")}
    write_tracks([bam], table, targets, **FILTERS)
    found = {name: pybigtools.open(str(path)) for name, path in targets.items()}
    assert list(found["plus"].records("chr1")) == [(0, 1, 1), (599_999_999, 600_000_000, 1)]
    assert list(found["minus"].records("chr1")) == [(1_899_999_999, 1_900_000_000, 1)]
