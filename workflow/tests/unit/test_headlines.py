"""The landing page says what the tests found: no more, and nothing the other way round."""

import re

import pandas as pd
import pytest
from attprior.analysis.summary import COLUMNS
from attprior.headlines import write_headlines

ROW = {
    "comparison": "prior",
    "condition": "SPI1",
    "model": "profile",
    "analysis": "truth",
    "metric": "Share in known sites, DeepSHAP",
    "of": float("nan"),
    "better": 1,
    "first": "without_prior",
    "second": "with_prior",
    "n": 60,
    "mean_first": 0.6854,
    "mean_second": 0.7986,
    "difference": 0.1132,
    "effect": 0.9,
    "gain": 0.9,
    "test": "Wilcoxon signed-rank",
    "alternative": "two-sided",
    "p_value": 1e-6,
}
LOSS = {"metric": "Profile NLL", "analysis": "performance", "better": -1, "of": "TASK"}
SHARE = {"metric": "High frequencies, DeepSHAP", "analysis": "spectrum", "better": -1}


@pytest.fixture
def page(tmp_path):
    def write(*changes, setup=None, left_out=()):
        table = pd.DataFrame([ROW | change for change in changes], columns=COLUMNS)
        write_headlines(table, 3, setup or {}, left_out, tmp_path / "page.html")
        return (tmp_path / "page.html").read_text().replace("&#x27;", "'")

    return write


def items(text):
    return re.findall(r"<li>(.*?)</li>", text)


def test_sentence_names_both_means_and_what_p_counts(page):
    assert items(page({})) == [
        "DeepSHAP's share in known sites rose from 0.685 to 0.799 "
        "(n = 60 pairs of models, p = 1e-06)."
    ]
    assert "60 peaks" in items(page(SHARE))[0]


def test_rise_of_a_loss_is_for_the_worse(page):
    (said,) = items(page(LOSS | {"gain": -0.9}))
    assert "(TASK) rose" in said
    assert "for the worse" in said


def test_one_sided_test_that_found_the_opposite_is_for_the_worse(page):
    wrong = SHARE | {"gain": -0.9, "alternative": "less", "p_value": 0.999}
    assert "for the worse" in items(page(wrong))[0]
    assert "for the worse" not in items(page(wrong | {"alternative": "two-sided"}))[0]


@pytest.mark.parametrize(
    ("n", "alternative", "verdict"),
    [
        (5, "two-sided", "too few pairs"),
        (6, "two-sided", "no difference shown"),
        (4, "greater", "too few pairs"),
        (5, "greater", "no difference shown"),
    ],
)
def test_too_few_pairs_are_told_from_no_difference(page, n, alternative, verdict):
    text = page({"n": n, "alternative": alternative, "p_value": 0.5})
    assert "rose" not in items(text)[0]
    assert f">{verdict}</td>" in text
    assert f"1 {verdict}" in text


def test_untested_row_is_no_finding(page):
    nothing = dict.fromkeys(("p_value", "effect", "gain"), float("nan"))
    assert "not tested" in items(page(nothing))[0]


def test_every_condition_comparison_and_row_is_on_the_page(page):
    changes = [
        {"comparison": comparison, "condition": condition, "model": model}
        for comparison in ("prior", "l2")
        for condition in ("A<B", "C")
        for model in ("profile", "binary")
    ]
    text = page(*changes)
    assert len(items(text)) == len(changes)
    assert text.count("<h3>") == 2
    assert text.count("<tr>") == 1 + len(changes)
    assert "A&lt;B, binary" in text
    assert "<B" not in text


def test_left_out_analyses_are_named(page):
    assert "Known sites of SPI1" in page({}, left_out=["Known sites of SPI1 (none)"])
    assert "Left out" not in page({})


def test_setup_is_told(page):
    assert "<b>Seeds:</b> 1, 2.<br><b>Genome:</b> a&lt;b." in page(
        {}, setup={"Seeds": "1, 2", "Genome": "a<b"}
    )


def test_nothing_tested_is_said(page):
    assert "Nothing was tested" in page()
