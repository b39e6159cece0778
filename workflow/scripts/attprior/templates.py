"""Texts and pages from Jinja2 templates, so that their words can be edited without Python.

Beside Jinja2's own filters, templates have those of `FILTERS`.
"""

import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from attprior.errors import InputError


def listed(items: Iterable[Any], last: str = "and") -> str:
    """Join words, or the lines of a text: one, two and three."""
    words = items.splitlines() if isinstance(items, str) else map(str, items)
    words = [word.strip() for word in words if word.strip()]
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(number: int, noun: str) -> str:
    """Number and noun: 1 seed, 2,000 seeds."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spanned(numbers: Iterable[int]) -> str:
    """Join numbers in order, a run of them by its ends: 1 to 5."""
    ordered = sorted(numbers)
    run = len(ordered) > 3 and ordered == list(range(ordered[0], ordered[-1] + 1))
    return f"{ordered[0]} to {ordered[-1]}" if run else listed(ordered)


def shown(value: Any) -> Any:
    """A value as texts have it: floats in up to six digits, lists joined, None in words."""
    if isinstance(value, list):
        return listed(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else value


def one_line(text: str) -> str:
    """Join the lines of a text by spaces, but for what begins with a comma, semicolon or full stop."""
    joined = re.sub(r" ([,;.])(?= |$)", r"\1", " ".join(text.split()))
    return type(text)(joined)  # what is escaped stays so


FILTERS = {
    "listed": listed,
    "counted": counted,
    "spanned": spanned,
    "one_line": one_line,
    "thousands": "{:,}".format,
    "file_name": lambda path: Path(path).name,
    # keeps Markdown from taking signs in names for its own
    "markdown": lambda text: re.sub(r"([_*])", r"\\\1", text),
}


def render(path: str | Path, **names: Any) -> str:
    """Fill in a template.

    Parameters
    ----------
    path
        The template. What is filled into one whose name ends in ``.html.jinja`` is escaped.
    names
        What its text may name.

    Raises
    ------
    InputError
        If the template is not Jinja2, or names what is not there; it says which line.
    """
    path = Path(path).resolve()
    page = path.name.endswith(".html.jinja")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=page,
        trim_blocks=page,  # no empty lines where only tags are
        undefined=jinja2.StrictUndefined,
        finalize=shown,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    try:
        return environment.get_template(path.name).render(names)
    except (jinja2.TemplateSyntaxError, jinja2.UndefinedError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next(f.lineno for f in reversed(frames) if Path(f.filename) == path)
        raise InputError(f"{path}, line {line}: {error}") from error
