"""Cut sites of ATAC-seq: those that were shifted before are not shifted again."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest
from attprior.genome import Genome, write_genome
from attprior.reads.check import check_reads
from attprior.reads.cuts import shift_made
from attprior.reads.tracks import write_tracks

SHARED = Path(__file__).parents[4] / "shared/data"
SIZES = {"chr1": 50_000, "chr2": 20_000}
SITE = "GNTYWRANC"  # Tn5's own preference, over the 9 bp that it copies; its own reverse complement
MEANS = {"N": "ACGT", "Y": "CT", "W": "AT", "R": "AG"}
CELL_RANGER = """# id=mine
# description=
#
# pipeline_name=cellranger-{}
# pipeline_version=2.1.0
#
# primary_contig=chr1
"""


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    rng = np.random.default_rng(0)
    texts = {chrom: "".join(rng.choice(list("ACGT"), size)) for chrom, size in SIZES.items()}
    fasta = folder / "genome.fa"
    fasta.write_text("".join(f">{chrom}\n{text}\n" for chrom, text in texts.items()))
    pysam.faidx(str(fasta))
    (folder / "sizes").write_text("".join(f"{c}\t{size}\n" for c, size in SIZES.items()))
    return fasta, folder / "sizes", texts


def fragments(texts, preferred, number=3000):
    """Chromosome, first base and end of fragments as they are aligned, in order."""
    rng, rows = np.random.default_rng(1), []
    for chrom, text in texts.items():
        bases, last = np.array(list(text)), len(text) - len(SITE)
        score = sum(
            np.isin(bases[i : last + i], list(MEANS.get(base, base))) for i, base in enumerate(SITE)
        )
        weight = np.exp(score * preferred)
        first = rng.choice(last, number, p=weight / weight.sum())
        second = rng.choice(last, number, p=weight / weight.sum())
        # of two cuts, the first base of the one's copy and the last base of the other's
        start, end = np.minimum(first, second), np.maximum(first, second) + len(SITE)
        some = (end - start > 30) & (start > 5) & (end < len(text) - 5)
        rows += sorted((chrom, *pair) for pair in zip(start[some], end[some], strict=True))
    return rows


def write_fragments(path, rows, shift, header=""):
    lines = (f"{c}\t{start + shift[0]}\t{end + shift[1]}\tAAAC-1\t1\n" for c, start, end in rows)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt") as file:
        file.write(header + "".join(lines))
    return path


def write_bam(path, rows):
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": c, "LN": size} for c, size in SIZES.items()]}
    mates = [(chrom, start, 0) for chrom, start, _ in rows]
    mates += [(chrom, end - 30, 16) for chrom, _, end in rows]
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for chrom, start, flag in sorted(mates):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.mapping_quality = "r", flag, 60
            read.reference_name, read.reference_start, read.cigarstring = chrom, int(start), "30M"
            file.write(read)
    return path


def cuts(files, genome, folder, shift=(4, -4)):
    """Counts of cuts, shifted by what the check tells, and the check's table."""
    fasta, sizes, _ = genome
    checked, target = folder / "checked.tsv", folder / "unstranded.bw"
    index = f"{fasta}.fai"
    check_reads(files, sizes, index, checked, ["unstranded"], fasta, transposase=True)
    write_tracks(files, sizes, {"unstranded": target}, shift=shift, checked=checked)
    track = pybigtools.open(str(target))
    counts = [track.values(chrom, 0, size, fillna=0) for chrom, size in SIZES.items()]
    table = pd.read_csv(checked, sep="\t")
    return np.concatenate(counts), table[["shifted_plus", "shifted_minus"]].to_numpy().tolist()


@pytest.mark.parametrize("shift", [(0, 0), (4, -4), (4, -5)])
def test_a_shift_made_before_is_told_by_the_bases_at_cut_sites(genome, tmp_path, shift):
    rows = fragments(genome[2], preferred=0.7)
    wanted = np.zeros(sum(SIZES.values()))
    for chrom, start, end in rows:
        offset = 0 if chrom == "chr1" else SIZES["chr1"]
        wanted[offset + start + 4] += 1
        wanted[offset + end - 1 - 4] += 1
    path = write_fragments(tmp_path / "a.bedpe", rows, shift)
    found, made = cuts([path], genome, tmp_path)
    assert made == [list(shift)]
    np.testing.assert_array_equal(found, wanted)
    # each file by itself
    both, made = cuts([path, write_bam(tmp_path / "a.bam", rows)], genome, tmp_path)
    assert made == [list(shift), [0, 0]]
    np.testing.assert_array_equal(both, 2 * wanted)


@pytest.mark.parametrize("name", ["a.bedpe", "a.bedpe.gz"])
@pytest.mark.parametrize("pipeline", ["atac", "arc"])
def test_fragments_of_cell_ranger_are_told_by_their_comments(genome, tmp_path, name, pipeline):
    rows = fragments(genome[2], preferred=0)
    plain, made = cuts([write_fragments(tmp_path / "own.bedpe", rows, (0, 0))], genome, tmp_path)
    assert made == [[0, 0]]
    path = write_fragments(tmp_path / name, rows, (4, -5), CELL_RANGER.format(pipeline))
    found, made = cuts([path], genome, tmp_path)
    assert made == [[4, -5]]
    np.testing.assert_array_equal(found, plain)


def test_no_shift_moves_nothing_whatever_was_made_before(genome, tmp_path):
    rows = fragments(genome[2], preferred=0)
    wanted, _ = cuts(
        [write_fragments(tmp_path / "a.bedpe", rows, (4, -5))], genome, tmp_path, (0, 0)
    )
    path = write_fragments(tmp_path / "b.bedpe", rows, (4, -5), CELL_RANGER.format("atac"))
    found, made = cuts([path], genome, tmp_path, (0, 0))
    assert made == [[4, -5]]
    np.testing.assert_array_equal(found, wanted)


def test_few_reads_tell_nothing(genome):
    ends = np.zeros(600, int), np.arange(100, 700), np.arange(600) % 2 == 1
    assert shift_made(iter([ends]), list(SIZES), Genome.open(genome[0])) is None


@pytest.mark.skipif(not shutil.which("samtools"), reason="samtools")
def test_shifts_of_real_fragments_are_told_and_other_reads_have_none(tmp_path):
    path = SHARED / "yeast_atac/yeast_500k_SRR1822137.bedpe.gz"
    if not path.exists():
        pytest.skip("no real fragments here")
    fasta = tmp_path / "genome.fa"
    write_genome(SHARED / "yeast_reb1/sacCer3.fa.gz", fasta, f"{fasta}.fai")
    genome, chroms = Genome.open(fasta), ["chrI", "chrIV"]
    table = pd.read_csv(path, sep="\t", header=None, usecols=[0, 1, 2])
    table = table[table[0].isin(chroms)]
    number = np.tile(np.array(table[0] == "chrIV", int), 2)
    minus = np.repeat([False, True], len(table))
    ends = np.concatenate([table[1], table[2] - 1])
    for shift in [(0, 0), (4, -4), (4, -5)]:
        moved = ends + np.where(minus, shift[1], shift[0])
        assert shift_made(iter([(number, moved, minus)]), chroms, genome) == shift
    with pysam.AlignmentFile(str(SHARED / "yeast_reb1/reb1.bam")) as bam:
        reads = [read for read in bam.fetch("chrIV")]
    minus = np.array([read.is_reverse for read in reads])
    ends = np.where(
        minus, [read.reference_end - 1 for read in reads], [read.reference_start for read in reads]
    )
    exo = (np.ones(len(ends), int), ends, minus)
    assert shift_made(iter([exo]), chroms, genome) is None
