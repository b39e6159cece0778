"""Reruns are exact: a change plans what depends on it, and nothing else.

The finished run that the plans start from has real portal files, manifests and genome; the adapters of
all later rules are cut short, so that they make empty outputs in no time. What Snakemake plans
depends on rules, parameters and files' ages, not on what is in the files.
"""

import contextlib
import os
import shutil

import pytest
from workflows import TINY, Project, merged

# of the adapters; the genome is what a plan compares with what a user gives
REAL = ("resolve", "download", "genome")
CUT = """
from pathlib import Path

if not snakemake.rule.startswith("simulate_"):
    for path in snakemake.output:
        Path(path).touch()
    raise SystemExit(0)
"""
SMALL = {
    "simulate": {"motifs": {"SPI1": "MA0080.7", "CTCF": "MA0139.2"}, "loci": 30},
    "attribution": {"peaks": None},
}
SHEET = ("SPI1 TSTSR000001 tf-chip auto", "CTCF TSTSR000003 tf-chip auto")
OWN = "own/reads.bam own/peaks.narrowPeak"

FIGURES = {
    f"{step}_{analysis}"
    for step in ("analyse", "plot")
    for analysis in (
        "loci",
        "spectrum",
        "consistency",
        "performance",
        "motifs",
        "truth",
        "training",
        "hits",
        "footprints",
        "summits",
        "profiles",
        "low_pass",
        "composition",
        "seeds",
    )
} | {"browser"}
SUMMARY = {"summarise", "headlines", "plot_summary"}
FIGURES |= SUMMARY
ATTRIBUTED = {"attribute", "average_attributions", "contributions", "predictions"}
DISCOVERED = {"modisco", "modisco_report", "match", "hits", "sites"}
FROM_ATTRIBUTION = (ATTRIBUTED | DISCOVERED | FIGURES) - {
    f"{step}_{analysis}" for step in ("analyse", "plot") for analysis in ("performance", "training")
}
FROM_TRAINING = {"train", "evaluate"} | ATTRIBUTED | DISCOVERED | FIGURES
VERDICTS = {"qc", "plot_qc", "qc_summary", "plot_qc_summary"}
FROM_TRACKS = {"tracks", "labels", "fold", "qc_tracks", "methods"} | VERDICTS | FROM_TRAINING
FROM_BAM = {"qc_reads", "qc_fingerprint", "qc_replicates"}
FROM_READS = {"check_reads", "filter_reads"} | FROM_BAM | FROM_TRACKS


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tools):
    """A finished run of two conditions and two arms."""
    project = Project.copy(tmp_path_factory.mktemp("reruns") / "project")
    for script in (project.path / "workflow/scripts").glob("*.py"):
        if script.stem not in REAL:
            age = script.stat().st_mtime
            script.write_text(CUT + script.read_text())
            os.utime(script, (age, age))
    project.sheet(*SHEET)
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", TINY, SMALL)
    run = project.snakemake("--no-hooks")  # no report
    assert run.status == 0, run.text
    for name, source in (
        ("reads.bam", "replicate_1.bam"),
        ("peaks.narrowPeak", "relaxed.narrowPeak.gz"),
    ):
        (project.path / "own").mkdir(exist_ok=True)
        shutil.copy(project.path / "resources/simulated/SPI1" / source, project.path / "own" / name)
    return project


@contextlib.contextmanager
def changed(path, change):
    """Change a text file for a while; its age stays changed."""
    before = path.read_text()
    path.write_text(change(before))
    try:
        yield
    finally:
        path.write_text(before)


def library(project, module):
    return project.path / "workflow/scripts/attprior" / module


def test_second_run_plans_nothing(finished):
    assert finished.plan().jobs == set()


def test_no_job_waits_for_an_answer_that_is_there(finished):
    plan = finished.plan(config={"pathvars": {"results": "elsewhere"}})
    assert plan.counts["qc_tracks"] == 4
    # which Snakemake prints for a manifest in the place of what it names
    assert "<TBD>" not in plan.text


def test_weight_of_the_prior_replans_only_its_arm(finished):
    plan = finished.plan(config={"models": {"profile": {"prior": {"weight": 21}}}})
    assert set(plan.counts) == FROM_TRAINING | {"methods"}
    assert {job["arm"] for job in plan.jobs} == {"with_prior", None}
    assert plan.counts["train"] == plan.counts["analyse_spectrum"] == 2


def test_new_condition_plans_only_its_own_jobs(finished):
    sites = finished.path / "resources/simulated/OWN/sites.bed"
    sites.parent.mkdir()
    shutil.copy(finished.path / "resources/simulated/SPI1/sites.bed", sites)
    finished.sheet(*SHEET, f"OWN own tf-chip none {OWN}")
    try:
        plan = finished.plan()
    finally:
        finished.sheet(*SHEET)
    # no sets of footprints are given for it
    footprints = {"analyse_footprints", "plot_footprints"}
    assert set(plan.counts) == (FROM_READS | {"peaks", "check_places"}) - footprints
    assert {job["condition"] for job in plan.jobs} == {"OWN", None}
    assert {job["experiment"] for job in plan.jobs} == {"own", None}


def test_new_experiment_leaves_the_other_condition(finished):
    finished.sheet(*SHEET, f"SPI1 own tf-chip TSTSR000002 {OWN}")
    try:
        plan = finished.plan()
    finally:
        finished.sheet(*SHEET)
    # neither the first experiment nor the control that both share is read anew
    assert set(plan.counts) == FROM_READS | {"peaks"}
    assert {job["condition"] for job in plan.jobs} == {"SPI1", None}
    # what the new model predicts of the first one is another thing
    others = [job for job in plan.jobs if job.rule != "predictions"]
    assert {job["experiment"] for job in others} == {"own", None}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("training/loop.py", FROM_TRAINING),
        ("evaluation.py", {"evaluate", "analyse_performance", "plot_performance"} | SUMMARY),
        ("analyses/spectrum/figure.py", {"plot_spectrum"}),
        ("analyses/spectrum/tables.py", {"analyse_spectrum", "plot_spectrum"} | SUMMARY),
        ("reads/check.py", FROM_READS),
        ("reads/tracks.py", FROM_TRACKS),
        (
            "motifs/matching.py",
            {"match", "modisco_report", "hits", "sites", "browser"}
            | SUMMARY
            | {
                f"{step}_{analysis}"
                for step in ("analyse", "plot")
                for analysis in ("motifs", "hits", "truth", "footprints")
            },
        ),
        ("portal/manifest.py", set()),
    ],
)
def test_edited_module_reruns_the_rules_that_use_it(finished, module, expected):
    with changed(library(finished, module), lambda text: text + "edited = 1\n"):
        assert set(finished.plan().counts) == expected


def test_other_words_in_the_library_rerun_nothing(finished):
    paths = sorted(library(finished, "").rglob("*.py"))
    before = {path: path.read_text() for path in paths}
    try:
        for path, text in before.items():
            path.write_text(f'"""Other words."""\n# more of them\n\n{text}')
        assert finished.plan().jobs == set()
    finally:
        for path, text in before.items():
            path.write_text(text)


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("methods.jinja", "methods"),
        ("methods.md.jinja", "methods"),
        ("methods.html.jinja", "methods"),
        ("headlines.html.jinja", "headlines"),
    ],
)
def test_edited_template_reruns_the_rule_that_fills_it_in(finished, template, rule):
    path = finished.path / "workflow/report/templates" / template
    with changed(path, lambda text: text + "More words.\n"):
        assert set(finished.plan().counts) == {rule}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"training": {"epochs": 2}}, FROM_TRAINING | {"methods"}),
        ({"training": {"seeds": [1, 2, 3]}}, FROM_TRAINING | {"methods"}),
        ({"training": {"device": "cpu"}}, set()),
        (
            {"training": {"folds": {"fold_1": {"validation": ["chr3"], "test": ["chr2"]}}}},
            {"fold", "methods", "check_places"} | FROM_TRAINING,
        ),
        ({"attribution": {"sample": 6}}, FROM_ATTRIBUTION | {"methods"}),
        ({"figures": {"locus_flank": 40}}, {"plot_loci", "browser"}),
        (
            {"figures": {"loci": 2}},
            {"browser"}
            | {f"{s}_{a}" for s in ("analyse", "plot") for a in ("loci", "profiles", "seeds")},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_changed_key_replans_what_depends_on_it(finished, config, expected):
    assert set(finished.plan(config=config).counts) == expected


def test_new_arm_leaves_the_others(finished):
    arms = {"smooth": {"prior": {"kind": "smoothness"}}}
    plan = finished.plan(
        config={"arms": arms, "comparisons": {"smoothness": ["without_prior", "smooth"]}}
    )
    assert {job["arm"] for job in plan.jobs} == {"smooth", None}
    assert {job["comparison"] for job in plan.jobs} == {"smoothness", None}
    assert "labels" not in plan.counts


def test_arms_and_models_share_labels(finished):
    models = {"wide": merged(TINY["models"]["profile"], {"filters": 8})}
    models["wide"] |= {"input_length": 1346, "profile_length": 1000}
    plan = finished.plan("--forceall", config={"models": models})
    assert plan.counts["labels"] == plan.counts["fold"] == 2
    assert plan.counts["simulate_portal"] == 1
    assert plan.counts["train"] == 2 * 2 * 2
    assert plan.counts["analyse_loci"] == 2 * 2
