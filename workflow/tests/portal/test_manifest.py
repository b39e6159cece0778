"""An accession leads to the right files, whoever can't be resolved is told, and reasons are kept."""

import gzip
import json
import logging
from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest
from attprior.errors import InputError
from attprior.portal import limit, web
from attprior.portal.manifest import COLUMNS, join_manifests, read_manifest
from attprior.portal.resolve import resolve
from server import serve

SHARED = Path(__file__).parents[4] / "shared/data/encode_metadata"
EXPERIMENT, CONTROL = "TSTSR000AAA", "TSTSR000CCC"
IDR, OLD_IDR = "IDR thresholded peaks", "optimal IDR thresholded peaks"


@pytest.fixture(scope="module", autouse=True)
def running():
    """Run one server for all that is asked."""
    with serve() as ask.portal:
        yield


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Wait for nothing: neither turns nor retries."""
    monkeypatch.setattr(limit, "wait_turn", lambda rate: None)
    monkeypatch.setattr(web, "sleep", lambda seconds: None)


def file(number, output_type, replicates, **fields):
    """Make a file's object."""
    bam = "alignments" in output_type
    accession = f"TSTFF000{number:03d}"
    return {
        "@id": f"/files/{accession}/",
        "@type": ["File", "Item"],
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
PEAKS = [file(3, IDR, [1, 2])]
CONTROL_READS = [file(90, "unfiltered alignments", [1], date_created="2019-01-01")]


def experiment(files=(*READS, *PEAKS), accession=EXPERIMENT, **fields):
    """Make an experiment's object."""
    return {
        "@id": f"/experiments/{accession}/",
        "@type": ["Experiment", "Dataset", "Item"],
        "accession": accession,
        "status": "released",
        "assay_title": "TF ChIP-seq",
        "possible_controls": [f"/experiments/{CONTROL}/"],
        "files": files and list(files),
        **fields,
    }


def control(files=CONTROL_READS, accession=CONTROL, **fields):
    """Make a control's object."""
    return experiment(files, accession, assay_title="Control ChIP-seq", **fields) | {
        "possible_controls": []
    }


def ask(*records, name=EXPERIMENT, genome="hg38", **choices):
    """Resolve an experiment of a portal that has these objects."""
    ask.portal.objects = {item["@id"]: item for item in records}
    return resolve(ask.portal.url, name, genome, **choices)


def chosen(manifest, role):
    return manifest.file[manifest.role == role].tolist()


def numbers(files):
    return [f"TSTFF000{number:03d}" for number in files]


def test_a_manifest_names_replicates_peaks_control_and_how_to_verify():
    found = ask(experiment(), control())
    assert found.columns.tolist() == COLUMNS
    assert chosen(found, "alignments") == numbers([1, 2])
    assert chosen(found, "peaks") == numbers([3])
    assert chosen(found, "relaxed_peaks") == []
    assert set(found.control) == {CONTROL}
    assert set(found.reason) == {"the only one"}
    first = found.iloc[0]
    assert first.url == f"{ask.portal.url}/files/TSTFF000001/@@download/TSTFF000001.bam"
    assert (first.md5sum, first.file_size, first.replicate) == (f"{1:032d}", 101, "1")


def test_files_that_are_only_named_are_looked_up():
    files = [*READS, *PEAKS]
    record = experiment(item["@id"] for item in files)
    assert len(ask(record, *files, control())) == 3


def test_a_folder_serves_as_a_portal(tmp_path):
    for item in (experiment(), control()):
        place = tmp_path / f"experiments/{item['accession']}.json"
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(item))
    found = resolve(str(tmp_path), EXPERIMENT, "hg38")
    assert found.url[0] == f"{tmp_path}/files/TSTFF000001/@@download/TSTFF000001.bam"


def test_unfiltered_alignments_serve_unless_a_key_asks_for_filtered_ones():
    others = [file(7, "alignments", [1]), file(8, "unfiltered alignments", [1], assembly="hg19")]
    record = experiment([*READS, *others, *PEAKS])
    assert chosen(ask(record, control()), "alignments") == numbers([1, 2])
    by_key = ask(record, control="none", alignments="alignments")
    assert chosen(by_key, "alignments") == numbers([7])
    old = ask(record, control="none", genome="hg19", required=["alignments"])
    assert chosen(old, "alignments") == numbers([8])


@pytest.mark.parametrize(
    ("more", "taken", "why"),
    [
        ([file(5, "unfiltered alignments", [1])], [5, 2], "the newest"),
        ([file(5, "unfiltered alignments", [1], status="archived")], [1, 2], "the only one"),
        ([file(5, "unfiltered alignments", [1], no_file_available=True)], [1, 2], "the only one"),
        ([file(6, "unfiltered alignments", [1, 2])], [1, 2], "the only one"),
        ([file(6, "unfiltered alignments", [1, 2, 3])], [6], "over most replicates"),
        (
            [file(5, "unfiltered alignments", [2], date_created="2010", preferred_default=True)],
            [1, 5],
            "preferred by the portal",
        ),
    ],
)
def test_of_alignments_each_replicate_is_held_once(more, taken, why):
    for files in permutations([*READS, *more]):
        found = ask(experiment([*files, *PEAKS]), control="none")
        assert chosen(found, "alignments") == numbers(taken)
        assert why in found.reason.tolist()


def test_technical_replicates_in_files_of_their_own_are_all_taken():
    lanes = [
        file(11, "unfiltered alignments", [1], technical_replicates=["1_1"]),
        file(12, "unfiltered alignments", [1], technical_replicates=["1_2"]),
        file(13, "unfiltered alignments", [1], technical_replicates=["1_2"]),
        file(14, "unfiltered alignments", [2], technical_replicates=["2_1", "2_2"]),
        file(15, "unfiltered alignments", [2], technical_replicates=["2_2"]),
    ]
    found = ask(experiment([*lanes, *PEAKS]), control="none")
    assert chosen(found, "alignments") == numbers([11, 13, 14])


REDACTED = "redacted unfiltered alignments"
LOCAL = "give local files of all replicates in the column alignments"


@pytest.mark.parametrize(
    ("first", "there", "todo"),
    [
        (
            [file(11, REDACTED, [1]), file(12, REDACTED, [2])],
            f"TSTFF000011 ({REDACTED}, GRCh38, released)",
            f"set portal/alignments: {REDACTED}, or {LOCAL}",
        ),
        # a key that would leave out the other replicate is no help
        (
            [file(11, REDACTED, [1])],
            f"TSTFF000011 ({REDACTED}, GRCh38, released)",
            f"To bring it in, {LOCAL}",
        ),
        (
            [file(1, "unfiltered alignments", [1], status="archived")],
            "TSTFF000001 (unfiltered alignments, GRCh38, archived)",
            f"To bring it in, {LOCAL}",
        ),
        (
            [file(1, "unfiltered alignments", [1], no_file_available=True)],
            "TSTFF000001 (unfiltered alignments, GRCh38, not available)",
            f"To bring it in, {LOCAL}",
        ),
        (
            [file(1, "unfiltered alignments", [1], assembly="hg19")],
            "TSTFF000001 (unfiltered alignments, hg19, released)",
            f"To bring it in, {LOCAL}",
        ),
        (
            [file(21, "reads", [1], file_format="fastq", assembly=None)],
            "The portal has of it: no alignments.",
            f"To bring it in, {LOCAL}",
        ),
    ],
)
def test_a_replicate_that_is_left_out_is_told(caplog, first, there, todo):
    record = experiment([*first, READS[1], *PEAKS])
    assert chosen(ask(record, control="none"), "alignments") == numbers([2])
    (told,) = [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING]
    assert (
        f"{EXPERIMENT}: replicate 1 is in no alignments taken, which are of 2 (peaks are of 1,2)"
        in (told)
    )
    assert there in told and todo in told
    caplog.clear()
    # local files hold what they hold
    ask(record, control="none", required=["peaks"])
    assert not [line for line in caplog.records if line.levelno == logging.WARNING]


def test_replicates_that_only_the_experiment_lists_are_told(caplog):
    listed = [{"biological_replicate_number": number} for number in (1, 2, 3)]
    ask(experiment(replicates=listed), control="none")
    assert "replicate 3 is in no alignments taken, which are of 1,2" in caplog.text
    assert "replicate 2 is in" not in caplog.text


PREFERRED = file(3, IDR, [1], preferred_default=True)
ANALYSES = [
    {"@id": "/analyses/A/", "date_created": "2020", "files": ["/files/TSTFF000005/"]},
    {"@id": "/analyses/B/", "date_created": "2021", "files": ["/files/TSTFF000004/"]},
    {
        "@id": "/analyses/C/",
        "date_created": "2022",
        "files": ["/files/TSTFF000003/"],
        "status": "archived",
    },
]


@pytest.mark.parametrize(
    ("sets", "best", "why"),
    [
        ([file(3, IDR, [1])], 3, "the only one"),
        ([PREFERRED, file(4, IDR, [1, 2])], 3, "preferred by the portal"),
        ([file(3, IDR, [1, 2]), file(4, IDR, [2])], 3, "over most replicates"),
        (
            # as ENCSR000BGQ: three sets of three replicates' pairs, of which one is preferred
            [
                file(3, IDR, [1, 2]),
                file(4, IDR, [1, 3], preferred_default=True),
                file(5, IDR, [2, 3]),
            ],
            4,
            "preferred by the portal",
        ),
        (
            [file(4, OLD_IDR, [1, 2]), file(3, OLD_IDR, [1, 2]), file(5, IDR, [1])],
            4,
            "over most replicates and of the newest analysis",
        ),
        ([file(7, IDR, [1]), file(8, IDR, [1])], 8, "the newest"),
        ([file(n, IDR, [1], date_created="2020") for n in (7, 8)], 8, "the last accession"),
        (
            [
                file(3, IDR, [1]),
                file(4, IDR, [1], file_format="bigBed"),
                file(5, "conservative IDR thresholded peaks", [1, 2]),
                file(6, IDR, [1, 2], status="archived"),
                file(7, IDR, [1, 2], assembly="hg19"),
            ],
            3,
            "the only one",
        ),
    ],
)
def test_of_several_peak_sets_one_is_chosen_and_the_manifest_says_why(caplog, sets, best, why):
    for some in (sets, sets[::-1]):
        with caplog.at_level(logging.INFO):
            found = ask(experiment([*READS, *some], analyses=ANALYSES), control="none")
        assert chosen(found, "peaks") == numbers([best])
        assert found.reason[found.role == "peaks"].tolist() == [why]
    assert f"{numbers([best])[0]}, {why}" in caplog.text


@pytest.mark.parametrize("name", [IDR, OLD_IDR, "optimal idr thresholded peaks"])
@pytest.mark.parametrize("relaxed", ["IDR ranked peaks", "peaks and background as input for IDR"])
def test_output_types_have_old_and_new_names(name, relaxed):
    found = ask(experiment([*READS, file(3, name, [1]), file(9, relaxed, [1, 2])]), control="none")
    assert chosen(found, "peaks") == numbers([3])
    assert chosen(found, "relaxed_peaks") == numbers([9])


def test_dnase_takes_narrow_peaks_and_needs_no_idr():
    sets = [
        file(3, "peaks", [1], file_format_type="narrowPeak", preferred_default=True),
        file(4, "peaks", [1], file_format_type="broadPeak"),
        file(5, "hotspots", [1], file_format_type="broadPeak"),
    ]
    record = experiment([READS[0], *sets], assay_title="DNase-seq", possible_controls=[])
    found = ask(record, assay="dnase", control="none")
    assert chosen(found, "alignments") == numbers([1])
    assert chosen(found, "peaks") == numbers([3])


@pytest.mark.parametrize(
    ("sets", "best"),
    [
        ([file(4, "pseudoreplicated peaks", [1, 2]), file(3, IDR, [1, 2])], 3),
        ([file(4, "pseudoreplicated peaks", [1, 2])], 4),
    ],
)
def test_atac_takes_idr_peaks_before_others(sets, best):
    record = experiment([*READS, *sets], assay_title="ATAC-seq", possible_controls=[])
    assert chosen(ask(record, assay="atac", control="none"), "peaks") == numbers([best])


@pytest.mark.parametrize(
    ("assay", "title", "todo"),
    [
        ("tf-chip", "DNase-seq", "write dnase in its column assay"),
        ("dnase", "ATAC-seq", "write atac"),
        ("tf-chip", "total RNA-seq", "it can't be used"),
    ],
)
def test_an_assay_that_is_not_the_portals_is_told(assay, title, todo):
    with pytest.raises(InputError, match=f"is {title} on the portal, not {assay}: {todo}"):
        ask(experiment(assay_title=title), assay=assay)


def test_a_control_needs_no_peaks():
    found = ask(control(), name=CONTROL, assay="control-chip", required=["alignments"])
    assert set(found.role) == {"alignments"}
    assert set(found.control) == {""}
    with pytest.raises(InputError, match=r"Control ChIP-seq.*column control"):
        ask(control(), name=CONTROL)


@pytest.mark.parametrize(("given", "wanted"), [("none", ""), ("TSTSR000ZZZ", "TSTSR000ZZZ")])
def test_a_given_control_outweighs_the_portals(given, wanted):
    assert set(ask(experiment(possible_controls=[]), control=given).control) == {wanted}


def test_controls_may_be_embedded():
    assert set(ask(experiment(possible_controls=[control()]), control()).control) == {CONTROL}


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([experiment(possible_controls=[])], "names 0 controls: none.*or none"),
        (
            [
                experiment(
                    possible_controls=[f"/experiments/{CONTROL}/", "/experiments/TSTSR000DDD/"]
                )
            ],
            "names 2 controls: TSTSR000CCC, TSTSR000DDD. Write the one to use",
        ),
        (
            [experiment(), control([file(90, "unfiltered alignments", [1], assembly="hg19")])],
            rf"(?s){EXPERIMENT}: .*{CONTROL}, but that has no alignments.*or none.*hg19",
        ),
        ([experiment(), control([file(90, "alignments", [1])])], "has no alignments to use"),
        (
            [experiment(), control(status="archived", superseded_by=["/experiments/TSTSR000EEE/"])],
            f"{CONTROL} is archived, superseded by: TSTSR000EEE",
        ),
        ([experiment()], f"{CONTROL}: .* no such accession"),
        (
            [experiment(possible_controls=[f"/experiments/{EXPERIMENT}/"])],
            "its control is auto, but the portal names the experiment itself",
        ),
    ],
)
def test_controls_are_told_not_guessed(records, message):
    with pytest.raises(InputError, match=message):
        ask(*records)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"status": "archived", "superseded_by": ["/experiments/TSTSR000BBB/"]},
            "is archived, superseded by: TSTSR000BBB",
        ),
        ({"status": "revoked"}, "is revoked, superseded by: none"),
        (
            {"superseded_by": [{"accession": "TSTSR000BBB"}]},
            "is released, superseded by: TSTSR000B",
        ),
        ({"@type": ["Annotation", "Item"]}, "is no experiment on the portal but: Annotation, Item"),
        ({"files": []}, "no released alignments .*GRCh38.*none at all"),
        (
            {"files": [file(1, "unfiltered alignments", [1], assembly="hg19")]},
            "no released alignments .*unfiltered alignments, hg19, released.*Assemblies: hg19",
        ),
        ({"files": READS}, "no released peaks .*or give local files in the column peaks"),
        ({"files": None}, f"{EXPERIMENT}: the portal's answer lacks files"),
        ({"status": None}, f"{EXPERIMENT}: the portal's answer lacks status"),
        *(
            (
                {"files": [READS[0] | {field: None}, *PEAKS]},
                f"TSTFF000001 of {EXPERIMENT}: the portal's answer lacks {field}",
            )
            for field in ("file_format", "output_type", "status", "md5sum", "file_size", "href")
        ),
        ({"files": [{"status": "released"}]}, f"a file of {EXPERIMENT}: .*lacks accession"),
    ],
)
def test_what_cannot_be_resolved_is_told(change, message):
    with pytest.raises(InputError, match=message):
        ask(experiment(**change), control="none")


def test_an_unknown_accession_is_told():
    with pytest.raises(InputError, match=f"{EXPERIMENT}: .* no such accession"):
        ask(control())


def test_an_accession_of_something_else_is_told():
    other = {"@id": f"/{EXPERIMENT}/", "@type": ["Annotation", "Item"], "accession": EXPERIMENT}
    with pytest.raises(InputError, match="is no experiment on the portal but: Annotation, Item"):
        ask(other)


def test_an_accession_that_became_another_is_told():
    record = experiment(accession="TSTSR000BBB") | {"@id": f"/experiments/{EXPERIMENT}/"}
    with pytest.raises(InputError, match=f"{EXPERIMENT} has become TSTSR000BBB"):
        ask(record)


@pytest.mark.parametrize("text", [b"<html>", b"[]", b'{"accession": "TST'])
def test_an_answer_that_is_no_object_is_told(text):
    ask.portal.objects = {f"/experiments/{EXPERIMENT}/": text}
    with pytest.raises(InputError, match="no JSON object"):
        resolve(ask.portal.url, EXPERIMENT, "hg38")


def test_audits_stand_beside_the_files_they_are_about(caplog):
    audit = {
        "NOT_COMPLIANT": [{"category": "insufficient read depth", "path": "/files/TSTFF000001/"}],
        "WARNING": [
            {
                "category": "mild bottlenecking",
                "path": f"/experiments/{EXPERIMENT}/",
                "detail": "x",
            },
            {"category": "low read length", "path": "/files/TSTFF000077/"},
        ],
        "INTERNAL_ACTION": [{"category": "mismatched file status"}],
    }
    found = ask(experiment(audit=audit), control="none").set_index("file").audit
    assert found["TSTFF000001"] == (
        "NOT_COMPLIANT: insufficient read depth; WARNING: mild bottlenecking"
    )
    assert found["TSTFF000002"] == found["TSTFF000003"] == "WARNING: mild bottlenecking"
    assert f"{EXPERIMENT}: WARNING: mild bottlenecking. x" in caplog.text


def test_files_of_an_unreleased_experiment_serve_and_are_marked():
    files = [READS[0] | {"status": "in progress"}, *PEAKS]
    with pytest.raises(InputError, match="no released alignments"):
        ask(experiment(files), control="none")
    found = ask(experiment(files, status="in progress"), control="none")
    assert chosen(found, "alignments") == numbers([1])
    assert set(found.audit) == {"WARNING: in progress"}


def test_an_object_as_the_real_portal_serves_it():
    if not SHARED.exists():
        pytest.skip("no real metadata here")
    record = json.loads((SHARED / "ENCSR153HNT_experiment_object.json").read_text())
    ranked = json.loads((SHARED / "ENCFF244PJU_file_object.json").read_text())
    ranked["accession"] = ranked["title"]  # left out in the shortened object
    files = [*READS, *PEAKS, ranked]
    found = ask(
        record | {"files": files}, control(accession="ENCSR516XLO"), name=record["accession"]
    )
    assert set(found.control) == {"ENCSR516XLO"}
    assert chosen(found, "relaxed_peaks") == ["ENCFF244PJU"]


def test_file_rows_as_the_real_portal_lists_them():
    if not SHARED.exists():
        pytest.skip("no real metadata here")
    with gzip.open(SHARED / "file_rows.csv.gz", "rt") as rows:
        table = pd.read_csv(rows, dtype=str, keep_default_na=False)
    # one of each: an old TF ChIP-seq; DNase-seq of technical replicates in files of their own
    assert real(table, "ENCSR000DZS") == {
        "alignments": 2,
        "peaks": ["ENCFF005JKU"],
        "relaxed_peaks": ["ENCFF884PFA"],
    }
    assert real(table, "ENCSR000EIE", "dnase", "DNase-seq", ["alignments"])["alignments"] >= 2


def real(table, name, assay="tf-chip", title="TF ChIP-seq", required=("alignments", "peaks")):
    files = [
        {
            "accession": row.file_accession,
            "md5sum": row.md5sum,
            "file_size": 1,
            "href": row.href,
            "status": row.file_status,
            "assembly": row.assembly,
            "file_format": row.file_format,
            "file_format_type": row.file_format_type,
            "output_type": row.output_type,
            "date_released": row.date_released,
            "biological_replicates": [
                int(n) for n in row.biological_replicates.split("; ") if n != "NA"
            ],
            "technical_replicates": [n for n in row.technical_replicates.split("; ") if n != "NA"],
        }
        for row in table[table.accession == name].itertuples()
    ]
    record = experiment(files, name, assay_title=title)
    found = ask(record, name=name, assay=assay, control="none", required=required)
    return {
        "alignments": len(chosen(found, "alignments")),
        "peaks": chosen(found, "peaks"),
        "relaxed_peaks": chosen(found, "relaxed_peaks"),
    }


@pytest.fixture
def kept(tmp_path):
    """A manifest that a user keeps."""
    path = tmp_path / "manifest.tsv"
    ask(experiment(), control()).to_csv(path, sep="\t", index=False)
    return path


def test_a_kept_manifest_is_read_as_it_was_written(kept):
    pd.testing.assert_frame_equal(
        read_manifest(kept, "hg38"), pd.read_csv(kept, sep="\t", dtype=str, keep_default_na=False)
    )


def test_rows_that_are_kept_stay_and_new_experiments_follow(kept, tmp_path):
    other, again = tmp_path / "other.tsv", tmp_path / "again.tsv"
    ask(experiment(accession="TSTSR000BBB"), name="TSTSR000BBB", control="none").to_csv(
        other, sep="\t", index=False
    )
    ask(experiment([READS[0], *PEAKS]), control="none").to_csv(again, sep="\t", index=False)
    before = read_manifest(kept)
    joined = join_manifests(before, [other])
    pd.testing.assert_frame_equal(joined.iloc[: len(before)], before)
    assert joined.experiment.tolist() == [EXPERIMENT] * 3 + ["TSTSR000BBB"] * 3
    refreshed = join_manifests(before, [again])
    assert chosen(refreshed, "alignments") == numbers([1])
    assert set(refreshed.control) == {""}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "reads"}, "line 2: unknown role 'reads'; roles: alignments"),
        ({"md5sum": ""}, "line 2: md5sum is empty; ask again with key 'refresh'"),
        ({"file_size": "1 GB"}, "line 2: file_size is '1 GB'"),
        ({"assembly": "hg19"}, "is of hg19, but genome/name is hg38"),
        ({"file": "TSTFF000002"}, "TSTFF000002 of TSTSR000AAA is duplicated"),
        ({"control": EXPERIMENT}, "line 2: control of TSTSR000AAA is the experiment itself"),
        ("url", "column url is missing; found experiment"),
    ],
)
def test_a_kept_manifest_that_is_wrong_is_told(kept, change, message):
    table = pd.read_csv(kept, sep="\t", dtype=str, keep_default_na=False)
    if isinstance(change, str):
        table = table.drop(columns=change)
    else:
        for column, value in change.items():
            table.loc[0, column] = value
    table.to_csv(kept, sep="\t", index=False)
    with pytest.raises(InputError, match=message):
        read_manifest(kept, "hg38")


def test_a_kept_control_of_the_experiments_own_files_is_told(kept):
    table = pd.read_csv(kept, sep="\t", dtype=str, keep_default_na=False)
    table.loc[table.experiment == EXPERIMENT, "control"] = CONTROL
    shared = table.iloc[[0]].assign(experiment=CONTROL, control="")
    pd.concat([table, shared]).to_csv(kept, sep="\t", index=False)
    with pytest.raises(
        InputError, match="TSTFF000001 is in the alignments of TSTSR000AAA and of its"
    ):
        read_manifest(kept, "hg38")


def test_a_manifest_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="`snakemake manifest` writes one"):
        read_manifest(tmp_path / "absent.tsv")
