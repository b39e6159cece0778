"""Tables of quality control: metric and value, or a curve."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from attprior.files import atomic_write

log = logging.getLogger(__name__)


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a TSV whole or not at all, with nine digits, so that counts stay whole."""
    with atomic_write(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.9g")


def write_metrics(metrics: Mapping[str, float], path: str | Path) -> None:
    """Write metrics, a row each, and log them."""
    for metric, value in metrics.items():
        log.info("%s: %.6g", metric, value)
    write_table(pd.DataFrame(metrics.items(), columns=["metric", "value"]), path)


def read_metrics(path: str | Path) -> dict[str, float]:
    """Read what `write_metrics` wrote; empty values are NaN."""
    table = pd.read_csv(path, sep="\t", dtype={"value": float})
    return dict(zip(table.metric, table.value, strict=True))
