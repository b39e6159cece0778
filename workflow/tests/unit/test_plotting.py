"""Figures are drawn from tables alone, of any size, with nothing left out or on top of another."""

import re
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from attprior.analyses.consistency import figure as consistency
from attprior.analyses.footprints import figure as footprints
from attprior.analyses.hits import figure as hits
from attprior.analyses.learnt import learnt_nothing
from attprior.analyses.loci import figure as loci
from attprior.analyses.motifs import figure as motifs
from attprior.analyses.performance import figure as performance
from attprior.analyses.spectrum import figure as spectrum
from attprior.analyses.summits import figure as summits
from attprior.analyses.tracks import BOUND
from attprior.analyses.training import figure as training
from attprior.analyses.truth import figure as truth
from attprior.plotting import style
from attprior.plotting.logo import draw_logo, letter, logo_window
from attprior.statistics import differences
from matplotlib import pyplot as plt
from matplotlib.text import Text

ARMS = ["without_prior", "with_prior"]
rng = np.random.default_rng(2)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def grid(**columns):
    """Table of all combinations of values, with a random `value`."""
    index = pd.MultiIndex.from_product(columns.values(), names=columns.keys())
    table = index.to_frame(index=False)
    return table.assign(value=rng.random(len(table)))


def drawn(figure):
    """Texts that are really drawn, with their boxes; ticks beyond the limits are not."""
    found = {}
    draw = Text.draw

    def record(text, renderer, *args, **kwargs):
        draw(text, renderer, *args, **kwargs)
        if text.get_visible() and text.get_text().strip():
            found[text] = text.get_window_extent(renderer)

    with mock.patch.object(Text, "draw", record):
        figure.canvas.draw()
    return found


def texts(figure):
    return [text.get_text() for text in drawn(figure)]


def overlapping(figure):
    """Pairs of level texts whose boxes overlap by more than the space around letters."""
    boxes = [
        (text.get_text(), box.shrunk(0.9, 0.8))
        for text, box in drawn(figure).items()
        if text.get_rotation() % 90 == 0
    ]
    return [
        (a, b)
        for i, (a, first) in enumerate(boxes)
        for b, second in boxes[i + 1 :]
        if first.overlaps(second)
    ]


def outside(figure):
    """Texts that reach over the figure's edge."""
    edge = figure.bbox.padded(1)
    return [
        text.get_text()
        for text, box in drawn(figure).items()
        if box.x0 < edge.x0 or box.x1 > edge.x1 or box.y0 < edge.y0 or box.y1 > edge.y1
    ]


LONG = ["ablation_no_smoothing_all_examples_limit_150", "fourier_expected_gradient_weight_50_soft"]


def draw_spectrum(arms, seeds):
    names = ["high_frequency_share", "entropy"]
    table = grid(
        arm=arms, fold=["f"], seed=range(seeds), kind=["gradient", "deepshap"], example=range(20),
        metric=names,
    ).assign(freq_limit=30)  # fmt: skip
    curve = grid(arm=arms, kind=["gradient", "deepshap"], frequency=range(1, 101))
    tests = differences(table, arms, ["kind", "metric"])
    return spectrum.plot(table, curve.rename(columns={"value": "magnitude"}), tests, arms)


def draw_consistency(arms, seeds):
    everything = [*arms, *consistency.LINES]
    table = grid(
        arm=everything, fold=["f"], seed=range(seeds), kind=["gradient", "deepshap"],
        example=range(20), metric=["jaccard", "cosine"],
    )  # fmt: skip
    table.loc[table.arm == "bound: bases shuffled", "value"] += 100
    tests = differences(table, arms, ["kind", "metric"])
    return consistency.plot(table, tests, arms)


def draw_performance(arms, seeds):
    names = [*performance.LABELS, *performance.REFERENCES]
    tasks = ["ENCSR000BGQ", "ENCSR000BGW", "ENCSR000BIJ", "ENCSR000BUW"]
    table = grid(arm=arms, fold=["f"], seed=range(seeds), split=["test"], task=tasks, metric=names)
    table["constant"] = np.where(table.metric.isin(["profile_nll", "counts_mse"]), 0.5, np.nan)
    table["learnt_nothing"] = (table.value > table.constant).astype(int)
    return performance.plot(table, arms)


def draw_training(arms, seeds):
    table = grid(arm=arms, fold=["f"], seed=range(seeds), epoch=range(1, 6))
    losses = [f"validation_{part}_loss" for part in ("profile", "count")]
    for column in (*training.CURVES, *losses, "seconds"):
        table[column] = rng.random(len(table))
    table.loc[table.arm == arms[0], "training_prior_loss"] = np.nan
    table = table.assign(constant_loss=0.9, constant_profile_loss=0.8, constant_count_loss=0.7)
    table["best"] = (table.epoch == 3).astype(int)
    worse = (table.best == 1) & (table.validation_count_loss > 0.7)
    return training.plot(table.assign(learnt_nothing=np.where(worse, "count", "")), arms)


def draw_truth(arms, seeds):
    table = grid(
        arm=arms, fold=["f"], seed=range(seeds), kind=["gradient", "deepshap"], metric=truth.LABELS
    )
    found = grid(arm=arms, caller=["finemo", "fimo"], peaks=["all", "test"])
    found = found.assign(name="any", recall=found.value, precision=0.5 + found.value / 2, f1=0.5)
    return truth.plot(table.assign(chance=0.1), found, arms)


def draw_hits(arms, seeds):
    table = grid(arm=arms, caller=["finemo", "fimo"], name=["any", "SPI1"], first=range(1, 100, 9))
    table = table.assign(last=table["first"] + 8, peaks=9, with_hit=(9 * table.value).round())
    return hits.plot(table.rename(columns={"value": "share"}), arms)


def measured(arms, seeds, metrics, **columns):
    """Metrics of examples with their bound, and their tests."""
    table = grid(
        arm=[*arms, BOUND], fold=["f"], seed=range(seeds), **columns,
        kind=["gradient", "deepshap"], example=range(20), metric=metrics,
    )  # fmt: skip
    return table, differences(table, arms, [*columns, "kind", "metric"])


def draw_footprints(arms, seeds):
    names = {"set": ["DNase footprints of all kinds of cells and tissues", "CTCF peaks"]}
    table, tests = measured(arms, seeds, [*footprints.LABELS, "enrichment"], **names)
    curve = grid(
        arm=[*arms, BOUND], fold=["f"], seed=range(seeds), **names, kind=["gradient", "deepshap"],
        top=np.geomspace(0.001, 1, 31),
    )  # fmt: skip
    curve = curve.rename(columns={"value": "enrichment"}).assign(most=20.0)
    return footprints.plot(table, curve, tests, arms)


def draw_summits(arms, seeds):
    table, tests = measured(arms, seeds, summits.LABELS)
    curve = grid(
        arm=[*arms, BOUND], fold=["f"], seed=range(seeds), kind=["gradient", "deepshap"],
        distance=range(5, 675, 10),
    )  # fmt: skip
    return summits.plot(table, curve.rename(columns={"value": "density"}), tests, arms)


def draw_loci(arms, seeds):
    table = grid(
        arm=arms, fold=["f"], seed=range(min(seeds, 3)), locus=["chr1:100-300", "chr1:900-1100"],
        position=range(200),
    )  # fmt: skip
    start = table.locus.str.extract(r":(\d+)-")[0].astype(int)
    table["position"] += start
    table["base"] = rng.choice(list("ACGT"), len(table))
    table = table.assign(summit=start + 100).rename(columns={"value": "contribution"})
    return loci.plot(table, arms, flank=40)


def motif_tables(arms):
    rows = [
        (arms[0], 0, "pos_patterns.pattern_0", 500, "MA0080.7", "SPI1", 1e-9),
        (arms[1], 0, "pos_patterns.pattern_0", 600, "MA0080.7", "SPI1", 1e-9),
        (arms[0], 1, "neg_patterns.pattern_0", 50, np.nan, np.nan, np.nan),
        (arms[1], 2, "pos_patterns.pattern_1", 40, "MA0139.3", "a name " * 9, 0.01),
    ]
    columns = ["arm", "family", "pattern", "seqlets", "motif", "name", "q_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["matched"] = table.motif.notna().astype(int)
    cwm = pd.concat(
        grid(position=range(30), base=list("ACGT")).assign(arm=arm, pattern=pattern)
        for arm, pattern in table[["arm", "pattern"]].drop_duplicates().itertuples(index=False)
    )
    return table, cwm.rename(columns={"value": "cwm"})


def draw_motifs(arms, seeds):
    return motifs.plot(*motif_tables(arms), arms)


FIGURES = [
    draw_spectrum, draw_consistency, draw_performance, draw_training, draw_truth, draw_loci,
    draw_motifs, draw_footprints, draw_summits, draw_hits,
]  # fmt: skip


@pytest.mark.parametrize("seeds", [1, 30])
@pytest.mark.parametrize("arms", [ARMS, LONG], ids=["short", "long"])
@pytest.mark.parametrize("draw", FIGURES)
def test_no_text_overlaps_or_leaves_the_figure(draw, arms, seeds):
    figure = draw(arms, seeds)
    assert overlapping(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize("draw", FIGURES)
def test_both_arms_are_named(draw):
    shown = " ".join(texts(draw(ARMS, 3)))
    assert "without prior" in shown
    assert "with prior" in shown


def test_seeds_that_learnt_nothing_are_named():
    table = grid(arm=ARMS, fold=["f"], seed=[1, 2, 3], epoch=[1, 2]).assign(constant_loss=1.0)
    for column in (*training.CURVES, "validation_count_loss", "constant_count_loss", "seconds"):
        table[column] = 1.0
    table["best"] = (table.epoch == 2).astype(int)
    table["learnt_nothing"] = ""
    shown = " ".join(texts(training.plot(table, ARMS)))
    assert "Learnt nothing" not in shown
    assert learnt_nothing(table) == []
    kept = table.best == 1
    table.loc[kept & (table.arm == ARMS[0]) & (table.seed == 2), "learnt_nothing"] = "count"
    table.loc[kept & (table.arm == ARMS[1]), "learnt_nothing"] = "profile,count"
    assert learnt_nothing(table) == [
        (ARMS[0], "f", 2, ["count"]),
        *((ARMS[1], "f", seed, ["profile", "count"]) for seed in (1, 2, 3)),
    ]
    (words,) = [t for t in texts(training.plot(table, ARMS)) if "Learnt nothing" in t]
    assert words.replace("\n", " ") == (
        "Learnt nothing - without prior: seed 2 (count); with prior: all 3 seeds (profile); "
        "with prior: all 3 seeds (count)"
    )


def test_empty_tables_give_a_figure_that_says_so():
    empty = pd.DataFrame(columns=["arm", "family", "kind", "metric", "locus", "split"])
    for figure, word in [
        (motifs.plot(empty, empty, ARMS), "no pattern"),
        (consistency.plot(empty, empty, ARMS), "nothing to compare"),
        (loci.plot(empty, ARMS, 40), "No peaks"),
        (footprints.plot(empty, empty, empty, ARMS), "No sampled test peak"),
        (summits.plot(empty, empty, empty, ARMS), "No test peaks"),
        (hits.plot(empty, ARMS), "No peaks"),
        (performance.plot(empty, ARMS), "No metrics"),
    ]:
        assert word in " ".join(texts(figure))


def test_saved_files_are_complete_and_repeatable(tmp_path):
    for name in ("a", "b"):
        style.save(style.message("some words"), tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    svg = (tmp_path / "a.svg").read_text()
    assert "some words" in svg  # text stays text
    assert svg == (tmp_path / "b.svg").read_text()
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert not plt.get_fignums()


def test_clipped_drawings_are_repeatable_and_share_no_names(tmp_path):
    def save(name, radius):
        figure, axes = plt.subplots()
        (line,) = axes.plot([0, 1], [0, 1])
        line.set_clip_path(plt.Circle((0, 0), radius, transform=axes.transData))
        style.save(figure, tmp_path / name)
        text = (tmp_path / name).read_text()
        (clip,) = re.findall(r'<clipPath id="(\w+)"', text)
        assert f"url(#{clip})" in text
        return text, clip

    (one, clip), (same, _), (_, another) = save("a.svg", 1), save("b.svg", 1), save("c.svg", 2)
    assert one == same
    assert clip != another


def test_letters_fill_the_unit_square():
    for base in "ACGT":
        vertices = letter(base).vertices
        np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], [[0, 0], [1, 1]])


def test_logo_stacks_to_the_sum_of_its_values():
    _, ax = plt.subplots()
    draw_logo(ax, np.array([[1.0, 0], [2, 0], [0, -3], [0, 0]]), start=7)
    vertices = np.concatenate([patch.get_path().vertices for patch in ax.patches])
    assert vertices[:, 1].max() == pytest.approx(3)
    assert vertices[:, 1].min() == pytest.approx(-3)
    assert ax.get_xlim() == (7, 9)


def test_logos_show_where_contribution_is_whatever_its_scale():
    table = grid(arm=ARMS, seed=[1, 2], position=range(1000, 1200))
    table["contribution"] = 1e-4 * np.where(table.arm == ARMS[0], 1, 1e3)
    table.loc[table.position.between(1150, 1159), "contribution"] *= -50
    start, end = logo_window(table, 20)
    assert end - start == 20
    assert start <= 1150
    assert end >= 1160
    assert logo_window(table, 900) == (1000, 1200)


def test_counterpart_is_turned_to_the_same_strand():
    cwm = rng.random((4, 9))
    np.testing.assert_array_equal(motifs.alike(cwm[::-1, ::-1], cwm), cwm)
    np.testing.assert_array_equal(motifs.alike(cwm, cwm), cwm)


def test_trim_keeps_the_heavy_part():
    cwm = np.zeros((4, 30))
    cwm[0, 10:15] = 1
    assert motifs.trim(cwm).shape == (4, 5 + 2 * 3)


def test_numbers_in_a_drawing_keep_their_digits(tmp_path):
    figure, ax = plt.subplots()
    ax.set_title("-0.0032 to 0.12345")
    style.save(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "-0.0032 to 0.12345" in text
    assert not re.search(r"<[^>]*\d\.\d{4}", text)
