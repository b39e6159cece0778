"""A file that a rule writes is found by whatever name, and no other is."""

import gzip
import os
import re
from pathlib import Path

import pytest
from attprior.files import identity, links_below, names_of
from attprior.outputs import Output, Outputs, texts
from attprior.text import is_gzip
from hypothesis import given, settings
from hypothesis import strategies as st

FILES = st.sampled_from(
    [
        "results/manifest.tsv",
        "results/experiments/one/peaks.narrowPeak",
        "results/homer/one/run/known/motif1.motif",
        "results/elsewhere/x.tsv",
        "data/x.narrowPeak",
        "data/deep/x.bed",
    ]
)
WRITTEN = {
    "results/manifest.tsv": "manifest",
    "results/experiments/one/peaks.narrowPeak": "peaks",
    "results/homer/one/run/known/motif1.motif": "homer",
    # by the links of the folder below
    "data/x.narrowPeak": "peaks",
    "data/deep/x.bed": "fetch",
}


def output(rule, pattern, is_folder=False):
    expression = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[A-Za-z0-9_.-]+)", re.escape(pattern)))
    return Output(rule, pattern, expression.fullmatch, is_folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder whose rules write through links, too."""
    folder = tmp_path_factory.mktemp("work")
    before = Path.cwd()
    os.chdir(folder)
    for name in (*WRITTEN, "results/elsewhere/x.tsv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("results/experiments/two").mkdir()
    Path("results/experiments/two/peaks.narrowPeak").symlink_to(folder / "data/x.narrowPeak")
    Path("results/files").symlink_to("../data")
    Path("also").symlink_to("results")
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def outputs(folder):
    return Outputs(
        [
            output("manifest", "results/manifest.tsv"),
            output("peaks", "results/experiments/{experiment}/peaks.narrowPeak"),
            output("homer", "results/homer/{condition}/run", is_folder=True),
            output("fetch", "results/files/{experiment}/{name}"),
        ]
    )


WAYS = {
    "dot": lambda path: os.path.join(".", path),
    "dots": lambda path: os.path.join("data/..", path),
    "dots within": lambda path: (
        path.replace("/", "/../data/../results/", 1) if path.startswith("results/") else path
    ),
    "slashes": lambda path: path.replace("/", "//"),
    "link to a folder": lambda path: re.sub("^results/", "also/", path),
    "whole": lambda path: str(Path(path).absolute()),
    "link": lambda path: linked(path),
}


def linked(path):
    """A link to a file."""
    number = len(list(Path("data").glob("link_*")))
    link = Path(f"data/link_{number}")
    link.symlink_to(Path(path).absolute())
    return str(link)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(file=FILES, ways=st.lists(st.sampled_from(sorted(WAYS)), max_size=4))
def test_what_rules_write_is_found_by_any_name(outputs, file, ways):
    path = file
    for way in ways:
        path = WAYS[way](path)
    assert identity(path) == identity(file)
    found = outputs.writer(path)
    assert (found and found[0].rule) == WRITTEN.get(file)


def test_a_file_that_is_not_there_yet_is_found_too(outputs):
    assert outputs.writer("also/experiments/three/peaks.narrowPeak")[0].rule == "peaks"
    assert outputs.writer("results/experiments/three/other.narrowPeak") is None
    assert outputs.writer("data/three/other.narrowPeak")[0].rule == "fetch"


def test_moved_results_are_told_from_others(folder, tmp_path):
    """Outputs may lie elsewhere: above the working folder, or behind a link."""
    (tmp_path / "disk").mkdir()
    Path("moved").symlink_to(tmp_path / "disk")
    above = os.path.relpath(tmp_path / "above")
    outputs = Outputs([output("one", "moved/{name}.bed"), output("two", f"{above}/{{name}}.bed")])
    assert outputs.writer(tmp_path / "disk/x.bed")[0].rule == "one"
    assert outputs.writer(tmp_path / "above/x.bed")[0].rule == "two"
    assert outputs.writer(tmp_path / "x.bed") is None


def test_folders_in_which_rules_write_are_found(outputs):
    for folder in (".", "results", "also", "results/experiments", "data/../results"):
        assert outputs.within(folder)
    for folder in ("results/elsewhere", "data/deep", "nowhere"):
        assert not outputs.within(folder)


def test_links_that_lead_round_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/round").symlink_to(tmp_path)
    (tmp_path / "a/itself").symlink_to("itself")
    links = links_below([tmp_path])
    assert links[tmp_path / "a/round"] == tmp_path
    assert tmp_path / "a/round/x" in names_of(tmp_path / "x", links)


def test_compressed_files_are_told_by_their_content(tmp_path):
    (tmp_path / "a.gz").write_text(">chr1\n")
    (tmp_path / "a.fa").write_bytes(gzip.compress(b">chr1\n"))
    (tmp_path / "none.fa").touch()
    found = [is_gzip(tmp_path / name) for name in ("a.gz", "a.fa", "none.fa")]
    assert found == [False, True, False]


def test_text_of_a_config_is_told_with_its_key():
    config = {"a": {"b": "x", "c": ["y", {"d": "z"}], "e": 1, "f": None}, "g": "w"}
    assert list(texts(config)) == [("a/b", "x"), ("a/c", "y"), ("a/c/d", "z"), ("g", "w")]
