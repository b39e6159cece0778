"""Peaks are called only where the sheet asks for it, and models read planted sequence if told to."""

import pytest
from workflows import TINY

LOCAL = {
    **{key: TINY[key] for key in ("experiments", "pathvars", "models", "training")},
    # not here, so that nothing in the files is compared with it
    "genome": {"name": "hg38"},
    "motifs": {"homer": {"enabled": False}},
}
CALLS = {"call_peaks", "call_relaxed_peaks"}


@pytest.fixture
def local(project):
    """A project of files that are there, as far as a plan can see."""
    for name in ("a.bam", "b.bed.gz", "c.bw", "d.bw", "a.narrowPeak"):
        project.write(name, "")
    project.configure("local.yaml", LOCAL)
    return project


def inputs(run, rule):
    """Input files of the jobs of a rule, as a plan prints them."""
    blocks = run.text.split(f"rule {rule}:\n")[1:]
    return [block.split("input: ")[1].split("\n")[0] for block in blocks]


def test_peaks_are_called_where_asked_and_against_the_control(local):
    local.sheet(
        "TF called tf-chip input a.bam macs3",
        "TF given tf-chip input a.bam a.narrowPeak",
        "- input control-chip - b.bed.gz",
    )
    run = local.plan()
    assert {job["experiment"] for job in run.jobs if job.rule in CALLS} == {"called"}
    assert {job["experiment"] for job in run.jobs if job.rule == "relaxed_peaks"} == {"called"}
    [files] = inputs(run, "call_peaks")
    assert "experiments/called/reads.bam" in files and "b.bed.gz" in files
    assert all(f"experiments/{name}/reads.checked" in files for name in ("called", "input"))


def test_relaxed_peaks_of_the_user_win_over_called_ones(local):
    local.write(
        "sheet.tsv",
        "condition\texperiment\tassay\talignments\tpeaks\trelaxed_peaks\n"
        "TF\tcalled\ttf-chip\ta.bam\tmacs3\ta.narrowPeak\n",
    )
    run = local.plan()
    assert run.counts["call_peaks"] == 1 and run.counts["call_relaxed_peaks"] == 0
    assert any("a.narrowPeak" in files for files in inputs(run, "relaxed_peaks"))


@pytest.mark.parametrize(
    "rows",
    [
        ["TF own tf-chip none c.bw,d.bw macs3"],
        ["TF own tf-chip input a.bam macs3", "- input control-chip - c.bw,d.bw"],
    ],
)
def test_peaks_of_bigwigs_or_against_them_cannot_be_called(local, rows):
    local.sheet(*rows)
    run = local.snakemake("--dry-run")
    assert run.status != 0
    assert "can't be called" in run.text or "can't call peaks" in run.text


@pytest.mark.parametrize("plant", [{}, {"plant": {"motif": "MA0080.7"}}])
def test_models_alone_read_planted_sequence(local, plant):
    local.sheet("TF own tf-chip none a.bam a.narrowPeak", "UP up tf-chip none a.bam a.narrowPeak")
    run = local.plan(config=plant)
    assert run.counts["plant"] == bool(plant)
    assert run.counts["analyse_truth"] == 2 * bool(plant)
    for rule in ("train", "evaluate", "attribute"):
        found = inputs(run, rule)
        assert found and all(("planted/genome.fa" in files) == bool(plant) for files in found)
    for rule in ("labels", "check_reads", "peaks"):
        assert not any("planted" in files for files in inputs(run, rule))


def test_a_motif_that_is_not_there_is_named(local):
    local.sheet("TF own tf-chip none a.bam a.narrowPeak")
    run = local.snakemake("--dry-run", config={"plant": {"motif": "motifs/mine.meme"}})
    assert run.status != 0
    assert "'plant/motif': 'motifs/mine.meme' is neither" in run.text
