"""Text inputs: whatever wrote them, they are read as by hand, or refused by file and line."""

import bz2
import gzip
import io
import re
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from attprior.bed import BED, on_genome, read_bed
from attprior.errors import InputError
from attprior.genome import read_chrom_sizes
from attprior.motifs.database import read_motifs
from attprior.peaks import read_peaks
from attprior.portal.manifest import read_manifest
from attprior.qc.reads import bed_fragments
from attprior.reads.intervals import check_lines, ends_of_intervals, read_intervals
from attprior.sheet import read_experiments
from attprior.text import BLOCK, Lines, lines, read_cells
from hypothesis import given, settings
from hypothesis import strategies as st

# without the time, as names of tests hold the bytes
packed = partial(gzip.compress, mtime=0)
SIZES = {"chr1": 1000, "chr2": 500}
FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)
NARROW = "chr1\t10\t60\tpeak\t100\t.\t5.5\t3\t2\t20\n"
READ = "chr1\t10\t40\tread/1\t30\t+\n"
PAIR = "chr1\t10\t40\tchr1\t90\t120\tpair\t30\t+\t-\n"
MEME = "MEME version 4\n\nMOTIF M1 é\nletter-probability matrix: w= 2\n" + 2 * "0.7 0.1 0.1 0.1\n"
SHEET = "condition\texperiment\tassay\nA\tENCSR000AAA\tdnase\nB\tENCSR000AAB\tdnase\n"


def bgzip(path, content):
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(content)


@pytest.mark.parametrize("name", ["a.bed", "a.bed.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, packed, lambda x: packed(x[:5]) + packed(x[5:])])
def test_marks_line_ends_and_compression_change_nothing(tmp_path, name, end, pack):
    text = "# ä\ntrack name='x'\n\nchr1\t1\t2\n   \n\t\t\n#chr1\t5\t6\nchr2\t3\t4\ttracker 'n\" #\nbrowser hide"
    (tmp_path / name).write_bytes(pack(("\ufeff" + text.replace("\n", end)).encode()))
    assert list(lines(tmp_path / name)) == [(4, "chr1\t1\t2"), (8, "chr2\t3\t4\ttracker 'n\" #")]
    assert Lines(tmp_path / name).read() == b"chr1\t1\t2\nchr2\t3\t4\ttracker 'n\" #\n"
    assert read_bed(tmp_path / name).to_numpy().tolist() == [
        ["chr1", 1, 2, ""],
        ["chr2", 3, 4, "tracker 'n\" #"],
    ]


@pytest.mark.parametrize("name", ["track_1", "trackers", "browser.2", "tig"])
def test_chromosomes_may_be_called_like_a_track(tmp_path, name):
    (tmp_path / "a.bed").write_text(f"{name}\t1\t2\n")
    assert read_bed(tmp_path / "a.bed").chrom.tolist() == [name]
    assert Lines(tmp_path / "a.bed").read() == f"{name}\t1\t2\n".encode()


def test_line_ends_and_comments_at_the_edges_of_blocks_are_read(tmp_path):
    text = "".join(f"chr1\t{n}\t{n + 1}\r\n# {'x' * (n % 7)}\r\n" for n in range(3 * BLOCK // 20))
    (tmp_path / "a.bed").write_text(text, newline="")
    found = list(lines(tmp_path / "a.bed"))
    assert len(text) > 2 * BLOCK
    assert [number for number, _ in found] == list(range(1, 2 * len(found), 2))
    assert [line for _, line in found] == text.split("\r\n")[:-1:2]
    read = pd.read_csv(Lines(tmp_path / "a.bed"), sep="\t", header=None)
    assert read[1].tolist() == list(range(len(found)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("chr1\t1\t2\n".encode("utf-16"), "line 1: UTF-16 text, but text is wanted: save it as UTF-8"),
        ("chr1\t1\t2\n".encode("utf-16-le"), "line 1: a zero byte"),
        ("chr1\t1\t2\n".encode("utf-32"), "line 1: UTF-32 text"),
        ("chr1\t1\t2\nchr1\t1\t2\tä\n".encode("cp1252"), "line 2: the byte 0xe4 in .*ä.* is no UTF-8"),
        (b"PK\x03\x04rest", "line 1: an .xlsx or zip file, but text is wanted: save it as UTF-8 text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "line 1: an .xls file"),
        (packed(packed(b"chr1\t1\t2\n")), "line 1: gzip within gzip"),
        (b"<!doctype html>\n<html>", "line 1: a web page"),
        (b"<!DOCTYPE html>\n<html>", "line 1: a web page"),
        (bz2.compress(b"chr1\t1\t2\n"), "line 1: a bzip2 file"),
        (b"chr1\t1\t2\nchr1\t1\t2\x00\n", "line 2: a zero byte"),
        (packed(b"chr1\t1\t2\n" * 99)[:-9], "damaged"),
        (packed(b"chr1\t1\t2\n" * 99)[:20], "damaged"),
        (packed(b"chr1\t1\t2\n") + b"rest", "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_whole_text_is_refused_by_file_and_line(tmp_path, content, message):
    path = tmp_path / "input"
    path.write_bytes(content)
    reference = tmp_path / "chrom.sizes"
    for read in (
        read_bed, read_peaks, read_motifs, read_experiments, read_manifest, read_chrom_sizes,
        lambda x: list(read_intervals(x, "bed", SIZES)), lambda x: check_lines(x, "bedpe", SIZES),
    ):  # fmt: skip
        with pytest.raises(InputError, match=rf"input.*{message}"):
            read(path)
    assert not reference.exists()


def test_bgzip_that_lost_its_end_is_refused_though_its_blocks_are_whole(tmp_path):
    path = tmp_path / "a.bed.gz"
    bgzip(path, b"chr1\t1\t2\n" * 20_000)
    assert len(read_bed(path)) == 20_000
    path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match=r"a\.bed\.gz: truncated"):
        read_bed(path)


def test_files_put_together_may_each_have_a_mark(tmp_path):
    (tmp_path / "a.bed").write_bytes(2 * "\ufeffchr1\t1\t2\n".encode())
    assert read_bed(tmp_path / "a.bed").chrom.tolist() == ["chr1", "chr1"]


@pytest.mark.parametrize("contig", ["PKMU01000001.1", "BZhX1", "CRAM01000001.1", "pk", "crams"])
def test_contigs_may_be_named_like_other_kinds_of_files(tmp_path, contig):
    path = tmp_path / "made.bed"
    path.write_text(f"{contig}\t1\t2\n", encoding="utf-8")
    assert read_bed(path).chrom.to_list() == [contig]


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match=r"none\.bed: no such file"):
        read_bed(tmp_path / "none.bed")


@pytest.mark.parametrize(
    "content",
    [MEME.encode(), ("\ufeff" + MEME).replace("\n", "\r").encode(), packed(MEME.encode())],
)
def test_motif_files_are_text_like_others(tmp_path, content):
    (tmp_path / "motifs").write_bytes(content)
    ((key, motif),) = read_motifs(tmp_path / "motifs").items()
    assert key == ("M1", "é")
    np.testing.assert_allclose(motif, [[0.7, 0.7], [0.1, 0.1], [0.1, 0.1], [0.1, 0.1]])


def sheet(tmp_path, text):
    path = tmp_path / "sheet.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + SHEET,
        SHEET.replace("\n", "\r\n"),
        SHEET.replace("assay\n", "assay\t\t\t\n"),
        SHEET.replace("\nB\t", '\n# said "so\nB\t'),
        SHEET.replace("\nB\t", '\n#B\t"x\ty\tz\nB\t'),
        SHEET.replace("\nB\t", '\n  # 5" apart\nB\t'),
        SHEET.replace("\nB\t", '\n"# said ""so"""\nB\t'),
        SHEET.replace("\nA\t", '\n"A"\t'),
        packed(SHEET.encode()),
    ],
)
def test_every_row_of_a_sheet_is_read(tmp_path, text):
    found = read_experiments(sheet(tmp_path, text))
    assert found.condition.to_dict() == {"ENCSR000AAA": "A", "ENCSR000AAB": "B"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHEET.replace("\nA\t", '\n"A\nx"\t'), 'line 2: a quotation mark opens a cell that does not end'),
        (SHEET.replace("\nB\t", '\n"# a\nlong comment"\nB\t'), "line 3: a quotation mark opens"),
        (SHEET.replace("condition\t", "condition\t\t"), "line 1: column 2 has no name"),
        (SHEET.replace("assay\n", "assay\tassay\n"), "column 'assay' is duplicated"),
        (SHEET.replace("\t", ","), "column condition, experiment, assay is missing"),
    ],
)  # fmt: skip
def test_sheets_that_lose_cells_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"sheet\.tsv.*{message}"):
        read_experiments(sheet(tmp_path, text))


def keys(path):
    return sorted(key for keys in bed_fragments(path, SIZES, []) for key in keys.tolist())


@pytest.mark.parametrize("compressed", [False, True])
def test_counts_and_quality_read_the_same_lines(tmp_path, compressed):
    rows = [
        READ.replace("read/1", name).replace("10", str(n))
        for n, name in enumerate(["#1", '"2', "'3", "a#b"])
    ]
    text = "# mine\n" + "# within\n".join(rows) + "track\n"
    path = tmp_path / ("a.bed" if compressed else "a.bed.gz")
    path.write_bytes(packed(text.encode()) if compressed else text.encode())
    ends = [
        n for _, positions, _ in ends_of_intervals(path, "bed", SIZES) for n in positions.tolist()
    ]
    assert ends == [0, 1, 2, 3]
    assert [key >> 33 for key in keys(path)] == ends


def test_chromosomes_may_be_numbers(tmp_path):
    path, genome = tmp_path / "a.bed", {"1": 1000, "01": 1000, "2": 1000}
    for names in (["1", "1"], ["2", "01"], ["01", "01"]):
        path.write_text("".join(READ.replace("chr1", name) for name in names))
        (chunk,) = read_intervals(path, "bed", genome)
        assert [list(genome)[number] for number in chunk[0].chroms] == names


def test_pairs_are_told_apart_by_both_mates(tmp_path):
    path = tmp_path / "a.bedpe"
    other = (
        PAIR.replace("120", "130"),
        PAIR.replace("+\t-", "+\t+"),
        PAIR.replace("chr1\t90", "chr2\t90"),
    )
    path.write_text(PAIR + "".join(other) + PAIR.replace("chr1\t10", ".\t10"))
    lengths = []
    found = [key for keys in bed_fragments(path, SIZES, lengths) for key in keys.tolist()]
    assert len(found) == 4
    # on other chromosomes the same key is another pair
    groups = [keys.tolist() for keys in bed_fragments(path, SIZES, [])]
    assert sorted(len(set(group)) for group in groups) == [1, 3]
    assert lengths == [30] * 4


def test_names_are_checked_against_the_genome(tmp_path):
    path = tmp_path / "a.bed"
    genome = {"chrI": 100, "chrII": 50}
    for text, message in (
        ("I\t1\t2\nII\t1\t2\n", "none of its chromosomes is the genome's.*lack the prefix 'chr'"),
        ("CHRI\t1\t2\n", "none of its chromosomes.*upper and lower case"),
        (
            "chrI\t1\t2\nII\t1\t2\n",
            r"line 2: names of chromosomes differ: II \(the genome's chrII\)",
        ),
        ("chrI\t1\t2\nchrII\t50\t60\n", "line 2: outside its chromosome"),
        ("chrI\t5\t4\n", "line 1: not 0 <= start < end"),
        ("chrI\tx\t4\n", "line 1: start is not a whole number"),
        ("chrI\t1\t4.5\n", "line 1: end is not a whole number"),
        ("chrI\t1\t1_0\n", "line 1: end is not a whole number"),
        ("chrI\t1\t٣\n", "line 1: end is not a whole number"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=rf"a\.bed.*{message}"):
            read_bed(path, genome)
    path.write_text("chrI\t1e+01\t 20 \tx\nchrUn\t1\t2\nchrII\t40\t60\n")
    assert read_bed(path, genome).to_numpy().tolist() == [
        ["chrI", 10, 20, "x"],
        ["chrII", 40, 50, ""],
    ]


# what a reader by hand would take from a BED file: written apart from the library
def by_hand(content):
    found = []
    for line in re.split("\r\n|\n|\r", content.decode("utf-8-sig")):
        if (
            not line.strip(" \t\v\f")
            or line[0] == "#"
            or re.match(r"(track|browser)([ \t]|$)", line)
        ):
            continue
        chrom, start, end = (cell.strip() for cell in line.split("\t")[:3])
        found.append((chrom, int(float(start)), int(float(end))))
    return found


def on_disk(folder, content):
    path = Path(folder) / "input"
    path.write_bytes(content)
    return path


READERS = {
    "BED": read_bed,
    "peaks": read_peaks,
    "sheet": read_experiments,
    "manifest": read_manifest,
    "motifs": read_motifs,
    "sizes": read_chrom_sizes,
    "cells": read_cells,
    "reads": lambda path: list(read_intervals(path, "bed", SIZES)),
    "pairs": lambda path: keys_of(path, "bedpe"),
    "first lines": lambda path: check_lines(path, "bedpe", SIZES),
    "genome": lambda path: on_genome(read_bed(path).assign(line=0), path, SIZES),
}
VALID = [NARROW, READ, PAIR, MEME, SHEET, "chr1\t1000\nchr2\t500\n", ">AC\tx\t6\n.7\t.1\t.1\t.1\n"]


def keys_of(path, file_format):
    return [
        len(part.chroms) for chunk in read_intervals(path, file_format, SIZES) for part in chunk
    ]


def attempt(content):
    """Read by every reader: what comes must be a value or an `InputError`."""
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(folder, content)
        for read in READERS.values():
            try:
                read(path)
            except InputError:
                continue


@FEW
@given(st.binary(max_size=200), st.sampled_from([bytes, packed]))
def test_no_bytes_end_in_a_traceback(content, pack):
    attempt(pack(content))


CELLS = [
    "chr1",
    "chrUn",
    "",
    "#",
    '"',
    "-1",
    "9" * 30,
    "1e400",
    "nan",
    "1,2",
    ".",
    "é",
    "\0",
    "5.0",
    "5.5",
    "True",
    "0x1",
    "\x85",
    "\u2028",
    "'",
]


@FEW
@given(
    st.sampled_from(VALID),
    st.lists(
        st.tuples(
            st.integers(0, 99), st.sampled_from([*CELLS, "\t", "\n", "\r", " "]), st.integers(0, 3)
        ),
        max_size=4,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
)
def test_no_edit_of_a_valid_file_ends_in_a_traceback(text, edits, encoding):
    text *= 2
    for place, cell, removed in edits:
        text = text[:place] + cell + text[place + removed :]
    attempt(text.encode(encoding, "replace"))


CELL = st.sampled_from(
    [
        "chr1",
        "chr2",
        "chrUn",
        "#x",
        "track",
        "tracks",
        "browser",
        "5",
        "7",
        "08",
        "1e1",
        "9.0",
        " 8",
        "x",
        "",
        '"',
        "-3",
        "600",
    ]
)
LINE = st.lists(CELL, max_size=7).map("\t".join)
GOOD = st.sampled_from(
    [
        READ.strip(),
        READ.strip().replace("\t30", "\t#").replace("read", '"'),
        "chr2\t5\t9\t#\t0\t-",
        "#chr2\t5\t9\t#\t0\t-",
    ]
)


@FEW
@given(
    st.lists(st.one_of(GOOD, GOOD, GOOD, LINE), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([bytes, packed]),
)
def test_what_is_read_is_what_a_reader_by_hand_reads(rows, end, mark, pack):
    content = mark + end.join(rows).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(folder, pack(content))
        try:
            table = read_bed(path)
        except InputError:
            pass
        else:
            expected = [row for row in by_hand(content) if row[1] < row[2]]
            assert list(table[BED[:3]].itertuples(index=False, name=None)) == expected
        try:
            chunks = list(read_intervals(path, "bed", SIZES))
        except InputError:
            return
        expected = by_hand(content)
        names = [*SIZES, None]
        found = [
            (names[chrom], start, last)
            for (reads,) in chunks
            for chrom, start, last in zip(*map(list, reads[:3]), strict=True)
        ]
        assert found == [(chrom if chrom in SIZES else None, *rest) for chrom, *rest in expected]


@FEW
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chr1", "chr2", "chrUn", "1", "CHR2"]),
            st.integers(-2, 1100),
            st.integers(-2, 1100),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_intervals_on_the_genome_are_those_that_lie_there(rows):
    text = "".join(f"{chrom}\t{start}\t{last}\n" for chrom, start, last in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(folder, text.encode())
        try:
            table = read_bed(path, SIZES)
        except InputError:
            # something by hand is wrong
            bad = [
                not 0 <= start <= last
                or chrom in ("1", "CHR2")
                or start >= SIZES.get(chrom, start + 1)
                for chrom, start, last in rows
            ]
            there = [chrom in SIZES for chrom, start, last in rows if start < last]
            assert any(bad) or not any(there)
            return
    expected = [(c, s, min(e, SIZES[c])) for c, s, e in rows if c in SIZES and s < e]
    assert list(table[BED[:3]].itertuples(index=False, name=None)) == expected


def test_lines_are_a_file_for_pandas():
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(folder, b"a\tb\n1\t2\n")
        found = Lines(path)
        assert b"".join(found) == b"a\tb\n1\t2\n"
        assert found.read() == b""
        pd.testing.assert_frame_equal(
            pd.read_csv(Lines(path), sep="\t"), pd.read_csv(io.StringIO("a\tb\n1\t2\n"), sep="\t")
        )
