"""Bad input ends a run before any long job, by a message that says where, what, and what to do."""

import gzip

import pysam
import pytest
from workflows import JOB, TINY, Project

GENOME = {"chr1": 4000, "chr2": 3000, "chr3": 3000}
LOCAL = {
    **{key: TINY[key] for key in ("experiments", "pathvars", "models", "training")},
    "genome": {"name": "made", "fasta": "genome.fa"},
    "motifs": {"homer": {"enabled": False}},
}
GOOD_ROW = "TF good tf-chip none good.bam good.narrowPeak"


def write_bam(path, names, order="coordinate", number=400, on=3):
    """A BAM file of reads of 30 bp, on chromosomes of the genome's lengths by these names.

    The first `on` of them have reads.
    """
    header = {
        "HD": {"VN": "1.6", "SO": order},
        "SQ": [{"SN": n, "LN": length} for n, length in zip(names, GENOME.values(), strict=True)],
    }
    places = [(chrom, 5 * place) for chrom in range(on) for place in range(number)]
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for number, (chrom, start) in enumerate(places if order == "coordinate" else places[::-1]):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence = f"read_{number}", "ACGTA" * 6
            read.reference_id, read.reference_start = chrom, start
            read.mapping_quality, read.cigartuples = 60, [(0, 30)]
            bam.write(read)


def peak_lines(starts):
    return "".join(
        f"{chrom}\t{start}\t{start + 100}\tpeak\t0\t.\t{start}\t-1\t-1\t50\n"
        for chrom, start in starts
    )


@pytest.fixture(scope="module")
def local(tmp_path_factory, tools):
    """A workflow on local files, one good experiment and several bad ones among them."""
    project = Project.copy(tmp_path_factory.mktemp("bad") / "project")
    project.configure("local.yaml", LOCAL)
    project.write("genome.fa", "".join(f">{c}\n{'ACGTT' * (n // 5)}\n" for c, n in GENOME.items()))
    write_bam(project.path / "good.bam", GENOME)
    whole = (project.path / "good.bam").read_bytes()
    (project.path / "truncated.bam").write_bytes(whole[: len(whole) // 2])
    write_bam(project.path / "unsorted.bam", GENOME, order="unsorted")
    write_bam(project.path / "renamed.bam", ["1", "2", "3"])
    write_bam(project.path / "partial.bam", GENOME, on=1)
    starts = [("chr1", 100 * n) for n in range(1, 30)] + [("chr2", 100 * n) for n in range(1, 20)]
    few = peak_lines([*starts, *(("chr3", 100 * n) for n in range(1, 9))])
    project.write("good.narrowPeak", few)
    project.write("many.narrowPeak", few + peak_lines(("chr3", 1000 + 99 * n) for n in range(9)))
    project.write("outside.narrowPeak", few + peak_lines([("chr1", 4200)]))
    project.sheet(GOOD_ROW)
    return project


def failure(project, *arguments, config=None):
    """What a run prints that must fail; no Python traceback is part of it."""
    run = project.snakemake(*arguments, config=config)
    assert run.status != 0, run.text
    assert "Traceback" not in run.text
    return run.text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"training": {"epoch": 3}},
            "unknown config key 'training/epoch': did you mean 'epochs'?",
        ),
        ({"trainning": {}}, "unknown config key 'trainning': did you mean 'training'?"),
        (
            {"training": {"epochs": "many"}},
            "config key 'training/epochs' is 'many'; expected integer",
        ),
        (
            {"comparisons": {"prior": ["without_prior", "with_prio"]}},
            "config key 'comparisons/prior': unknown arm 'with_prio'; did you mean 'with_prior'?",
        ),
        (
            {"models": {"profile": {"profile_length": 999}}},
            "config key 'models/profile' (arm without_prior): profile_length is 999, but the layers "
            "leave 1000 of input_length 1346; set profile_length: 1000 or input_length: 1345",
        ),
        (
            {"experiments": "nowhere.tsv"},
            "nowhere.tsv: no such file; config key 'experiments' names the sheet",
        ),
        (
            {"motifs": {"databases": ["jasper"]}},
            "config key 'motifs/databases': jasper is neither jaspar_<group> nor a file that is there",
        ),
        (
            {"genome": {"name": "made", "fasta": None}},
            "config key 'genome/fasta' is empty, and genome/name 'made' has no known source",
        ),
        (
            {"genome": {"fasta": "nowhere.fa"}},
            "config key 'genome/fasta': no file nowhere.fa; correct the path, or give a URL",
        ),
        (
            {"genome": {"blacklist": "nowhere.bed"}},
            "config key 'genome/blacklist': no file nowhere.bed",
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_bad_config_is_refused_at_once(local, config, message):
    assert message in failure(local, "--dry-run", config=config)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [GOOD_ROW, GOOD_ROW],
            "bad.tsv: experiment good stands in more than one row; a row per experiment",
        ),
        (
            [GOOD_ROW.replace("tf-chip", "chip")],
            "bad.tsv, line 2: unknown assay 'chip' of good; did you mean 'tf-chip'?",
        ),
        (
            [GOOD_ROW.replace("good.bam", "lost.bam")],
            "bad.tsv, line 2: alignments of good: no file lost.bam",
        ),
        (
            [GOOD_ROW, "TF cuts atac none good.bam good.narrowPeak"],
            "bad.tsv: condition TF mixes experiments: good with strands; cuts without",
        ),
        (
            ["TF cuts atac input good.bam good.narrowPeak", "- input control-chip - good.bam -"],
            "bad.tsv: the control of cuts (atac) is input (control-chip), but their tracks",
        ),
    ],
    ids=["repeated", "assay", "file", "strands", "control"],
)
def test_bad_row_is_refused_at_once(local, rows, message):
    local.sheet(*rows, name="bad.tsv")
    assert message in failure(local, "--dry-run", config={"experiments": "bad.tsv"})


def test_missing_column_is_refused_at_once(local):
    local.write("bad.tsv", "condition\texperiment\nTF\tgood\n")
    text = failure(local, "--dry-run", config={"experiments": "bad.tsv"})
    assert "bad.tsv: column assay is missing; found condition, experiment" in text


@pytest.mark.slow
def test_bad_files_stop_a_run_before_it_trains_and_good_ones_stay(local):
    bad = ("truncated", "unsorted", "renamed")
    rows = [f"{name} {name} tf-chip none {name}.bam good.narrowPeak" for name in bad]
    rows.append("outside outside tf-chip none good.bam outside.narrowPeak")
    rows.append("partial partial tf-chip none partial.bam many.narrowPeak")
    local.sheet(GOOD_ROW, *rows, name="bad.tsv")
    config = {"experiments": "bad.tsv"}
    planned = failure(local, "--dry-run", config=config)
    text = failure(local, "--keep-going", config=config)
    for message in (
        "truncated.bam: truncated, as the end-of-file block is missing. Copy or download it again",
        "unsorted.bam: its header says SO:unsorted, not coordinate. Sort it with samtools sort",
        "renamed.bam: none of the genome's chromosomes is in it. It has 1, 2, 3; the genome has "
        "chr1, chr2, chr3",
        "outside.narrowPeak, line 57: outside its chromosome, so perhaps of another assembly. "
        "Line 57: 'chr1\\t4200\\t",
    ):
        assert message in planned
        assert message in text
    for message in (
        "config key 'training/folds/fold_1': 8 peaks of TF lie on the test chromosomes (chr3)",
        "condition partial, fold fold_1: experiment partial has no 5' ends of the plus strand on the "
        "validation chromosomes (chr2); it has some on chr1; ",
    ):
        assert message in text
    assert "rule train:" not in text
    results = local.path / "results"
    assert (results / "experiments/good/plus.bw").exists()
    assert (results / "conditions/TF/labels.h5").exists()
    assert not (results / "conditions/TF/folds/fold_1.tsv").exists()


def test_what_the_genome_lacks_stops_a_run_before_it_trains(local):
    for name in ("prints", "list", "sites.TF"):
        local.write(f"{name}.bed", "1\t100\t200\n")
    folds = {"fold_1": {"validation": ["2"], "test": ["chr3"]}}
    config = {
        "pathvars": {"results": "named"},
        "genome": {"blacklist": "list.bed"},
        "training": {"folds": folds},
        "browser": {"loci": ["3:1-100"]},
        "footprints": {"intervals": {"TF": {"CTCF": "prints.bed"}}},
        "truth": {"sites": "sites.{condition}.bed"},
    }
    text = failure(local, config=config)
    planned = failure(local, "--dry-run", config=config)
    for key in (
        *("footprints/intervals/TF/CTCF", "genome/blacklist", "browser/loci", "truth/sites"),
        "training/folds/fold_1/validation",
    ):
        assert f"config key '{key}'" in text
        assert f"config key '{key}'" in planned
    assert "prints.bed: none of its chromosomes is the genome's. It has 1; the genome has" in text
    assert "the genome has no chromosome 2; it has chr1, chr2, chr3. Did you mean chr2?" in text
    started = {rule for rule, _ in JOB.findall(text)}
    assert "check_places" in started
    assert not started & {"labels", "train"}


@pytest.fixture
def no_gpu():
    import torch

    if torch.cuda.is_available():
        pytest.skip("a GPU is here")


def test_cuda_without_a_gpu_stops_before_the_first_job(local, no_gpu):
    target = ("results/experiments/good/qc.tsv", "--forcerun", "qc")
    text = failure(local, *target, config={"training": {"device": "cuda"}})
    assert "config key 'training/device' is cuda, but torch sees no GPU here" in text
    assert not JOB.search(text)


def test_plan_for_a_gpu_can_be_made_without_one(local, no_gpu):
    run = local.plan(config={"training": {"device": "cuda"}})
    assert run.counts["train"] == 2


def test_unreadable_peaks_name_the_file(local):
    with gzip.open(local.path / "cut.narrowPeak.gz", "wt") as file:
        file.write(peak_lines([("chr1", 100 * n) for n in range(1, 30)]))
    path = local.path / "cut.narrowPeak.gz"
    path.write_bytes(path.read_bytes()[:-20])
    local.sheet(GOOD_ROW.replace("good.narrowPeak", path.name), name="bad.tsv")
    target = "results/experiments/good/peaks.narrowPeak"
    text = failure(local, target, config={"experiments": "bad.tsv"})
    assert "cut.narrowPeak.gz: damaged (Compressed file ended before" in text
