"""Chromosomes, loci and intervals that a config names, checked against the genome."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from attprior.bed import read_bed
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.genome import naming_hint, other_names, read_chrom_sizes, some
from attprior.locus import check_inside, read_locus

log = logging.getLogger(__name__)

EXCLUDE, BLACKLIST = "genome/exclude", "genome/blacklist"
COLUMNS = ["key", "file", "intervals", "used", "bases"]


def check_places(
    index: str | Path,
    chrom_sizes: str | Path,
    target: str | Path,
    chromosomes: Mapping[str, Sequence[str]],
    loci: Mapping[str, Sequence[str]],
    intervals: Iterable[tuple[str, str | Path]],
) -> None:
    """Check all that names chromosomes, before anything long is done.

    Parameters
    ----------
    index
        FASTA index of the whole genome.
    chrom_sizes
        Sizes of the chromosomes used.
    target
        Table of what was found: `COLUMNS`; `used` is the number of intervals on the chromosomes
        used, and `bases` their length (bp) together.
    chromosomes
        Config key -> chromosomes that it names, which must be used. Those of ``genome/exclude`` are
        patterns; one that matches none is an error where the genome has it by another name.
    loci
        Config key -> loci.
    intervals
        Config keys and the BED of each, some of which must be on the chromosomes used, but for the
        blacklist's.

    Raises
    ------
    InputError
        With all that is wrong.
    """
    genome, used = read_chrom_sizes(index), read_chrom_sizes(chrom_sizes)
    wrong, rows = [], []
    for key, names in chromosomes.items():
        wrong += _wrong_patterns(names, genome) if key == EXCLUDE else []
        missing = [name for name in names if name not in used] if key != EXCLUDE else []
        wrong += [_not_used(key, name, genome) for name in missing]
    for key, texts in loci.items():
        for text in texts:
            try:
                locus = read_locus(text, key)
                if locus.chrom not in genome:
                    raise InputError(_not_used(key, locus.chrom, genome))
                check_inside(locus, genome, key)
            except InputError as error:
                wrong.append(str(error))
    for key, path in intervals:
        try:
            table = read_bed(path, genome)
        except InputError as error:
            wrong.append(f"config key '{key}': {error}")
            continue
        there = table[table.chrom.isin(used)]
        if table.empty:
            log.warning("config key '%s': %s holds no interval", key, path)
        elif there.empty and key != BLACKLIST:
            wrong.append(
                f"config key '{key}': {path}: none of its {len(table)} intervals is on the "
                f"chromosomes used: it has {some(table.chrom.unique())}; {some(used)} are used. "
                f"Give another file, or change {EXCLUDE}."
            )
        rows.append((key, path, len(table), len(there), int((there.end - there.start).sum())))
    if wrong:
        raise InputError("\n".join(wrong))
    with atomic_write(target) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, sep="\t", index=False)


def _wrong_patterns(patterns: Sequence[str], genome: Mapping[str, int]) -> list[str]:
    """What to say of patterns that leave out nothing."""
    idle = [text for text in patterns if not any(fnmatchcase(name, text) for name in genome)]
    others = other_names(idle, genome)
    if unknown := [text for text in idle if text not in others]:
        log.warning("config key '%s': %s match no chromosome", EXCLUDE, some(unknown))
    return [_not_used(EXCLUDE, text, genome) for text in others]


def _not_used(key: str, name: str, genome: Mapping[str, int]) -> str:
    """What to say of a chromosome that a config key names, and that is not used."""
    if name in genome:
        return (
            f"config key '{key}': {name} is left out by {EXCLUDE}; name another chromosome, or "
            "change that"
        )
    own = other_names([name], genome).get(name)
    hint = f"Did you mean {own}?" if own else naming_hint([name], genome)
    return f"config key '{key}': the genome has no chromosome {name}; it has {some(genome)}. {hint}"
