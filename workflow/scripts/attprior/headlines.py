"""What a run found, in words and in one table: the landing page of its report."""

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attprior.files import aside
from attprior.numbers import interval_text, short
from attprior.statistics import LEVEL, MOST_SEEDS

VERDICTS = ("better", "worse", "cannot tell")
STYLE = """
.headlines { font: 15px/1.5 sans-serif; max-width: 62em; margin: 1em auto; padding: 0 1em }
.headlines table { border-collapse: collapse; font-size: .8em; line-height: 1.3 }
.headlines td, .headlines th { border-bottom: 1px solid #ddd; padding: .2em .5em; text-align: left }
.headlines svg { max-width: 100%; height: auto }
.headlines .better { font-weight: bold } .headlines .worse { font-weight: bold; color: #b00020 }
#app .headlines { font-size: 14px; margin: 0; padding: 0 }
"""


def write_headlines(
    table: pd.DataFrame,
    figure: str | Path,
    unlearnt: Sequence[str],
    setup: Mapping[str, str],
    left_out: Sequence[str],
    headlines: Sequence[Mapping[str, Any]],
    about: Mapping[str, str],
    path: str | Path,
) -> None:
    """Write the page.

    Parameters
    ----------
    table
        As `attprior.analyses.summary.summary_table` makes it.
    figure
        SVG of the same table.
    unlearnt
        Models that learnt nothing, and what of, in words.
    setup
        What was compared, trained and read, by name.
    left_out
        Analyses that are left out, and why.
    headlines
        As `attprior.analyses.registry.headlines` gives them; those that have words are told.
    about
        Title of each analysis, and what it tells.
    path
        HTML; without head and body, so that it may stand within another page.
    """
    table = table.assign(of=table.of.astype(object).fillna(""))
    several = table.model.nunique() > 1
    table["who"] = table.condition + (", " + table.model if several else "")
    parts = [_warning(unlearnt)] if unlearnt else []
    if len(table):
        drawing = Path(figure).read_text(encoding="utf-8")
        parts += [drawing[drawing.index("<svg") :], _note()]
        words = {line["metric"]: line["words"] for line in headlines if "words" in line}
        parts += [_comparison(rows, words) for _, rows in table.groupby("comparison", sort=False)]
    else:
        parts.append("<p>Nothing was compared.</p>")
    if left_out:
        parts.append(f"<p><b>Left out:</b> {html.escape('; '.join(left_out))}.</p>")
    told = [f"<b>{name}:</b> {html.escape(text)}." for name, text in setup.items()]
    # lines, as docutils refuses any of more than 10,000 letters
    body = "\n".join([*parts, f"<p>{'<br>'.join(told)}</p>", _table(table), _pages(about)])
    text = (
        '<!DOCTYPE html><meta charset="utf-8"><title>Headlines</title>'
        f'<style>{STYLE}</style><div class="headlines">\n'
        f"{body}</div>\n"
    )
    with aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _pages(about: Mapping[str, str]) -> str:
    """Say what each analysis tells."""
    items = "\n".join(
        f"<li><i>{html.escape(title)}</i>: {html.escape(text)}</li>"
        for title, text in about.items()
    )
    return f"<h3>Analyses</h3><ul>{items}</ul>" if items else ""


def _warning(unlearnt: Sequence[str]) -> str:
    """Name the models that learnt nothing."""
    items = "\n".join(f"<li>{html.escape(text)}</li>" for text in unlearnt)
    return (
        '<p class="worse">Some models have learnt nothing: in a part of their validation loss they are '
        "no better than a constant prediction. They are part of all that follows; see "
        f"<i>Training</i>.</p><ul>{items}</ul>"
    )


def _comparison(rows: pd.DataFrame, words: Mapping[str, str]) -> str:
    """Headlines of a comparison: a list for each condition and model."""
    # a filter's name follows its arm's after a comma
    first, second = rows["first"].iloc[0].split(",")[0], rows.second.iloc[0]
    title = html.escape(f"{second} against {first}".replace("_", " "))
    lists = [_list(who, own, words) for who, own in rows.groupby("who", sort=False)]
    return "\n".join([f"<h3>{title}</h3>", *lists])


def _list(who: str, rows: pd.DataFrame, words: Mapping[str, str]) -> str:
    counts = rows.verdict.value_counts()
    tally = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS)
    told = [row for row in rows.itertuples() if row.metric in words]
    items = "\n".join(f"<li>{html.escape(sentence(row, words[row.metric]))}</li>" for row in told)
    return f"<p><b>{html.escape(who)}</b>, of {len(rows)} metrics: {tally}.</p><ul>{items}</ul>"


def sentence(row, words: str) -> str:
    """Say what a row of the summary found, `words` being its metric."""
    if row.of:
        words += f" {row.of}" if words.endswith(" in") else f" ({row.of})"
    words = words[0].upper() + words[1:]
    means = f"from {row.mean_first:.3g}{_filter(row)} to {row.mean_second:.3g}"
    change = short(row.difference, "+")
    if math.isfinite(row.low):
        change += f", 95 % interval {interval_text(row.low, row.high)}"
    if row.verdict == "cannot tell":
        return f"{words}: {means} ({change}), {_why(row)}."
    went = "rose" if row.difference > 0 else "fell"
    worse = ", for the worse" if row.verdict == "worse" else ""
    return f"{words} {went} {means}{worse} ({change})."


def _filter(row) -> str:
    """What became of the first arm's attributions; a filter's name follows its arm's."""
    return " (low-pass filtered)" if "," in row.first else ""


def _why(row) -> str:
    """Why a row's verdict is that one cannot tell, and how many seeds would do."""
    text = f"cannot tell with {row.seeds:.0f} seed{'' if row.seeds == 1 else 's'}"
    if not math.isfinite(row.low):
        return text
    if row.p_value <= LEVEL:
        return f"{text}, as so many metrics are looked at"
    if row.seeds_needed <= MOST_SEEDS:
        return f"{text}; about {row.seeds_needed:.0f} would do if the difference is this large"
    return f"{text}, nor would {MOST_SEEDS} if it is no larger than this"


def _note() -> str:
    return (
        "<p>A large dot is the difference of the arms' means, a line its 95 % interval, a small dot "
        "the difference of one seed. Intervals hold for other seeds <i>and</i> other peaks: seeds and "
        "peaks are crossed random effects. Better and worse, filled: the difference is there at a "
        f"false discovery rate of {LEVEL} over the metrics of a comparison (Benjamini and Hochberg). "
        "Fewer high frequencies and more agreement are what a prior can bring about by construction; "
        "predictions and sites are the evidence that it helps.</p>"
    )


def _table(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    names = ["Of", "Metric", "First", "Second", "Difference", "95 % interval", "Seeds", "Peaks"]
    names += ["Seeds needed", "Second is"]
    several = table.comparison.nunique() > 1
    head = "".join(f"<th>{name}</th>" for name in ["Comparison"] * several + names)
    rows = "\n".join(_row(row, several) for row in table.itertuples())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row, with_comparison: bool) -> str:
    arrow = "↑" if row.better > 0 else "↓"
    known = math.isfinite(row.low)
    interval = interval_text(row.low, row.high) if known else ""
    needed = f"{row.seeds_needed:.0f}" if row.seeds_needed <= MOST_SEEDS else f"over {MOST_SEEDS}"
    cells = [row.comparison] if with_comparison else []
    cells += [row.who, f"{row.metric} {row.of}".strip() + f" {arrow}"]
    cells += [
        f"{row.mean_first:.3g}",
        f"{row.mean_second:.3g}",
        short(row.difference, "+"),
        interval,
    ]
    cells += [f"{row.seeds:.0f}", f"{row.examples:.0f}", needed if known else ""]
    texts = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f'<tr>{texts}<td class="{row.verdict.split()[0]}">{row.verdict}</td></tr>'
