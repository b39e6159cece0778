"""Only the sequence of peaks is replaced, and each gets a site of the motif where asked."""

import shutil

import numpy as np
import pandas as pd
import pyfaidx
import pytest
from attprior.errors import InputError
from attprior.peaks import COLUMNS
from attprior.sequence import N_CODE, decode, encode, reverse_complement
from attprior.simulate.plant import SITE, background, plant, read_index, stretches

SIZES = {"chr1": 80_000, "2": 30_000}
UNKNOWN = slice(5_000, 5_300)  # of chr1
FLANK, DISTANCE, WIDTH = 20, 40, 13
DEFAULTS = {"motif": "MA0080.7", "gc": 0.6, "distance": DISTANCE, "flank": FLANK, "seed": 1}
# the last two overlap, and so do the summits' surroundings
CLOSE = [("2", 20_000, 20_200, 100), ("2", 20_150, 20_400, 10)]


def write_peaks(path, rows):
    table = pd.DataFrame(rows, columns=["chrom", "start", "end", "summit"])
    values = {"name": "p", "score": 0, "strand": ".", "signal": 1, "p_value": 1, "q_value": 1}
    table.assign(**values)[COLUMNS].to_csv(path, sep="\t", header=False, index=False)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """A genome in lines of 61, partly soft-masked, and peaks of two conditions."""
    folder, rng = tmp_path_factory.mktemp("genome"), np.random.default_rng(0)
    with (folder / "genome.fa").open("w") as file:
        for name, size in SIZES.items():
            letters = np.frombuffer(b"ACGT", np.uint8)[rng.choice(4, size, p=[0.3, 0.2, 0.2, 0.3])]
            if name == "chr1":
                letters[UNKNOWN] = ord("N")
            letters = letters.tobytes().decode()
            letters = letters[:1000] + letters[1000:70_000].lower() + letters[70_000:]
            lines = (letters[i : i + 61] for i in range(0, size, 61))
            file.write(f">{name} described\n" + "".join(line + "\n" for line in lines))
    pyfaidx.Faidx(str(folder / "genome.fa"))
    apart = [
        ("chr1", start, start + 200, int(rng.integers(50, 150)))
        for start in range(10_000, 78_000, 500)
    ]
    write_peaks(folder / "one.narrowPeak", apart)
    write_peaks(folder / "two.narrowPeak", CLOSE)
    return folder


@pytest.fixture
def planted(genome, tmp_path):
    def run(folder="planted", names=("one", "two"), **changes):
        target = tmp_path / folder
        plant(
            genome / "genome.fa",
            genome / "genome.fa.fai",
            [genome / f"{name}.narrowPeak" for name in names],
            names,
            **{**DEFAULTS, **changes},
            target=target / "genome.fa",
            target_index=target / "genome.fa.fai",
            sites=[target / f"{name}.bed" for name in names],
            meme=target / "motif.meme",
        )
        return target

    return run


def read(folder):
    fasta = pyfaidx.Fasta(str(folder / "genome.fa"), as_raw=True, rebuild=False)
    return {name: np.frombuffer(fasta[name][:].encode(), np.uint8) for name in SIZES}


def read_sites(path):
    return pd.read_csv(path, sep="\t", names=SITE, dtype={"chrom": str})


def replaced(genome, names=("one", "two")):
    """Which bases are in a peak or its flanks."""
    masks = {name: np.zeros(size, bool) for name, size in SIZES.items()}
    for name in names:
        path = genome / f"{name}.narrowPeak"
        for peak in pd.read_csv(path, sep="\t", names=COLUMNS, dtype={"chrom": str}).itertuples():
            masks[peak.chrom][peak.start - FLANK : peak.end + FLANK] = True
    return masks


@pytest.mark.parametrize("gc", [0.6, None])
def test_only_peaks_and_their_flanks_differ(genome, planted, gc):
    before, after = read(genome), read(planted(gc=gc))
    for name, mask in replaced(genome).items():
        assert np.array_equal(before[name][~mask], after[name][~mask])
        changed = encode(before[name][mask].tobytes()) != encode(after[name][mask].tobytes())
        assert changed.mean() > 0.5
    assert (encode(after["chr1"][UNKNOWN].tobytes()) == N_CODE).all()


def test_the_file_is_laid_out_as_before(genome, planted):
    folder = planted()
    assert (folder / "genome.fa.fai").read_text() == (genome / "genome.fa.fai").read_text()
    for name in ("genome.fa", "genome.fa.fai"):
        assert (folder / name).stat().st_size == (genome / name).stat().st_size
    headers = [line for line in (folder / "genome.fa").open() if line.startswith(">")]
    assert headers == [">chr1 described\n", ">2 described\n"]


@pytest.mark.parametrize("gc", [0.35, 0.6])
def test_content_is_as_asked_within_sampling_error(genome, planted, gc):
    folder = planted(gc=gc)
    sequence = read(folder)
    for path in (folder / "one.bed", folder / "two.bed"):
        for site in read_sites(path).itertuples():
            sequence[site.chrom] = sequence[site.chrom].copy()
            sequence[site.chrom][site.start : site.end] = ord("N")
    codes = [encode(sequence[name][mask].tobytes()) for name, mask in replaced(genome).items()]
    counts = np.bincount(np.concatenate(codes), minlength=5)[:4]
    error = np.sqrt(gc * (1 - gc) / counts.sum())
    assert counts[1:3].sum() / counts.sum() == pytest.approx(gc, abs=4 * error)


def test_a_shuffle_keeps_dinucleotides_and_unknown_bases():
    rng = np.random.default_rng(1)
    codes = rng.choice(4, 400, p=[0.4, 0.1, 0.2, 0.3]).astype(np.uint8)
    codes[[150, 151, 153]] = N_CODE
    codes[:2] = N_CODE
    shuffled = background(codes, None, rng)

    def pairs(sequence):
        return np.bincount(5 * sequence[:-1].astype(int) + sequence[1:], minlength=25)

    assert np.array_equal(pairs(codes), pairs(shuffled))
    assert np.array_equal(codes == N_CODE, shuffled == N_CODE)
    assert (codes != shuffled).mean() > 0.4


def test_each_peak_has_one_site_within_the_distance(genome, planted):
    sites = read_sites(planted() / "one.bed")
    peaks = pd.read_csv(genome / "one.narrowPeak", sep="\t", names=COLUMNS)
    assert len(sites) == len(peaks)
    off = sites.start + WIDTH // 2 - (peaks.start + peaks.summit)
    assert DISTANCE / 2 < off.abs().max() <= DISTANCE
    assert off.min() < 0 < off.max()
    assert (sites.end - sites.start == WIDTH).all()
    # four standard deviations of a fair coin
    assert (sites.strand == "-").mean() == pytest.approx(0.5, abs=2 / np.sqrt(len(sites)))


def test_sites_match_the_sequence(planted):
    folder = planted()
    sequence = read(folder)
    spelled = []
    for site in read_sites(folder / "one.bed").itertuples():
        codes = encode(sequence[site.chrom][site.start : site.end].tobytes())
        spelled.append(codes if site.strand == "+" else reverse_complement(codes))
        assert site.name == "MA0080.7" and 0 <= site.strength <= 1000
    shares = (np.array(spelled)[:, :, None] == np.arange(4)).mean(axis=0)
    assert "GGAA" in decode(shares.argmax(axis=1))


def test_overlapping_peaks_are_replaced_once_and_near_summits_share_a_site(planted):
    sites = read_sites(planted() / "two.bed")
    assert len(sites) in (1, 2)
    middles = sites.start.to_numpy() + WIDTH // 2
    for _, start, _, summit in CLOSE:
        assert np.abs(middles - start - summit).min() <= DISTANCE
    alone = planted("near", distance=300)
    assert len(read_sites(alone / "two.bed")) == 1
    table = pd.DataFrame(CLOSE, columns=["chrom", "start", "end", "summit"])
    [(_, start, end, summits)] = stretches(table)
    assert (start, end, len(summits)) == (20_000, 20_400, 2)


def test_conditions_share_the_sites_in_their_common_peaks(genome, planted):
    shutil.copy(genome / "one.narrowPeak", genome / "again.narrowPeak")
    folder = planted(names=("one", "again", "two"))
    assert (folder / "one.bed").read_text() == (folder / "again.bed").read_text()
    assert len(read_sites(folder / "two.bed")) <= len(CLOSE)


def test_same_seed_gives_same_bytes_whatever_is_planted_elsewhere(planted):
    first, again, other = planted("first"), planted("again"), planted("other", seed=2)
    alone = planted("alone", names=("one",))
    for name in ("genome.fa", "one.bed", "two.bed", "motif.meme"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()
    assert np.array_equal(read(first)["chr1"], read(alone)["chr1"])


def test_a_meme_file_plants_as_its_matrix_does(planted):
    folder = planted()
    copied = planted("copied", motif=str(folder / "motif.meme"))
    first, second = (read_sites(path / "one.bed") for path in (folder, copied))
    assert (first.start == second.start).all() and set(second.name) == {"MA0080.7"}
    two = folder / "two.meme"
    text = (folder / "motif.meme").read_text()
    two.write_text(text + text[text.index("\nMOTIF") :].replace("MA0080.7", "other"))
    with pytest.raises(InputError, match="holds 2 motifs"):
        planted("twice", motif=str(two))


def test_peaks_of_unknown_bases_or_too_narrow_get_no_site(genome, planted, caplog):
    write_peaks(genome / "unknown.narrowPeak", [("chr1", 5_100, 5_200, 50), ("2", 500, 505, 2)])
    with pytest.raises(InputError, match="Raise plant/flank"):
        planted(names=("unknown",), flank=0)
    planted(names=("one", "unknown"), flank=0)
    assert "2 summits have no room" in caplog.text


def test_a_peak_at_the_chromosomes_end_stays_inside(genome, planted):
    write_peaks(genome / "end.narrowPeak", [("2", 0, 60, 5), ("2", 29_950, 30_000, 45)])
    sites = read_sites(planted(names=("end",), flank=100) / "end.bed")
    assert len(sites) == 2
    assert sites.start.min() >= 0 and sites.end.max() <= SIZES["2"]


def test_places_in_the_file_are_those_of_the_bases(genome):
    content = np.frombuffer((genome / "genome.fa").read_bytes(), np.uint8)
    place = read_index(genome / "genome.fa.fai")["chr1"]
    expected = pyfaidx.Fasta(str(genome / "genome.fa"), as_raw=True)["chr1"][50:200]
    assert decode(encode(content[place.places(50, 200)].tobytes())) == expected.upper()
