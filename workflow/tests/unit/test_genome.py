"""The genome as arrays, and which of its chromosomes are used."""

import numpy as np
import pytest
from attprior.errors import InputError
from attprior.genome import Genome, read_chrom_sizes, write_chrom_sizes

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
    loaded = Genome.load(fasta, SEQUENCES)
    for name, sequence in SEQUENCES.items():
        assert loaded[name].dtype == np.uint8
        assert loaded[name].tolist() == expected(sequence)


def test_an_interval_is_a_slice_of_its_chromosome(fasta):
    genome = Genome.open(fasta)
    assert genome.fetch("chr1", 3, 9).tolist() == expected(SEQUENCES["chr1"][3:9])


def test_an_unknown_chromosome_is_named(fasta):
    with pytest.raises(InputError, match=r"'1'.*chr1, chr2"):
        Genome.load(fasta, ["1"])


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
