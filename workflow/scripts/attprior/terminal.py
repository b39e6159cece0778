"""What a run says last in the terminal: what it found, or what failed."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

# lines that a run ends with
MOST_FINDINGS, MOST_FAILURES, MOST_LINES = 3, 2, 3
FAILED = re.compile(
    r"^Error in (?:local)?rule (\w+)[^\n]*:\n(?:    .*\n)*?    log: (.+?) \(check", re.M
)


def findings(table: pd.DataFrame) -> list[str]:
    """What was found, a line a comparison of a condition and model; at most `MOST_FINDINGS` and one.

    Parameters
    ----------
    table
        As `attprior.analyses.summary.summary_table` makes it.
    """
    lines = []
    several = table.model.nunique() > 1
    for (comparison, condition, model), rows in table.groupby(
        ["comparison", "condition", "model"], sort=False
    ):
        name = ", ".join([condition, *[model] * several, comparison])
        counts, seeds = rows.verdict.value_counts(), int(rows.seeds.max())
        lines.append(
            f"{name}: of {len(rows)} metrics {counts.get('better', 0)} better, "
            f"{counts.get('worse', 0)} worse, {counts.get('cannot tell', 0)} cannot be told with "
            f"{seeds} seed{'s' * (seeds > 1)}"
        )
    more = len(lines) - MOST_FINDINGS
    return [*lines[:MOST_FINDINGS], *[f"{more} more comparisons are in the report"] * (more > 0)]


def failures(logs: Sequence[str | Path]) -> list[str]:
    """What failed, in at most ten lines: each rule, its log, and the last lines of that.

    Parameters
    ----------
    logs
        Snakemake's own logs of the run.
    """
    text = "".join(Path(log).read_text(encoding="utf-8") for log in logs)
    failed = dict.fromkeys(FAILED.findall(text))
    lines = []
    for rule, path in list(failed)[:MOST_FAILURES]:
        lines.append(f"{rule} failed; its log is {path}:")
        lines += [f"  {line}" for line in _last_words(Path(path.split(", ")[0]))]
    if len(failed) > MOST_FAILURES:
        lines.append(f"{len(failed) - MOST_FAILURES} more jobs failed; Snakemake's log names them")
    if lines:
        lines.append("Once that is mended, the same command goes on from here.")
    return lines


def _last_words(path: Path) -> list[str]:
    """The error that a log ends with, or else its last lines."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ["(no log was written)"]
    lines = [line for line in lines if line.strip()]
    start = max((n for n, line in enumerate(lines) if line.startswith("Error: ")), default=None)
    return lines[-MOST_LINES:] if start is None else lines[start : start + MOST_LINES]
