"""What a run found, in words and in one table: the landing page of its report."""

import html
from collections.abc import Mapping, Sequence

import pandas as pd

from attprior.files import aside

LEVEL = 0.05
# headlines that are told in words, evidence before what a prior brings about by construction
WORDS = {
    "Profile NLL": "the loss (NLL) of predicted profiles",
    "Counts, Pearson": "the correlation (Pearson) of predicted and observed counts",
    "Bins, auPRC": "the auPRC of bins",
    "Share in known sites, DeepSHAP": "DeepSHAP's share in known sites",
    "Share in sets of bases, DeepSHAP": "DeepSHAP's share in",
    "Share in sites, against filtered": "the share in sites",
    "GC dependence, DeepSHAP": "DeepSHAP's dependence on GC content outside sites",
    "Jaccard of seeds, DeepSHAP": "the agreement of seeds in DeepSHAP (Jaccard; two copies score the "
    "base pairs of the input)",
    "High frequencies, DeepSHAP": "DeepSHAP's share of high frequencies",
}
VERDICTS = ("better", "worse", "no difference shown", "too few pairs")
# analyses whose pairs are models, one of each arm; those of all others are peaks
OF_MODELS = ("performance", "truth")
STYLE = """
.headlines { font: 15px/1.5 sans-serif; max-width: 62em; margin: 1em auto; padding: 0 1em }
.headlines table { border-collapse: collapse; font-size: .8em; line-height: 1.3 }
.headlines td, .headlines th { border-bottom: 1px solid #ddd; padding: .2em .5em; text-align: left }
.headlines .better { font-weight: bold } .headlines .worse { font-weight: bold; color: #b00020 }
#app .headlines { font-size: 14px; margin: 0; padding: 0 }
"""


def write_headlines(
    table: pd.DataFrame, seeds: int, setup: Mapping[str, str], left_out: Sequence[str], path: str
) -> None:
    """Write the page.

    Parameters
    ----------
    table
        As `attprior.analysis.summary.summary_table` makes it.
    seeds
        Number of models that values of peaks are means over.
    setup
        What was compared, trained and read, by name.
    left_out
        Analyses that are left out, and why.
    path
        HTML; without head and body, so that it may stand within another page.
    """
    table = table.assign(of=table.of.astype(object).fillna(""), verdict=_verdicts(table))
    several = table.model.nunique() > 1
    table["who"] = table.condition + (", " + table.model if several else "")
    parts = [_comparison(rows) for _, rows in table.groupby("comparison", sort=False)]
    parts = parts or ["<p>Nothing was tested.</p>"]
    if left_out:
        parts.append(f"<p><b>Left out:</b> {html.escape('; '.join(left_out))}.</p>")
    told = [f"<b>{name}:</b> {html.escape(text)}." for name, text in setup.items()]
    # lines, as docutils refuses any of more than 10,000 letters
    body = "\n".join([*parts, f"<p>{'<br>'.join(told)}</p>", _note(seeds), _table(table)])
    text = (
        '<!DOCTYPE html><meta charset="utf-8"><title>Headlines</title>'
        f'<style>{STYLE}</style><div class="headlines">\n'
        f"{body}</div>\n"
    )
    with aside(path) as temporary:
        temporary.write_text(text)


def _verdicts(table: pd.DataFrame) -> list[str]:
    return [_verdict(row) for row in table.itertuples()]


def _verdict(row) -> str:
    """Whether the second arm is better, worse, or neither as far as the test can tell."""
    if pd.isna(row.p_value):
        return "not tested"
    # a one-sided test that fails so surely finds the opposite
    against = row.alternative != "two-sided" and row.p_value > 1 - LEVEL
    if row.p_value < LEVEL or against:
        return "better" if row.gain > 0 else "worse"
    return "no difference shown" if _least(row) < LEVEL else "too few pairs"


def _least(row) -> float:
    """Least p value of an exact signed-rank test, where all pairs go the same way."""
    return (2 if row.alternative == "two-sided" else 1) / 2**row.n


def _comparison(rows: pd.DataFrame) -> str:
    """Headlines of a comparison: a list for each condition and model."""
    # a filter's name follows its arm's after a comma
    first, second = rows["first"].iloc[0].split(",")[0], rows.second.iloc[0]
    title = html.escape(f"{second} against {first}".replace("_", " "))
    lists = [_list(who, own) for who, own in rows.groupby("who", sort=False)]
    return "\n".join([f"<h3>{title}</h3>", *lists])


def _list(who: str, rows: pd.DataFrame) -> str:
    counts = rows.verdict.value_counts()
    tally = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS)
    told = [row for metric in WORDS for row in rows[rows.metric == metric].itertuples()]
    items = "\n".join(f"<li>{html.escape(sentence(row))}</li>" for row in told)
    return f"<p><b>{html.escape(who)}</b>, of {len(rows)} tests: {tally}.</p><ul>{items}</ul>"


def sentence(row) -> str:
    """Say in words what a row of the summary found; it has a `verdict` too."""
    words = WORDS[row.metric]
    if row.of:
        words += f" {row.of}" if words.endswith(" in") else f" ({row.of})"
    words = words[0].upper() + words[1:]
    means = f"from {row.mean_first:.3g}{_filter(row)} to {row.mean_second:.3g}"
    went = "rose" if row.difference > 0 else "fell"
    ends = {
        "better": f"{went} {means}",
        "worse": f"{went} {means}, for the worse",
        "no difference shown": f"went {means}, no difference that the test can tell",
        "too few pairs": f"went {means}, too few pairs to tell it from chance",
        "not tested": f"went {means}, not tested",
    }
    return f"{words} {ends[row.verdict]} ({_test(row)})."


def _filter(row) -> str:
    """What became of the first arm's attributions; a filter's name follows its arm's."""
    return " (low-pass filtered)" if "," in row.first else ""


def _test(row) -> str:
    text = f"n = {_pairs(row)}"
    if pd.isna(row.p_value):
        return text
    sided = "" if row.alternative == "two-sided" else "one-sided "
    return f"{text}, {sided}p = {row.p_value:.2g}"


def _pairs(row) -> str:
    of_models = row.analysis in OF_MODELS
    unit = ("pair" if of_models else "peak") + ("" if row.n == 1 else "s")
    return f"{row.n} {unit}" + (" of models" if of_models else "")


def _note(seeds: int) -> str:
    return (
        f"<p>Means of the first arm, then of the second. <i>n</i> counts peaks, each a mean over "
        f"{seeds} seeds, or pairs of models of the same seed and fold. <i>p</i> is the Wilcoxon "
        f"signed-rank test's over these pairs, not corrected for the number of tests: peaks say "
        f"that a difference holds for other peaks, not for other seeds. Better and worse: "
        f"p &lt; {LEVEL}, or p &gt; {1 - LEVEL} where a one-sided test found the opposite. Too few "
        f"pairs: not even if all went the same way could p be below {LEVEL}. Fewer "
        "high frequencies and more agreement are what a prior can bring about by construction; "
        "predictions and sites are the evidence that it helps.</p>"
    )


def _table(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    names = ["Of", "Metric", "First", "Second", "n", "p", "Second is"]
    if table.comparison.nunique() > 1:
        names.insert(0, "Comparison")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "\n".join(_row(row, len(names) > 7) for row in table.itertuples())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row, with_comparison: bool) -> str:
    arrow = "↑" if row.better > 0 else "↓"
    p_value = "" if pd.isna(row.p_value) else f"{row.p_value:.2g}"
    cells = [row.comparison] if with_comparison else []
    cells += [row.who, f"{row.metric} {row.of}".strip() + f" {arrow}"]
    cells += [f"{row.mean_first:.3g}", f"{row.mean_second:.3g}", _pairs(row), p_value]
    texts = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f'<tr>{texts}<td class="{row.verdict.split()[0]}">{row.verdict}</td></tr>'
