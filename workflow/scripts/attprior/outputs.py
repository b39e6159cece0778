"""Files that a run would write, and thereby delete: what a user names must not be among them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from attprior.files import links_below, names_of


@dataclass(frozen=True)
class Output:
    """What a rule writes.

    Parameters
    ----------
    rule
        Name of the rule.
    pattern
        Path, with names of wildcards in braces.
    match
        Tells whether a path is of the pattern.
    is_folder
        Whether all of a folder is written.
    """

    rule: str
    pattern: str
    match: Callable[[str], object]
    is_folder: bool = False

    @property
    def top(self) -> str:
        """The pattern's first folders, up to the first wildcard; empty or with a slash at its end."""
        constant = self.pattern.partition("{")[0]
        return constant[: constant.rfind("/") + 1]


class Outputs:
    """All that rules write, to be compared with what is named.

    Parameters
    ----------
    outputs
        Their paths are absolute, or relative to the working folder.
    """

    def __init__(self, outputs: Iterable[Output]) -> None:
        self.by_top: dict[str, list[Output]] = {}
        for output in outputs:
            self.by_top.setdefault(output.top, []).append(output)
        # as they are written, and resolved
        self.folders = {top: _forms(top or ".") for top in self.by_top}
        self.links = links_below(self.by_top)

    def writer(self, place: str | Path) -> tuple[Output, Path] | None:
        """Find what would write a file, by any of its names: the output and that name."""
        for name in names_of(place, self.links):
            for top, outputs in self.by_top.items():
                for folder in self.folders[top]:
                    if name.is_relative_to(folder):
                        below = name.relative_to(folder)
                        for output in outputs:
                            if any(map(output.match, _paths(top, below, output.is_folder))):
                                return output, name
        return None

    def within(self, folder: str | Path) -> Output | None:
        """Find an output whose first folders are in a folder."""
        forms = _forms(folder)
        for top, outputs in self.by_top.items():
            if any(own.is_relative_to(form) for own in self.folders[top] for form in forms):
                return outputs[0]
        return None


def _forms(folder: str | Path) -> set[Path]:
    return {Path(os.path.abspath(folder)), Path(os.path.realpath(folder))}


def _paths(top: str, below: Path, is_folder: bool) -> list[str]:
    """A path as its rule would write it; of an output that is a folder, those around it too."""
    around = [part for part in below.parents if part != Path()] if is_folder else []
    return [f"{top}{part}" for part in (below, *around)]


def texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Key and text of each leaf of a config that is text."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts(item, f"{key}/{name}" if key else str(name))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, key)
