"""The portal: the right files are chosen, and faults are told."""

import json
import logging
from pathlib import Path

import pytest
from attprior.errors import InputError
from attprior.portal.manifest import COLUMNS, resolve

SHARED = Path(__file__).parents[4] / "shared/data/encode_metadata"
EXPERIMENT = "TSTSR000AAA"


def file(number, output_type, replicates, **fields):
    """Make a file's object."""
    bam = "alignments" in output_type
    accession = f"TSTFF000{number:03d}"
    return {
        "accession": accession,
        "file_format": "bam" if bam else "bed",
        "output_type": output_type,
        "biological_replicates": replicates,
        "assembly": "GRCh38",
        "status": "released",
        "date_created": f"2020-01-{number:02d}",
        "md5sum": f"{number:032d}",
        "file_size": 100 + number,
        "href": f"/files/{accession}/@@download/{accession}.{'bam' if bam else 'bed.gz'}",
        **fields,
    }


READS = [file(1, "unfiltered alignments", [1]), file(2, "unfiltered alignments", [2])]
PEAKS = [file(3, "IDR thresholded peaks", [1, 2])]


@pytest.fixture
def portal(tmp_path):
    """Give the function that writes a portal with one experiment and returns its folder."""

    def write(files=(*READS, *PEAKS), accession=EXPERIMENT, embedded=False, **fields):
        record = {
            "@type": ["Experiment", "Dataset", "Item"],
            "accession": accession,
            "status": "released",
            "assay_title": "TF ChIP-seq",
            "possible_controls": ["/experiments/TSTSR000CCC/"],
            **fields,
            "files": [item if embedded else f"/files/{item['accession']}/" for item in files],
        }
        for folder, item in [
            ("experiments", record),
            *(("files", item) for item in files if not embedded),
        ]:
            place = tmp_path / "portal" / folder / f"{item['accession']}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(item))
        return str(tmp_path / "portal")

    return write


def chosen(manifest, role):
    return manifest.file[manifest.role == role].tolist()


def numbers(files):
    return [f"TSTFF000{number:03d}" for number in files]


def test_a_manifest_names_replicates_peaks_control_and_how_to_verify(portal):
    root = portal()
    found = resolve(root, EXPERIMENT, "hg38")
    assert found.columns.tolist() == COLUMNS
    assert chosen(found, "alignments") == numbers([1, 2])
    assert chosen(found, "peaks") == numbers([3])
    assert chosen(found, "relaxed_peaks") == []
    assert set(found.control) == {"TSTSR000CCC"}
    first = found.iloc[0]
    assert first.url == f"{root}/files/TSTFF000001/@@download/TSTFF000001.bam"
    assert (first.md5sum, first.file_size, first.replicate) == (f"{1:032d}", 101, "1")


def test_embedded_files_and_controls_are_understood(portal):
    root = portal(embedded=True, possible_controls=[{"accession": "TSTSR000DDD"}])
    found = resolve(root, EXPERIMENT, "hg38")
    assert len(found) == 3
    assert set(found.control) == {"TSTSR000DDD"}


def test_the_newest_alignments_of_each_replicate_serve(portal):
    again = file(5, "unfiltered alignments", [1])
    pooled = file(6, "unfiltered alignments", [1, 2])
    filtered = file(7, "alignments", [1])
    other = file(8, "unfiltered alignments", [1], assembly="hg19")
    withdrawn = file(9, "unfiltered alignments", [1], status="archived")
    root = portal([again, *READS, pooled, filtered, other, withdrawn, *PEAKS])
    assert chosen(resolve(root, EXPERIMENT, "hg38"), "alignments") == numbers([5, 2])
    by_key = resolve(root, EXPERIMENT, "hg38", alignments="alignments")
    assert chosen(by_key, "alignments") == numbers([7])
    assert chosen(resolve(root, EXPERIMENT, "hg19", required=[]), "alignments") == numbers([8])


@pytest.mark.parametrize(
    ("sets", "best", "why"),
    [
        ([file(3, "IDR thresholded peaks", [1])], 3, "the only one"),
        (
            [
                file(3, "IDR thresholded peaks", [1], preferred_default=True),
                file(4, "IDR thresholded peaks", [1, 2]),
            ],
            3,
            "preferred by the portal",
        ),
        (
            [file(3, "IDR thresholded peaks", [1, 2]), file(4, "IDR thresholded peaks", [2])],
            3,
            "over most replicates",
        ),
        (
            [
                file(4, "optimal IDR thresholded peaks", [1, 2]),
                file(3, "optimal IDR thresholded peaks", [1, 2]),
                file(5, "IDR thresholded peaks", [1]),
            ],
            4,
            "over most replicates and the newest",
        ),
        (
            [
                file(3, "IDR thresholded peaks", [1]),
                file(4, "IDR thresholded peaks", [1], file_format="bigBed"),
                file(5, "conservative IDR thresholded peaks", [1, 2]),
            ],
            3,
            "the only one",
        ),
    ],
)
def test_of_several_peak_sets_one_is_chosen_and_the_log_says_why(portal, caplog, sets, best, why):
    with caplog.at_level(logging.INFO):
        found = resolve(portal([*READS, *sets]), EXPERIMENT, "hg38")
    assert chosen(found, "peaks") == numbers([best])
    assert f"{numbers([best])[0]}, {why}" in caplog.text


@pytest.mark.parametrize(
    "output_type", ["IDR ranked peaks", "peaks and background as input for IDR"]
)
def test_relaxed_peaks_have_an_old_and_a_new_name(portal, output_type):
    root = portal([*READS, *PEAKS, file(9, output_type, [1, 2])])
    assert chosen(resolve(root, EXPERIMENT, "hg38"), "relaxed_peaks") == numbers([9])


def test_a_control_needs_no_peaks(portal):
    root = portal(READS, assay_title="Control ChIP-seq", possible_controls=[])
    found = resolve(root, EXPERIMENT, "hg38", control="none", required=["alignments"])
    assert set(found.role) == {"alignments"}
    assert set(found.control) == {""}
    with pytest.raises(InputError, match=r"Control ChIP-seq.*column control"):
        resolve(root, EXPERIMENT, "hg38")


@pytest.mark.parametrize(("control", "wanted"), [("none", ""), ("TSTSR000ZZZ", "TSTSR000ZZZ")])
def test_a_given_control_outweighs_the_portals(portal, control, wanted):
    found = resolve(portal(possible_controls=[]), EXPERIMENT, "hg38", control=control)
    assert set(found.control) == {wanted}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accession": "TSTSR999ZZZ"}, f"{EXPERIMENT}: .* no such accession"),
        ({"@type": ["File", "Item"]}, "is no experiment on the portal but: File, Item"),
        (
            {"status": "archived", "superseded_by": ["/experiments/TSTSR000BBB/"]},
            "is archived, superseded by: TSTSR000BBB",
        ),
        ({"status": "revoked"}, "is revoked, superseded by: none"),
        ({"files": []}, "no released alignments .*GRCh38.*none at all"),
        (
            {"files": [file(1, "unfiltered alignments", [1], assembly="hg19")]},
            "no released alignments .*unfiltered alignments, hg19, released.*Assemblies: hg19",
        ),
        ({"files": READS}, "no released peaks .*or give local files in the column peaks"),
        ({"possible_controls": []}, "names 0 controls: none.*or none"),
        (
            {"possible_controls": ["/experiments/TSTSR000CCC/", "/experiments/TSTSR000DDD/"]},
            "names 2 controls: TSTSR000CCC, TSTSR000DDD. Write the one to use",
        ),
    ],
)
def test_what_cannot_be_resolved_is_told(portal, change, message):
    with pytest.raises(InputError, match=message):
        resolve(portal(**change), EXPERIMENT, "hg38")


@pytest.mark.parametrize("text", ["<html>", "[]", ""])
def test_an_answer_that_is_no_object_is_told(portal, text):
    root = portal()
    (Path(root) / f"experiments/{EXPERIMENT}.json").write_text(text)
    with pytest.raises(InputError, match="no JSON object"):
        resolve(root, EXPERIMENT, "hg38")


def test_an_object_as_the_real_portal_serves_it(portal):
    if not SHARED.exists():
        pytest.skip("no real metadata here")
    record = json.loads((SHARED / "ENCSR153HNT_experiment_object.json").read_text())
    ranked = json.loads((SHARED / "ENCFF244PJU_file_object.json").read_text())
    ranked["accession"] = ranked["title"]  # left out in the shortened object
    root = portal(**record | {"files": [*READS, *PEAKS, ranked]})
    found = resolve(root, "ENCSR153HNT", "hg38")
    assert set(found.control) == {"ENCSR516XLO"}
    assert chosen(found, "relaxed_peaks") == ["ENCFF244PJU"]
