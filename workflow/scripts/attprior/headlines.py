"""What a run found, in words and in one table: the landing page of its report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attprior.files import atomic_write
from attprior.numbers import interval_text, short
from attprior.statistics import LEVEL, MOST_SEEDS
from attprior.templates import render


def write_headlines(
    table: pd.DataFrame,
    figure: str | Path,
    unlearnt: Sequence[str],
    setup: Mapping[str, str],
    left_out: Sequence[str],
    headlines: Sequence[Mapping[str, Any]],
    about: Mapping[str, str],
    path: str | Path,
    template: str | Path,
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
    template
        Of the page.

    Raises
    ------
    InputError
        As `attprior.templates.render`.
    """
    table = table.assign(
        of=table.of.astype(object).fillna(""),
        known=np.isfinite(table.low.astype(float)),
        who=table.condition + (", " + table.model if table.model.nunique() > 1 else ""),
    )
    words = {line["metric"]: line["words"] for line in headlines if "words" in line}
    table["words"] = [_words(row, words) for row in table.itertuples()]
    drawing = Path(figure).read_text(encoding="utf-8")
    text = render(
        template,
        rows=list(table.itertuples()),
        comparisons=[
            [list(own.itertuples()) for _, own in rows.groupby("who", sort=False)]
            for _, rows in table.groupby("comparison", sort=False)
        ],
        figure=drawing[drawing.index("<svg") :],
        unlearnt=unlearnt,
        setup=setup,
        left_out=left_out,
        about=about,
        level=LEVEL,
        most_seeds=MOST_SEEDS,
        short=short,
        interval=interval_text,
    )
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _words(row, words: Mapping[str, str]) -> str:
    """A row's metric in words, as a sentence begins; empty if it is not told."""
    text = words.get(row.metric, "")
    if text and row.of:
        text += f" {row.of}" if text.endswith(" in") else f" ({row.of})"
    return text[:1].upper() + text[1:]
