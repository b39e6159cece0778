"""Files are whole or not there: on a full disk, by whichever library, and after a killed job."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from attprior.bigwig import read_runs, write_runs
from attprior.errors import DiskFullError
from attprior.files import atomic_write, room_watched, scratch
from attprior.hdf5 import hdf5_aside
from attprior.reads.select import filter_reads
from disks import disk

SCRIPTS = Path(__file__).parents[2] / "scripts"
SIZES = {"chr1": 100_000, "chr2": 100_000}
NUMBERS = np.random.default_rng(0).random(4000)


def text(path):
    with atomic_write(path) as temporary:
        temporary.write_text("line\n" * 6000)


def table(path):
    with atomic_write(path) as temporary:
        pd.DataFrame({"number": NUMBERS}).to_csv(temporary, sep="\t")


def compressed_table(path):
    # without the time of writing, by which two that are alike would differ
    packed = {"method": "gzip", "mtime": 0}
    with atomic_write(path) as temporary:
        pd.DataFrame({"number": NUMBERS}).to_csv(temporary, sep="\t", compression=packed)


def arrays(path):
    with atomic_write(path) as temporary:
        np.savez(temporary, numbers=NUMBERS)


def tensors(path):
    with atomic_write(path) as temporary:
        torch.save({"numbers": torch.from_numpy(NUMBERS)}, temporary)


def hdf5(path):
    with hdf5_aside(path) as whole, h5py.File(whole, "w") as file:
        file["contiguous"] = NUMBERS
        for name in ("first", "second"):  # what is cached goes to the disk when they are closed
            file.create_dataset(name, data=NUMBERS, chunks=(1000,), compression="gzip")
        for number in range(50):
            file[f"groups/{number}"] = number


def bigwig(path):
    starts = np.arange(0, 60_000, 10)
    runs = [(chrom, starts, starts + 3, starts % 7) for chrom in SIZES]
    write_runs(path, SIZES, runs)


WRITERS = {
    text: ".txt",
    table: ".tsv",
    compressed_table: ".tsv.gz",
    arrays: ".npz",
    tensors: ".pt",
    hdf5: ".h5",
    bigwig: ".bw",
}


@pytest.mark.parametrize("write", WRITERS)
def test_file_without_room_is_told_by_name_and_leaves_nothing(tmp_path, write):
    name = f"made{WRITERS[write]}"
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    needed = -(-len(whole) // 4096)
    # the last pages are where libraries write what they held back
    for pages in sorted({0, 1, needed // 2, *range(max(needed - 4, 0), needed)}):
        folder = tmp_path / str(pages)
        with disk(folder, pages):
            with pytest.raises(DiskFullError, match=f"{re.escape(name)}: the disk is full"):
                write(folder / name)
            assert [path.name for path in folder.iterdir()] == [".taken"]
    with disk(tmp_path / "roomy", needed + 4):
        write(tmp_path / "roomy" / name)
        assert (tmp_path / "roomy" / name).read_bytes() == whole


def test_file_that_was_there_stays_when_another_does_not_fit(tmp_path):
    folder = tmp_path / "disk"
    with disk(folder, 8):
        (folder / "made.txt").write_text("old")
        with pytest.raises(DiskFullError):
            text(folder / "made.txt")
        assert (folder / "made.txt").read_text() == "old"


def test_what_a_program_could_not_write_is_told_though_it_says_nothing(tmp_path):
    folder = tmp_path / "disk"

    def silent():
        with room_watched(folder / "made"):
            command = "head -c 8000000 /dev/zero > x; sleep 0.5; rm x; true"
            subprocess.run(command, shell=True, cwd=folder, stderr=subprocess.DEVNULL, check=True)

    with disk(folder, 1024), pytest.raises(DiskFullError, match="the disk was full meanwhile"):
        silent()


def test_other_errors_stay_as_they_are(tmp_path):
    def fail():
        with atomic_write(tmp_path / "made.txt") as temporary:
            temporary.write_text("half")
            raise KeyError("lost")

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_job_left_of_a_file_goes_when_it_is_written_again(tmp_path):
    killed = (
        "import os, sys\n"
        "from attprior.files import atomic_write, scratch\n"
        "with atomic_write(sys.argv[1]) as temporary, scratch(sys.argv[1]) as folder:\n"
        "    temporary.write_text('half')\n"
        "    (folder / 'reads.bed').write_text('many')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "made.txt"
    done = subprocess.run(
        [sys.executable, "-c", killed, str(path)], env={"PYTHONPATH": str(SCRIPTS)}
    )
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    # of a job that still runs: this one's parent
    (of_running,) = tmp_path.glob(".*.made.txt")
    host = of_running.name.split(".")[1]
    running = tmp_path / f".{host}.{os.getppid()}.made.txt"
    running.touch()
    with atomic_write(path) as temporary, scratch(path) as folder:
        temporary.write_text("whole")
        assert list(folder.iterdir()) == []
    assert {*tmp_path.iterdir()} == {path, running}


def test_filtered_reads_and_their_index_are_whole_or_not_there(tmp_path, tools):
    import pysam

    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 100_000}]}
    with pysam.AlignmentFile(str(tmp_path / "reads.bam"), "wb", header=header) as bam:
        for start in range(0, 90_000, 10):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence = f"read_{start}", "ACGTA" * 6
            read.reference_id, read.reference_start = 0, start
            read.mapping_quality, read.cigartuples = 60, [(0, 30)]
            bam.write(read)
    filter_reads([tmp_path / "reads.bam"], tmp_path / "whole.bam", 0, 0, True)
    needed = -(-(tmp_path / "whole.bam").stat().st_size // 4096)
    for pages in (0, needed // 2, needed):  # none, half of the reads, no index
        folder = tmp_path / str(pages)
        with disk(folder, pages):
            with pytest.raises(DiskFullError, match=r"made\.bam(\.csi)?: the disk is full"):
                filter_reads([tmp_path / "reads.bam"], folder / "made.bam", 0, 0, True)
            left = {path.name for path in folder.iterdir()} - {".taken"}
            assert left == ({"made.bam"} if pages == needed else set())


def test_bigwig_holds_what_was_written(tmp_path):
    bigwig(tmp_path / "made.bw")
    for _, runs in read_runs(tmp_path / "made.bw", SIZES):
        np.testing.assert_array_equal(runs["start"], np.arange(0, 60_000, 10))
