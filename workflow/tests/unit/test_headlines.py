"""The landing page says what was found: no more, and nothing the other way round."""

import re
from pathlib import Path

import pandas as pd
import pytest
from attprior.analyses.registry import headlines
from attprior.analyses.summary import COLUMNS
from attprior.headlines import write_headlines

TEMPLATE = Path(__file__).parents[2] / "report/templates/headlines.html.jinja"
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
    "folds": 1,
    "seeds": 3,
    "examples": 60,
    "mean_first": 0.6854,
    "mean_second": 0.7986,
    "difference": 0.1132,
    "low": 0.05,
    "high": 0.18,
    "p_value": 1e-6,
    "seeds_needed": 3,
    "by_seed": "0.1 0.12 0.11",
    "q_value": 1e-5,
    "verdict": "better",
}
LOSS = {"metric": "Profile NLL", "analysis": "performance", "better": -1, "of": "TASK"}
UNSURE = {"verdict": "cannot tell", "low": -0.05, "high": 0.3, "p_value": 0.2, "seeds_needed": 12}


@pytest.fixture
def page(tmp_path):
    def write(*changes, unlearnt=(), setup=None, left_out=(), about=None, template=TEMPLATE):
        table = pd.DataFrame([ROW | change for change in changes], columns=COLUMNS)
        figure = tmp_path / "summary.svg"
        figure.write_text('<?xml version="1.0"?>\n<svg>drawn</svg>')
        path = tmp_path / "page.html"
        told = (unlearnt, setup or {}, left_out, headlines(), about or {})
        write_headlines(table, figure, *told, path, template)
        return path.read_text().replace("&#39;", "'")

    return write


def items(text):
    return re.findall(r"<li>(.*?)</li>", text)


def test_sentence_names_both_means_and_the_interval(page):
    assert items(page({})) == [
        "DeepSHAP's share in known sites rose from 0.685 to 0.799 "
        "(+0.11, 95 % interval [0.05, 0.18])."
    ]


def test_rise_of_a_loss_is_for_the_worse(page):
    (said,) = items(page(LOSS | {"verdict": "worse"}))
    assert "(TASK) rose" in said
    assert "for the worse" in said


def test_one_cannot_tell_names_the_seeds_and_how_many_would_do(page):
    (said,) = items(page(UNSURE))
    assert "rose" not in said
    assert "cannot tell with 3 seeds; about 12 would do" in said
    assert "1 cannot tell" in page(UNSURE)
    (said,) = items(page(UNSURE | {"seeds_needed": float("inf")}))
    assert "nor would 100" in said


def test_one_seed_has_no_interval_and_no_finding(page):
    nothing = dict.fromkeys(("low", "high", "p_value", "seeds_needed", "q_value"), float("nan"))
    (said,) = items(page(UNSURE | nothing | {"seeds": 1}))
    assert said.endswith("cannot tell with 1 seed.")
    assert "interval" not in said


def test_interval_without_zero_is_no_finding_among_many(page):
    (said,) = items(page({"verdict": "cannot tell", "p_value": 0.04}))
    assert "so many metrics" in said
    assert "rose" not in said


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


def test_figure_stands_before_the_words_without_its_declaration(page):
    text = page({})
    assert text.index("<svg>drawn</svg>") < text.index("<li>")
    assert "<?xml" not in text


def test_models_that_learned_nothing_are_named_first(page):
    text = page({}, unlearnt=["SPI1, without prior, seed 2: counts"])
    assert items(text)[0] == "SPI1, without prior, seed 2: counts"
    assert text.index("have learnt nothing") < text.index("<svg>")
    assert "have learnt nothing" not in page({})


def test_left_out_analyses_are_named(page):
    assert "Known sites of SPI1" in page({}, left_out=["Known sites of SPI1 (none)"])
    assert "Left out" not in page({})


def test_setup_is_told(page):
    assert "<b>Seeds:</b> 1, 2.<br><b>Genome:</b> a&lt;b." in page(
        {}, setup={"Seeds": "1, 2", "Genome": "a<b"}
    )


def test_nothing_compared_is_said(page):
    assert "Nothing was compared" in page()


def test_analyses_and_what_they_tell_are_listed(page):
    text = page({}, about={"Motifs & more": "what they match"})
    assert "<li><i>Motifs &amp; more</i>: what they match</li>" in text


def test_words_of_the_template_are_those_of_the_page(page, tmp_path):
    edited = tmp_path / "edited.html.jinja"
    edited.write_text(TEMPLATE.read_text().replace('" rose"', '" went up"'))
    assert items(page({}, template=edited)) == [
        said.replace("rose", "went up") for said in items(page({}))
    ]
