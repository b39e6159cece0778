"""Profiles at example loci: expected counts over seeds, beside those that were observed."""

import h5py
import numpy as np
import pytest
from attprior import metrics
from attprior.analyses.profiles import tables as profiles
from attprior.analyses.profiles.figure import plot as draw
from matplotlib import pyplot as plt

ARMS = ["without_prior", "with_prior"]
SEEDS, PEAKS, TASKS, STRANDS, LENGTH, INPUT = 3, 5, 2, 2, 40, 60
NAMES = ["one", "two"]


def write(path, arm, strands=STRANDS, peaks=PEAKS, seeds=SEEDS):
    rng = np.random.default_rng(2)
    starts = 1000 * np.arange(PEAKS + 3)
    shape = (seeds, peaks, TASKS, strands, LENGTH)
    with h5py.File(path, "w") as file:
        file.attrs.update(arm=arm, fold="fold_1")
        file["regions/chrom"] = np.array([b"chr1"] * len(starts))
        file["regions/start"] = starts
        file["regions/summit"] = starts + INPUT // 2
        file["sequences"] = np.zeros((len(starts), INPUT), dtype=np.uint8)
        file["sample/index"] = (np.arange(PEAKS) + 2)[:peaks]
        file["sample/seeds"] = np.arange(seeds) + 1
        raw = rng.random(shape)
        file["sample/profiles"] = (raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32)
        file["sample/log_counts"] = rng.uniform(2, 5, shape[:-1]).astype(np.float32)
        file["sample/observed"] = rng.poisson(1, shape[1:]).astype(np.float32)
    return path


def tables(folder, **made):
    found = [profiles.read_predictions(write(folder / f"{arm}.h5", arm, **made), 2) for arm in ARMS]
    return profiles.profiles_table(found, NAMES), profiles.totals_table(found, NAMES)


def test_predicted_counts_are_probabilities_times_counts(tmp_path):
    table, _ = tables(tmp_path)
    with h5py.File(tmp_path / "with_prior.h5") as file:
        probability = file["sample/profiles"][:, 1, 0, 1].astype(float)
        count = np.exp(file["sample/log_counts"][:, 1, 0, 1].astype(float)) - 1
        observed = file["sample/observed"][1, 0, 1]
    expected = probability * count[:, None]
    rows = table[(table.arm == "with_prior") & (table.locus == "chr1:3000-3060")]
    rows = rows[(rows.task == "one") & (rows.strand == "-")]
    np.testing.assert_allclose(rows.predicted, expected.mean(axis=0))
    np.testing.assert_allclose(rows.sd, expected.std(axis=0, ddof=1))
    np.testing.assert_array_equal(rows.observed, observed)
    # the profile lies centred in the input
    np.testing.assert_array_equal(rows.position, 3010 + np.arange(LENGTH))
    assert (rows.summit == 3030).all()


def test_both_arms_have_the_first_sampled_peaks(tmp_path):
    table, totals = tables(tmp_path)
    assert len(table) == 2 * 2 * TASKS * STRANDS * LENGTH
    assert len(totals) == 2 * 2 * TASKS * STRANDS * SEEDS
    for arm in ARMS:
        assert list(table[table.arm == arm].locus.unique()) == ["chr1:2000-2060", "chr1:3000-3060"]


def test_totals_are_the_sums_of_the_profiles(tmp_path):
    table, totals = tables(tmp_path)
    key = ["arm", "locus", "task", "strand"]
    sums = table.groupby(key)[["observed", "predicted"]].sum()
    means = totals.groupby(key)[["observed", "predicted"]].mean()
    np.testing.assert_allclose(means, sums, rtol=1e-5)


def test_divergence_is_zero_for_what_was_observed(tmp_path):
    found = profiles.read_predictions(write(tmp_path / "a.h5", ARMS[0]), 2)
    exact = found.observed / found.observed.sum(axis=-1, keepdims=True)
    exact = np.broadcast_to(exact, found.probabilities.shape)
    same = profiles.totals_table([found._replace(probabilities=exact)], NAMES)
    np.testing.assert_allclose(same.jsd, 0, atol=1e-9)
    totals = profiles.totals_table([found], NAMES)
    expected = metrics.jensen_shannon_divergence(
        found.probabilities[2, 1, 1, 0], found.observed[1, 1, 0], 3
    )
    row = totals[(totals.seed == 3) & (totals.locus == "chr1:3000-3060") & (totals.task == "two")]
    assert row[row.strand == "+"].jsd.item() == pytest.approx(float(expected))


def test_one_strand_and_one_seed_are_drawn_too(tmp_path):
    table, totals = tables(tmp_path, strands=1, seeds=1)
    assert set(table.strand) == {"."}
    assert table.sd.isna().all()
    figure = draw(table, totals, ARMS)
    words = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert words == ["observed", "without prior: one seed", "with prior: one seed"]
    plt.close("all")


def test_minus_strand_hangs_below_the_line(tmp_path):
    table, totals = tables(tmp_path)
    figure = draw(table, totals, ARMS)
    panel = figure.subfigs[0].axes[0]
    sides = [np.sign(line.get_ydata()) for line in panel.lines[:2]]
    assert (sides[0] > 0).all()
    assert (sides[1] < 0).all()
    plt.close("all")


def test_no_peaks_end_in_empty_tables_and_a_message(tmp_path):
    table, totals = tables(tmp_path, peaks=0)
    assert table.empty
    assert totals.empty
    assert "No peaks" in draw(table, totals, ARMS).texts[0].get_text()
    plt.close("all")
