"""One place of the genome: each base is told by the window on its part, features are those there."""

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.analyses.locus import Source, features_table, write_features_bed
from attprior.analyses.seeds.figure import plot as draw_seeds
from attprior.analyses.seeds.tables import clusters, similarities
from attprior.attribution.deepshap import deepshap
from attprior.attribution.locus import along, attribute_locus, cut, place_windows
from attprior.dataset.windows import open_windows
from attprior.errors import InputError
from attprior.locus import Locus, read_loci
from attprior.models.architecture import Head
from attprior.models.saved import build, load_model, save_model
from attprior.plotting.locus import plot_locus
from attprior.sequence import decode, of_present_base, one_hot_codes
from made_condition import CHROMOSOMES, SETTINGS
from matplotlib import pyplot as plt
from tangermeme.ersatz import dinucleotide_shuffle

BINARY = {
    **{key: SETTINGS[key] for key in ("input_length", "filters", "dropout")},
    "architecture": "binary",
    "filters": 8,
    "widths": [9, 5],
    "pools": [1, 4],
    "dense": [8],
}

# loci


@pytest.mark.parametrize(
    "text",
    ["chr1:1,001-2,000,2:5-100", "chr1:1001-2000, 2:5-100", ["chr1:1001-2000", "2:5-100"]],
)
def test_several_loci_are_told_apart_from_commas_within_numbers(text):
    assert read_loci(text) == {
        "chr1_1001-2000": Locus("chr1", 1000, 2000),
        "2_5-100": Locus("2", 4, 100),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1", "'chr1' is no locus"),
        ("chr1:1-100,chr2", "is no locus"),
        ("", "is no locus"),
        ("chr1:20-10", "has no base"),
        ("chr1:0-100", "has no base"),
        ("chr1:,-,", "has no base"),
        ("chr1:1-9", "has 9 bp"),
        ("chr1:1-20001", "has 20001 bp"),
    ],
)
def test_loci_that_cannot_be_looked_at_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        read_loci(text)


# windows


@pytest.mark.parametrize(("length", "longest"), [(10, 30), (30, 30), (31, 30), (1000, 30)])
def test_parts_are_few_equal_and_no_longer_than_a_window_tells(length, longest):
    sizes = np.diff(cut(Locus("chr1", 500, 500 + length), longest))
    assert sizes.sum() == length
    assert sizes.max() <= longest
    assert sizes.max() - sizes.min() <= 1
    assert len(sizes) == np.ceil(length / longest)


def test_each_base_is_told_by_its_own_window():
    edges = np.array([10, 13, 16])
    values = np.arange(20).reshape(2, 10)  # from 8 and from 14 on
    told = along(values, [8, 14], edges)
    np.testing.assert_array_equal(told, [2, 3, 4, np.nan, 10, 11])


def test_windows_stay_on_their_chromosome(condition):
    labels, fasta, _ = condition
    windows = open_windows(labels, fasta, SETTINGS)
    for locus in (Locus("chr2", 0, 40), Locus("chr2", CHROMOSOMES["chr2"] - 40, 1600)):
        edges, starts = place_windows(locus, windows)
        assert starts.min() >= 0
        assert starts.max() + 60 <= CHROMOSOMES["chr2"]
        assert (starts <= edges[:-1]).all()
        assert (starts + 60 >= edges[1:]).all()


def test_place_that_a_model_cannot_read_is_refused(condition, tmp_path):
    labels, fasta, _ = condition
    with pytest.raises(InputError, match="the model reads 1700 bp"):
        place_windows(
            Locus("chr2", 0, 40), open_windows(labels, fasta, {**SETTINGS, "input_length": 1700})
        )
    masked = tmp_path / "masked.fa"
    lines = fasta.read_text().splitlines()
    lines[1] = lines[1][:510] + "N" + lines[1][511:]
    masked.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"chr1:461-520, which holds an N"):
        place_windows(Locus("chr1", 480, 520), open_windows(labels, masked, SETTINGS))


def test_repeat_within_a_locus_contributes_nothing_and_is_told(condition, tmp_path, caplog):
    labels, fasta, _ = condition
    repeated = tmp_path / "repeated.fa"
    lines = fasta.read_text().splitlines()
    lines[1] = lines[1][:500] + "AC" * 50 + lines[1][600:]
    repeated.write_text("\n".join(lines) + "\n")
    locus = Locus("chr1", 480, 660)  # parts of 30 bp
    models = saved(tmp_path, SETTINGS)
    contributions, _ = attribute_locus(locus, labels, repeated, models, "profile", 3, 16, "cpu")
    assert "1 of 6 windows are a repeat" in caplog.text
    inside = contributions.position.between(540, 569)
    assert (contributions.contribution[inside] == 0).all()
    assert (contributions.contribution[~inside] != 0).mean() > 0.9


# what models say


def saved(folder, settings, strands=2):
    """Two seeds' models of a made condition, by their paths."""
    paths = {}
    tasks = ["task_0", "task_1"]
    description = {"settings": settings, "tasks": tasks, "strands": strands, "controls": "matched"}
    for seed in (1, 2):
        torch.manual_seed(seed)
        paths[seed] = folder / f"{seed}.pt"
        save_model(paths[seed], build(description).state_dict(), description)
    return paths


@pytest.fixture(scope="module")
def looked(condition, tmp_path_factory):
    """Models, a locus of two windows, and what they say of it."""
    labels, fasta, _ = condition
    models = saved(tmp_path_factory.mktemp("models"), SETTINGS)
    locus = Locus("chr2", 300, 350)
    return models, locus, attribute_locus(locus, labels, fasta, models, "profile", 3, 16, "cpu")


def test_contributions_are_those_of_the_windows_by_themselves(condition, looked):
    labels, fasta, _ = condition
    models, locus, (contributions, _) = looked
    windows = open_windows(labels, fasta, SETTINGS)
    offset = CHROMOSOMES["chr1"]
    starts = offset + np.array([312, 337]) - 30  # around the middles of 300-325 and 325-350
    codes = windows.sequences(starts)
    sequences = torch.from_numpy(one_hot_codes(codes))
    control = torch.from_numpy(windows.counts(starts, control=True))
    model, _ = load_model(models[2])
    shuffles = dinucleotide_shuffle(sequences, n=3, random_state=0)
    found, _ = deepshap(
        model, sequences, control, shuffles, 16, torch.device("cpu"), Head("profile")
    )
    each = of_present_base(found.numpy(), codes)
    expected = np.concatenate([each[0, 18:43], each[1, 18:43]])
    of_seed = contributions[contributions.seed == 2]
    np.testing.assert_allclose(of_seed.contribution, expected, rtol=1e-4, atol=1e-7)
    assert of_seed.position.tolist() == list(range(locus.start, locus.end))
    assert "".join(of_seed.base) == decode(windows.genome[offset + 300 : offset + 350])


def test_observed_counts_are_those_of_the_tracks_on_each_strand(condition, looked):
    labels, fasta, _ = condition
    _, locus, (_, predictions) = looked
    windows = open_windows(labels, fasta, SETTINGS)
    for t, task in enumerate(("task_0", "task_1")):
        for s, strand in enumerate("+-"):
            track = windows.labels.tracks[t][s]
            counts = np.zeros(len(windows.genome))
            counts[track.position] = track.count
            start = CHROMOSOMES["chr1"] + locus.start
            rows = predictions[(predictions.task == task) & (predictions.strand == strand)]
            assert rows.observed.tolist() == 2 * counts[start : start + 50].tolist()
            assert (rows.predicted >= 0).all()


def test_binary_models_tell_a_probability_of_each_part(condition, tmp_path):
    labels, fasta, _ = condition
    models = saved(tmp_path, BINARY)
    contributions, predictions = attribute_locus(
        Locus("chr2", 300, 350), labels, fasta, models, "logit", 2, 16, "cpu"
    )
    assert len(contributions) == 2 * 50
    rows = predictions[(predictions.seed == 1) & (predictions.task == "task_1")]
    assert rows.start.tolist()[0] == 300
    assert rows.end.tolist()[-1] == 350
    assert len(rows) == 3  # bins have 20 bp
    assert predictions.predicted.between(0, 1).all()
    assert predictions.observed.isna().all()


# features


def test_features_are_all_that_share_a_base_and_no_others(tmp_path):
    peaks, sites = tmp_path / "peaks.narrowPeak", tmp_path / "sites.bed"
    peaks.write_text(
        "chr1\t90\t110\tp\t5\t.\t1\t-1\t-1\t15\nchr1\t80\t100\tq\t5\t.\t1\t-1\t-1\t-1\n"
    )
    sites.write_text("chr1\t149\t160\nchr1\t150\t160\nchr2\t100\t120\tTF\t2000\t-\n")
    sources = [Source("peak", "a", peaks), Source("hit", "b", sites)]
    table = features_table(Locus("chr1", 100, 150), sources)
    assert table[["kind", "start", "end", "name"]].values.tolist() == [
        ["peak", 90, 110, "p"],
        ["hit", 149, 160, "."],
    ]
    assert table.summit.iloc[0] == 105
    assert pd.isna(table.summit.iloc[1])
    write_features_bed(table, tmp_path / "features.bed")
    lines = (tmp_path / "features.bed").read_text().splitlines()
    assert lines == ["chr1\t90\t110\tpeak, a: p\t5\t.", "chr1\t149\t160\thit, b\t0\t."]


def test_place_of_nothing_gives_a_header_and_an_empty_bed(tmp_path):
    (tmp_path / "empty.bed").write_text("")
    table = features_table(Locus("chr1", 100, 150), [Source("hit", "b", tmp_path / "empty.bed")])
    assert table.empty
    assert "summit" in table
    write_features_bed(table, tmp_path / "features.bed")
    assert (tmp_path / "features.bed").read_text() == ""


@pytest.mark.parametrize("some", [True, False])
def test_figure_has_a_row_for_each_arm_and_seed(looked, some):
    _, locus, tables = looked
    fold = {"fold": "fold_1", "split": "test"}
    both = [
        pd.concat([table.assign(arm=arm, **fold) for arm in ("first", "second", "third")])
        for table in tables
    ]
    features = pd.DataFrame(
        {"kind": "hit", "source": "first", "chrom": "chr2", "start": [310], "end": [400]}
        | {"name": "TF", "score": 1, "strand": "+", "summit": pd.NA}
    )[: int(some)]
    figure = plot_locus(str(locus), "SPI1, model profile", *both, features, ["first"], 10)
    labels = [ax.get_ylabel() for ax in figure.get_axes()]
    # tracks and logos
    assert labels.count("seed 1") == labels.count("seed 2") == 2 * 3
    figure.canvas.draw()
    plt.close(figure)


# clusters of seeds


def test_copies_are_one_cluster_and_score_one():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 4, 50))
    attributions = np.stack([one, other, one * 3, other, one])
    similarity = similarities(attributions)
    np.testing.assert_allclose(similarity[0, [0, 2, 4]], 1)
    found, order = clusters(similarity)
    assert found[0] == found[2] == found[4] != found[1] == found[3]
    assert sorted(order) == list(range(5))
    # members of a cluster stand side by side, clusters in order
    assert (np.diff(found[np.argsort(order)]) >= 0).all()


@pytest.mark.parametrize("number", [1, 2])
def test_few_seeds_are_one_cluster(number):
    found, order = clusters(np.eye(number))
    assert found.tolist() == [1] * number
    assert sorted(order) == list(range(number))


def test_order_of_seeds_changes_no_cluster():
    rng = np.random.default_rng(1)
    similarity = similarities(rng.normal(size=(7, 4, 30)) + rng.normal(size=(1, 4, 30)))
    shuffle = rng.permutation(7)
    first, second = clusters(similarity)[0], clusters(similarity[shuffle][:, shuffle])[0]
    np.testing.assert_array_equal(
        first[shuffle][:, None] == first[shuffle], second[:, None] == second
    )


def test_heat_map_names_all_seeds_of_both_arms():
    rng = np.random.default_rng(2)
    seeds = [(arm, seed) for arm in "ab" for seed in (1, 2)]
    similarity = similarities(rng.normal(size=(4, 4, 30)))
    found, order = clusters(similarity)
    table = pd.DataFrame(
        [
            ("chr1:1-2", arm, seed, found[i], order[i], *seeds[j], similarity[i, j])
            for i, (arm, seed) in enumerate(seeds)
            for j in range(4)
        ],
        columns=["locus", "arm", "seed", "cluster", "order"]
        + ["other_arm", "other_seed", "similarity"],
    )
    figure = draw_seeds(table, ["a", "b"])
    names = [[t.get_text() for t in ax.get_yticklabels()] for ax in figure.get_axes()]
    assert any(sorted(texts) == ["1", "1", "2", "2"] for texts in names)
    plt.close(figure)
