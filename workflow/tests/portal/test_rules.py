"""What a user sees of the portal's rules: asked once, kept manifests, proposals, plain refusals."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from attprior.errors import InputError
from attprior.settings import check, complete
from attprior.sheet import read_experiments
from server import serve
from test_manifest import CONTROL, EXPERIMENT, control, file
from test_search import found

ROOT = Path(__file__).parents[3]
HEADER = "condition\texperiment\tassay\tcontrol\n"
READS, PEAKS = file(1, "unfiltered alignments", [1]), file(3, "IDR thresholded peaks", [1])
NEWER = file(5, "unfiltered alignments", [1])
CONTROL_READS = file(90, "unfiltered alignments", [1])
PAYLOADS = {
    item["accession"]: item["accession"].encode() for item in (READS, PEAKS, NEWER, CONTROL_READS)
}


def whole(item):
    """Give a file's object the size and checksum of what is served."""
    content = PAYLOADS[item["accession"]]
    return item | {"file_size": len(content), "md5sum": hashlib.md5(content).hexdigest()}


def treatment(*reads):
    return found(EXPERIMENT, [*map(whole, reads), whole(PEAKS)])


@pytest.fixture
def run(tmp_path):
    """Give the function that runs the workflow in a folder of its own, and its portal."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    sheet(tmp_path, f"SPI1\t{EXPERIMENT}\ttf-chip\tauto")
    with serve(treatment(READS), control([whole(CONTROL_READS)]), payloads=PAYLOADS) as portal:

        def run(*arguments, succeeds=True, **config):
            settings = {"experiments": "config/sheet.tsv", "portal": {"url": portal.url}, **config}
            (tmp_path / "my.yaml").write_text(yaml.safe_dump(settings))
            command = [sys.executable, "-m", "snakemake", "-s", ROOT / "workflow/Snakefile"]
            command += ["--directory", tmp_path, "--configfile", tmp_path / "my.yaml", "-c2"]
            done = subprocess.run([*command, *arguments], capture_output=True, text=True)
            told = done.stdout + done.stderr
            assert (done.returncode == 0) == succeeds, told
            return told

        run.portal, run.folder = portal, tmp_path
        yield run


def sheet(folder, *rows):
    (folder / "config/sheet.tsv").write_text(HEADER + "\n".join(rows) + "\n")


def reads(run, path="results/manifest.tsv"):
    table = pd.read_csv(run.folder / path, sep="\t", dtype=str)
    return table.file[(table.role == "alignments") & (table.experiment == EXPERIMENT)].tolist()


def test_a_manifest_is_made_once_kept_and_asked_for_again(run):
    told = run("manifest")
    assert "The portal has not been asked yet about 1 experiments (TSTSR000AAA)" in told
    table = pd.read_csv(run.folder / "results/manifest.tsv", sep="\t", dtype=str)
    assert set(table.experiment) == {EXPERIMENT, CONTROL}
    assert reads(run) == ["TSTFF000001"]

    # the portal changes: what is known stays
    run.portal.objects[f"/experiments/{EXPERIMENT}/"] = treatment(READS, NEWER)
    run.portal.asked.clear()
    # even where only the user's copy of it is left, and then nothing has to be asked
    shutil.copy(run.folder / "results/manifest.tsv", run.folder / "config/manifest.tsv")
    shutil.rmtree(run.folder / "resources")
    kept = {"manifest": "config/manifest.tsv"}
    told = run("fetch", **kept)
    assert "resolve" not in told
    assert "not been asked" not in told
    here = run.folder / f"resources/encode/{EXPERIMENT}/TSTFF000001.bam"
    assert here.read_bytes() == PAYLOADS["TSTFF000001"]
    assert (run.folder / f"resources/encode/{CONTROL}/TSTFF000090.bam").exists()
    assert not any("/experiments/" in path for path, _ in run.portal.asked)

    # a user asks again, of the one experiment
    run("manifest", "--forcerun", "resolve", refresh=[EXPERIMENT], **kept)
    assert reads(run) == ["TSTFF000005"]


def test_an_accession_of_another_assay_is_asked_about_too(run):
    sheet(run.folder, f"K562\t{EXPERIMENT}\tdnase\tnone")
    assert "resolve         1" in run("-n", "manifest")


def test_a_proposal_is_shown_and_written(run):
    query = "propose={target: GATA2, assay: TF ChIP-seq, assembly: GRCh38}"
    told = run("propose", "--config", query)
    assert f"GATA2\t{EXPERIMENT}\ttf-chip\tauto" in told
    written = read_experiments(run.folder / "results/propose/GATA2.tsv")
    assert written.index.tolist() == [EXPERIMENT]
    assert "propose what? Give the config key" in run("propose", succeeds=False)


def test_peak_sets_alone_are_listed_and_fetched(run):
    query = {"target": "GATA2", "assembly": "GRCh38", "peaks_only": True}
    run("propose", propose=query)
    (listed,) = (run.folder / "results/propose").glob("*.peaks.tsv")
    shutil.copy(listed, run.folder / "config/peaks.tsv")
    sheet(run.folder)
    run("fetch", manifest="config/peaks.tsv", propose=query)
    (file,) = (run.folder / "resources/encode").glob("*/*")
    assert file.read_bytes() == PAYLOADS["TSTFF000003"]


@pytest.mark.parametrize("name", ["SPI1", "GATA2", "K562", "BPNet"])
def test_the_papers_configs_are_valid(name):
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    text = (ROOT / f"config/paper/{name}.yaml").read_text()
    config = complete(yaml.safe_load(text), schema)
    check(config, schema)
    assert len(config["training"]["seeds"]) == 30
    path = ROOT / config["experiments"]
    assert path == ROOT / f"config/paper/{name}.tsv"
    if name == "BPNet":  # whose files a user brings
        with pytest.raises(InputError, match=r"patchcap: no file resources/bpnet/patchcap.plus.bw"):
            read_experiments(path)
        return
    sheet = read_experiments(path, may_be_empty="propose" in config)
    if name == "K562":
        assert sheet.empty and "snakemake propose" in text
        assert config["propose"]["biosample"] == "K562"
    else:
        assert set(sheet.condition) == {name}
        assert len(sheet) == 4
