"""The simulated data set has the properties that the demo and its truth table rest on."""

import gzip
import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pysam
import pytest
from attprior.errors import InputError
from attprior.sequence import N_CODE, decode, encode, reverse_complement
from attprior.simulate.draws import (
    background_transitions,
    base_frequencies,
    generator,
    human_transitions,
)
from attprior.simulate.experiment import simulate_experiment
from attprior.simulate.genome import (
    MARGIN,
    SPACING,
    UNKNOWN_START,
    random_chromosome,
    read_fasta,
    simulate_genome,
    weaken,
)
from attprior.simulate.motifs import jaspar_probabilities, log_odds
from attprior.simulate.portal import PORTAL_FILES, simulate_portal
from attprior.simulate.reads import READ_LENGTH, background_rates, bound_reads, offsets

CHROMOSOMES = {"chr1": 60_000, "chr2": 50_000}
CHOSEN = {"numbers": [0.6, 0.3, 0.1], "distance": 10, "gc": None}
MOTIFS = {"SPI1": "MA0080.7", "CTCF": "MA0139.2"}
PEAK_COLUMNS = ["chrom", "start", "end", "name", "score", "strand", "signal", "p", "q", "summit"]


def make_genome(folder, motifs=MOTIFS, seed=1, **changes):
    settings = {"loci": 100, "missing": 0.1, "weak": 0.2, **CHOSEN, **changes}
    simulate_genome(
        CHROMOSOMES,
        motifs,
        **settings,
        seed=seed,
        fasta=folder / "genome.fa",
        meme=folder / "motifs.meme",
        sites=[folder / name / "sites.bed" for name in motifs],
        tables=[folder / name / "loci.tsv" for name in motifs],
    )


def make_experiment(folder, condition="SPI1", seed=1, into=None):
    target = into or folder / condition
    simulate_experiment(
        condition,
        folder / "genome.fa",
        folder / condition / "loci.tsv",
        reads_per_locus=70,
        background=0.05,
        seed=seed,
        replicates=[target / "replicate_1.bam", target / "replicate_2.bam"],
        control=target / "control.bam",
        thresholded=target / "thresholded.narrowPeak.gz",
        thresholded_replicate=target / "thresholded_replicate.narrowPeak.gz",
        relaxed=target / "relaxed.narrowPeak.gz",
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    if not shutil.which("samtools"):
        pytest.skip("samtools is missing")
    folder = tmp_path_factory.mktemp("simulated")
    make_genome(folder)
    for condition in MOTIFS:
        make_experiment(folder, condition)
    return folder


@pytest.fixture(scope="module")
def reads(data):
    """All records of SPI1's first replicate."""
    with pysam.AlignmentFile(data / "SPI1" / "replicate_1.bam") as bam:
        return list(bam.fetch(until_eof=True))


def checksums(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder): hashlib.md5(p.read_bytes()).hexdigest() for p in files}


def read_peaks(path):
    return pd.read_csv(path, sep="\t", names=PEAK_COLUMNS)


def dinucleotides(codes):
    counts = np.bincount(4 * codes[:-1].astype(int) + codes[1:], minlength=16)
    return counts.reshape(4, 4) / counts.sum()


def test_genome_has_human_dinucleotides_and_lacks_cpg():
    transitions = human_transitions()
    codes = random_chromosome(400_000, transitions, generator(1))
    assert len(codes) == 400_000
    assert (codes[:UNKNOWN_START] == N_CODE).all()
    observed = dinucleotides(codes[UNKNOWN_START:])
    expected = base_frequencies(transitions)[:, None] * transitions
    np.testing.assert_allclose(observed, expected, atol=0.002)
    bases = observed.sum(axis=1)
    assert observed[1, 2] / (bases[1] * bases[2]) < 0.35  # CpG
    assert observed[0, 0] == pytest.approx(0.0979, abs=0.002)  # as in hg19


@pytest.mark.parametrize("gc", [0.3, 0.65])
def test_background_has_the_content_asked_for_and_independent_bases(gc):
    codes = random_chromosome(400_000, background_transitions(gc), generator(1))
    observed = dinucleotides(codes[UNKNOWN_START:])
    bases = observed.sum(axis=1)
    # four standard deviations
    assert bases[1:3].sum() == pytest.approx(gc, abs=4 * np.sqrt(gc * (1 - gc) / len(codes)))
    np.testing.assert_allclose(observed, bases[:, None] * bases, atol=0.002)


def test_one_instance_within_the_distance_of_each_centre(tmp_path):
    changes = {"missing": 0, "weak": 0, "numbers": [1.0], "distance": 40, "gc": 0.5}
    make_genome(tmp_path, motifs={"CTCF": "MA0139.2"}, **changes)
    table = pd.read_csv(tmp_path / "CTCF" / "loci.tsv", sep="\t")
    assert len(table) == table["locus"].nunique() == 100
    off = (table["start"] + table["end"]) / 2 - table["centre"]
    assert 20 < off.abs().max() <= 41
    assert 0.35 < (table["strand"] == "-").mean() < 0.65


def test_shares_of_numbers_that_are_not_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="simulate/numbers"):
        make_genome(tmp_path, numbers=[0.6, 0.3])


def test_transitions_are_the_same_on_both_strands():
    transitions = human_transitions()
    frequencies = base_frequencies(transitions)
    joint = frequencies[:, None] * transitions
    np.testing.assert_allclose(joint, joint[::-1, ::-1].T, atol=1e-6)


def test_planted_sites_are_in_the_genome_with_their_scores(data):
    genome = read_fasta(data / "genome.fa")
    for condition, matrix in MOTIFS.items():
        background = base_frequencies(human_transitions())
        odds = log_odds(jaspar_probabilities(matrix), background)
        table = pd.read_csv(data / condition / "loci.tsv", sep="\t")
        sites = table[table["kind"] != "missing"]
        for site in sites.itertuples():
            codes = genome[site.chrom][site.start : site.end]
            assert decode(codes) == site.sequence
            motif = codes if site.strand == "+" else reverse_complement(codes)
            assert odds[np.arange(len(odds)), motif].sum() == pytest.approx(site.score, abs=1e-4)
        medians = sites.groupby("kind")["score"].median()
        assert medians["strong"] > odds.max(axis=1).sum() / 2 > medians["weak"]


def test_bed_of_sites_holds_sites_only(data):
    columns = ["chrom", "start", "end", "name", "strength", "strand"]
    bed = pd.read_csv(data / "CTCF" / "sites.bed", sep="\t", names=columns)
    table = pd.read_csv(data / "CTCF" / "loci.tsv", sep="\t")
    assert len(bed) == (table["kind"] != "missing").sum()
    assert set(bed["name"]) == {"CTCF"}
    assert set(bed["strand"]) == {"+", "-"}
    assert (bed["end"] - bed["start"] == 15).all()
    assert bed["strength"].between(0, 1000).all()


def test_shares_of_missing_and_weak_loci_are_met(data):
    kinds = pd.read_csv(data / "SPI1" / "loci.tsv", sep="\t").drop_duplicates("locus")["kind"]
    assert kinds.value_counts().to_dict() == {"strong": 70, "weak": 20, "missing": 10}


def test_loci_of_all_conditions_keep_their_distance(data):
    tables = [pd.read_csv(data / name / "loci.tsv", sep="\t") for name in MOTIFS]
    loci = pd.concat([table.drop_duplicates("locus") for table in tables])
    for chrom, centres in loci.groupby("chrom")["centre"]:
        assert np.diff(np.sort(centres)).min() >= SPACING
        assert centres.between(2 * MARGIN, CHROMOSOMES[chrom] - MARGIN).all()


def test_meme_file_names_the_motifs_by_condition(data):
    text = (data / "motifs.meme").read_text()
    assert [line.split()[1] for line in text.splitlines() if line.startswith("MOTIF")] == [*MOTIFS]
    rows = [line for line in text.splitlines() if line.count(" ") == 3 and line[0] in "01"]
    matrix = np.array([row.split() for row in rows], dtype=float)
    assert matrix.shape == (13 + 15, 4)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)


def test_same_seed_gives_same_bytes_and_another_seed_others(data, tmp_path):
    make_genome(tmp_path / "again")
    make_experiment(tmp_path / "again")
    again = checksums(tmp_path / "again")
    first = checksums(data)
    repeated = {path: first[path] for path in again if path.parts[0] != "CTCF"}
    assert repeated.items() <= again.items()
    assert len(repeated) == 10
    make_experiment(data, seed=2, into=tmp_path / "other")
    other = checksums(tmp_path / "other")
    assert not set(other.values()) & set(first.values())


def test_a_condition_draws_its_bias_whatever_the_others(data):
    genome = read_fasta(data / "genome.fa")
    alone = background_rates(genome, "SPI1", 1)
    assert np.array_equal(alone, background_rates(genome, "SPI1", 1))
    assert not np.allclose(alone, background_rates(genome, "CTCF", 1))
    assert alone.sum() == pytest.approx(1)


def test_bam_is_sorted_and_unfiltered(reads):
    mapped = [read for read in reads if not read.is_unmapped]
    places = [(read.reference_id, read.reference_start) for read in mapped]
    assert places == sorted(places)
    assert all(read.is_unmapped for read in reads[len(mapped) :])
    count = len(reads)
    assert 0.03 < sum(read.is_unmapped for read in reads) / count < 0.07
    assert 0.01 < sum(read.is_secondary for read in reads) / count < 0.03
    assert 0.07 < sum(read.is_duplicate for read in reads) / count < 0.13
    primary = [read for read in mapped if not read.is_secondary]
    assert 0.05 < sum(read.mapping_quality < 30 for read in primary) / count < 0.11
    assert any(read.mapping_quality == 0 for read in primary)


def test_each_duplicate_has_an_original(reads):
    def ends(flagged):
        chosen = (r for r in reads if r.is_mapped and r.is_duplicate == flagged)
        return {(r.reference_id, r.reference_start, r.is_reverse) for r in chosen}

    assert ends(True) <= ends(False)


def test_reads_spell_the_genome(data, reads):
    genome = read_fasta(data / "genome.fa")
    mapped = [read for read in reads if not read.is_unmapped]
    for read in mapped[::7]:
        codes = genome[read.reference_name][read.reference_start : read.reference_end]
        assert read.query_sequence == decode(codes)
        assert len(codes) == READ_LENGTH
        assert N_CODE not in codes


def test_five_prime_ends_peak_on_either_side_of_strong_sites(data):
    table = pd.read_csv(data / "SPI1" / "loci.tsv", sep="\t")
    alone = table.groupby("locus")["locus"].transform("size") == 1
    sites = table[alone & (table["kind"] == "strong")]
    starts, width = offsets(read_fasta(data / "genome.fa")), 13
    ends, _ = bound_reads(sites, starts, 500, generator(1))
    left = (sites["chrom"].map(starts) + sites["start"]).to_numpy()
    distance = ends.position[:, None] - left
    nearest = distance[np.arange(len(distance)), np.abs(distance).argmin(axis=1)]
    plus, minus = nearest[~ends.reverse], nearest[ends.reverse] - (width - 1)
    for ahead in (-plus, minus):  # bp beyond the motif's edge
        assert (ahead > 5).all()
        assert 12 <= np.bincount(ahead).argmax() <= 22
        assert np.quantile(ahead, 0.95) < 60
    assert 0.45 < ends.reverse.mean() < 0.55


def test_reads_follow_the_sites_and_the_control_does_not(data):
    table = pd.read_csv(data / "SPI1" / "loci.tsv", sep="\t")
    loci = table.groupby("locus").agg({"chrom": "first", "centre": "first", "weight": "sum"})

    def counts(name):
        found = np.zeros(len(loci))
        with pysam.AlignmentFile(data / "SPI1" / f"{name}.bam") as bam:
            for read in bam.fetch(until_eof=True):
                if not read.flag & 780 and read.mapping_quality >= 30:
                    end = read.reference_end - 1 if read.is_reverse else read.reference_start
                    near = (loci["chrom"] == read.reference_name) & (
                        (loci["centre"] - end).abs() < 75
                    )
                    found += near.to_numpy()
        return found

    treatment, control = counts("replicate_1"), counts("control")
    assert np.corrcoef(treatment, loci["weight"])[0, 1] > 0.8
    assert abs(np.corrcoef(control, loci["weight"])[0, 1]) < 0.4
    assert treatment.mean() > 3 * control.mean()


def test_peaks_lie_in_their_chromosomes_and_relaxed_ones_hold_the_others(data):
    folder = data / "CTCF"
    strict, replicate, relaxed = (
        read_peaks(folder / f"{name}.narrowPeak.gz")
        for name in ("thresholded", "thresholded_replicate", "relaxed")
    )
    for peaks in (strict, replicate, relaxed):
        assert (peaks["start"] > UNKNOWN_START).all()
        assert (peaks["end"] < peaks["chrom"].map(CHROMOSOMES)).all()
        assert (peaks["summit"].between(0, peaks["end"] - peaks["start"] - 1)).all()
        assert (peaks["end"] - peaks["start"]).between(120, 300).all()
    places = [set(p[["chrom", "start"]].apply(tuple, axis=1)) for p in (strict, replicate, relaxed)]
    assert places[1] < places[0] < places[2]
    assert len(strict) == 85
    assert len(relaxed) == 120
    assert strict["signal"].median() > 2 * relaxed["signal"].quantile(0.1)
    loci = pd.read_csv(folder / "loci.tsv", sep="\t").drop_duplicates("locus")
    summits = strict["start"] + strict["summit"]
    near = [
        (loci["centre"][loci["chrom"] == chrom] - summit).abs().min()
        for chrom, summit in zip(strict["chrom"], summits, strict=True)
    ]
    assert max(near) <= 10


def test_portal_serves_what_its_objects_say(data, tmp_path):
    names = {
        kind: f"{kind}.bam"
        if kind.startswith(("replicate", "control"))
        else f"{kind}.narrowPeak.gz"
        for kind in PORTAL_FILES
    }
    files = {kind: [data / name / names[kind] for name in MOTIFS] for kind in names}
    index = tmp_path / "portal" / "index.tsv"
    for _ in range(2):  # a repeat replaces the first
        simulate_portal(list(MOTIFS), index, **files)
    portal = index.parent
    table = pd.read_csv(index, sep="\t").set_index("accession")
    assert len(table) == 2 * (2 + 6)
    for path in (portal / "files").glob("*.json"):
        described = json.loads(path.read_text())
        assert path.stem == described["accession"] in table.index
        payload = portal / described["href"].lstrip("/")
        content = payload.read_bytes()
        assert hashlib.md5(content).hexdigest() == described["md5sum"]
        assert len(content) == described["file_size"]
        if described["file_format"] == "bed":
            assert len(gzip.decompress(content).splitlines()[0].split(b"\t")) == 10
    for n, condition in enumerate(MOTIFS):
        experiment, control = (
            json.loads((portal / "experiments" / f"TSTSR{2 * n + k:06d}.json").read_text())
            for k in (1, 2)
        )
        assert experiment["possible_controls"] == [control["@id"]]
        assert control["possible_controls"] == []
        assert experiment["target"] == f"/targets/{condition}-human/"
        held = [
            json.loads((portal / f"{name.strip('/')}.json").read_text())
            for name in experiment["files"]
        ]
        assert all(file["dataset"] == experiment["@id"] for file in held)
        idr = [file for file in held if file["output_type"] == "IDR thresholded peaks"]
        assert [file.get("preferred_default") for file in idr] == [True, None]
        bams = [file for file in held if file["output_type"] == "unfiltered alignments"]
        assert [file["biological_replicates"] for file in bams] == [[1], [2]]


def test_too_many_loci_are_refused(tmp_path):
    with pytest.raises(InputError, match="simulate/loci: 2000 loci"):
        make_genome(tmp_path, loci=1000)
    assert not list(tmp_path.iterdir())


def test_shares_above_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="may not exceed 1"):
        make_genome(tmp_path, missing=0.6, weak=0.5)


@pytest.mark.filterwarnings("ignore::Bio.BiopythonWarning")
def test_an_unknown_matrix_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"MA9999\.1"):
        make_genome(tmp_path, motifs={"SPI1": "MA9999.1"})


def test_loci_without_any_site_work(tmp_path):
    make_genome(tmp_path, missing=1.0, weak=0.0)
    assert (tmp_path / "SPI1" / "sites.bed").read_text() == ""
    assert (pd.read_csv(tmp_path / "SPI1" / "loci.tsv", sep="\t")["weight"] == 1).all()


def test_weakened_sites_differ_at_two_or_three_positions():
    site, information = encode("AAAAAGAGGAAGTG"), np.linspace(0.1, 2, 14)
    rng = generator(1)
    changes = {int((weaken(site, information, rng) != site).sum()) for _ in range(50)}
    assert changes == {2, 3}
