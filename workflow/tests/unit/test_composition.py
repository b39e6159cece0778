"""Correlations with GC content are those of scipy, over bases outside sites alone."""

import numpy as np
import pandas as pd
import pytest
from attprior.analyses.composition import tables as composition
from attprior.analyses.composition.figure import plot as draw
from attprior.analyses.inputs import KINDS, Sample
from matplotlib import pyplot as plt
from scipy.stats import pearsonr, spearmanr

ARMS = ["without_prior", "with_prior"]
SEEDS, EXAMPLES, LENGTH, FLANK = 2, 6, 80, 3
NO_SITES = pd.DataFrame({"chrom": [], "start": [], "end": []})


def made(arm="without_prior", seed=0):
    rng = np.random.default_rng(seed)
    codes = np.random.default_rng(9).integers(0, 4, (EXAMPLES, LENGTH)).astype(np.uint8)
    starts = 1000 * np.arange(EXAMPLES)
    return Sample(
        arm=arm,
        fold="fold_1",
        seeds=[1, 2],
        index=np.arange(EXAMPLES),
        chrom=np.full(EXAMPLES, "chr1"),
        start=starts,
        summit=starts + LENGTH // 2,
        codes=codes,
        hypothetical={k: rng.normal(size=(SEEDS, EXAMPLES, 4, LENGTH)) for k in KINDS},
    )


@pytest.fixture
def sites():
    starts = 1000 * np.arange(EXAMPLES) + 30
    return pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + 12})


def following(sample, content):
    """The sample with contributions as large as something along the sequence, of any sign."""
    signs = np.random.default_rng(1).choice([-1, 1], (SEEDS, EXAMPLES, 4, LENGTH))
    return sample._replace(hypothetical=dict.fromkeys(KINDS, signs * content[:, None]))


def test_gc_content_equals_a_count_by_hand():
    codes = np.array([[0, 1, 2, 3, 4, 4, 4, 4, 1, 3]])
    found = composition.gc_content(codes, 1)[0]
    nan = float("nan")
    np.testing.assert_allclose(found, [0.5, 2 / 3, 2 / 3, 0.5, 0, nan, nan, 1, 0.5, 0.5])
    np.testing.assert_array_equal(composition.gc_content(codes[:, :4], 0)[0], [0, 1, 1, 0])


def test_correlations_equal_those_of_scipy(sites):
    sample = made()
    table = composition.composition_table([sample], FLANK, sites)
    outside = np.r_[0:30, 42:LENGTH]
    codes = np.where(np.isin(np.arange(LENGTH), outside), sample.codes[4], 4)
    content = [
        np.isin(near[near < 4], (1, 2)).mean()
        for i in outside
        for near in [codes[max(0, i - FLANK) : i + FLANK + 1]]
    ]
    size = np.abs(sample.contributions("gradient"))[1, 4, outside]
    for metric, function in (("spearman", spearmanr), ("pearson", pearsonr)):
        chosen = (table.metric == metric) & (table.kind == "gradient")
        row = table[chosen & (table.seed == 2) & (table.example == 4)].iloc[0]
        assert row.value == pytest.approx(function(size, content).statistic)
        assert (row.bases, row.window) == (len(outside), 2 * FLANK + 1)


def test_attribution_that_is_gc_content_correlates_wholly():
    sample = made()
    content = composition.gc_content(sample.codes, FLANK)
    table = composition.composition_table([following(sample, content)], FLANK, NO_SITES)
    np.testing.assert_allclose(table.value, 1)
    table = composition.composition_table([following(sample, 1 - content)], FLANK, NO_SITES)
    sizes = table.metric.str.endswith("_size")
    np.testing.assert_allclose(table.value[sizes], 1)
    np.testing.assert_allclose(table.value[~sizes], -1)


def test_what_lies_in_sites_does_not_count(sites):
    sample = made()
    before = composition.composition_table([sample], FLANK, sites)
    codes = sample.codes.copy()
    codes[:, 30:42] = 1
    values = {kind: value.copy() for kind, value in sample.hypothetical.items()}
    for value in values.values():
        value[..., 30:42] *= 100
    changed = sample._replace(codes=codes, hypothetical=values)
    after = composition.composition_table([changed], FLANK, sites)
    pd.testing.assert_frame_equal(before, after)
    everywhere = composition.composition_table([changed], FLANK, NO_SITES)
    assert (everywhere.value != after.value).all()


def test_scale_and_order_change_nothing(sites):
    sample = made()
    order = np.random.default_rng(1).permutation(EXAMPLES)
    by_peak = ("index", "chrom", "start", "summit", "codes")
    moved = sample._replace(
        **{name: getattr(sample, name)[order] for name in by_peak},
        hypothetical={kind: 7 * value[:, order] for kind, value in sample.hypothetical.items()},
    )
    key = ["kind", "seed", "metric", "example"]
    first, second = (
        composition.composition_table([one], FLANK, sites).set_index(key).value.sort_index()
        for one in (sample, moved)
    )
    pd.testing.assert_series_equal(first, second)


def test_sequence_of_one_composition_has_no_correlation():
    sample = made()
    sample = sample._replace(codes=np.full_like(sample.codes, 1))
    other = made(ARMS[1])._replace(codes=sample.codes)
    table = composition.composition_table([sample, other], FLANK, NO_SITES)
    assert table.value.isna().all()
    figure = draw(table, pd.DataFrame(), ARMS)
    assert "No example" in figure.texts[0].get_text()
    plt.close("all")


def test_example_that_is_all_site_is_not_a_number():
    sites = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [LENGTH - 5]})
    table = composition.composition_table([made()], FLANK, sites)
    assert table[table.example == 0].value.isna().all()
    assert table[table.example != 0].value.notna().all()
