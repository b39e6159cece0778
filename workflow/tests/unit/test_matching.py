"""Matches of patterns to motifs."""

import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior.errors import InputError
from attprior.motifs.compiled import load_fimo, load_tomtom
from attprior.motifs.database import read_motifs, write_jaspar
from attprior.motifs.formats import motif_format, motif_sets
from attprior.motifs.matching import (
    COLUMNS,
    consensus,
    informative,
    match_motifs,
    match_patterns,
    names_pattern,
    pair_p_values,
    shuffle_letters,
    shuffle_positions,
    tail,
    without_flanks,
)
from attprior.sequence import one_hot
from memelite.io import write_meme
from numba.core.dispatcher import Dispatcher
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


def test_p_values_are_a_querys_own_and_q_values_of_all_queries(targets):
    rng = np.random.default_rng(1)
    queries = {name: targets[key] for name, key in zip("ab", targets, strict=False)}
    queries |= {f"noise {n}": columns(10, rng) for n in range(6)}
    together = match_motifs(queries, targets, most=3)
    alone = match_motifs({"a": queries["a"]}, targets, most=3)
    assert alone.q_value.tolist() == alone.p_value.tolist()
    assert together[together.pattern == "a"].p_value.tolist() == alone.p_value.tolist()
    for _, rows in together.groupby("rank"):
        expected = false_discovery_control(rows.p_value)
        np.testing.assert_allclose(rows.q_value, expected)


def columns(width, rng):
    """Columns as sharp as those of motifs, but of no motif."""
    return rng.dirichlet([0.3] * 4, size=width).T


def sampled(frequencies, number, rng):
    """Base frequencies of so many sites."""
    return rng.multinomial(number, frequencies.T / frequencies.sum(axis=0)[:, None]).T / number


def flat(width, number, rng):
    """Base frequencies of so many random sequences."""
    return rng.multinomial(number, [0.25] * 4, size=width).T / number


@pytest.fixture(scope="module")
def jaspar(tmp_path_factory):
    """Known motifs as they are, long ones with flat stretches among them."""
    path = tmp_path_factory.mktemp("jaspar") / "fungi.meme"
    write_jaspar(path, "fungi")
    return read_motifs(path)


NOISE = {
    "random sequences": lambda rng, motif: flat(20, 50, rng),
    "few random sequences": lambda rng, motif: flat(30, 20, rng),
    "AT-rich sequences": lambda rng, motif: (
        rng.multinomial(50, [0.31, 0.19, 0.19, 0.31], 20).T / 50
    ),
    "shuffled motif": lambda rng, motif: motif[:, rng.permutation(motif.shape[1])],
    "shuffled pattern": lambda rng, motif: np.hstack([motif, flat(10, 50, rng)])[
        :, rng.permutation(motif.shape[1] + 10)
    ],
    "halves of nothing": lambda rng, motif: np.hstack(
        [columns(6, rng), flat(8, 50, rng), columns(6, rng)]
    ),
}


@pytest.mark.parametrize("kind", NOISE)
def test_noise_has_no_name(jaspar, kind):
    rng = np.random.default_rng(0)
    chosen = [list(jaspar.values())[i] for i in rng.choice(len(jaspar), 40, replace=False)]
    queries = {str(n): NOISE[kind](rng, motif) for n, motif in enumerate(chosen)}
    found = match_motifs(queries, jaspar, most=1)
    assert names_pattern(found).sum() <= 0.05 * len(queries)


KNOWN = {
    "as it is": lambda rng, motif: motif,
    "in flat flanks": lambda rng, motif: np.hstack([flat(10, 50, rng), motif, flat(10, 50, rng)]),
    "of 50 sites": lambda rng, motif: sampled(motif, 50, rng),
    "beside another": lambda rng, motif: np.hstack([motif, flat(6, 50, rng), columns(6, rng)]),
    "reversed": lambda rng, motif: motif[::-1, ::-1],
}


@pytest.mark.parametrize("kind", KNOWN)
def test_known_motifs_keep_their_names(jaspar, kind):
    rng = np.random.default_rng(0)
    chosen = [list(jaspar.values())[i] for i in rng.choice(len(jaspar), 40, replace=False)]
    queries = {str(n): KNOWN[kind](rng, motif) for n, motif in enumerate(chosen)}
    found = match_motifs(queries, jaspar, most=1)
    assert names_pattern(found).sum() >= len(queries) * (0.95 if kind == "of 50 sites" else 1)


def test_motif_with_a_spacer_keeps_its_name_and_flat_halves_have_none(jaspar):
    gal4 = next(motif for (_, name), motif in jaspar.items() if name == "GAL4")
    assert (~informative(gal4)).sum() >= 5
    rng = np.random.default_rng(0)
    found = match_motifs({"GAL4": sampled(gal4, 100, rng)}, jaspar, most=1)
    assert found.name[0] == "GAL4"
    assert names_pattern(found).all()
    letters = {"other": rng.permuted(gal4, axis=0)}
    assert not names_pattern(match_motifs(letters, jaspar, most=1)).any()


def test_pattern_among_noise_is_named_alone(jaspar):
    rng = np.random.default_rng(0)
    reb1 = next(motif for (_, name), motif in jaspar.items() if name == "REB1")
    queries = {f"noise {n}": columns(8, rng) for n in range(20)} | {"REB1": sampled(reb1, 40, rng)}
    found = match_motifs(queries, jaspar, most=1)
    assert found[names_pattern(found)].pattern.tolist() == ["REB1"]


@pytest.mark.parametrize("kind", NOISE)
def test_pairs_of_noise_are_alike_as_often_as_their_p_values_say(jaspar, kind):
    rng = np.random.default_rng(0)
    motifs = list(jaspar.values())
    arms = [
        [NOISE[kind](rng, motifs[i]) for i in rng.choice(len(motifs), 17, replace=False)]
        for _ in range(2)
    ]
    p_values = pair_p_values(*arms)
    assert p_values.shape == (17, 17)
    assert (p_values <= 0.001).sum() <= 3
    assert (p_values <= 0.05).mean() <= 0.1


def test_motifs_of_two_arms_are_alike(jaspar):
    rng = np.random.default_rng(0)
    motifs = list(jaspar.values())[::5]
    first = [np.hstack([flat(8, 50, rng), sampled(m, 50, rng)]) for m in motifs]
    second = [np.hstack([sampled(m, 50, rng), flat(8, 50, rng)])[::-1, ::-1] for m in motifs]
    assert np.mean(np.diag(pair_p_values(first, second)) <= 0.001) >= 0.95


def test_motif_without_information_is_like_none():
    p_values = pair_p_values([np.full((4, 9), 0.25), motif("TTACCCG")], [np.full((4, 9), 0.25)])
    assert p_values.tolist() == [[1.0], [1.0]]


def test_information_of_positions_by_hand():
    shares = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.25, 0.125, 0.125], [0.4, 0.2, 0.2, 0.2]]
    # 2, 1, 0.25 and 0.08 bits
    assert informative(np.array(shares).T).tolist() == [True, True, True, False]
    ends = np.hstack([np.full((4, 3), 0.25), motif("AC"), np.full((4, 2), 0.25), motif("G")])
    np.testing.assert_array_equal(without_flanks(ends), ends[:, 3:])


def test_shuffles_keep_information_and_spacers():
    rng = np.random.default_rng(0)
    spaced = np.hstack([columns(5, rng), np.full((4, 6), 0.25), columns(5, rng)])
    kept = informative(spaced)
    moved, turned = shuffle_positions(spaced, rng), shuffle_letters(spaced, rng)
    np.testing.assert_array_equal(moved[:, ~kept], spaced[:, ~kept])
    assert sorted(map(tuple, moved.T)) == sorted(map(tuple, spaced.T))
    np.testing.assert_array_equal(np.sort(turned, axis=0), np.sort(spaced, axis=0))
    assert not np.array_equal(moved, spaced)
    assert not np.array_equal(turned, spaced)


def test_tail_tells_how_often_scores_of_a_known_law_are_as_high():
    # of the highest of 500 exponential scores, as the best match of many is
    null = np.random.default_rng(0).exponential(size=(100, 200, 500)).max(axis=2)
    for p in (0.3, 0.05, 0.01, 0.001):
        score = -np.log(1 - (1 - p) ** (1 / 500))
        # rather too high than too low
        assert 0.95 * p <= np.median(tail(np.full(200, score), null)) <= 2 * p
    assert tail(np.array(0.0), np.array([1.0, 2.0, 3.0])) == 1
    # all shuffles are the same, as those of one letter
    assert tail(np.array(2.0), np.full(100, 2.0)) == 1


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


def compiled(module):
    """Functions of a module that are compiled, and for how many types each."""
    kernels = vars(sys.modules[module]).items()
    return {name: len(k.signatures) for name, k in kernels if isinstance(k, Dispatcher)}


def test_jobs_find_all_of_tomtom_compiled(targets):
    load_tomtom()
    before = compiled("memelite.tomtom")
    assert before["_tomtom"] == 1
    queries = {name: pfm for (_, name), pfm in targets.items()}
    match_motifs(queries, targets, 3)
    match_motifs({"short": motif("ACG"), "long": motif("ACGT" * 12)}, targets, 3)
    assert compiled("memelite.tomtom") == before


def test_jobs_find_most_of_fimo_compiled():
    load_fimo()
    assert compiled("memelite.fimo")["_fast_hits"] == 1
