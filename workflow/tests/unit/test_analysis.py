"""Analyses of two made-up arms, of which the second has half the noise."""

import h5py
import numpy as np
import pandas as pd
import pytest
from attprior import metrics
from attprior.analyses import inputs
from attprior.analyses.consistency import tables as consistency
from attprior.analyses.loci import tables as loci
from attprior.analyses.motifs import tables as motifs
from attprior.analyses.sites import site_mask
from attprior.analyses.spectrum import tables as spectrum
from attprior.analyses.truth import recovery
from attprior.analyses.truth import tables as truth
from attprior.bed import read_bed
from attprior.errors import InputError
from attprior.statistics import differences, groups_of

ARMS = ["without_prior", "with_prior"]
SEEDS, EXAMPLES, LENGTH, MOTIF = 3, 12, 120, 10


def write_attributions(path, arm, noise, shift=0):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (EXAMPLES + 4, LENGTH)).astype(np.uint8)
    index = rng.permutation(EXAMPLES + 4)[:EXAMPLES]
    signal = np.zeros((EXAMPLES, 4, LENGTH))
    signal[:, :, 50 : 50 + MOTIF] = rng.normal(1, 0.2, (EXAMPLES, 4, MOTIF))
    starts = 1000 * np.arange(EXAMPLES + 4)
    with h5py.File(path, "w") as file:
        file.attrs.update(arm=arm, fold="fold_1")
        file["regions/chrom"] = np.array([b"chr1"] * len(starts))
        file["regions/start"] = starts
        file["regions/summit"] = starts + LENGTH // 2 + shift
        file["sequences"] = codes
        file["sample/index"] = index
        file["sample/seeds"] = np.arange(SEEDS) + 1
        for kind in inputs.KINDS:
            drawn = signal + rng.normal(0, noise, (SEEDS, *signal.shape))
            file[f"sample/{kind}"] = drawn.astype(np.float32)
    return path


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attributions")
    return inputs.read_samples(
        write_attributions(folder / f"{arm}.h5", arm, noise)
        for arm, noise in zip(ARMS, (0.6, 0.3), strict=True)
    )


@pytest.fixture
def sites():
    starts = 1000 * np.arange(EXAMPLES + 4) + 50
    return pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + MOTIF})


def test_sample_keeps_the_order_of_its_index(samples):
    np.testing.assert_array_equal(samples[0].start, 1000 * samples[0].index)


def test_contributions_equal_attribution_times_one_hot(samples):
    sample = samples[0]
    one_hot = (sample.codes[:, None] == np.arange(4)[:, None]).astype(float)
    expected = (sample.hypothetical["deepshap"] * one_hot).sum(axis=2)
    np.testing.assert_array_equal(sample.contributions("deepshap"), expected)


def test_arms_on_different_peaks_are_refused(tmp_path):
    paths = [
        write_attributions(tmp_path / f"{arm}.h5", arm, 1, shift)
        for arm, shift in zip(ARMS, (0, 7), strict=True)
    ]
    with pytest.raises(InputError, match=r"with_prior.*without_prior.*run again"):
        inputs.read_samples(paths)


def test_spectrum_is_lower_with_less_noise(samples):
    table = spectrum.spectrum_table(samples, 20, 3)
    assert len(table) == 2 * 2 * SEEDS * EXAMPLES * 2
    tests = differences(table, ARMS, ["kind", "metric"])
    assert (tests.examples == EXAMPLES).all()
    assert (tests.seeds == SEEDS).all()
    assert (tests.high < 0).all()


def test_mean_spectrum_sums_to_one_and_to_the_share(samples):
    curve = spectrum.curve_table(samples, 3)
    np.testing.assert_allclose(curve.groupby(["arm", "kind"]).magnitude.sum(), 1)
    table = spectrum.spectrum_table(samples, 20, 3)
    share = table[table.metric == "high_frequency_share"].groupby(["arm", "kind"]).value.mean()
    above = curve[curve.frequency > 20].groupby(["arm", "kind"]).magnitude.sum()
    np.testing.assert_allclose(share, above)


def test_consistency_equals_the_mean_over_pairs(samples):
    table = consistency.consistency_table(samples, ARMS, seed=1)
    a = samples[0].hypothetical["deepshap"][:, 0]
    for metric, function in consistency.SINGLE.items():
        of_pair = {(i, j): function(a[i], a[j]) for i, j in [(0, 1), (0, 2), (1, 2)]}
        found = table[
            (table.arm == ARMS[0])
            & (table.kind == "deepshap")
            & (table.example == samples[0].index[0])
            & (table.metric == metric)
        ]
        assert found.value.mean() == pytest.approx(np.mean(list(of_pair.values())))
        of_first = found[found.seed == samples[0].seeds[0]].value.item()
        assert of_first == pytest.approx((of_pair[0, 1] + of_pair[0, 2]) / 2)


def test_shuffled_positions_score_lower_than_seeds(samples):
    table = consistency.consistency_table(samples, ARMS, seed=1)
    mean = table.groupby(["metric", "arm"]).value.mean()
    for metric in consistency.PAIRWISE:
        bound = mean[metric, "bound: both shuffled"]
        assert bound < mean[metric, ARMS[0]] < mean[metric, ARMS[1]]
        assert abs(bound) < 0.2 * metrics.continuous_jaccard(*[np.ones((4, LENGTH))] * 2)


def test_one_seed_gives_an_empty_table_and_no_test(samples):
    single = [
        s._replace(seeds=s.seeds[:1], hypothetical={k: v[:1] for k, v in s.hypothetical.items()})
        for s in samples
    ]
    table = consistency.consistency_table(single, ARMS, seed=1)
    assert table.empty
    assert list(table) == consistency.COLUMNS
    assert differences(table, ARMS, ["kind", "metric"], pairs=True).empty


def test_loci_hold_the_contributions_of_few_peaks(samples):
    table = loci.loci_table(samples, loci=2, seeds=2)
    assert len(table) == 2 * 2 * 2 * LENGTH
    first = table[(table.arm == ARMS[0]) & (table.seed == 1)].iloc[:LENGTH]
    np.testing.assert_array_equal(first.contribution, samples[0].contributions("deepshap")[0, 0])
    assert first.position.iloc[0] == samples[0].start[0]


def test_site_mask_marks_the_overlap():
    sites = pd.DataFrame(
        {"chrom": ["chr1", "chr1", "chr2"], "start": [5, 95, 0], "end": [12, 120, 9]}
    )
    mask = site_mask(sites, np.array(["chr1", "chr2"]), np.array([10, 50]), 90)
    np.testing.assert_array_equal(np.flatnonzero(mask[0]), [0, 1, 85, 86, 87, 88, 89])
    assert not mask[1].any()


def test_truth_is_found_better_with_less_noise(samples, sites):
    table = truth.truth_table(samples, sites)
    mean = table.groupby(["metric", "arm"]).value.mean().unstack()
    assert (mean[ARMS[1]] > mean[ARMS[0]]).all()
    assert (table.value > table.chance).all()
    assert (table.n == EXAMPLES).all()


def test_share_of_attribution_that_is_all_in_sites_is_one(samples, sites):
    sample = samples[0]
    mask = site_mask(sites, sample.chrom, sample.start, LENGTH)
    inside = {k: v * mask[:, None] for k, v in sample.hypothetical.items()}
    table = truth.truth_table([sample._replace(hypothetical=inside)], sites)
    assert table[table.metric == "share_in_sites"].value.to_numpy() == pytest.approx(1)


def test_values_of_examples_have_the_mean_of_all(samples, sites):
    table = truth.truth_table(samples, sites)
    values = truth.truth_values(samples, sites)
    assert list(values) == truth.VALUE_COLUMNS
    keys = ["arm", "seed", "kind", "metric"]
    means = values.groupby(keys).value.mean()
    np.testing.assert_allclose(means, table.set_index(keys).value[means.index])
    assert values.groupby(keys).size().eq(len(np.unique(groups_of(EXAMPLES)))).all()


def test_truth_without_sites_is_not_a_number(samples, sites):
    table = truth.truth_table(samples, sites.assign(chrom="chr9"))
    assert (table.n == 0).all()
    assert table.value.isna().all()
    assert truth.truth_values(samples, sites.assign(chrom="chr9")).empty


@pytest.mark.parametrize("text", ["chrom\tstart\tend\nchr1\t1\t2\n", "chr1 1 2\n"])
def test_sites_that_are_no_bed_are_refused(tmp_path, text):
    path = tmp_path / "sites.bed"
    path.write_text(text)
    with pytest.raises(InputError, match=r"sites\.bed, line 1: "):
        read_bed(path)


def sharp(text):
    return np.where(np.array(list("ACGT"))[:, None] == np.array(list(text)), 0.91, 0.03)


def test_patterns_match_the_planted_motif_in_either_strand():
    planted = {"CTCF": sharp("CCACCAGGGGGCGCT"), "SPI1": sharp("AAAGAGGAAGTG")}
    patterns = {
        "with_prior": {
            "a": planted["CTCF"],
            "b": planted["SPI1"][::-1, ::-1],
            "c": sharp("TTACGATTAC"),
        }
    }
    found = recovery.planted_matches(patterns, planted)
    assert list(found.planted) == ["CTCF", "SPI1", ""]
    assert recovery.planted_matches({"with_prior": {}}, planted).empty


MATCHES = ["pattern", "seqlets", "rank", "database", "motif", "name", "p_value", "q_value"]


def matches(*rows):
    table = pd.DataFrame(rows, columns=MATCHES)
    table["consensus"] = "ACGT"
    return table


def pattern(text, seqlets, flank=5):
    """A TF-MoDISco pattern of a site, with flanks that have no contributions."""
    pfm = np.hstack([np.full((4, flank), 0.25), sharp(text), np.full((4, flank), 0.25)])
    return {"pfm": pfm, "cwm": pfm * (pfm > 0.5), "seqlets": seqlets}


SPI1, CTCF, OTHER = "AAAGAGGAAGTG", "CCACCAGGGGGCGCT", "TTACGATTACGA"
REVERSED = "CACTTCCTCTTT"


@pytest.fixture
def found():
    """Patterns of two arms: SPI1 in both, twice in the first; CTCF in the second alone."""
    return {
        ARMS[0]: {
            "pos_patterns.pattern_0": pattern(SPI1, 90),
            "pos_patterns.pattern_1": pattern(SPI1[1:-2], 30),
            "neg_patterns.pattern_0": pattern(OTHER, 10),
        },
        ARMS[1]: {
            "pos_patterns.pattern_0": pattern(CTCF, 99),
            "pos_patterns.pattern_1": pattern(REVERSED, 50),
            "pos_patterns.pattern_2": pattern(OTHER, 5),
        },
    }


def test_patterns_of_the_arms_that_are_alike_are_a_family(found):
    table = motifs.families(found).set_index(["arm", "pattern"])
    assert table.family[ARMS[1], "pos_patterns.pattern_0"] == 0
    assert table.family[ARMS[0], "pos_patterns.pattern_0"] == 1
    assert table.family[ARMS[1], "pos_patterns.pattern_1"] == 1
    assert table.family.nunique() == 5


def test_table_says_in_which_arms_a_pattern_is_found(found):
    arms = motifs.families(found).set_index(["arm", "pattern"]).arms
    both = ",".join(ARMS)
    assert arms[ARMS[0], "pos_patterns.pattern_0"] == both
    # alike, though its counterpart is taken by the other
    assert arms[ARMS[0], "pos_patterns.pattern_1"] == both
    assert arms[ARMS[1], "pos_patterns.pattern_1"] == both
    assert arms[ARMS[1], "pos_patterns.pattern_0"] == ARMS[1]


def test_patterns_of_different_signs_are_not_one(found):
    arms = motifs.families(found).set_index(["arm", "pattern"]).arms
    assert arms[ARMS[0], "neg_patterns.pattern_0"] == ARMS[0]
    assert arms[ARMS[1], "pos_patterns.pattern_2"] == ARMS[1]


def test_families_do_not_depend_on_the_order_of_patterns(found):
    turned = {arm: dict(reversed(patterns.items())) for arm, patterns in found.items()}
    keys = ["arm", "pattern"]
    pd.testing.assert_frame_equal(
        motifs.families(found).sort_values(keys, ignore_index=True),
        motifs.families(turned).sort_values(keys, ignore_index=True),
    )


def test_table_has_the_best_match_in_each_database(found):
    first, second, negative = found[ARMS[0]]
    table = motifs.motifs_table(
        {
            ARMS[0]: matches(
                (first, 90, 1, "jaspar", "MA1", "SPI1", 1e-9, 1e-7),
                (first, 90, 2, "jaspar", "MA2", "ETS1", 1e-8, 1e-6),
                (first, 90, 1, "homer_known", "Spi1(ETS)/K562", "Spi1(ETS)", 1e-12, 1e-10),
                (second, 30, 1, "jaspar", "MA1", "SPI1", 0.1, 0.9),
                (second, 30, 1, "homer_known", "Spi1(ETS)/K562", "Spi1(ETS)", 1e-4, 1e-2),
                (negative, 10, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan),
            ),
            ARMS[1]: matches(),
        },
        {**found, ARMS[1]: {}},
    ).set_index("pattern")
    assert len(table) == 3
    assert table.matched.tolist() == [1, 1, 0]
    # the first database names, if it has a match that counts
    assert table.name[first] == "SPI1"
    assert table.q_value[first] == 1e-7
    assert table.name[second] == "Spi1(ETS)"
    assert table.jaspar[first] == "SPI1 (MA1)"
    assert table.jaspar_q_value[second] == 0.9
    assert table.homer_known[first] == "Spi1(ETS) (Spi1(ETS)/K562)"
    assert pd.isna(table.jaspar[negative])
    assert (table.arms == ARMS[0]).all()


def test_no_patterns_give_a_table_with_its_header():
    table = motifs.motifs_table({arm: matches() for arm in ARMS}, {arm: {} for arm in ARMS})
    assert table.empty
    assert list(table.columns) == motifs.COLUMNS


def test_cwm_table_has_a_row_per_position_and_base():
    matrices = {name: np.arange(24).reshape(4, 6) for name in ("cwm", "pfm")}
    table = motifs.cwm_table({"with_prior": {"p0": matrices}})
    np.testing.assert_array_equal(
        table.pivot(index="base", columns="position", values="cwm"), matrices["cwm"]
    )
    assert motifs.cwm_table({"with_prior": {}}).empty


def test_tables_are_collected_by_arm_and_fold(tmp_path):
    paths = []
    for i in range(4):
        paths.append(tmp_path / f"{i}.tsv")
        inputs.write_table(pd.DataFrame({"value": [i]}), paths[-1])
    table = inputs.collect_tables(paths, ARMS, ["fold_1", "fold_2"])
    found = {(row.arm, row.fold): row.value for row in table.itertuples()}
    assert found == {
        (ARMS[0], "fold_1"): 0,
        (ARMS[0], "fold_2"): 1,
        (ARMS[1], "fold_1"): 2,
        (ARMS[1], "fold_2"): 3,
    }
