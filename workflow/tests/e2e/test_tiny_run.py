"""All rules on next to no data: a run ends, and ends with all that was asked for."""

import re
from pathlib import Path

import h5py
import pandas as pd
from workflows import ROOT


def test_run_says_where_its_report_is(finished):
    project, run = finished
    assert "The report is at results/report.html" in run.text
    assert (project.path / "results/report.html").stat().st_size > 100_000


def test_second_run_of_real_jobs_plans_nothing(finished):
    project, _ = finished
    assert project.plan().jobs == set()


def test_few_examples_give_tables_and_figures_all_the_same(finished):
    project, _ = finished
    folder = project.path / "results/conditions/SPI1/profile/comparisons/prior"
    for analysis in (
        "loci",
        "spectrum",
        "consistency",
        "performance",
        "truth",
        "motifs",
        "training",
        "hits",
        "footprints",
        "summits",
    ):
        assert pd.read_csv(folder / f"{analysis}.tsv", sep="\t").shape[1] > 1
        for ending in ("svg", "png"):
            assert (folder / f"{analysis}.{ending}").stat().st_size > 0


def test_own_analysis_is_run_drawn_tested_and_reported(finished):
    project, run = finished
    assert run.counts["analyse_mine"] == run.counts["plot_mine"] == 1
    folder = project.path / "results/conditions/SPI1/profile/comparisons/prior"
    assert list(pd.read_csv(folder / "mine.tsv", sep="\t").arm.unique()) == [
        "without_prior",
        "with_prior",
    ]
    assert (folder / "mine.svg").stat().st_size > 0
    summary = pd.read_csv(project.path / "results/summary.tsv", sep="\t")
    assert summary.metric[summary.analysis == "mine"].to_list() == ["Largest contribution"]
    page = (project.path / "results/headlines.html").read_text()
    assert "Largest contribution" in page and "<i>My own</i>: how large they get" in page
    assert "My own" in (project.path / "results/report.html").read_text()


def test_every_job_left_a_log_and_a_benchmark(finished):
    project, run = finished
    results = project.path / "results"
    # a log of nothing but samtools' complaints may be empty
    assert len(list(results.glob("logs/**/*.log"))) == len(run.jobs)
    assert len(list(results.glob("benchmarks/**/*.tsv"))) == len(run.jobs)


def test_nothing_is_left_of_temporary_files(finished):
    project, _ = finished
    left = [path for path in (project.path / "results").rglob(".*") if path.is_file()]
    assert [path.name for path in left if path.name != ".snakemake_timestamp"] == []


PAGE = ROOT / "results/README.md"
HEADING = re.compile(r"## (?:([\w/{}]+)/$)?")
# of one row an analysis: its figures, and the page of all
DRAWN = ("{analysis}.svg", "{analysis}.png", "browser.html")


def documented():
    """Paths that the page names in the first column of its tables of files: path -> cells."""
    folder, files, found = "", False, {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            folder = (HEADING.match(line).group(1) or "") + "/"
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith(("| file |", "| table |")):
            files = True
        elif not line.startswith("|"):
            files = False
        elif files and not line.startswith("|---"):
            for name in re.findall(r"`([^`]+)`", cells[0]):
                found[(folder + name).removeprefix("/")] = cells[1:]
    comparisons = next(path for path in found if path.endswith("/loci.tsv")).removesuffix(
        "loci.tsv"
    )
    return found | {comparisons + name: [] for name in DRAWN}


def pattern_of(path):
    """A regular expression of a path with names in braces; a folder stands for all in it."""
    return re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path)) + (".+" if path.endswith("/") else "")


def test_names_in_braces_stand_for_a_folder_or_part_of_a_name():
    assert re.fullmatch(pattern_of("{fold}/a.{head}.h5"), "fold_1/a.profile.h5")
    assert not re.fullmatch(pattern_of("{fold}/a.h5"), "fold_1/seed_1/a.h5")
    assert re.fullmatch(pattern_of("qc/"), "qc/more/reads.tsv")


def test_every_file_of_a_run_is_on_the_page_about_results(finished):
    project, _ = finished
    results = project.path / "results"
    known = [re.compile(pattern_of(path)) for path in documented()]
    made = [str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()]
    made = [path for path in made if not path.startswith(("logs/", "benchmarks/"))]
    # the latter are of an analysis that the run adds
    made = [path for path in made if not Path(path).name.startswith((".", "mine."))]
    assert len(made) > 100
    assert [path for path in made if not any(one.fullmatch(path) for one in known)] == []


def test_files_on_the_page_about_results_are_made_where_their_rules_ran(finished):
    project, run = finished
    results = project.path / "results"
    ran = {job.rule for job in run.jobs}
    made = [str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()]
    lacking, rules = [], set()
    for path, cells in documented().items():
        if "/comparisons/" in path:
            rules = {f"analyse_{Path(path).name.split('.')[0]}"}
        else:
            rules = set(re.findall(r"\w+", cells[0]))
        # strands are in two files or in one, by the assay
        wanted = rules & ran and not path.endswith("unstranded.bw")
        if wanted and not any(re.fullmatch(pattern_of(path), one) for one in made):
            lacking.append(path)
    assert lacking == []


def test_columns_and_arrays_of_a_run_are_on_the_page_about_results(finished):
    project, _ = finished
    results = project.path / "results"
    lacking = []
    for pattern, cells in documented().items():
        made = [
            path
            for path in results.glob("conditions/**/*.tsv")
            if re.fullmatch(pattern_of(pattern), str(path.relative_to(results)))
        ]
        # some tables are told as those that they are made of, or by database, or below
        if not made or re.search(r"then those of|`\{database\}`|columns below", cells[-1]):
            continue
        words = set(re.findall(r"\w+|\{[\w,]+\}", cells[-1]))
        columns = pd.read_csv(made[0], sep="\t", nrows=0).columns
        lacking += [(pattern, column) for column in columns if column not in words]
    text = PAGE.read_text(encoding="utf-8")
    for pattern in ("*/{fold}/attributions", "*/attributions"):
        (path, *_) = sorted(
            results.glob("conditions/*/*/" + pattern.format(fold="fold_*") + "/*.h5")
        )
        with h5py.File(path) as file:
            arrays = []
            file.visititems(lambda name, one, arrays=arrays: arrays.append((name, one)))
            for name, one in arrays:
                group, _, last = name.partition("/")
                told = f"`{name}`" in text or (f"`{group}/" in text and f"`/{last}`" in text)
                if isinstance(one, h5py.Dataset) and not told:
                    lacking.append((pattern, name))
    assert lacking == []
