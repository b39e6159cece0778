"""Each assay and format plans its own tracks, and nothing that it has no use for."""

import pytest
from workflows import JOB, TINY, Project

CONFIG = {
    **{key: TINY[key] for key in ("experiments", "pathvars", "models", "training")},
    # not here, so that nothing in the files is compared with it
    "genome": {"name": "hg38"},
    "motifs": {"homer": {"enabled": False}},
}
TRACKS = {"tracks", "unstranded_tracks"}


@pytest.fixture
def planned(project: Project):
    """Give the function that plans the labels of condition A from a sheet's rows."""
    project.configure("local.yaml", CONFIG)
    names = ("a.bam", "b.bam", "a.cram", "a.bedpe", "p.bw", "m.bw", "a.narrowPeak")
    for name in names:
        project.write(name, "")

    def plan(*rows):
        project.sheet(*rows)
        return project.plan("results/conditions/A/labels.h5")

    return plan


@pytest.mark.parametrize(
    ("assay", "files", "rule"),
    [
        ("tf-chip", "a.bam,b.bam", "tracks"),
        ("chip-exo", "a.cram", "tracks"),
        ("chip-nexus", "p.bw,m.bw", "tracks"),
        ("dnase", "a.bam", "unstranded_tracks"),
        ("atac", "a.bedpe", "unstranded_tracks"),
    ],
)
def test_tracks_come_straight_from_the_sources(planned, assay, files, rule):
    plan = planned(f"A own {assay} none {files} a.narrowPeak")
    assert TRACKS & set(plan.counts) == {rule}
    assert plan.counts["check_reads"] == plan.counts["labels"] == 1
    assert "filter_reads" not in plan.counts


def test_peaks_and_labels_are_made_with_the_blacklist(planned, project):
    project.write("blacklist.bed", "")
    project.configure("blacklist.yaml", {"genome": {"blacklist": "blacklist.bed"}})
    blocks = dict(JOB.findall(planned("A own tf-chip none a.bam a.narrowPeak").text))
    using = {rule for rule, block in blocks.items() if "blacklist.bed" in block}
    assert using == {"peaks", "labels"}


def test_shared_control_is_counted_once(planned):
    plan = planned(
        "A one dnase naked a.bam a.narrowPeak",
        "A two atac naked a.bedpe a.narrowPeak",
        "- naked control-dnase - b.bam -",
    )
    assert plan.counts["unstranded_tracks"] == 3
    assert "tracks" not in plan.counts


def test_files_with_a_url_are_fetched_first(planned):
    place = "https://www.encodeproject.org/x"
    plan = planned(f"A own atac none {place}/a.bam,{place}/b.bedpe.gz {place}/p.narrowPeak.gz")
    assert {job["name"] for job in plan.jobs if job.rule == "download_file"} == {
        "a.bam",
        "b.bedpe.gz",
        "p.narrowPeak.gz",
    }


def test_reads_are_merged_only_where_they_are_asked_for(planned):
    called = planned("A own tf-chip none a.bam,a.cram macs3")
    assert called.counts["filter_reads"] == 1
    text = planned("A own atac none a.bedpe macs3")
    assert "filter_reads" not in text.counts
    assert text.counts["call_peaks"] == text.counts["call_relaxed_peaks"] == 1
