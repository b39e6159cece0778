"""The genome as arrays, and which of its chromosomes are used."""

import gzip

import numpy as np
import pytest
from attprior.errors import InputError
from attprior.genome import Genome, read_chrom_sizes, write_chrom_sizes, write_genome

SEQUENCES = {"chr1": "ACGTNacgtnRYACGTA", "chr2": "GGGTTTAAACCC", "chr1_random": "AC"}
CODES = {"A": 0, "C": 1, "G": 2, "T": 3}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "genome.fa"
    with path.open("w") as file:
        for name, sequence in SEQUENCES.items():
            rows = [sequence[i : i + 5] for i in range(0, len(sequence), 5)]
            file.write(f">{name} a comment\n" + "\n".join(rows) + "\n")
    return path


def expected(sequence):
    return [CODES.get(base, 4) for base in sequence.upper()]


def test_whole_chromosomes_hold_every_base_in_either_case(fasta):
    genome = Genome.open(fasta)
    for name, sequence in SEQUENCES.items():
        assert genome.chromosome(name).dtype == np.uint8
        assert genome.chromosome(name).tolist() == expected(sequence)


def test_chromosomes_lie_end_to_end_in_the_order_asked_for(fasta):
    found = Genome.end_to_end(fasta, {"chr2": 12, "chr1": 17})
    assert found.tolist() == expected(SEQUENCES["chr2"] + SEQUENCES["chr1"])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [1, 7, 60, 1000])
def test_lines_of_any_width_are_read_whole(tmp_path, monkeypatch, newline, width):
    monkeypatch.setattr("attprior.genome.BLOCK", 13)  # so that blocks end within lines
    sequence = "ACGTTGCANN" * 20
    rows = [sequence[i : i + width] for i in range(0, len(sequence), width)]
    path = tmp_path / "genome.fa"
    records = [newline.join([">a", *rows]), newline.join([">b x", "ACG"])]
    path.write_bytes((newline.join(records) + newline).encode())
    genome = Genome.open(path)
    assert genome.chromosome("a").tolist() == expected(sequence)
    assert genome.chromosome("b").tolist() == expected("ACG")


def test_a_chromosome_of_another_size_is_refused(fasta):
    with pytest.raises(InputError, match="chr1 has 17 bp, but 18"):
        Genome.end_to_end(fasta, {"chr1": 18})


@pytest.mark.filterwarnings("ignore:Index file")
def test_an_index_of_another_file_is_refused(fasta):
    Genome.open(fasta)  # writes the index
    fasta.write_text(">chr1\nACGT\n")
    with pytest.raises(InputError, match=r"delete the \.fai"):
        Genome.open(fasta).chromosome("chr1")


def test_an_interval_is_a_slice_of_its_chromosome(fasta):
    genome = Genome.open(fasta)
    assert genome.fetch("chr1", 3, 9).tolist() == expected(SEQUENCES["chr1"][3:9])


def test_an_unknown_chromosome_is_named(fasta):
    with pytest.raises(InputError, match=r"'1'.*chr1, chr2"):
        Genome.open(fasta).chromosome("1")


def test_excluded_chromosomes_are_left_out_in_the_genomes_order(fasta, tmp_path):
    Genome.open(fasta)  # writes the index
    target = tmp_path / "chrom.sizes"
    write_chrom_sizes(f"{fasta}.fai", target, exclude=["*_random", "chrY"])
    assert read_chrom_sizes(target) == {"chr1": 17, "chr2": 12}
    assert list(read_chrom_sizes(target)) == ["chr1", "chr2"]


def test_excluding_all_chromosomes_is_an_error(fasta, tmp_path):
    Genome.open(fasta)
    with pytest.raises(InputError, match="genome/exclude"):
        write_chrom_sizes(f"{fasta}.fai", tmp_path / "chrom.sizes", exclude=["chr*"])


@pytest.mark.parametrize("text", ["", "chr1\n", "chr1\tlong\n"])
def test_malformed_sizes_are_an_error(tmp_path, text):
    path = tmp_path / "chrom.sizes"
    path.write_text(text)
    with pytest.raises(InputError, match=r"chrom\.sizes"):
        read_chrom_sizes(path)


@pytest.mark.parametrize("compressed", [True, False])
def test_genome_is_written_uncompressed_with_an_index(fasta, tmp_path, tools, compressed):
    source, content = tmp_path / "source", fasta.read_bytes()
    source.write_bytes(gzip.compress(content) if compressed else content)
    target, index = tmp_path / "made/genome.fa", tmp_path / "made/genome.fa.fai"
    write_genome(source, target, index)
    assert target.read_bytes() == content
    assert read_chrom_sizes(index) == {name: len(bases) for name, bases in SEQUENCES.items()}
    assert index.stat().st_mtime_ns >= target.stat().st_mtime_ns
    assert {*target.parent.iterdir()} == {target, index}


def test_genome_that_is_cut_off_is_refused_and_leaves_nothing(fasta, tmp_path, tools):
    source = tmp_path / "source.gz"
    source.write_bytes(gzip.compress(fasta.read_bytes())[:-20])
    with pytest.raises(InputError, match=r"source\.gz: gzip -dcf failed: .*unexpected end of file"):
        write_genome(source, tmp_path / "made/genome.fa", tmp_path / "made/genome.fa.fai")
    assert list((tmp_path / "made").iterdir()) == []
