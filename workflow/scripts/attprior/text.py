"""Text files of a user: one way to open them, whatever wrote them.

A byte order mark, Windows' and old Macs' line ends, and gzip or bgzip under any name are read as
they should be. What is no UTF-8 text is refused by its file and line. Nothing is quoted, but for
cells of a sheet, where spreadsheets quote.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from attprior.errors import InputError

BLOCK = 1 << 17  # bytes read at once, which stay in the processor's cache
GZIP = b"\x1f\x8b"
# the empty block that ends every whole bgzip file (SAM specification, section 4.1.2)
END_OF_BGZIP = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
LARGEST = 2**53  # up to here every whole number is one
MARK = b"\xef\xbb\xbf"  # of UTF-8
# how files begin that people take for text; none is how a line of text could, as names of contigs may
# be any letters
KINDS = {
    b"\xff\xfe\0\0": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\3\4": "an .xlsx or zip file",
    b"PK\5\6": "an empty .xlsx or zip file",
    b"\xd0\xcf\x11\xe0": "an .xls file",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a zstd file",
    GZIP: "gzip within gzip",
    b"BAM\1": "a BAM file",
    b"CRAM\2": "a CRAM file",
    b"CRAM\3": "a CRAM file",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"\x26\xfc\x8f\x88": "a bigWig",
    b"\x88\x8f\xfc\x26": "a bigWig",
    b"\xeb\xf2\x89\x87": "a bigBed",
    b"\x87\x89\xf2\xeb": "a bigBed",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    **{b"BZh%d1AY&SY" % level: "a bzip2 file" for level in range(1, 10)},
    b"version https://git-lfs": "a pointer of Git LFS to the file",
}
# lines of a BED file that are no intervals: comments, and what genome browsers read
NO_INTERVAL = rb"#|(?:track|browser)(?:[ \t]|$)"
COMMENT = rb" *#"  # in a sheet
WANTED = "text is wanted: save it as UTF-8 text, with cells separated by tabs."


def is_gzip(path: str | Path) -> bool:
    """Whether a file is compressed by gzip or bgzip, whatever its name."""
    with open(path, "rb") as file:
        return file.read(len(GZIP)) == GZIP


def blocks(path: str | Path) -> Iterator[tuple[int, bytes]]:
    r"""Read a text file in blocks of whole lines, each of which ends in ``\n``.

    Parameters
    ----------
    path
        UTF-8 text, plain, gzip or bgzip by its content.

    Yields
    ------
    number : int
        Of the block's first line, from 1.
    block : bytes

    Raises
    ------
    InputError
        If the file is missing, truncated or damaged, or is no UTF-8 text.
    """
    path, number, rest = Path(path), 1, b""
    for block in _raw(path):
        block, held = _one_line_end(rest + block)
        if number == 1:
            _refuse_other_kinds(path, block or held)
        cut = block.rfind(b"\n") + 1
        block, rest = block[:cut], block[cut:] + held
        if block:
            yield number, _checked(path, number, block)
            number += block.count(b"\n")
    if rest:
        yield number, _checked(path, number, rest.rstrip(b"\r") + b"\n")


def _raw(path: Path) -> Iterator[bytes]:
    """Content of a file, decompressed."""
    try:
        with path.open("rb") as file:
            start = file.read(14)
            if start[:4] == GZIP + b"\x08\x04" and start[12:] == b"BC":
                file.seek(-min(len(END_OF_BGZIP), path.stat().st_size), io.SEEK_END)
                if file.read() != END_OF_BGZIP:
                    raise InputError(
                        f"{path}: truncated, as bgzip's end-of-file block is missing. Copy or "
                        "download it again."
                    )
            file.seek(0)
            content = gzip.GzipFile(fileobj=file) if start[:2] == GZIP else file
            while block := content.read(BLOCK):
                yield block
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: damaged ({error}). Copy or download it again.") from error


def _one_line_end(block: bytes) -> tuple[bytes, bytes]:
    r"""A block with ``\n`` for all line ends, and what is held back as the next byte decides."""
    if b"\r" not in block:
        return block, b""
    held = b"\r" if block.endswith(b"\r") else b""
    block = block[: len(block) - len(held)]
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), held


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    for mark, kind in KINDS.items():
        begun = start[: len(mark)]
        if mark in (begun, begun.lower()):
            raise InputError(f"{path}, line 1: {kind}, but {WANTED}")


def _checked(path: Path, number: int, block: bytes) -> bytes:
    """A block without byte order marks, if it is UTF-8 text."""
    place = block.find(b"\0")
    if place >= 0:
        line = number + block.count(b"\n", 0, place)
        raise InputError(
            f"{path}, line {line}: a zero byte, as of UTF-16 or of no text at all, but {WANTED}"
        )
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = number + block.count(b"\n", 0, error.start)
        before, after = block[: error.start].rpartition(b"\n")[2], block[error.start :]
        shown = (before[-20:] + after[:20].partition(b"\n")[0]).decode("cp1252", "replace")
        raise InputError(
            f"{path}, line {line}: the byte 0x{after[0]:02x} in {shown!r} is no UTF-8 (of Windows' "
            f"cp1252, perhaps), but {WANTED}"
        ) from None
    # each of the files that were put together may have one
    return re.sub(rb"^" + MARK, b"", block, flags=re.MULTILINE)


def lines(path: str | Path, skip: bytes = NO_INTERVAL) -> Iterator[tuple[int, str]]:
    """Lines of a text file and their numbers, without blank ones and those to be skipped.

    Parameters
    ----------
    path
        As of `blocks`.
    skip
        Regular expression of how lines begin that are skipped; by default what is no interval in
        a BED file. Nothing is skipped if it is empty.

    Raises
    ------
    InputError
        As `blocks`.
    """
    skipped = re.compile(skip).match if skip else lambda line: False
    for first, block in blocks(path):
        for number, line in enumerate(block[:-1].split(b"\n"), start=first):
            if line.strip() and not skipped(line):
                yield number, line.decode()


class Lines:
    """What `lines` gives as a file for pandas, in a tenth of the time.

    It has no more than pandas asks for, so that bytes are not decoded and encoded again.
    """

    def __init__(self, path: str | Path, skip: bytes = NO_INTERVAL) -> None:
        self._blocks, self._left = blocks(path), io.BytesIO()
        self._skipped = re.compile(rb"^(?:[ \t\f\v]*$|" + skip + rb").*\n", re.MULTILINE)
        # quick to find, and not there in most files
        self._perhaps = re.compile(rb"\n[ \t\f\v\n#tb]")

    def read(self, size: int = -1) -> bytes:
        """Read bytes, of as many lines as there are in a block at most; none at the end."""
        while not (found := self._left.read(size)):
            _, block = next(self._blocks, (0, b""))
            if not block:
                return b""
            if self._perhaps.search(b"\n" + block[:1]) or self._perhaps.search(block):
                block = self._skipped.sub(b"", block)
            self._left = io.BytesIO(block)
        return found

    def __iter__(self) -> Iterator[bytes]:
        """Pandas takes for files what has this."""
        return iter(lambda: self.read(BLOCK), b"")


def whole_number(text: str) -> int | None:
    """A whole number, such as 1000 or R's 1e+03; None of another text."""
    if text.isascii() and text.isdecimal():
        return int(text)
    number = float(text) if re.fullmatch(NUMBER, text) else math.nan
    return int(number) if number % 1 == 0 and abs(number) <= LARGEST else None


def read_cells(path: str | Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of the header of a sheet and of each row, all as long as the header.

    Cells are separated by tabs, and may be quoted as spreadsheets do. Empty lines and those that
    begin with # are skipped, whatever is in them.

    Returns
    -------
    list
        Empty for a file of no rows.

    Raises
    ------
    InputError
        As `blocks`; for a row of more cells than the header names, a column without name or of
        another's, and for a quotation mark that is not closed in its line.
    """
    rows = []
    for number, line in lines(path, COMMENT):
        try:
            found = next(csv.reader([line], delimiter="\t", strict=True))
        except csv.Error:
            raise InputError(
                f"{path}, line {number}: a quotation mark opens a cell that does not end in its "
                f"line: {line[:60]!r}. Take out the mark, or the line break within the cell."
            ) from None
        rows.append((number, [cell.strip() for cell in found]))
    # spreadsheets may have quoted a comment
    rows = [(number, found) for number, found in rows if any(found) and found[0][:1] != "#"]
    if not rows:
        return rows
    first, header = rows[0]
    while not header[-1]:  # tabs at the end
        header.pop()
    if "" in header:
        raise InputError(
            f"{path}, line {first}: column {header.index('') + 1} has no name; give it one, or take "
            "the column out"
        )
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{path}: column '{column}' is duplicated; keep one")
    for number, found in rows:
        if any(found[len(header) :]):
            raise InputError(
                f"{path}, line {number}: {len(found)} cells, but the header names {len(header)} "
                "columns; separate cells by single tabs"
            )
    return [(number, (found + [""] * len(header))[: len(header)]) for number, found in rows]
