"""HOMER's files: real ones where they lie beside the repository, made-up ones always."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attprior.dataset.store import Labels
from attprior.errors import InputError
from attprior.motifs.database import read_motifs
from attprior.motifs.homer import (
    homer_to_meme,
    read_homer_motifs,
    read_known_results,
    write_homer_peaks,
)
from attprior.motifs.matching import match_motifs
from made_condition import write_condition

SHARED = Path(__file__).parents[4] / "shared"
REB1 = SHARED / "golden/homer_reb1"
DATABASE = SHARED / "data/yeast_reb1/REB1_MA0363.2.meme"
real = pytest.mark.skipif(not REB1.is_dir(), reason="no real HOMER output beside the repository")

HEADER = ">ACGT\t1-ACGT\t6.5\t-23.5\t0\tT:168.0(33.60%),B:21.5(1.09%),P:1e-10\tTpos:1"
ROWS = "0.7\t0.1\t0.1\t0.1\n0.1\t0.7\t0.1\t0.1\n"
KNOWN = (
    "Motif Name\tConsensus\tP-value\tLog P-value\tq-value (Benjamini)\t"
    "# of Target Sequences with Motif(of 994)\t% of Target Sequences with Motif\t"
    "# of Background Sequences with Motif(of 4537)\t% of Background Sequences with Motif\n"
)


@pytest.fixture
def homer(tmp_path):
    def write(text):
        path = tmp_path / "made.motifs"
        path.write_text(text)
        return path

    return write


def test_motif_is_read_with_all_its_columns(homer):
    (motif,) = read_homer_motifs(homer(f"{HEADER}\n{ROWS}"))
    assert (motif.consensus, motif.name, motif.best_guess) == ("ACGT", "1-ACGT", "")
    assert (motif.threshold, motif.log_p) == (6.5, -23.5)
    assert (motif.target_share, motif.background_share) == pytest.approx((0.336, 0.0109))
    np.testing.assert_array_equal(motif.frequencies, [[0.7, 0.1], [0.1, 0.7], [0.1] * 2, [0.1] * 2])


def test_best_guess_is_taken_from_the_name(homer):
    header = HEADER.replace("1-ACGT", "1-ACGT,BestGuess:PU.1(ETS)/ThioMac-ChIP-Seq/Homer(0.918)")
    (motif,) = read_homer_motifs(homer(f"{header}\n{ROWS}"))
    assert motif.name == "1-ACGT"
    assert motif.best_guess == "PU.1(ETS)/ThioMac-ChIP-Seq/Homer(0.918)"


def test_motif_of_a_database_has_no_shares(homer):
    (motif,) = read_homer_motifs(homer(f">ACGT\tPU.1(ETS)\t6.5\t0\n{ROWS}"))
    assert np.isnan(motif.target_share) and np.isnan(motif.background_share)


def test_file_without_motifs_has_none(homer, tmp_path):
    path = homer("")
    assert read_homer_motifs(path) == []
    homer_to_meme(path, tmp_path / "none.meme")
    assert read_motifs(tmp_path / "none.meme") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER}\n{ROWS}0.1\t0.2\t0.3\n", "line 4: expected four frequencies, found '0.1"),
        (f"{HEADER}\n{ROWS}0.1\t0.2\t0.3\tx\n", "line 4: expected four frequencies"),
        (f"{HEADER}\n{ROWS}0.1\t0.2\t0.3\tnan\n", "line 4: expected four frequencies"),
        (ROWS, "line 1: expected four frequencies"),
        (f"{HEADER}\n{ROWS}>ACGT\t2-ACGT\n{ROWS}", "line 4: a motif's header is >consensus"),
        (f"{HEADER}\n{ROWS}>A\t2-A\tsix\t-1\n{ROWS}", "line 4: a motif's header is >consensus"),
        (f"{HEADER}\n{ROWS}\n{HEADER}\n", "line 5: motif 1-ACGT has no rows"),
        (f"{HEADER}\n{HEADER}\n{ROWS}", "line 1: motif 1-ACGT has no rows"),
        ("<html>\n", "line 1: expected four frequencies, found '<html>'"),
    ],
)
def test_malformed_motifs_are_refused_with_their_line(homer, text, message):
    with pytest.raises(InputError, match=f"made.motifs, {message}"):
        read_homer_motifs(homer(text))


def test_known_motifs_are_read(homer):
    row = "REB1/SacCer\tKCCGGG\t1e-661\t-1.522e+03\t0.0000\t642.0\t64.59%\t159.7\t3.52%\n"
    (known,) = read_known_results(homer(KNOWN + row)).to_dict("records")
    assert known == pytest.approx(
        {
            "motif": "REB1/SacCer",
            "consensus": "KCCGGG",
            "log_p": -1522,
            "q_value": 0,
            "targets": 642,
            "target_share": 0.6459,
            "background": 159.7,
            "background_share": 0.0352,
        }
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no table of known motifs"),
        ("a\tb\n1\t2\n", "2 columns; knownResults.txt has 9"),
        (KNOWN + "a\tA\t1\t-1\t0\t1\tx%\t1\t1%\n", "line 2: target_share is 'x%'"),
        (KNOWN + "a\tA\t1\t-1\t0\t1\t1%\t1\t\n", "line 2: background_share is 'nan'"),
    ],
)
def test_malformed_known_motifs_are_refused(homer, text, message):
    with pytest.raises(InputError, match=message):
        read_known_results(homer(text))


def test_meme_reads_back_with_columns_that_sum_to_one(homer, tmp_path):
    guess = HEADER.replace("1-ACGT", "1-ACGT,BestGuess:PU.1")
    path = homer(f"{HEADER}\n{ROWS}{guess}\n0.2\t0.2\t0.2\t0.398\n")
    homer_to_meme(path, tmp_path / "homer.meme")
    motifs = read_motifs(tmp_path / "homer.meme")
    assert list(motifs) == [("homer_1", "ACGT"), ("homer_2", "PU.1")]
    for motif, original in zip(motifs.values(), read_homer_motifs(path), strict=True):
        np.testing.assert_allclose(motif.sum(axis=0), 1)
        np.testing.assert_allclose(motif, original.frequencies, atol=1e-3)


def test_peaks_are_single_bases_at_summits(tmp_path):
    labels = write_condition(tmp_path)[0]
    write_homer_peaks(labels, tmp_path / "peaks.tsv")
    table = pd.read_csv(tmp_path / "peaks.tsv", sep="\t", header=None)
    data = Labels.open(labels)
    assert table[0].is_unique
    assert (table[2] == table[3]).all()
    assert (table[4] == "+").all()
    # HOMER counts from 1
    offset = dict(zip(data.coordinates.names, data.coordinates.offsets, strict=True))
    found = table[1].map(offset) + table[2] - 1
    assert sorted(found) == sorted(data.regions.summit)


@real
def test_real_de_novo_motifs():
    motifs = read_homer_motifs(REB1 / "homerMotifs.all.motifs")
    best = motifs[0]
    assert (best.consensus, best.name) == ("NNGTTACCCGGM", "1-NNGTTACCCGGM")
    assert best.log_p == -2138.045242
    assert best.threshold == 6.801551
    assert (best.target_share, best.background_share) == pytest.approx((0.8642, 0.0532))
    assert best.frequencies.shape == (4, 12)
    assert best.frequencies[:, 0].tolist() == [0.291, 0.267, 0.238, 0.204]
    for motif in motifs:
        np.testing.assert_allclose(motif.frequencies.sum(axis=0), 1, atol=0.01)


@real
def test_real_motif_with_a_best_guess():
    (motif,) = read_homer_motifs(REB1 / "homerResults/motif1.motif")
    assert motif.consensus == "NNGTTACCCGGM"
    assert motif.best_guess.startswith("REB1")


@real
def test_real_known_motifs():
    known = read_known_results(REB1 / "knownResults.txt")
    assert known.motif[0] == "REB1/SacCer-Promoters/Homer"
    assert known.target_share[0] == pytest.approx(0.6459)
    assert known.log_p[0] == -1522


@real
def test_real_motif_matches_the_databases_reb1(tmp_path):
    homer_to_meme(REB1 / "homerMotifs.all.motifs", tmp_path / "homer.meme")
    queries = read_motifs(tmp_path / "homer.meme")
    assert len(queries) == len(read_homer_motifs(REB1 / "homerMotifs.all.motifs"))
    targets = read_motifs(DATABASE)
    assert ("MA0363.2", "REB1") in targets
    found = match_motifs({"best": queries["homer_1", "NNGTTACCCGGM"]}, targets, most=1)
    assert found.motif[0] == "MA0363.2"
    assert found.q_value[0] < 0.01
