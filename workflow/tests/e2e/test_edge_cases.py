"""Next to nothing to learn from: a run ends in results, or early in a message that helps."""

import numpy as np
import pandas as pd
import pysam
import pytest
from workflows import Project

GENOME = {"chr1": 40_000, "chr2": 20_000, "chr3": 20_000}
FIRST, STEP = 1_000, 400  # where peaks are
# chromosomes are known from here on to their middle, and masked from there on
KNOWN = {"chr1": 20_000, "chr2": 10_000, "chr3": 10_000}
CONFIG = {
    "experiments": "sheet.tsv",
    "pathvars": {"results": "results", "resources": "resources"},
    "genome": {"name": "made", "fasta": "genome.fa"},
    "models": {
        "profile": {
            **{"input_length": 298, "profile_length": 200, "filters": 4, "profile_width": 25},
            **{"widths": [15, 3, 3, 3, 3], "dilations": [1, 2, 4, 8, 16]},
            "prior": {"freq_limit": 45},
        }
    },
    "training": {
        "seeds": [1, 2],
        "folds": {"fold_1": {"validation": ["chr2"], "test": ["chr3"]}},
        "epochs": 1,
        "min_steps": 0,
        # too small to change a weight
        "learning_rate": 1e-30,
    },
    "attribution": {"peaks": 40, "sample": 5, "references": 2},
    "motifs": {
        "databases": ["known.meme"],
        "modisco": {"window": 400, "leiden_runs": 1},
        "homer": {"enabled": False},
    },
}
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF M1 SITE
letter-probability matrix: alength= 4 w= 3 nsites= 1 E= 0
0.9 0.0 0.1 0.0
0.0 0.9 0.0 0.1
0.1 0.0 0.9 0.0
"""
# condition -> what a run says of it
TOO_FEW = {
    "ten": "config key 'training/folds/fold_1': 6 peaks of ten lie on the training chromosomes",
    "one": "config key 'training/folds/fold_1': 1 peaks of one lie on the training chromosomes",
    "none": "none.narrowPeak: no peaks in it",
}
ARM = "results/conditions/{}/profile/with_prior"
COMPARED = "results/conditions/{}/profile/comparisons/prior"
FIGURES = (
    *("loci", "spectrum", "consistency", "performance", "motifs", "training"),
    *("profiles", "low_pass", "composition", "summits"),
)
PATTERNS = ("seqlets.bed", "patterns.meme", "report/report.html", "hits.bed", "sites.bed")


def summits(masked=False):
    """Summits of a chromosome's known half, or of its masked one."""
    return [
        (chrom, start)
        for chrom, half in KNOWN.items()
        for start in range(FIRST + half * masked, FIRST + half * masked + half - 2 * FIRST, STEP)
    ]


def write_genome(path):
    rng = np.random.default_rng(0)
    with open(path, "w", encoding="utf-8") as file:
        for chrom, length in GENOME.items():
            known = "".join(rng.choice(list("ACGT"), KNOWN[chrom]))
            bases = rng.choice(list("ACGT"), length - len(known))
            # an N in every input
            bases[::100] = "N"
            file.write(f">{chrom}\n{known}{''.join(bases)}\n")


def write_reads(path):
    """Reads around all summits, on both strands."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in GENOME.items()],
    }
    rng = np.random.default_rng(1)
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, chrom in enumerate(GENOME):
            centres = [s for masked in (False, True) for c, s in summits(masked) if c == chrom]
            starts = np.sort(np.repeat(centres, 20) + rng.normal(0, 40, 20 * len(centres)))
            for start in starts.astype(int).tolist():
                read = pysam.AlignedSegment(bam.header)
                read.query_name, read.query_sequence = f"read_{chrom}_{start}", "ACGTA" * 6
                read.flag = 16 * int(rng.integers(2))
                read.reference_id, read.reference_start = number, start
                read.mapping_quality, read.cigartuples = 60, [(0, 30)]
                bam.write(read)


def peak_lines(chosen):
    return "".join(
        f"{chrom}\t{summit - 50}\t{summit + 50}\tpeak\t0\t.\t{rank}\t-1\t-1\t50\n"
        for rank, (chrom, summit) in enumerate(chosen, start=1)
    )


@pytest.fixture(scope="module")
def local(tmp_path_factory, tools):
    """A workflow on local files: a genome whose other half is masked, reads, and a motif set."""
    project = Project.copy(tmp_path_factory.mktemp("edge") / "project")
    project.configure("local.yaml", CONFIG)
    write_genome(project.path / "genome.fa")
    write_reads(project.path / "reads.bam")
    project.write("known.meme", MEME)
    project.write("untaught.narrowPeak", peak_lines(summits()))
    project.write("masked.narrowPeak", peak_lines(summits(masked=True)))
    project.write(
        "ten.narrowPeak",
        peak_lines(
            [s for s in summits() if s[0] == "chr1"][:6]
            + [s for s in summits() if s[0] != "chr1"][::11][:4]
        ),
    )
    project.write("one.narrowPeak", peak_lines(summits()[:1]))
    project.write("none.narrowPeak", "")
    return project


def sheet(project, *conditions):
    project.sheet(
        *(f"{name} {name} tf-chip none reads.bam {name}.narrowPeak" for name in conditions)
    )


@pytest.fixture(scope="module")
def finished(local):
    """A run of models that learnt nothing."""
    targets = [f"{COMPARED.format('untaught')}/{name}.svg" for name in FIGURES]
    targets += [f"{ARM.format('untaught')}/motifs/profile/{name}" for name in PATTERNS]
    return made(local, "untaught", targets, 0)[0]


def made(project, condition, targets, status):
    """Run a condition to its targets; the project and what Snakemake said."""
    sheet(project, condition)
    threads = [f"{rule}=1" for rule in ("train", "evaluate", "attribute", "modisco", "match")]
    run = project.snakemake(*targets, "--set-threads", *threads)
    assert (run.status != 0) == status, run.text
    return project, run


def test_too_few_peaks_end_a_run_before_it_trains(local):
    sheet(local, *TOO_FEW)
    targets = [f"{ARM.format(condition)}/fold_1/performance.tsv" for condition in TOO_FEW]
    run = local.snakemake("--keep-going", *targets)
    assert run.status != 0
    assert "Traceback" not in run.text
    assert "\nrule train:" not in run.text
    for message in TOO_FEW.values():
        assert message in run.text
    assert "at least 10 are needed: move chromosomes between splits, or give more peaks" in run.text


def test_motif_set_of_another_format_is_refused_at_once(local):
    local.write("counts.pfm", ">MA0001.1 NAME\nA [ 1 2 3 ]\n")
    run = local.snakemake("--dry-run", config={"motifs": {"databases": ["counts.pfm"]}})
    assert run.status != 0
    assert "Traceback" not in run.text
    assert (
        "config key 'motifs/databases': counts.pfm: neither a MEME nor a HOMER motif file"
    ) in run.text


def test_nothing_learnt_gives_all_tables_and_figures(finished):
    folder = finished.path / COMPARED.format("untaught")
    for name in FIGURES:
        assert pd.read_csv(folder / f"{name}.tsv", sep="\t").shape[1] > 1
        assert (folder / f"{name}.svg").stat().st_size > 0
        assert (folder / f"{name}.png").stat().st_size > 0


def test_peaks_of_unknown_bases_are_counted_in_the_message(local):
    _, run = made(local, "masked", [f"{ARM.format('masked')}/attributions/profile.h5"], 1)
    assert "Traceback" not in run.text
    assert "no peak on the test chromosomes" in run.text
    number = len(summits(masked=True))
    told = f"the input of 0 leaves its chromosome, that of {number} holds an N and that of 0 is a repeat"
    assert told in run.text


def test_window_wider_than_the_input_is_told(finished):
    log = finished.path / "results/logs/modisco/untaught/profile/with_prior/profile.log"
    text = log.read_text()
    assert "'motifs/modisco/window': 400 bp are more than the model's input of 298" in text
