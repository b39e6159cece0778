"""What follows from a configuration and its sheet, and where files that they name are found."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from attprior.given import Given
from attprior.locus import Locus
from attprior.project import Project
from attprior.settings import complete
from attprior.sheet import COLUMNS

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "schemas/config.schema.yaml").read_text(encoding="utf-8")
)
ROWS = [
    ("SPI1", "ENCSR000BGQ", "tf-chip", "auto", "", "", ""),
    ("SPI1", "mine", "tf-chip", "input", "a.bam,b.bed.gz", "macs3", ""),
    ("ATAC", "cells", "atac", "none", "c.bedpe", "c.narrowPeak", ""),
    ("NEXUS", "nexus", "chip-nexus", "none", "p.bw,m.bw", "n.narrowPeak", "r.narrowPeak"),
]


def project(**config):
    """A project of `ROWS`."""
    sheet = pd.DataFrame(ROWS, columns=COLUMNS).set_index("experiment", drop=False)
    config = {"experiments": "sheet.tsv", "genome": {"name": "hg38"}, **config}
    return Project(complete(config, SCHEMA), SCHEMA, sheet)


def given(folder, **config):
    """Files of a project; results and resources are in a folder."""
    places = {"<results>": f"{folder}/results", "<resources>": f"{folder}/resources"}

    def apply(path):
        for name, place in places.items():
            path = path.replace(name, place)
        return path

    return Given(project(**config), apply)


def test_rows_tell_tasks_tracks_formats_and_what_is_called():
    made = project(reads={"atac_shift": [4, -4]})
    assert made.conditions == ["SPI1", "ATAC", "NEXUS"]
    assert made.tasks("SPI1") == ["ENCSR000BGQ", "mine"]
    assert [made.tracks(name) for name in ("mine", "cells")] == [["plus", "minus"], ["unstranded"]]
    assert [made.formats(name) for name in ("ENCSR000BGQ", "mine")] == [["bam"], ["bam", "bed"]]
    assert [made.has_bam(name) for name in ("mine", "cells", "nexus")] == [True, False, False]
    assert made.is_called("mine", "peaks") and made.is_called("mine", "relaxed_peaks")
    assert not made.is_called("mine", "alignments") and not made.is_called("cells", "peaks")
    assert (made.shift("cells"), made.shift("mine")) == ([4, -4], [0, 0])


def test_a_control_without_a_row_has_the_assay_of_what_it_controls():
    made = project()
    assert made.row("input")["assay"] == "control-chip"
    assert made.missing_roles("input") == ["alignments"]
    assert made.missing_roles("ENCSR000BGQ") == ["alignments", "peaks"]
    assert made.on_portal("ENCSR000BGQ") and not made.on_portal("input")


@pytest.mark.parametrize(("each", "heads"), [("summed", 1), ("each", 3)])
def test_heads_of_tasks_come_where_there_are_several(each, heads):
    made = project(attribution={"tasks": each})
    assert len(made.heads_of_tasks("profile", "SPI1")) == heads
    assert made.heads_of_tasks("profile", "ATAC") == list(made.heads("profile"))


def test_a_locus_is_seen_by_the_fold_that_tests_on_it():
    folds = {
        "first": {"validation": ["chr1"], "test": ["chr2"]},
        "second": {"validation": ["chr3"], "test": ["chr1"]},
    }
    made = project(training={"folds": {"fold_1": None, **folds}})
    expected = {"chr1": "second", "chr2": "first", "chr3": "second", "chr9": "first"}
    assert {chrom: made.fold(Locus(chrom, 0, 9)) for chrom in expected} == expected
    assert made.split("first", Locus("chr1", 0, 9)) == "validation"
    assert made.named_chromosomes()["training/folds/second/test"] == ["chr1"]


def test_methods_tell_where_experiments_come_from_and_no_device():
    made = project(simulate={"motifs": {"ATAC": "MA0080.7"}, "seed": 1})
    study = made.study()
    sources = {name: known["source"] for name, known in study["experiments"].items()}
    assert sources == {
        "ENCSR000BGQ": "encode", "mine": "local", "cells": "simulated", "nexus": "local",
    }  # fmt: skip
    assert "device" not in study["config"]["training"] and "device" in made.config["training"]
    assert {"macs3", "pysam"} <= set(made.software())


def test_a_genome_at_its_place_is_used_as_it_is(tmp_path):
    place = tmp_path / "resources/genome/made.fa"
    fasta = {"name": "made", "fasta": str(place)}
    assert given(tmp_path, genome=fasta).reference_files["fasta"] == str(place)
    elsewhere = given(tmp_path, genome={"name": "made", "fasta": "x.fa"})
    assert not elsewhere.in_place and elsewhere.reference_files["fasta"] == "x.fa"
    named = given(tmp_path, genome={"name": "hg38"})
    assert named.reference_files["fasta"].endswith("genome/hg38.fasta.download")
    [line] = given(tmp_path, genome={"name": "mine"}).missing_genome()
    assert "genome/name 'mine' has no known source" in line


def test_known_sites_are_those_of_a_file_that_is_there_or_planted(tmp_path):
    (tmp_path / "SPI1.bed").touch()
    truth = {"sites": f"{tmp_path}/{{condition}}.bed"}
    made = given(tmp_path, truth=truth)
    assert [made.has_sites(name) for name in made.project.conditions] == [True, False, False]
    assert list(made.named_intervals()) == [("truth/sites", f"{tmp_path}/SPI1.bed")]
    planted = given(tmp_path, truth=truth, plant={"motif": "MA0080.7"})
    assert planted.known_sites("ATAC") == ["<results>/planted/ATAC/sites.bed"]
    assert (planted.planted_motif, planted.sequence) == ("", "<results>/planted/genome.fa")
    assert list(planted.named_intervals()) == []
