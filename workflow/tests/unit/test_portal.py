"""The portal: the right files are chosen, faults are told, and only whole files get their name."""

import hashlib
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attprior.errors import InputError
from attprior.portal.client import CHUNK, download, fetch_object
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


PAYLOAD = bytes(range(256)) * 12000
MD5 = hashlib.md5(PAYLOAD).hexdigest()


def test_a_file_of_a_folder_is_copied_and_verified(tmp_path):
    source, target = tmp_path / "source.bam", tmp_path / "here/target.bam"
    source.write_bytes(PAYLOAD)
    download(str(source), target, MD5, len(PAYLOAD))
    assert target.read_bytes() == PAYLOAD
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("md5sum", "size", "message"),
    [("0" * 32, len(PAYLOAD), "MD5"), (MD5, 5, "the portal says 5")],
)
def test_a_file_that_differs_gets_no_name(tmp_path, md5sum, size, message):
    source, target = tmp_path / "source.bam", tmp_path / "here/target.bam"
    source.write_bytes(PAYLOAD)
    with pytest.raises(InputError, match=message):
        download(str(source), target, md5sum, size)
    assert list(target.parent.iterdir()) == []


def test_a_file_that_is_listed_but_absent_is_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        download(str(tmp_path / "absent.bam"), tmp_path / "target.bam")


@pytest.fixture
def server():
    """Give a loopback server: its address, the ranges it was asked for, and its faults to come."""

    class Handler(BaseHTTPRequestHandler):
        ranges, faults, honours_range = [], [], True

        def do_GET(self):
            if "@@download" not in self.path:
                known = self.path.startswith(f"/experiments/{EXPERIMENT}/")
                return self.answer(200 if known else 404, b'{"accession": "x"}')
            asked = self.headers.get("Range")
            self.ranges.append(asked)
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, int):
                return self.answer(fault, b"<html>busy</html>")
            start = int(asked[6:-1]) if asked and self.honours_range else 0
            body = PAYLOAD[start:]
            if not body:
                return self.answer(416, b"")
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "break" else body)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        Handler.url = f"http://127.0.0.1:{running.server_port}"
        yield Handler
        running.shutdown()
        thread.join()


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_objects_come_over_http_as_well(server):
    assert fetch_object(server.url, f"/experiments/{EXPERIMENT}/") == {"accession": "x"}
    with pytest.raises(InputError, match="no such accession"):
        fetch_object(server.url, "/experiments/TSTSR999ZZZ/")


def test_a_portal_that_does_not_answer_is_told(no_wait):
    with pytest.raises(InputError, match="no answer"):
        fetch_object("http://127.0.0.1:9", f"/experiments/{EXPERIMENT}/")


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ([], 1),
        ([503, 500], 3),
        (["break"], 2),
        (["break", "break", 429], 4),
    ],
)
def test_a_transfer_outlives_faults_that_pass(server, no_wait, tmp_path, faults, requests):
    server.faults[:] = faults
    target = tmp_path / "target.bam"
    download(f"{server.url}/files/x/@@download/x.bam", target, MD5, len(PAYLOAD))
    assert target.read_bytes() == PAYLOAD
    assert len(server.ranges) == requests
    if faults == ["break"]:
        assert server.ranges == [None, f"bytes={CHUNK}-"]


def test_a_server_without_ranges_sends_it_all_again(server, no_wait, tmp_path):
    server.faults[:], server.honours_range = ["break"], False
    target = tmp_path / "target.bam"
    download(f"{server.url}/files/x/@@download/x.bam", target, MD5, len(PAYLOAD))
    assert target.read_bytes() == PAYLOAD


@pytest.mark.parametrize("left", [PAYLOAD[:1000], PAYLOAD])
def test_what_an_earlier_run_left_is_resumed(server, tmp_path, left):
    (tmp_path / "target.bam.part").write_bytes(left)
    target = tmp_path / "target.bam"
    download(f"{server.url}/files/x/@@download/x.bam", target, MD5, len(PAYLOAD))
    assert target.read_bytes() == PAYLOAD
    assert server.ranges == [f"bytes={len(left)}-"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_refused_leaves_nothing(server, tmp_path, status):
    server.faults[:] = [status]
    with pytest.raises(InputError, match=f"HTTP {status}"):
        download(f"{server.url}/files/x/@@download/x.bam", tmp_path / "target.bam", MD5)
    assert list(tmp_path.iterdir()) == []
