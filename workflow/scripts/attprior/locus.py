"""Places in the genome, as people write them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attprior.errors import InputError

PATTERN = re.compile(r"([^\s:,]+):([\d,]+)-([\d,]+)")
# a comma that a locus comes after, not one within a number
BETWEEN = re.compile(r",(?=[^,]*:)")
# bp that the target `locus` takes: a motif, and what a page can show
SHORTEST, LONGEST = 10, 20_000


class Locus(NamedTuple):
    """A stretch of a chromosome, 0-based half-open."""

    chrom: str
    start: int
    end: int

    def __str__(self) -> str:
        """As genome browsers write it: from the first base to the last, counted from 1."""
        return f"{self.chrom}:{self.start + 1}-{self.end}"

    @property
    def folder(self) -> str:
        """The same as a name of a folder."""
        return f"{self.chrom}_{self.start + 1}-{self.end}"


def read_locus(text: str, key: str) -> Locus:
    """Read a locus as genome browsers write it, `chr1:1,001-2,000`.

    Parameters
    ----------
    key
        The config key that it stands in.

    Raises
    ------
    InputError
        If it is no such text, or has no base.
    """
    match = PATTERN.fullmatch(text)
    if not match:
        raise InputError(f"config key '{key}': {text!r} is no locus; write it as chr1:1001-2000")
    first, last = (int(part.replace(",", "") or 0) for part in match.groups()[1:])
    if not 1 <= first <= last:
        raise InputError(
            f"config key '{key}': {text!r} has no base; give the first base and the last one, "
            "counted from 1"
        )
    return Locus(match[1], first - 1, last)


def check_inside(locus: Locus, sizes: Mapping[str, int], key: str) -> None:
    """Check that a genome has a locus.

    Parameters
    ----------
    sizes
        Length (bp) of each of its chromosomes.

    Raises
    ------
    InputError
        If it has no such chromosome, or a shorter one.
    """
    if locus.chrom not in sizes:
        raise InputError(
            f"config key '{key}': the genome has no chromosome {locus.chrom!r}, named in "
            f"'{locus}'; it has {', '.join(list(sizes)[:5])}{' …' if len(sizes) > 5 else ''}"
        )
    if locus.end > sizes[locus.chrom]:
        raise InputError(
            f"config key '{key}': '{locus}' is not within {locus.chrom}, which has "
            f"{sizes[locus.chrom]} bp"
        )


def parse_locus(text: str, sizes: Mapping[str, int], key: str = "browser/loci") -> Locus:
    """Read a locus that a genome has.

    Raises
    ------
    InputError
        As `read_locus` and `check_inside` do.
    """
    locus = read_locus(text, key)
    check_inside(locus, sizes, key)
    return locus


def read_loci(given: str | Sequence[str]) -> dict[str, Locus]:
    """Read the loci of the config key `locus`, by their folders.

    Parameters
    ----------
    given
        A locus, several with commas between them, or a list.

    Raises
    ------
    InputError
        If one can't be read, or is too short or too long to be looked at.
    """
    texts = BETWEEN.split(given) if isinstance(given, str) else given
    loci = [read_locus(text.strip(), "locus") for text in texts]
    for locus in loci:
        length = locus.end - locus.start
        if not SHORTEST <= length <= LONGEST:
            raise InputError(
                f"config key 'locus': '{locus}' has {length} bp; give one of {SHORTEST} to "
                f"{LONGEST} bp"
            )
    return {locus.folder: locus for locus in loci}
