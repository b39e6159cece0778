"""bigWigs read as arrays: as pyBigWig and pybigtools read them, whatever wrote them."""

import time

import h5py
import numpy as np
import pybigtools
import pyBigWig
import pytest
from attprior.bigwig import HEADER, read_runs, write_runs
from attprior.dataset.store import Coordinates
from attprior.dataset.writing import _write_track
from attprior.errors import InputError
from attprior.qc.tracks import five_prime_counts

# enough chromosomes and runs for trees of more than one level
SIZES = {f"chr{number}": 40_000 + number for number in range(300)}


def random_runs(rng, chrom, number):
    edges = np.sort(rng.choice(SIZES[chrom], 2 * number, replace=False))
    return edges[::2], edges[1::2], rng.integers(0, 9, number) / 4


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(0)
    numbers = {"chr7": 9000, "chr8": 0, "chr299": 1}
    made = {chrom: random_runs(rng, chrom, numbers.get(chrom, 20)) for chrom in SIZES}
    return {chrom: columns for chrom, columns in made.items() if len(columns[0])}


def with_pybigtools(path, runs):
    rows = (
        (chrom, *row)
        for chrom, columns in sorted(runs.items())
        for row in zip(*(column.tolist() for column in columns), strict=True)
    )
    pybigtools.open(str(path), "w").write(SIZES, rows)


def with_pybigwig(path, runs):
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()))
        for chrom, columns in runs.items():
            starts, ends, values = (column.tolist() for column in columns)
            file.addEntries([chrom] * len(starts), starts, ends=ends, values=values)


@pytest.mark.parametrize("write", [with_pybigtools, with_pybigwig])
def test_runs_are_those_that_were_written(tmp_path, runs, write):
    write(tmp_path / "x.bw", runs)
    wanted = {chrom: SIZES[chrom] for chrom in ("chr299", "chr7", "chr8", "chr40")}
    found = dict(read_runs(tmp_path / "x.bw", {**wanted, "chrUn": 5}))
    assert [chrom for chrom in found if len(found[chrom])] == ["chr299", "chr7", "chr40"]
    for chrom in ("chr299", "chr7", "chr40"):
        for key, column in zip(("start", "end", "value"), runs[chrom], strict=True):
            np.testing.assert_array_equal(found[chrom][key], column)


def test_other_programs_read_what_is_written(tmp_path, runs):
    path = tmp_path / "x.bw"
    write_runs(path, SIZES, [(chrom, *columns) for chrom, columns in runs.items()])
    track = pybigtools.open(str(path))
    with pyBigWig.open(str(path)) as file:
        assert file.isBigWig()
        assert file.chroms() == track.chroms() == {chrom: SIZES[chrom] for chrom in runs}
        assert file.header()["sumData"] == int(sum((e - s) @ v for s, e, v in runs.values()))
        for chrom in ("chr7", "chr40", "chr299"):
            starts, ends, values = runs[chrom]
            wanted = np.zeros(SIZES[chrom])
            for start, end, value in zip(starts, ends, values, strict=True):
                wanted[start:end] = value
            np.testing.assert_array_equal(np.nan_to_num(file.values(chrom, 0, -1)), wanted)
            np.testing.assert_array_equal(track.values(chrom, fillna=0), wanted)


def test_zoom_levels_sum_up_and_do_not_fill_a_file_of_few_ends(tmp_path):
    sizes = {"chr1": 100_000_000}
    starts = np.sort(np.random.default_rng(0).choice(sizes["chr1"], 20_000, replace=False))
    write_runs(tmp_path / "x.bw", sizes, [("chr1", starts, starts + 1, np.ones(len(starts)))])
    header = np.fromfile(tmp_path / "x.bw", dtype=HEADER, count=1)[0]
    # IGV draws whole chromosomes from these, and reads all of a file without any
    assert header["zoom_levels"] > 3
    assert (tmp_path / "x.bw").stat().st_size < 1.5 * header["index"]
    with pyBigWig.open(str(tmp_path / "x.bw")) as file:
        covered = [
            file.stats("chr1", 0, sizes["chr1"], type="coverage", nBins=5, exact=exact)
            for exact in (True, False)
        ]
    np.testing.assert_allclose(*covered, rtol=0.02)


def test_fixed_and_variable_steps_are_read_as_well(tmp_path):
    path = str(tmp_path / "x.bw")
    with pyBigWig.open(path, "w") as file:
        file.addHeader([("chr1", 1000), ("chr2", 1000)])
        file.addEntries("chr1", [10, 50], values=[1.0, 2.0], span=20)
        file.addEntries("chr2", 100, values=[3.0, 4.0, 5.0], span=2, step=10)
    found = dict(read_runs(path, {"chr1": 1000, "chr2": 1000}))
    assert found["chr1"].tolist() == [(10, 30, 1), (50, 70, 2)]
    assert found["chr2"].tolist() == [(100, 102, 3), (110, 112, 4), (120, 122, 5)]


def test_time_goes_with_the_number_of_contigs(tmp_path):
    sizes = {f"contig_{number}": 1000 for number in range(20_000)}
    start = np.array([3])
    with pyBigWig.open(str(tmp_path / "x.bw"), "w") as file:
        file.addHeader(sorted(sizes.items()))
        for chrom in sorted(sizes):
            file.addEntries(chrom, start, values=[1.0], span=1, validate=False)
    track, began = tmp_path / "x.bw", time.process_time()
    assert len(dict(read_runs(track, sizes))) == len(sizes)
    assert sum(len(bases) for bases, _ in five_prime_counts(track, sizes)) == len(sizes)
    coordinates = Coordinates(tuple(sizes), np.full(len(sizes), 1000))
    np.testing.assert_array_equal(coordinates.index(list(sizes)), np.arange(len(sizes)))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        _write_track(file.create_group("x"), track, coordinates)
        assert len(file["x/position"]) == len(sizes)
    # several minutes where all contigs are looked through for each
    assert time.process_time() - began < 30


def test_file_without_values_gives_none(tmp_path):
    with_pybigwig(tmp_path / "x.bw", {})
    assert len(dict(read_runs(tmp_path / "x.bw", SIZES))["chr1"]) == 0


def test_other_sizes_are_refused(tmp_path, runs):
    with_pybigtools(tmp_path / "x.bw", runs)
    with pytest.raises(InputError, match=r"x\.bw: chr7 has 40007 bp, but 40000 in the genome"):
        list(read_runs(tmp_path / "x.bw", {"chr7": 40_000}))


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.bw").write_text("chr1\t0\t5\t1\n" * 50)
    with pytest.raises(InputError, match=r"x\.bw: not a bigWig"):
        list(read_runs(tmp_path / "x.bw", SIZES))


@pytest.mark.parametrize("kept", [0, 30, 300, 0.1, 0.4])
def test_truncated_files_are_refused(tmp_path, runs, kept):
    with_pybigtools(tmp_path / "x.bw", runs)
    whole = (tmp_path / "x.bw").read_bytes()
    (tmp_path / "x.bw").write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    with pytest.raises(InputError, match=r"x\.bw: damaged"):
        list(read_runs(tmp_path / "x.bw", SIZES))
