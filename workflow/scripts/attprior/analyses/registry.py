"""Which analyses there are, and what each says of itself."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from attprior import analyses
from attprior.declarations import constants
from attprior.errors import InputError

# conditions and models lack some analyses: what these need
NEEDS = ("known sites", "sets of bases", "profiles")
# what an analysis can read beside files of its two arms
SOURCES = (
    *("sites", "known sites", "planted motifs", "folds", "labels"),
    *("intervals", "instance motifs"),
)
# settings that are no config key
VALUES = ("folds", "tasks", "interval sets", "instance sets")
FILES = ("tables.py", "figure.py", "caption.rst")


class Analysis(NamedTuple):
    """What an analysis declares: its constants, in lower case.

    Parameters
    ----------
    title, about
        Its name in the report, and what it tells, to go on from "Title: ".
    place
        Where it comes in the report and among the headlines: evidence first, and last what a prior
        brings about by construction.
    reads
        Argument -> a file in the folder of each arm, such as
        ``{arm}/{fold}/attributions/{head}.h5`` (of all folds, or of the ``{first_fold}``), or one of
        `SOURCES`.
    tables
        Table -> what the report calls it; None where it is not shown there. ``table`` is written to
        ``NAME.tsv``, others to ``NAME.TABLE.tsv``. ``tests`` has differences of the arms, as
        `attprior.statistics.differences` makes them.
    draws
        Tables that the figure is drawn from.
    settings, figure_settings
        Argument -> a config key (``figures/loci``), a setting of the model before any arm changes it
        (``model/prior/freq_limit``), or one of `VALUES`.
    headlines
        Rows of ``tests`` that stand for it in the summary: ``metric`` in words, ``better`` (1 where
        more is better, -1 where less is), ``where`` (column -> value; ``{first}`` is the first arm),
        and ``words`` if it is told in a sentence.
    needs
        One of `NEEDS`, if not all conditions and models have it.
    mem_mb
        Memory of its tabulating, MB.
    """

    path: Path
    title: str
    about: str
    place: int
    reads: dict[str, str]
    tables: dict[str, str | None]
    draws: list[str]
    settings: dict[str, str] = {}
    figure_settings: dict[str, str] = {}
    headlines: list[dict[str, Any]] = []
    needs: str | None = None
    mem_mb: int = 4000


@cache
def registered() -> dict[str, Analysis]:
    """All analyses by name, in the order of the report.

    Raises
    ------
    InputError
        If a folder lacks a file or declares something that is not known.
    """
    fields = [field.upper() for field in Analysis._fields if field != "path"]
    found = {}
    for folder in map(Path, analyses.__path__):
        for path in sorted(folder.glob("*/__init__.py")):
            declared = constants(path, fields)
            _check(path, declared)
            values = {name.lower(): value for name, value in declared.items()}
            found[path.parent.name] = Analysis(path.parent, **values)
    return dict(sorted(found.items(), key=lambda item: (item[1].place, item[0])))


def headlines() -> list[dict[str, Any]]:
    """Headlines of all analyses in order, each with the name of its `analysis`."""
    return [
        {"analysis": name, **headline}
        for name, analysis in registered().items()
        for headline in analysis.headlines
    ]


def _check(path: Path, declared: dict[str, Any]) -> None:
    """Check what can be said without the config."""
    needed = [
        name.upper()
        for name in Analysis._fields
        if name not in Analysis._field_defaults and name != "path"
    ]
    missing = [name for name in needed if name not in declared]
    if missing:
        raise InputError(f"{path}: {', '.join(missing)} is missing; see attprior.analyses.registry")
    absent = [name for name in FILES if not (path.parent / name).is_file()]
    if absent:
        raise InputError(f"{path.parent}: {', '.join(absent)} is missing; see attprior.analyses")
    undrawn = [name for name in declared["DRAWS"] if name not in declared["TABLES"]]
    if "table" not in declared["TABLES"] or undrawn:
        raise InputError(
            f"{path}: TABLES lacks {', '.join(undrawn) or 'table'}; name every table that is drawn"
        )
    if declared.get("HEADLINES") and "tests" not in declared["TABLES"]:
        raise InputError(f"{path}: HEADLINES are rows of a table 'tests'; add it to TABLES")
    _check_known(path, "NEEDS", [declared.get("NEEDS") or NEEDS[0]], NEEDS)
    files = [value for value in declared["READS"].values() if not value.startswith("{arm}/")]
    _check_known(path, "READS", files, SOURCES)
    for name in ("SETTINGS", "FIGURE_SETTINGS"):
        plain = [value for value in declared.get(name, {}).values() if "/" not in value]
        _check_known(path, name, plain, VALUES)


def _check_known(path: Path, name: str, values: list[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise InputError(f"{path}: {name} has {value!r}; known are {', '.join(known)}")
