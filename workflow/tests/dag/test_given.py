"""No run deletes what a user names: files that stand where rules write are refused while planning."""

import gzip
import os

import pytest
from test_bad_input import GENOME, GOOD_ROW, LOCAL, failure, peak_lines, write_bam
from workflows import Project, merged

PEAKS = peak_lines([("chr1", 100 * n) for n in range(1, 30)])
FASTA = "".join(f">{chrom}\n{'ACGTT' * (size // 5)}\n" for chrom, size in GENOME.items())
MANIFEST = "experiment\tfile\trole\tassembly\tmd5sum\tfile_size\turl\tcontrol\n"
PLACE = "resources/genome/made.fa"
# files of a user that stand where rules write
MINE = {
    "results/manifest.tsv": MANIFEST,
    "results/experiments/good/peaks.narrowPeak": PEAKS,
    "results/experiments/good/relaxed_peaks.narrowPeak": PEAKS,
    "results/conditions/TF/homer/run/known.meme": "MEME version 4\n",
    "results/logs/peaks/good.log": PEAKS,
    "resources/files/mine/reads.bed": PEAKS,
    "resources/simulated/motifs.meme": "MEME version 4\n",
    "results/planted/TF/sites.bed": PEAKS,
    "results/qc/summary.tsv": "condition\texperiment\tassay\talignments\tpeaks\trelaxed_peaks\n"
    "TF\tgood\ttf-chip\tresources/files/mine/reads.bed\t"
    "results/experiments/good/peaks.narrowPeak\tresults/mine/peaks.narrowPeak\n"
    "TF\ttwo\ttf-chip\tgood.bam\tdata/two/peaks.narrowPeak\t\n",
    "results/mine/peaks.narrowPeak": PEAKS,
    "elsewhere/experiments/good/peaks.narrowPeak": "chr3\t0\t50\n",
}


@pytest.fixture(scope="module")
def local(tmp_path_factory, tools):
    """A workflow on local files, and files of a user where its rules write."""
    project = Project.copy(tmp_path_factory.mktemp("given") / "project")
    project.configure("local.yaml", LOCAL)
    write_bam(project.path / "good.bam", GENOME)
    for name, text in {"genome.fa": FASTA, "good.narrowPeak": PEAKS, **MINE}.items():
        project.write(name, text)
    project.write("kept.tsv", MANIFEST)
    with open(project.path / "kept.tsv", "a", encoding="utf-8") as file:
        place = "resources/encode/ENCSR000AAA/ENCFF000AAA.bam"
        row = ["ENCSR000AAA", "ENCFF000AAA", "alignments", "made", "0", "1", place, ""]
        file.write("\t".join(row) + "\n")
    (project.path / "also").symlink_to("results")
    (project.path / "link.bed").symlink_to("resources/files/mine/reads.bed")
    (project.path / "data").mkdir()
    project.write("data/two/peaks.narrowPeak", PEAKS)
    (project.path / "results/experiments/two").symlink_to("../../data/two")
    project.sheet(GOOD_ROW)
    return project


def left(project):
    return {name: (project.path / name).read_text() for name in MINE}


# a user's files by the config's keys, and the rules that write there
TAKEN = {
    "manifest": ("results/manifest.tsv", "manifest"),
    "experiments": ("also/qc/summary.tsv", "qc_summary"),
    "genome/blacklist": ("also/experiments/good/peaks.narrowPeak", "peaks"),
    "motifs/databases": ("results/conditions/TF/homer/run/known.meme", "homer"),
    "footprints/intervals/TF/linked": ("link.bed", "download_file"),
    "footprints/intervals/TF/log": ("results/logs/peaks/good.log", "peaks"),
    "footprints/intervals/TF/made": ("<results>/experiments/good/peaks.narrowPeak", "peaks"),
    "truth/sites": ("results/planted/{condition}/sites.bed", "plant"),
    # the config simulates nothing
    "truth/motifs": ("<resources>/simulated/motifs.meme", "simulate_genome"),
}


def nested(key, value):
    """A config of one key."""
    for part in reversed(key.split("/")):
        value = {part: value}
    return value


def test_files_that_rules_write_are_refused(local):
    files = left(local)
    config = [
        nested(key, [place] if key == "motifs/databases" else place)
        for key, (place, _) in TAKEN.items()
    ]
    text = failure(local, "--dry-run", config=merged(*config))
    lines = text.splitlines()
    for key, (_, rule) in TAKEN.items():
        assert any(f"config key '{key}': " in x and f"rule {rule} writes" in x for x in lines), key
    # and those of the sheet
    for place, rule in (
        ("peaks of good: results/experiments/good/peaks.narrowPeak", "peaks"),
        ("alignments of good: resources/files/mine/reads.bed", "download_file"),
        ("peaks of two: data/two/peaks.narrowPeak (the same file as", "peaks"),
    ):
        assert any(place in line and f"rule {rule} writes" in line for line in lines), place
    # a file that stands elsewhere is taken
    assert "relaxed_peaks of good" not in text
    assert left(local) == files


def test_moved_results_are_another_place(local):
    config = {"genome": {"blacklist": "elsewhere/experiments/good/peaks.narrowPeak"}}
    local.plan("results/experiments/good/peaks.narrowPeak", config=config)
    text = failure(
        local, "--dry-run", config=merged(config, {"pathvars": {"results": "elsewhere"}})
    )
    assert (
        "is where rule peaks writes (elsewhere/experiments/{experiment}/peaks.narrowPeak)" in text
    )


def test_a_run_says_what_a_plan_says_and_deletes_nothing(local):
    files = left(local)
    row = "TF good tf-chip none good.bam results/experiments/good/peaks.narrowPeak"
    local.sheet(row, name="bad.tsv")
    texts = [
        failure(local, *options, config={"experiments": "bad.tsv"})
        for options in (["--dry-run"], ["results/experiments/good/peaks.narrowPeak"])
    ]
    assert len({line for text in texts for line in text.splitlines() if "bad.tsv" in line}) == 1
    assert left(local) == files


def test_a_kept_manifest_is_checked_while_planning(local):
    local.sheet(GOOD_ROW, "TF ENCSR000AAA tf-chip none", name="bad.tsv")
    text = failure(local, "--dry-run", config={"manifest": "kept.tsv", "experiments": "bad.tsv"})
    # its own download
    place = "resources/encode/ENCSR000AAA/ENCFF000AAA.bam"
    assert f"kept.tsv: url of ENCFF000AAA: {place} is where rule download writes" in text
    assert "kept.tsv: ENCSR000AAA has no peaks; ask the portal again with key 'refresh'" in text


def test_places_that_can_not_be_read_are_refused_while_planning(local):
    local.sheet(
        "TF good tf-chip none ftp://ftp.ensembl.org/x.bam good.narrowPeak",
        "TF far tf-chip none https://elsewhere.org/x.bam good.narrowPeak",
        name="bad.tsv",
    )
    config = {
        "experiments": "bad.tsv",
        "genome": {
            "fasta": "s3://encode-public/x.fa.gz",
            "blacklist": "http://hgdownload.soe.ucsc.edu/x.bed.gz",
        },
        "truth": {
            "sites": "nowhere/{condition}.bed",
            "motifs": "https://www.encodeproject.org/x.meme",
        },
        "footprints": {
            "intervals": {"TF": {"mine": "nowhere.bed"}},
            "motifs": {"TF": {"meme": {"database": "good.narrowPeak"}}},
        },
        "portal": {"url": "resources"},
        "propose": {"assay": "dnase"},
    }
    text = failure(local, "--dry-run", config=config)
    for message in (
        "bad.tsv: alignments of good: ftp://ftp.ensembl.org/x.bam: That is no address of a web "
        "server: only https:// can be fetched",
        "bad.tsv: alignments of far: https://elsewhere.org/x.bam: elsewhere.org is not among the hosts "
        "that may be asked: www.encodeproject.org",
        "config key 'genome/fasta': s3://encode-public/x.fa.gz: That is no address",
        "config key 'genome/blacklist': http://hgdownload.soe.ucsc.edu/x.bed.gz: http://hgdownload.soe"
        ".ucsc.edu is not encrypted",
        "config key 'truth/motifs': no file https://www.encodeproject.org/x.meme",
        "config key 'truth/sites': no file nowhere/{condition}.bed of any condition (TF)",
        "config key 'footprints/intervals/TF/mine': no file nowhere.bed",
        "config key 'footprints/motifs/TF/meme/database': good.narrowPeak: neither a MEME nor",
        "config key 'portal/url': rule ",
        "config key 'propose' needs target (GATA2) or biosample (K562), or both",
    ):
        assert message in text


def test_a_proposal_does_not_replace_the_sheet_in_use(local):
    sheet = "results/propose/GATA2.tsv"
    local.sheet(GOOD_ROW, name=sheet)
    local.plan("manifest", config={"experiments": sheet})
    config = {"experiments": sheet, "propose": {"target": "GATA2"}}
    text = failure(local, "--dry-run", "propose", config=config)
    assert f"config key 'experiments': {sheet} is where rule propose writes" in text


def test_an_unknown_pathvar_is_refused_by_name(local):
    text = failure(local, "--dry-run", config={"pathvars": {"result": "elsewhere"}})
    assert "unknown config key 'pathvars/result': did you mean 'results'?" in text


def state(path):
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, path.read_text()


@pytest.mark.parametrize("fasta", [PLACE, "<resources>/genome/made.fa", "named.fa"])
@pytest.mark.slow
def test_a_genome_that_stands_where_it_belongs_is_used_as_it_is(project, tools, fasta):
    project.configure("local.yaml", LOCAL, {"genome": {"fasta": fasta}})
    write_bam(project.path / "good.bam", GENOME)
    project.write("good.narrowPeak", PEAKS)
    project.sheet(GOOD_ROW)
    place = project.write(PLACE, FASTA)
    (project.path / "named.fa").symlink_to(PLACE)
    before = state(place)
    peaks = "results/experiments/good/peaks.narrowPeak"
    run = project.snakemake(peaks)
    assert run.status == 0, run.text
    assert run.counts["genome"] == 1
    assert state(place) == before
    assert (project.path / f"{PLACE}.fai").read_text().startswith("chr1\t4000\t")
    assert project.plan(peaks).jobs == set()
    # forced too
    assert project.snakemake(peaks, "--forceall").status == 0
    assert state(place) == before

    place.write_bytes(gzip.compress(FASTA.encode()))
    message = f"config key 'genome/fasta': {PLACE} is compressed, but stands where the plain genome"
    assert message in failure(project, "--dry-run", peaks)
    place.unlink()
    assert "config key 'genome/fasta': no file " in failure(project, "--dry-run", peaks)
