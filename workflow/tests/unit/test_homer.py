"""HOMER: its files, real ones where they lie beside the repository, and its runs where it is."""

import os
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior.dataset.sampler import sampler
from attprior.dataset.store import Labels
from attprior.dataset.windows import Windows
from attprior.errors import DiskFullError, InputError
from attprior.genome import Genome
from attprior.motifs.database import read_motifs
from attprior.motifs.homer import (
    KNOWN_HEADER,
    TABLE_COLUMNS,
    named_motifs,
    read_homer_motifs,
    read_known_results,
    write_results,
)
from attprior.motifs.homer_peaks import write_homer_background, write_homer_peaks
from attprior.motifs.homer_run import run_homer
from attprior.motifs.matching import match_motifs
from disks import disk
from made_condition import SETTINGS, write_condition

SHARED = Path(__file__).parents[4] / "shared"
REB1 = SHARED / "golden/homer_reb1"
DATABASE = SHARED / "data/yeast_reb1/REB1_MA0363.2.meme"
real = pytest.mark.skipif(not REB1.is_dir(), reason="no real HOMER output beside the repository")

HEADER = ">ACGT\t1-ACGT\t6.5\t-23.5\t0\tT:168.0(33.60%),B:21.5(1.09%),P:1e-10\tTpos:1"
ROWS = "0.7\t0.1\t0.1\t0.1\n0.1\t0.7\t0.1\t0.1\n"
KNOWN = KNOWN_HEADER.replace("with Motif\t%", "with Motif(of 994)\t%")


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


@pytest.mark.parametrize("header", [">ACGT\tPU.1(ETS)\t6.5\t0", ">ACGT\tPU.1(ETS)\t6.5"])
def test_motif_of_a_database_has_no_shares(homer, header):
    (motif,) = read_homer_motifs(homer(f"{header}\n{ROWS}"))
    assert np.isnan(motif.target_share) and np.isnan(motif.background_share)


def test_file_without_motifs_has_none(homer):
    assert read_homer_motifs(homer("")) == []


def test_what_follows_the_p_value_does_not_matter(homer):
    for end in ("", "\tTpos:1,Tstd:2", "\tTpos:1\tShares 1.0% of sites with 2-A(3%)", ",FDR:0.1"):
        header = HEADER.removesuffix("\tTpos:1") + end
        (motif,) = read_homer_motifs(homer(f"{header}\n{ROWS}"))
        assert motif.target_share == pytest.approx(0.336)
        assert motif.background_share == pytest.approx(0.0109)


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
        ("<html>\n", "line 1: a web page, but text is wanted"),
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
            "target_share": 0.6459,
            "background_share": 0.0352,
        }
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no table of known motifs"),
        ("a\tb\n1\t2\n", "2 columns; knownResults.txt has 9"),
        (KNOWN + "a\tA\t1\t-1\t0\t1\tx%\t1\t1%\n", "line 2: target_share is 'x%'"),
        (KNOWN + "a\tA\t1\t-1\t0\t1\t1%\t1\t\n", "line 2: background_share is ''"),
        (KNOWN + "a\tA\t1\tlow\t0\t1\t1%\t1\t1%\n", "line 2: log_p is 'low', not a number"),
        (KNOWN + "a\tA\t1\t-1\n", "line 2: q_value is ''"),
    ],
)
def test_malformed_known_motifs_are_refused(homer, text, message):
    with pytest.raises(InputError, match=message):
        read_known_results(homer(text))


def test_counts_with_their_totals_are_read(homer):
    row = "IRF1(IRF)\tAAASY\t1e-91\t-2.099e+02\t1e-87\t771(of 1523)\t50.62%\t501(of 9)\t5.01%\n"
    (known,) = read_known_results(homer(KNOWN + row)).to_dict("records")
    assert known["q_value"] == 1e-87
    assert known["target_share"] == pytest.approx(0.5062)


def test_names_are_short_and_identifiers_are_not_repeated(homer):
    names = ["PU.1(ETS)/ThioMac/Homer", "PU.1(ETS)/ThioMac/Homer", "miR-30 MIMAT1", "1-ACGT"]
    text = "".join(f">ACGT\t{name}\t6.5\n{ROWS}" for name in names)
    assert list(named_motifs(read_homer_motifs(homer(text)))) == [
        ("PU.1(ETS)/ThioMac/Homer", "PU.1(ETS)"),
        ("PU.1(ETS)/ThioMac/Homer_2", "PU.1(ETS)"),
        ("miR-30_MIMAT1", "miR-30 MIMAT1"),
        ("1-ACGT", "1-ACGT"),
    ]


def known_row(name, log_p, q_value):
    return f"{name}\tACGT\t1e-9\t{log_p}\t{q_value}\t5\t50.00%\t1\t1.00%\n"


@pytest.fixture
def results(tmp_path):
    """Results of HOMER: two motifs de novo, the first with a best guess, and three known ones."""
    folder = tmp_path / "run"
    (folder / "homerResults").mkdir(parents=True)
    second = HEADER.replace("1-ACGT", "2-ACGT").replace("-23.5", "-33.5")
    rows = "0.2\t0.2\t0.2\t0.398\n" * 4
    (folder / "homerMotifs.all.motifs").write_text(f"{HEADER}\n{ROWS}{second}\n{rows}")
    guessed = HEADER.replace("1-ACGT", "1-ACGT,BestGuess:PU.1(ETS)/ThioMac(0.91)")
    (folder / "homerResults/motif1.motif").write_text(f"{guessed}\n{ROWS}")
    known = [("A(X)/a", -9, 0.05), ("B(X)/b", -99, 0.0), ("C(X)/c", -1, 0.06)]
    text = KNOWN + "".join(known_row(*row) for row in known)
    (folder / "knownResults.txt").write_text(text)
    (folder / "tested.motifs").write_text(
        "".join(f">ACGT\t{name}\t6.5\t0\n{ROWS}" for name, *_ in known)
    )

    def write():
        outputs = [tmp_path / name for name in ("homer.tsv", "de_novo.meme", "known.meme")]
        write_results(folder, *outputs)
        return pd.read_csv(outputs[0], sep="\t"), *map(read_motifs, outputs[1:])

    return folder, write


def test_table_has_de_novo_and_all_known_motifs_by_enrichment(results):
    table, _, _ = results[1]()
    assert list(table.columns) == TABLE_COLUMNS
    assert table.kind.tolist() == ["de novo"] * 2 + ["known"] * 3
    assert table.motif.tolist() == ["2-ACGT", "1-ACGT", "B(X)/b", "A(X)/a", "C(X)/c"]
    assert table.name[1] == "PU.1(ETS)/ThioMac(0.91)"
    assert table.name[2:].tolist() == ["B(X)", "A(X)", "C(X)"]
    assert table.q_value[2:].tolist() == [0, 0.05, 0.06]
    assert table.target_share.tolist() == pytest.approx([0.336] * 2 + [0.5] * 3)


def test_meme_has_the_motifs_that_are_enriched_with_columns_that_sum_to_one(results):
    folder, write = results
    _, de_novo, known = write()
    originals = read_homer_motifs(folder / "homerMotifs.all.motifs")
    assert list(de_novo) == [("1-ACGT", "1-ACGT"), ("2-ACGT", "2-ACGT")]
    for motif, original in zip(de_novo.values(), originals, strict=True):
        np.testing.assert_allclose(motif.sum(axis=0), 1)
        np.testing.assert_allclose(motif, original.frequencies, atol=1e-3)
    assert list(known) == [("A(X)/a", "A(X)"), ("B(X)/b", "B(X)")]


def test_frequencies_of_known_motifs_are_taken_from_their_own_files_too(results):
    folder, write = results
    (folder / "tested.motifs").unlink()
    (folder / "knownResults").mkdir()
    (folder / "knownResults/known1.motif").write_text(f">ACGT\tB(X)/b\t6.5\t-99\n{ROWS}")
    assert list(write()[2]) == [("B(X)/b", "B(X)")]


def test_results_without_motifs_are_a_header_and_empty_meme_files(results):
    folder, write = results
    (folder / "homerMotifs.all.motifs").write_text("")
    (folder / "knownResults.txt").write_text(KNOWN_HEADER)
    table, de_novo, known = write()
    assert table.empty
    assert list(table.columns) == TABLE_COLUMNS
    assert de_novo == known == {}


def positions(path, labels):
    """Positions on the common coordinates of a file in HOMER's peak format."""
    table = pd.read_csv(path, sep="\t", header=None)
    assert table[0].is_unique
    assert (table[2] == table[3]).all()
    assert (table[4] == "+").all()
    data = Labels.open(labels)
    offset = dict(zip(data.coordinates.names, data.coordinates.offsets, strict=True))
    # HOMER counts from 1
    return (table[1].map(offset) + table[2] - 1).to_numpy(), table[1]


def test_peaks_are_single_bases_at_the_summits_that_no_fold_tests_on(tmp_path):
    labels = write_condition(tmp_path)[0]
    data = Labels.open(labels)
    for test, kept in ([], [0, 1, 2]), (["chr3"], [0, 1]), (["chr3", "chr1", "chr9"], [1]):
        write_homer_peaks(labels, tmp_path / "peaks.txt", test)
        found, _ = positions(tmp_path / "peaks.txt", labels)
        assert sorted(found) == sorted(data.regions.summit[data.regions.chromosome.isin(kept)])


def test_the_best_peaks_of_each_task_are_taken_where_fewer_are_wanted(tmp_path):
    labels = write_condition(tmp_path)[0]
    write_homer_peaks(labels, tmp_path / "peaks.txt", ["chr3"], peaks=5)
    regions = Labels.open(labels).regions
    there = regions[regions.chromosome < 2].sort_values("signal", ascending=False)
    best = there.groupby("task").head(5).summit
    assert sorted(positions(tmp_path / "peaks.txt", labels)[0]) == sorted(best)


def test_all_peaks_are_taken_where_folds_test_on_every_chromosome(tmp_path, caplog):
    labels = write_condition(tmp_path)[0]
    write_homer_peaks(labels, tmp_path / "peaks.txt", ["chr1", "chr2", "chr3"])
    assert len(positions(tmp_path / "peaks.txt", labels)[0]) == len(Labels.open(labels).regions)
    assert "folds test on every chromosome" in caplog.text


def sampled(folder, labels, fasta, settings, seed=1, sequences=200):
    path = folder / "background.txt"
    write_homer_background(labels, fasta, path, settings, ["chr3"], seed, sequences)
    return positions(path, labels)


@pytest.mark.parametrize("match_gc", [False, True])
def test_background_is_what_training_takes_for_negatives(tmp_path, match_gc):
    labels, fasta, _ = write_condition(tmp_path)
    settings = {**SETTINGS, "match_gc": match_gc}
    found, chrom = sampled(tmp_path, labels, fasta, settings)
    data = Labels.open(labels)
    summits = data.regions.summit[data.regions.chromosome < 2]
    assert set(chrom) == {"chr1", "chr2"}
    if not match_gc:
        assert len(found) == 200 - len(summits)
    sizes = dict(zip(data.coordinates.names, data.coordinates.lengths.tolist(), strict=True))
    genome = Genome.end_to_end(fasta, sizes)
    windows = Windows(data, genome, settings["input_length"], settings["profile_length"])
    ratio = {"negatives_per_positive": (200 - len(summits)) / len(summits)}
    starts, positive = sampler(windows, np.array([0, 1]), {**settings, **ratio}).epoch(1, 0)
    assert sorted(starts[~positive] + settings["input_length"] // 2) == sorted(found)


def test_background_repeats_with_its_seed_and_is_at_least_as_large_as_the_peaks(tmp_path):
    labels, fasta, _ = write_condition(tmp_path)
    one, again, other = (sampled(tmp_path, labels, fasta, SETTINGS, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    data = Labels.open(labels)
    few, _ = sampled(tmp_path, labels, fasta, SETTINGS, sequences=10)
    assert len(few) == (data.regions.chromosome < 2).sum()


def test_background_of_binary_models_is_negative_bins(tmp_path):
    labels, fasta, _ = write_condition(tmp_path)
    keys = ("input_length", "peaks", "negatives_per_positive", "match_gc", "max_unknown")
    settings = {**{key: SETTINGS[key] for key in keys}, "architecture": "binary"}
    found, _ = sampled(tmp_path, labels, fasta, settings, sequences=120)
    bins = Labels.open(labels).bins
    starts = bins.starts(np.arange(bins.number)) + bins.width // 2
    index = np.searchsorted(starts, found)
    np.testing.assert_array_equal(starts[index], found)
    assert (bins.labels(index) == 0).all()


@pytest.fixture
def made_homer(tmp_path, monkeypatch):
    """Stand-ins for HOMER's programs: `body` is what findMotifsGenome.pl does in its folder."""
    programs = tmp_path / "homer/bin"
    programs.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "peaks.txt").write_text("peak_1\tchr1\t5\t5\t+\n")

    def run(body, denovo=0, folder=tmp_path / "run", **options):
        texts = {
            "findMotifsGenome.pl": f'echo "$@" > $3/arguments; pwd > $3/where\n{body}\nexit 0\n',
            "homer2": f"exit {denovo}\n",
        }
        for name, text in texts.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}")
            (programs / name).chmod(0o755)
        run_homer(tmp_path / "peaks.txt", tmp_path / "genome.fa", folder, 4, 20, **options)
        return folder

    return run


CUT_OFF = f"cat > $3/homerMotifs.all.motifs <<'END'\n{HEADER}\n{ROWS}END"
MOTIFS = CUT_OFF.replace(ROWS, 2 * ROWS)
TABLE = f"cat > $3/knownResults.txt <<'END'\n{KNOWN}END"


def test_options_reach_homer_and_each_run_has_a_folder_of_its_own(made_homer, tmp_path):
    own = tmp_path / "homer/data/knownTFs/yeast/known.motifs"
    own.parent.mkdir(parents=True)
    own.write_text(f">ACGT\tA\t6.5\n{ROWS}")
    folder = made_homer(f"{MOTIFS}\n{TABLE}", background_sequences=99, motif_set="yeast")
    arguments = (folder / "arguments").read_text()
    for option in ("-len 4", "-size 20", "-p 1", "-N 99", "-mset yeast", f"-mknown {own}"):
        assert option in arguments
    assert "-bg" not in arguments
    assert (folder / "tested.motifs").read_text() == own.read_text()
    where = Path((folder / "where").read_text().strip())
    assert where.parent == tmp_path
    assert not where.exists()
    background, known = tmp_path / "background.txt", tmp_path / "my.motifs"
    known.write_text(own.read_text())
    options = {"background": background, "known_motifs": known, "background_sequences": 99}
    arguments = (made_homer(f"{MOTIFS}\n{TABLE}", **options) / "arguments").read_text()
    assert f"-bg {background}" in arguments
    assert f"-mknown {known}" in arguments
    assert "-N" not in arguments


def test_missing_table_of_known_motifs_is_an_empty_one(made_homer, caplog):
    folder = made_homer(f"{MOTIFS}\necho 'Illegal division by zero' >&2")
    assert read_known_results(folder / "knownResults.txt").empty
    assert "HOMER wrote no knownResults.txt" in caplog.text


def test_known_motifs_that_homer_could_not_tabulate_are_taken_from_what_it_left(made_homer):
    second = HEADER.replace("1-ACGT", "B(X)/b").replace("-23.5", "-2.5")
    left = f"cat > $3/0.123.motif.tmp <<'END'\n{HEADER}\n{2 * ROWS}{second}\n{2 * ROWS}END"
    folder = made_homer(f"{MOTIFS}\n{left}")
    known = read_known_results(folder / "knownResults.txt")
    assert known.motif.tolist() == ["1-ACGT", "B(X)/b"]
    assert known.q_value.tolist() == [0, round(np.exp(-2.5), 4)]
    assert known.target_share.tolist() == [0.336, 0.336]
    assert not list(folder.glob("*.tmp*"))


@pytest.mark.parametrize(
    ("body", "denovo", "message"),
    [
        (TABLE, 0, "HOMER wrote no homerMotifs.all.motifs"),
        (f"{CUT_OFF}\n{TABLE}", 0, "is cut off in motif 1-ACGT"),
        (f"{MOTIFS}\n{TABLE}\nhomer2 denovo -s x", 137, "homer2 denovo ended with status 137"),
        (f"{MOTIFS}\n{TABLE}\necho bad option\nexit 3", 0, r"status 3\)[^$]*bad option"),
        (f"{MOTIFS}\n{TABLE}\nkill -9 $$", 0, "status -9"),
        (f"{MOTIFS}\nprintf 'Motif Name\\tCon' > $3/knownResults.txt", 0, "2 columns"),
    ],
)
def test_what_is_not_whole_is_an_error_and_leaves_nothing(
    made_homer, tmp_path, body, denovo, message
):
    with pytest.raises(InputError, match=message):
        made_homer(body, denovo)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["homer", "peaks.txt"]


def test_disk_that_was_full_is_told_though_homer_does_not_look(made_homer, tmp_path):
    fill = "head -c 9000000 /dev/zero > big 2> /dev/null; sleep 0.5; rm big"
    with disk(tmp_path / "disk", 1024):
        with pytest.raises(DiskFullError, match="disk/run: the disk was full meanwhile"):
            made_homer(f"{MOTIFS}\n{TABLE}\n{fill}", folder=tmp_path / "disk/run")
        assert [path.name for path in (tmp_path / "disk").iterdir()] == [".taken"]


def test_no_peaks_give_no_motifs_without_homer(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "peaks.txt").touch()
    run_homer(tmp_path / "peaks.txt", tmp_path / "genome.fa", tmp_path / "run", 4, 20)
    outputs = [tmp_path / name for name in ("homer.tsv", "de_novo.meme", "known.meme")]
    write_results(tmp_path / "run", *outputs)
    assert outputs[0].read_text() == "\t".join(TABLE_COLUMNS) + "\n"
    assert read_motifs(outputs[1]) == read_motifs(outputs[2]) == {}


def test_missing_homer_is_said_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "peaks.txt").write_text("peak_1\tchr1\t5\t5\t+\n")
    with pytest.raises(
        InputError, match=r"findMotifsGenome\.pl is not there.*motifs/homer/enabled"
    ):
        run_homer(tmp_path / "peaks.txt", tmp_path / "genome.fa", tmp_path / "run", 4, 20)


def homer_works():
    """Whether HOMER is on the PATH and set up."""
    path = shutil.which("findMotifsGenome.pl")
    return path is not None and not subprocess.run([path], capture_output=True).returncode


@pytest.mark.skipif(not homer_works(), reason="no HOMER on the PATH")
def test_homer_finds_a_planted_motif_and_knows_it(tmp_path):
    rng = np.random.default_rng(0)
    bases, site = rng.choice(list("ACGT"), 120_000), "GGAAGTGATT"
    summits = 500 + 1000 * np.arange(100)
    for summit in summits:
        bases[summit : summit + len(site)] = list(site)
    (tmp_path / "genome.fa").write_text(f">chr1\n{''.join(bases)}\n")
    for name, starts in (("peaks", summits), ("background", summits + 500)):
        lines = [f"{name}_{n}\tchr1\t{n}\t{n}\t+\n" for n in starts]
        (tmp_path / f"{name}.txt").write_text("".join(lines))
    rows = "".join("\t".join(str(0.97 if b == c else 0.01) for b in "ACGT") + "\n" for c in site)
    (tmp_path / "mine.motifs").write_text(f">{site}\tMine/made\t8\t0\n{rows}")
    run_homer(
        *(tmp_path / "peaks.txt", tmp_path / "genome.fa", tmp_path / "run"),
        length=10,
        size=40,
        background=tmp_path / "background.txt",
        known_motifs=tmp_path / "mine.motifs",
        motif_set="worms",
    )
    outputs = [tmp_path / name for name in ("homer.tsv", "de_novo.meme", "known.meme")]
    write_results(tmp_path / "run", *outputs)
    table = pd.read_csv(outputs[0], sep="\t").set_index("kind")
    assert table.target_share["known"] > 0.95 > 0.05 > table.background_share["known"]
    assert table.q_value["known"] < 0.01
    assert list(read_motifs(outputs[2])) == [("Mine/made", "Mine")]
    best = dict(list(read_motifs(outputs[1]).items())[:1])
    found = match_motifs(best, read_motifs(tmp_path / "mine.motifs"), most=1)
    assert found.q_value[0] < 0.01
    assert not (tmp_path / "run/preparsed").exists()


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
def test_real_motif_matches_the_databases_reb1():
    queries = read_motifs(REB1 / "homerMotifs.all.motifs")
    assert len(queries) == len(read_homer_motifs(REB1 / "homerMotifs.all.motifs"))
    targets = read_motifs(DATABASE)
    assert ("MA0363.2", "REB1") in targets
    found = match_motifs({"best": queries["1-NNGTTACCCGGM", "1-NNGTTACCCGGM"]}, targets, most=1)
    assert found.motif[0] == "MA0363.2"
    assert found.q_value[0] < 0.01


@real
def test_real_results_are_a_table_and_meme(tmp_path):
    outputs = [tmp_path / name for name in ("homer.tsv", "de_novo.meme", "known.meme")]
    write_results(REB1, *outputs)
    table = pd.read_csv(outputs[0], sep="\t")
    assert table.name[0] == "REB1/MA0363.1/Jaspar(0.984)"
    assert table.motif[table.kind == "known"].iloc[0] == "REB1/SacCer-Promoters/Homer"
    assert len(read_motifs(outputs[1])) == (table.kind == "de novo").sum() == 8


def test_locus_of_two_tasks_is_one_target_at_its_better_summit(tmp_path):
    labels = write_condition(tmp_path)[0]
    with h5py.File(labels, "a") as file:
        regions = {name: column[:] for name, column in file["regions"].items()}
        again = {**regions, "task": 1 - regions["task"], "rank": regions["rank"][::-1]}
        again |= {name: regions[name] + 3 for name in ("start", "end", "summit")}
        for name in regions:
            del file[f"regions/{name}"]
            file[f"regions/{name}"] = np.concatenate([regions[name], again[name]])
    write_homer_peaks(labels, tmp_path / "peaks.txt", [])
    better = np.where(again["rank"] < regions["rank"], again["summit"], regions["summit"])
    assert sorted(positions(tmp_path / "peaks.txt", labels)[0]) == sorted(better)
