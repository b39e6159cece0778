"""Assays and formats are known by their names."""

import pytest
from attprior.assays import ASSAYS, control_assay, file_format, file_name, is_control


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("a.bam", "bam"),
        ("x/A.BAM", "bam"),
        ("a.cram", "cram"),
        ("a.tagAlign.gz", "bed"),
        ("a.bed", "bed"),
        ("a.bedpe.gz", "bedpe"),
        ("a.bigWig", "bigwig"),
        ("https://x.org/d/a.bw?download=1", "bigwig"),
        ("a.bam.gz", None),
        ("a.sam", None),
        ("https://x.org/a?file=a.bam", None),
    ],
)
def test_format_is_known_by_the_name(place, found):
    assert file_format(place) == found


def test_name_of_a_url_has_no_query():
    assert file_name("https://x.org/d/a%2Bb.bam?x=/y#z") == "a+b.bam"
    assert file_name("d/a.bam") == "a.bam"


@pytest.mark.parametrize("assay", [assay for assay in ASSAYS if not is_control(assay)])
def test_control_has_the_tracks_of_its_user(assay):
    assert is_control(control_assay(assay))
    assert ASSAYS[control_assay(assay)] == ASSAYS[assay]
