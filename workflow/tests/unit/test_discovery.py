"""TF-MoDISco: what it is given, and what is made of its result."""

import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior.errors import InputError
from attprior.motifs.discovery import SEQLETS, discover, locate, read_middle, read_patterns, trim
from attprior.motifs.matching import match_patterns
from attprior.motifs.report import page_matches, write_report
from attprior.sequence import encode, one_hot, one_hot_codes, reverse_complement
from memelite.io import read_meme, write_meme

SITE = "ACGTTCAAGC"
NAME = "pos_patterns.pattern_0"
WINDOW = 100
# in a process of its own, as in the workflow: beside torch's threads modisco-lite compiles anew
DISCOVER = """
import sys
from attprior.motifs.discovery import discover
for folder in sys.argv[1:]:
    names = ("attributions.h5", "modisco.h5", "patterns.meme", "seqlets.bed")
    discover(*(f"{folder}/{name}" for name in names), window=100, max_seqlets=2000, leiden_runs=2)
assert "torch" not in sys.modules
"""
SCRIPTS = str(Path(__file__).parents[2] / "scripts")


def find(*folders, threads=1):
    environment = {
        **os.environ,
        "PYTHONPATH": SCRIPTS,
        "NUMBA_NUM_THREADS": str(threads),
        "NUMBA_THREADING_LAYER": "forksafe",
    }
    subprocess.run([sys.executable, "-c", DISCOVER, *folders], check=True, env=environment)


def write_attributions(folder, one_hot, hypothetical, starts=None):
    """Write arrays (N, 4, L) in the layout of averaged attributions; rows in turn on chr1, chr2."""
    folder.mkdir(exist_ok=True)
    number = len(one_hot)
    with h5py.File(folder / "attributions.h5", "w") as file:
        file["raw/seq"] = one_hot.astype(np.int8)
        file["shap/seq"] = hypothetical.astype(np.float32)
        file["projected_shap/seq"] = (one_hot * hypothetical).astype(np.float32)
        file["regions/chrom"] = np.array(["chr1", "chr2"], dtype="S")[np.arange(number) % 2]
        file["regions/start"] = np.arange(number) if starts is None else starts
        file["regions/summit"] = file["regions/start"][:] + one_hot.shape[2] // 2
    return folder / "attributions.h5"


def made(number, planted=False, length=133):
    """Sequences, their noisy contributions, and where a site is planted, on either strand."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (number, length)).astype(np.uint8)
    hypothetical = rng.normal(0, 0.01, (number, 4, length))
    sites = []
    for row in range(number if planted else 0):
        at, strand = 55 + rng.integers(15), "+-"[rng.integers(2)]
        site = encode(SITE) if strand == "+" else reverse_complement(encode(SITE))
        codes[row, at : at + 10] = site
        hypothetical[row, :, at : at + 10] += 1.3 * one_hot_codes(site) - 0.3
        sites.append((at, strand))
    return one_hot_codes(codes), hypothetical, sites


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A result with its attributions, and where the sites are in the genome."""
    folder = tmp_path_factory.mktemp("found")
    sequences, hypothetical, sites = made(150, planted=True)
    starts = 5000 - 31 * np.arange(150)
    write_attributions(folder, sequences, hypothetical, starts)
    find(folder)
    sites = [(start + at, strand) for start, (at, strand) in zip(starts, sites, strict=True)]
    return folder, sites


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """A result of sites that windows of two peaks each hold, the two a few bases apart."""
    folder = tmp_path_factory.mktemp("twice")
    rng = np.random.default_rng(3)
    sites = 400 * np.arange(120) + 200
    codes = rng.integers(0, 4, 400 * 120).astype(np.uint8)
    hypothetical = rng.normal(0, 0.01, (4, len(codes)))
    for site in sites:
        codes[site : site + 10] = encode(SITE)
        hypothetical[:, site : site + 10] += 1.3 * one_hot_codes(encode(SITE)) - 0.3
    starts = np.tile(sites, 2) - 60 + rng.integers(-6, 7, 240)
    around = starts[:, None] + np.arange(133)
    seen = hypothetical[:, around].transpose(1, 0, 2) * rng.uniform(0.8, 1.2, (240, 1, 1))
    seen += rng.normal(0, 0.02, seen.shape)
    write_attributions(folder, one_hot_codes(codes[around]), seen, starts)
    with h5py.File(folder / "attributions.h5", "a") as file:
        file["regions/chrom"][:] = b"chr1"
    find(folder)
    return folder


def letters(frequencies):
    return "".join("ACGT"[base] for base in frequencies.argmax(axis=0))


def read_bed(path):
    return pd.read_csv(path, sep="\t", names=SEQLETS)


def test_planted_site_is_found(found):
    folder, _ = found
    patterns = read_patterns(folder / "modisco.h5")
    assert list(patterns) == [NAME]
    assert patterns[NAME]["seqlets"] > 50
    assert patterns[NAME]["pfm"].shape == patterns[NAME]["cwm"].shape
    motifs = read_meme(str(folder / "patterns.meme"))
    assert list(motifs) == [NAME]
    text = letters(motifs[NAME])
    assert SITE in text or "GCTTGAACGT" in text
    assert len(text) <= len(SITE) + 4


def test_seqlets_lie_on_the_planted_sites_and_their_strands(found):
    folder, sites = found
    table = read_bed(folder / "seqlets.bed")
    pattern = read_patterns(folder / "modisco.h5")[NAME]
    assert len(table) == pattern["seqlets"]
    text = letters(pattern["pfm"])
    reads = "+" if SITE in text else "-"
    before = text.index(SITE if reads == "+" else "GCTTGAACGT")
    after = len(text) - before - len(SITE)
    for row in table.itertuples():
        at, strand = sites[row.peak]
        assert row.chrom == ["chr1", "chr2"][row.peak % 2]
        assert row.strand == ("+" if strand == reads else "-")
        left, right = (before, after) if row.strand == "+" else (after, before)
        assert (row.start + left, row.end - right) == (at, at + len(SITE))
    assert set(table.strand) == {"+", "-"}


def test_seqlets_are_a_sorted_bed_with_scores(found):
    folder, _ = found
    table = read_bed(folder / "seqlets.bed")
    places = list(zip(table.chrom, table.start, strict=True))
    assert places == sorted(places)
    assert set(table.pattern) == {NAME}
    assert table.score.between(0, 1000).all()
    assert table.score.max() == 1000
    strongest = table.sort_values("contribution").iloc[-1]
    assert strongest.score == 1000
    # 1 for each base of the site, and noise
    assert table.contribution.median() == pytest.approx(10, rel=0.05)


def test_same_input_gives_the_same_patterns_on_any_number_of_threads(found, tmp_path):
    folder, _ = found
    os.link(folder / "attributions.h5", tmp_path / "attributions.h5")
    find(tmp_path, threads=2)
    for name in ("patterns.meme", "seqlets.bed"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    names = []
    with h5py.File(folder / "modisco.h5") as first, h5py.File(tmp_path / "modisco.h5") as second:
        first.visit(names.append)
        for name in names:
            if isinstance(first[name], h5py.Dataset):
                np.testing.assert_array_equal(first[name][:], second[name][:])
    assert len(names) > 10


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """Results of contributions in which nothing is to be found, by what they are."""
    folder = tmp_path_factory.mktemp("nothing")
    sequences, hypothetical, _ = made(300)
    one = made(150, planted=True)
    spot = np.zeros_like(sequences)
    spot[:, :, 60:70] = 1
    cases = {
        "no sequence": (sequences[:0], hypothetical[:0]),
        "one sequence": (one[0][:1], one[1][:1]),
        "ten sequences": (one[0][:10], one[1][:10]),
        "noise": (sequences[:40], hypothetical[:40]),
        "zeros": (sequences, 0 * hypothetical),
        "one sign": (sequences, np.abs(hypothetical)),
        "other sign": (sequences, -np.abs(hypothetical)),
        "one spot": (sequences, spot),
        "copies": tuple(np.repeat(array[:1], 300, axis=0) for array in one[:2]),
    }
    for name, arrays in cases.items():
        write_attributions(folder / name, *arrays)
    find(*(folder / name for name in cases))
    return {name: folder / name for name in cases}


@pytest.mark.parametrize(
    "case",
    [
        "no sequence",
        "one sequence",
        "ten sequences",
        "noise",
        "zeros",
        "one sign",
        "other sign",
        "one spot",
        "copies",
    ],
)
def test_nothing_found_is_a_result(nothing, case):
    folder = nothing[case]
    assert read_patterns(folder / "modisco.h5") == {}
    assert read_meme(str(folder / "patterns.meme")) == {}
    assert (folder / "patterns.meme").read_text().startswith("MEME version 4")
    assert (folder / "seqlets.bed").read_text() == ""
    assert list(locate(folder / "modisco.h5", folder / "attributions.h5")) == SEQLETS


def test_nothing_found_can_be_matched_and_shown(nothing, tmp_path):
    result = nothing["zeros"] / "modisco.h5"
    write_meme(str(tmp_path / "known.meme"), {"M1 site": one_hot(SITE)})
    match_patterns(result, {"known": tmp_path / "known.meme"}, tmp_path / "matches.tsv", 3)
    table = pd.read_csv(tmp_path / "matches.tsv", sep="\t")
    assert table.empty
    assert "pattern" in table
    write_report(result, [tmp_path / "known.meme"], tmp_path / "report.html", 3, "TF, model")
    assert "No patterns were found" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("motifs", [0, 2])
def test_report_is_one_file_with_all_pictures_and_matches(found, tmp_path, motifs):
    folder, _ = found
    known = {f"M{n} other/{n}": np.roll(one_hot("GGGATATTC"), n, 1) for n in range(motifs - 1)}
    if motifs:
        known["M99 my site"] = one_hot(SITE)
    write_meme(str(tmp_path / "known.meme"), known)
    page = tmp_path / "report" / "report.html"
    write_report(folder / "modisco.h5", [tmp_path / "known.meme"], page, 3, "TF, with_prior")
    text = page.read_text()
    assert "<h1>TF-MoDISco: TF, with_prior</h1>" in text
    assert NAME in text
    sources = re.findall(r'(?:src|href)="(.{5})', text)
    assert len(sources) > 15
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "Q-value" not in text
    # the match is shown, and its logo
    assert ("my_site_M99" in text) == bool(motifs)
    # one that does not name the pattern is not, though Tomtom lists it
    assert "other_0_M0" not in text
    assert ("Match 0 Logo" in text) == bool(motifs)
    assert os.listdir(page.parent) == ["report.html"]


def test_place_in_windows_of_two_peaks_has_one_seqlet(twice):
    table = read_bed(twice / "seqlets.bed")
    patterns = read_patterns(twice / "modisco.h5")
    assert 100 < len(table) <= 120
    assert sum(pattern["seqlets"] for pattern in patterns.values()) == len(table)
    # sites are 400 bp apart
    assert (np.diff(table.start) > 300).all()
    assert table.peak.nunique() == len(table)
    assert SITE in letters(patterns[NAME]["pfm"]) or "GCTTGAACGT" in letters(patterns[NAME]["pfm"])


def test_averages_of_a_pattern_are_those_of_the_seqlets_that_stay(twice):
    with h5py.File(twice / "modisco.h5") as file:
        group = file["pos_patterns/pattern_0"]
        parts = [group] + [group[name] for name in group if name.startswith("subpattern")]
        assert len(parts) > 1
        for part in parts:
            seqlets = part["seqlets"]
            assert seqlets["n_seqlets"][0] == len(seqlets["start"])
            for name in ("sequence", "contrib_scores", "hypothetical_contribs"):
                np.testing.assert_allclose(part[name], seqlets[name][:].mean(axis=0), atol=1e-5)
        assert sum(part["seqlets/n_seqlets"][0] for part in parts[1:]) == len(seqlets_of(group))


def seqlets_of(group):
    return group["seqlets/start"][:]


def test_page_shows_the_matches_that_name_patterns_in_all_sets():
    found = pd.DataFrame(
        [
            ("a", 1, "M1", "SPI1", 1e-9),
            ("a", 2, "M2", "ETS 1", 0.06),
            ("b", 1, "M3", "M3", 0.2),
            ("b", 1, "M4/x", "GATA", 0.04),
        ],
        columns=["pattern", "rank", "motif", "name", "q_value"],
    )
    table = page_matches(found, ["a", "b", "c"], most=2)
    assert table.match0.tolist() == ["SPI1_M1", "GATA_M4_x", ""]
    assert table.pval0.tolist() == [1e-9, 0.04, ""]
    assert table.match1.tolist() == ["", "", ""]


def test_middle_of_sequences_and_contributions_is_read(tmp_path):
    sequences, hypothetical, _ = made(12)
    path = write_attributions(tmp_path, sequences, hypothetical)
    found = read_middle(path, window=61)
    for array, whole in zip(found, (sequences, hypothetical), strict=True):
        assert array.dtype == np.float32
        expected = whole[:, :, 36:97].transpose(0, 2, 1)
        np.testing.assert_array_equal(array, expected.astype(np.float32))


def test_window_wider_than_the_input_is_told_and_the_input_is_used(tmp_path, caplog):
    sequences, hypothetical, _ = made(5)
    path = write_attributions(tmp_path, sequences, 0 * hypothetical)
    outputs = [tmp_path / name for name in ("modisco.h5", "patterns.meme", "seqlets.bed")]
    discover(path, *outputs, window=134, max_seqlets=2000, leiden_runs=2)
    assert "'motifs/modisco/window': 134 bp are more than the model's input of 133" in caplog.text
    with h5py.File(outputs[0]) as file:
        assert file.attrs["window_size"] == 133
    caplog.clear()
    discover(path, *outputs, window=133, max_seqlets=2000, leiden_runs=2)
    assert "motifs/modisco/window" not in caplog.text


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_contributions_that_are_not_finite_are_an_error(tmp_path, value):
    sequences, hypothetical, _ = made(5)
    hypothetical[3, 2, 66] = value
    path = write_attributions(tmp_path, sequences, hypothetical)
    with pytest.raises(InputError, match="1 of 5 sequences are not finite, first in row 3"):
        read_middle(path, window=100)


def test_patterns_are_read_in_the_results_order(tmp_path):
    with h5py.File(tmp_path / "modisco.h5", "w") as file:
        for name in [*(f"pos_patterns/pattern_{n}" for n in range(12)), "neg_patterns/pattern_0"]:
            group = file.create_group(name)
            group["sequence"] = group["contrib_scores"] = np.ones((30, 4)) / 4
            group["seqlets/n_seqlets"] = np.array([7])
    patterns = read_patterns(tmp_path / "modisco.h5")
    assert list(patterns) == [
        *(f"pos_patterns.pattern_{n}" for n in range(12)),
        "neg_patterns.pattern_0",
    ]
    assert patterns["neg_patterns.pattern_0"]["seqlets"] == 7
    assert patterns["neg_patterns.pattern_0"]["pfm"].shape == (4, 30)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("first", "last"), [(8, 14), (0, 3), (17, 19), (5, 5)])
def test_trimming_keeps_contributions_and_two_bases_around(first, last, sign):
    contributions = np.full((4, 20), 0.01)
    contributions[1, first : last + 1] = 1
    frequencies = np.arange(80.0).reshape(4, 20)
    found = trim(frequencies, sign * contributions)
    expected = frequencies[:, max(first - 2, 0) : min(last + 3, 20)]
    np.testing.assert_array_equal(found, expected)


def test_weak_positions_between_strong_ones_are_kept():
    contributions = np.zeros((4, 20))
    contributions[0, [6, 12]] = 1, 0.3
    assert trim(contributions, contributions).shape == (4, 11)
