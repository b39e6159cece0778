"""Matches of patterns to motifs."""

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior.errors import InputError
from attprior.motifs.database import read_motifs
from attprior.motifs.formats import motif_format, motif_sets
from attprior.motifs.matching import COLUMNS, consensus, match_motifs, match_patterns
from attprior.sequence import one_hot
from memelite.io import write_meme
from scipy.stats import false_discovery_control


def motif(text):
    return 0.88 * one_hot(text) + 0.03


@pytest.fixture
def targets():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), 10)) for _ in range(30)]
    return {(f"MA{n:04}.1", f"TF{n}"): motif(text) for n, text in enumerate(texts)}


@pytest.fixture
def database(targets, tmp_path):
    path = tmp_path / "database.meme"
    write_meme(str(path), {" ".join(key): values for key, values in targets.items()})
    return path


def write_result(path, motifs):
    """Write a TF-MoDISco result whose patterns have these frequencies."""
    with h5py.File(path, "w") as file:
        for number, frequencies in enumerate(motifs):
            group = file.create_group(f"pos_patterns/pattern_{number}")
            group["sequence"] = frequencies.T
            group["contrib_scores"] = (frequencies * (frequencies > 0.5)).T
            group["seqlets/n_seqlets"] = np.array([50 - number])
    return path


def test_motif_matches_itself_best(targets):
    for key in list(targets)[:5]:
        found = match_motifs({"query": targets[key]}, targets, most=3)
        assert (found.motif[0], found.name[0]) == key
        assert found["rank"].tolist() == [1, 2, 3]
        assert found.p_value.is_monotonic_increasing
        assert found.q_value[0] < 0.01 < found.q_value[2]


def test_reverse_complement_matches_too(targets):
    key = list(targets)[3]
    found = match_motifs({"query": targets[key][::-1, ::-1]}, targets, most=1)
    assert found.motif[0] == key[0]


def test_q_values_are_of_all_targets_of_a_query(targets):
    queries = {name: targets[key] for name, key in zip("ab", targets, strict=False)}
    together = match_motifs(queries, targets, most=len(targets))
    alone = match_motifs({"a": queries["a"]}, targets, most=len(targets))
    expected = false_discovery_control(np.clip(alone.p_value, 0, 1))
    np.testing.assert_allclose(alone.q_value, expected)
    pd.testing.assert_frame_equal(together[together.pattern == "a"], alone)


def test_fewer_targets_than_matches_wanted_are_all_listed(targets):
    few = dict(list(targets.items())[:2])
    assert len(match_motifs({"query": motif("ACGTACGTAC")}, few, most=5)) == 2


def test_nothing_to_match_gives_an_empty_table(targets):
    for queries, among in (({}, targets), ({"query": motif("ACGT")}, {})):
        found = match_motifs(queries, among, most=3)
        assert found.empty
        assert "q_value" in found


def test_consensus_is_in_lower_case_below_one_half():
    frequencies = np.array([[0.9, 0.4, 0.1], [0.1, 0.3, 0.2], [0.0, 0.2, 0.2], [0.0, 0.1, 0.5]])
    assert consensus(frequencies) == "AaT"


def test_table_has_the_best_matches_of_each_pattern(targets, database, tmp_path):
    flank = np.full((4, 5), 0.25)
    planted = [np.hstack([flank, targets[key], flank]) for key in list(targets)[4:6]]
    result = write_result(tmp_path / "modisco.h5", planted)
    output = tmp_path / "matches.tsv"
    match_patterns(result, {"one": database, "two": database}, output, most=2)
    table = pd.read_csv(output, sep="\t")
    assert list(table.columns) == COLUMNS
    assert len(table) == 2 * 2 * 2
    best = table[table["rank"] == 1]
    assert best.motif.tolist() == ["MA0004.1"] * 2 + ["MA0005.1"] * 2
    assert best.name.tolist() == ["TF4"] * 2 + ["TF5"] * 2
    assert set(best.database) == {"one", "two"}
    assert (best.q_value < 0.01).all()
    assert best.seqlets.tolist() == [50, 50, 49, 49]
    for row in best.itertuples():
        # trimmed to the site and two bases around
        assert consensus(targets[row.motif, row.name]) == row.consensus[2:-2]


def test_result_without_patterns_gives_a_header(database, tmp_path):
    result = write_result(tmp_path / "modisco.h5", [])
    match_patterns(result, {"one": database}, tmp_path / "matches.tsv", most=3)
    assert (tmp_path / "matches.tsv").read_text() == "\t".join(COLUMNS) + "\n"


@pytest.mark.parametrize("empty", [True, False])
def test_pattern_without_matches_has_a_row_with_an_empty_motif(targets, tmp_path, empty):
    write_meme(str(tmp_path / "none.meme"), {})
    databases = {"none": tmp_path / "none.meme"} if empty else {}
    result = write_result(tmp_path / "modisco.h5", [next(iter(targets.values()))])
    match_patterns(result, databases, tmp_path / "matches.tsv", most=3)
    (row,) = pd.read_csv(tmp_path / "matches.tsv", sep="\t").to_dict("records")
    assert row["pattern"] == "pos_patterns.pattern_0"
    assert row["seqlets"] == 50
    assert pd.isna(row["motif"])


def test_motifs_without_a_name_go_by_their_identifier(tmp_path):
    write_meme(str(tmp_path / "own.meme"), {"mine": motif("ACGT"), "MA1 with name": motif("ACGT")})
    assert list(read_motifs(tmp_path / "own.meme")) == [("mine", "mine"), ("MA1", "with name")]


def test_malformed_database_is_refused(tmp_path):
    path = tmp_path / "bad.meme"
    path.write_text("MOTIF a\nletter-probability matrix: w= 2\n0.1 0.2 x 0.4\n")
    with pytest.raises(
        InputError, match=r"bad\.meme, line 3: row 1 of the 2 of motif a is '0\.1 0\.2 x"
    ):
        read_motifs(path)
    with pytest.raises(InputError, match=r"absent\.meme: no such file"):
        read_motifs(tmp_path / "absent.meme")


HOMER = ">ACGT\tPU.1(ETS)/ThioMac/Homer\t6.5\n" + "0.7\t0.1\t0.1\t0.1\n" * 4
MEME = "MEME version 4\n\nMOTIF a\nletter-probability matrix: w= 2\n"


def test_motifs_are_read_from_either_format(tmp_path):
    (tmp_path / "own.motifs").write_text(HOMER)
    ((key, frequencies),) = read_motifs(tmp_path / "own.motifs").items()
    assert key == ("PU.1(ETS)/ThioMac/Homer", "PU.1(ETS)")
    np.testing.assert_allclose(frequencies, np.repeat([[0.7], [0.1], [0.1], [0.1]], 4, axis=1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            MEME + "0.1 0.2 0.3 0.4\n",
            "line 3: motif a is not whole: 1 rows of frequencies, but w= says 2",
        ),
        (2 * (MEME + 2 * "0.1 0.2 0.3 0.4\n"), "another motif is called"),
        (MEME + 2 * "1 2 3 4\n", "motif a has a position whose numbers are no frequencies"),
        (HOMER + "7\t1\t1\t1\n", "whose numbers are no frequencies"),
        (HOMER + "0.7\t0.1\t0.1\n", "line 6: expected four frequencies"),
    ],
)
def test_motifs_that_are_not_whole_are_refused(tmp_path, text, message):
    (tmp_path / "own.motifs").write_text(text)
    with pytest.raises(InputError, match=message):
        read_motifs(tmp_path / "own.motifs")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOMER, "homer"),
        ("# mine\n\n" + HOMER, "homer"),
        (MEME, "meme"),
        ("*****\nMEME - Motif discovery tool\n*****\nMEME version 5.5\n", "meme"),
        ("MOTIF a\n", "meme"),
    ],
)
def test_format_is_told_by_the_first_lines(tmp_path, text, expected):
    (tmp_path / "own").write_text(text)
    assert motif_format(tmp_path / "own") == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", "is empty"),
        (b">chr1\nACGT\n", "begins with '>chr1'"),
        (b">MA0080.1\tSPI1\nA [ 1 2 ]\n", "begins with '>MA0080.1"),
        (b"AC  M0001\nXX\n", "begins with 'AC  M0001'"),
        (b"AC  M0001\n" * 60, "begins with 'AC  M0001'"),
    ],
)
def test_other_formats_are_refused(tmp_path, text, found):
    (tmp_path / "own").write_bytes(text)
    with pytest.raises(InputError, match=f"neither a MEME nor a HOMER motif file, as it {found}"):
        motif_format(tmp_path / "own")


def test_sets_go_by_the_names_of_their_files(tmp_path):
    (tmp_path / "own.motifs").write_text(HOMER)
    own = str(tmp_path / "own.motifs")
    assert motif_sets(["jaspar_fungi", own]) == {"jaspar_fungi": "", "own": own}
    assert motif_sets([]) == {}


def test_sets_that_cannot_be_are_refused_with_their_key(tmp_path):
    for name in ("a/own.meme", "b/own.meme", "homer_known.meme", "wrong.meme"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(MEME)
    (tmp_path / "wrong.meme").write_text(">chr1\nACGT\n")
    for names, message in [
        (["jaspar_mammals"], "jaspar_mammals is unknown; choose of jaspar_vertebrates, "),
        (["absent.meme"], "absent.meme is neither jaspar_<group> nor a file that is there"),
        (["a/own.meme", "b/own.meme"], "another set of motifs is called own"),
        (["homer_known.meme"], "another set of motifs is called homer_known"),
        (["wrong.meme"], "neither a MEME nor a HOMER motif file"),
    ]:
        entries = [str(tmp_path / name) if (tmp_path / name).is_file() else name for name in names]
        with pytest.raises(InputError, match=f"config key 'motifs/databases': .*{message}"):
            motif_sets(entries)


def test_few_targets_are_no_background_by_themselves(targets, recwarn):
    one = dict(list(targets.items())[:1])
    found = match_motifs({"same": next(iter(one.values())), "other": motif("ACGT" * 3)}, one, 1)
    assert found.p_value[0] < 1e-6 < 0.01 < found.p_value[1]
    assert not [warning for warning in recwarn if "tomtom" in str(warning.message)]
