"""bigWigs, read and written whole and sparse, as arrays.

pyBigWig and pybigtools hand over a Python object for each run of bases, or a value for each base;
a track of 5' ends is millions of runs on billions of bases. Layout and names of fields: Kent et
al., BigWig and BigBed, Bioinformatics 26:2204 (2010), supplementary tables 5 to 15.
"""

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO
from unittest.mock import patch

import numpy as np

from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.runs import expand

MAGIC, TREE_MAGIC, INDEX_MAGIC = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
HEADER = np.dtype(
    [
        *[("magic", "<u4"), ("version", "<u2"), ("zoom_levels", "<u2"), ("chrom_tree", "<u8")],
        *[("data", "<u8"), ("index", "<u8"), ("fields", "<u2"), ("defined_fields", "<u2")],
        *[("auto_sql", "<u8"), ("summary", "<u8"), ("uncompressed", "<u4"), ("extension", "<u8")],
    ]
)
TREE = np.dtype(
    [
        *[("magic", "<u4"), ("block_size", "<u4"), ("key_size", "<u4"), ("value_size", "<u4")],
        *[("items", "<u8"), ("reserved", "<u8")],
    ]
)
NODE = np.dtype([("is_leaf", "u1"), ("reserved", "u1"), ("count", "<u2")])
SPAN = [("chrom", "<u4"), ("start", "<u4"), ("last_chrom", "<u4"), ("end", "<u4")]
BLOCK = np.dtype([*SPAN, ("offset", "<u8"), ("size", "<u8")])
CHILD = np.dtype([*SPAN, ("offset", "<u8")])
INDEX_BYTES = 48  # of the index before its first node
SECTION = np.dtype(
    [
        *[("chrom", "<u4"), ("start", "<u4"), ("end", "<u4"), ("step", "<u4"), ("span", "<u4")],
        *[("type", "u1"), ("reserved", "u1"), ("count", "<u2")],
    ]
)
RUN = np.dtype([("start", "<u4"), ("end", "<u4"), ("value", "<f4")])
BED_GRAPH, VARIABLE_STEP, FIXED_STEP = 1, 2, 3
STEPS = {
    VARIABLE_STEP: np.dtype([("start", "<u4"), ("value", "<f4")]),
    FIXED_STEP: np.dtype([("value", "<f4")]),
}


Runs = tuple[str, np.ndarray, np.ndarray, np.ndarray]


def write_runs(path: str | Path, sizes: Mapping[str, int], runs: Sequence[Runs]) -> None:
    """Write a bigWig of runs of bases that have a value, by figwig.

    It has those chromosomes that have runs, and zoom levels. It is read again, to be sure that it
    is whole.

    Parameters
    ----------
    sizes
        Sizes of all chromosomes in bp.
    runs
        A chromosome, and the starts, ends (half-open) and values of its runs, (R,) each, in order.

    Raises
    ------
    DiskFullError
        If there is no room for it.
    OSError
        If it can't be written for another reason.
    """
    # what only reads bigWigs does without it
    from figwig import writer

    held = {chrom for chrom, starts, *_ in runs if len(starts)}
    # UCSC's programs look names up in a sorted tree
    ordered = {chrom: sizes[chrom] for chrom in sorted(held or sizes)}
    zooms = _zooms(ordered, sum(len(starts) for _, starts, *_ in runs))
    # its own begin at 16 bp, where 5' ends are mostly alone: they make files five times as large
    own_zooms = patch.object(writer, "_zoom_reductions", lambda *_: zooms)
    # the same bytes whether or not there is a faster library
    options = {"zooms": len(zooms), "engine": "zlib", "n_jobs": 1}
    with atomic_write(path) as temporary:
        with own_zooms, writer.BigWigWriter(temporary, ordered, **options) as file:
            for chrom, starts, ends, values in sorted(runs, key=itemgetter(0)):
                if chrom in held:
                    kept = np.asarray(values, float)
                    file.write(chrom, starts, kept, ends=ends, missing=np.nan)
        if not _holds(temporary, sizes, runs):
            raise OSError("it was not written whole")


def _zooms(sizes: Mapping[str, int], number: int) -> list[int]:
    """Base pairs to a record of each zoom level: of 16 runs on average, then four times as many."""
    longest = max(sizes.values(), default=0)
    first = 16 * max(1, sum(sizes.values()) // max(1, number))
    return [zoom for level in range(10) if (zoom := first * 4**level) <= longest]


def _holds(path: Path, sizes: Mapping[str, int], runs: Sequence[Runs]) -> bool:
    """Whether a bigWig ends as one does, and holds these runs."""
    with open(path, "rb") as file:
        size = file.seek(0, io.SEEK_END)
        if size < HEADER.itemsize or _read(file, size - 4, np.dtype("<u4"))[0] != MAGIC:
            return False
    wanted = {chrom: columns for chrom, *columns in runs if len(columns[0])}
    try:
        found = {chrom: held for chrom, held in read_runs(path, sizes) if len(held)}
    except InputError:
        return False
    return found.keys() == wanted.keys() and all(
        len(held) == len(wanted[chrom][0])
        and all(
            np.array_equal(held[name], column.astype(RUN[name]), equal_nan=True)
            for name, column in zip(RUN.names, wanted[chrom], strict=True)
        )
        for chrom, held in found.items()
    )


def read_runs(path: str | Path, sizes: Mapping[str, int]) -> Iterator[tuple[str, np.ndarray]]:
    """Read the runs of bases that have a value, a chromosome at a time.

    Parameters
    ----------
    path
        bigWig, little-endian as all common programs write it.
    sizes
        Chromosomes wanted, in this order, and their sizes in bp.

    Yields
    ------
    str
        A chromosome; those that the file lacks are passed over.
    (R,) structured
        Its runs in order: `start` and `end` (uint32, half-open), `value` (float32).

    Raises
    ------
    InputError
        If the file is no bigWig or damaged, or if a chromosome's size is another.
    """
    try:
        with open(path, "rb") as file:
            header = _read(file, 0, HEADER)[0]
            if header["magic"] != MAGIC:
                raise InputError(f"{path}: not a bigWig; give one, or delete it and run again")
            chroms = _chromosomes(file, int(header["chrom_tree"]))
            blocks = _blocks(file, int(header["index"]))
            blocks = blocks[np.argsort(blocks["chrom"], kind="stable")]
            owners = np.ascontiguousarray(blocks["chrom"])
            for name, size in sizes.items():
                if name not in chroms:
                    continue
                number, found = chroms[name]
                if found != size:
                    raise InputError(
                        f"{path}: {name} has {found} bp, but {size} in the genome; it is of "
                        "another assembly: check genome/name and genome/fasta"
                    )
                first, last = np.searchsorted(owners, (number, number + 1))
                parts = [
                    _runs(file, block, bool(header["uncompressed"])) for block in blocks[first:last]
                ]
                # numpy takes long to join structured arrays
                yield name, np.frombuffer(b"".join(parts), dtype=RUN)
    except (OSError, ValueError, zlib.error) as error:
        raise InputError(f"{path}: damaged ({error}); copy it or make it again") from error


def each_base(runs: np.ndarray, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Positions (B,) int64 of the bases of runs, as `read_runs` gives them, and their values (B,)."""
    start, end = (runs[side].astype(np.int64) for side in ("start", "end"))
    return expand(start, end), np.repeat(runs["value"].astype(dtype), end - start)


def _read(file: BinaryIO, offset: int, dtype: np.dtype, count: int = 1) -> np.ndarray:
    file.seek(offset)
    # raises ValueError where the file ends before
    return np.frombuffer(file.read(dtype.itemsize * count), dtype=dtype, count=count)


def _chromosomes(file: BinaryIO, offset: int) -> dict[str, tuple[int, int]]:
    """Number and size of each chromosome."""
    tree = _read(file, offset, TREE)[0]
    if tree["magic"] != TREE_MAGIC:
        raise ValueError("no tree of chromosomes")
    key = ("name", f"S{tree['key_size']}")
    leaf = np.dtype([key, ("number", "<u4"), ("size", "<u4")])
    items = _leaves(file, offset + TREE.itemsize, leaf, np.dtype([key, ("offset", "<u8")]))
    return {item["name"].decode(): (int(item["number"]), int(item["size"])) for item in items}


def _blocks(file: BinaryIO, offset: int) -> np.ndarray:
    """Where the blocks of data are, in order."""
    if offset == 0:  # pyBigWig writes no index where there are no data
        return np.zeros(0, dtype=BLOCK)
    if _read(file, offset, np.dtype("<u4"))[0] != INDEX_MAGIC:
        raise ValueError("no index")
    return _leaves(file, offset + INDEX_BYTES, BLOCK, CHILD)


def _leaves(file: BinaryIO, offset: int, leaf: np.dtype, child: np.dtype) -> np.ndarray:
    """Items of all leaves under a node of a tree."""
    node = _read(file, offset, NODE)[0]
    dtype = leaf if node["is_leaf"] else child
    items = _read(file, offset + NODE.itemsize, dtype, int(node["count"]))
    if node["is_leaf"]:
        return items
    below = [_leaves(file, int(at), leaf, child) for at in items["offset"]]
    return np.concatenate([np.zeros(0, dtype=leaf), *below])


def _runs(file: BinaryIO, block: np.void, compressed: bool) -> np.ndarray:
    """Runs of a block, whichever of the three kinds it is."""
    file.seek(int(block["offset"]))
    data = file.read(int(block["size"]))
    if compressed:
        data = zlib.decompress(data)
    section = np.frombuffer(data, dtype=SECTION, count=1)[0]
    kind, count = int(section["type"]), int(section["count"])
    if kind == BED_GRAPH:
        return np.frombuffer(data, dtype=RUN, count=count, offset=SECTION.itemsize)
    if kind not in STEPS:
        raise ValueError(f"section of type {kind}")
    items = np.frombuffer(data, dtype=STEPS[kind], count=count, offset=SECTION.itemsize)
    runs = np.empty(count, dtype=RUN)
    steps = section["start"] + section["step"] * np.arange(count, dtype=np.uint32)
    runs["start"] = items["start"] if kind == VARIABLE_STEP else steps
    runs["end"] = runs["start"] + section["span"]
    runs["value"] = items["value"]
    return runs
