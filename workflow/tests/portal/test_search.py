"""A TF's or a cell line's name leads to rows that can be pasted, and to peak sets alone."""

import pytest
from attprior.errors import InputError
from attprior.portal import limit, web
from attprior.portal.manifest import read_manifest
from attprior.portal.search import COLUMNS, as_sheet, assay_of, fetch_search, propose, write
from attprior.sheet import read_experiments
from server import serve
from test_manifest import CONTROL_READS, PEAKS, READS, control, experiment

GATA2 = {"label": "GATA2", "genes": [{"symbol": "GATA2"}]}
TAGGED = {"label": "eGFP-GATA2", "genes": [{"symbol": "GATA2"}]}
K562 = {"term_name": "K562"}


def found(accession, files=(*READS, *PEAKS), **fields):
    """Make an experiment as a search finds it."""
    return experiment(files, accession) | {
        "target": GATA2,
        "assembly": ["GRCh38"],
        "biosample_ontology": K562,
        "biosample_summary": "K562",
        "lab": {"title": "A laboratory"},
        "date_released": "2011-10-29",
        **fields,
    }


RECORDS = [
    found("TSTSR000AAA"),
    found("TSTSR000BBB", target=TAGGED, possible_controls=["/experiments/TSTSR000CCC/"] * 2),
    found("TSTSR000DDD", PEAKS, possible_controls=[]),
    found("TSTSR000EEE", status="archived"),
    found("TSTSR000FFF", target={"label": "SPI1", "genes": [{"symbol": "SPI1"}]}),
    found("TSTSR000GGG", assembly=["hg19"]),
    found(
        "TSTSR000HHH",
        possible_controls=["/experiments/TSTSR000CCC/", "/experiments/TSTSR000III/"],
        biosample_ontology={"term_name": "HepG2"},
    ),
    control(),
    control(CONTROL_READS, "TSTSR000III"),
]


@pytest.fixture(scope="module")
def running():
    with serve(*RECORDS) as portal:
        yield portal


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(limit, "wait_turn", lambda rate: None)
    monkeypatch.setattr(web, "sleep", lambda seconds: None)


def test_released_experiments_of_a_gene_are_found_tagged_ones_too(running):
    rows, _ = propose(running.url, "hg38", target="GATA2", assay="TF ChIP-seq")
    assert rows.experiment.tolist() == ["TSTSR000AAA", "TSTSR000BBB", "TSTSR000DDD", "TSTSR000HHH"]
    assert rows.target.tolist()[:2] == ["GATA2", "eGFP-GATA2"]
    first = rows.iloc[0]
    assert (first.biosample, first.replicates, first.controls) == ("K562", "2", "TSTSR000CCC")
    assert (first.bam, first.peak_set) == ("TSTFF000001,TSTFF000002", "TSTFF000003")


def test_a_search_may_be_of_a_cell_line(running):
    rows, _ = propose(running.url, "GRCh38", biosample="HepG2")
    assert rows.experiment.tolist() == ["TSTSR000HHH"]
    assert rows.condition.tolist() == ["HepG2"]


def test_what_is_written_is_a_sheet(running, tmp_path):
    path = write(*propose(running.url, "hg38", target="GATA2"), tmp_path / "GATA2")
    assert path == tmp_path / "GATA2.tsv"
    text = path.read_text()
    assert "# TSTSR000HHH: names several controls" in text
    assert "# TSTSR000DDD: left out, as it lacks files" in text
    path.write_text(text.replace("?\t", "auto\t"))  # as a user who has chosen
    sheet = read_experiments(path)
    assert sheet.index.tolist() == ["TSTSR000AAA", "TSTSR000BBB", "TSTSR000HHH"]
    assert set(sheet.condition) == {"GATA2"}
    assert set(sheet.assay) == {"tf-chip"}
    assert sheet.control["TSTSR000AAA"] == "auto"


def test_a_control_that_must_be_chosen_stops_the_sheet(running, tmp_path):
    path = write(*propose(running.url, "hg38", target="GATA2"), tmp_path / "GATA2")
    with pytest.raises(InputError, match=r"control '\?' of TSTSR000HHH is neither auto"):
        read_experiments(path)


def test_peak_sets_alone_are_a_manifest(running, tmp_path):
    found = propose(running.url, "hg38", target="GATA2", peaks_only=True)
    assert "TSTSR000DDD" in found[0].experiment[found[0].assay != ""].tolist()
    path = write(*found, tmp_path / "GATA2", peaks_only=True)
    assert path == tmp_path / "GATA2.peaks.tsv"
    peaks = read_manifest(path, "hg38")
    assert set(peaks.role) == {"peaks"}
    assert len(peaks) == 4
    assert peaks.url[0] == f"{running.url}/files/TSTFF000003/@@download/TSTFF000003.bed.gz"


def test_a_search_asks_for_what_it_needs_only(running):
    running.asked.clear()
    propose(running.url, "hg38", target="GATA2")
    (path, _), *others = running.asked
    assert others == []
    assert path.startswith("/search/?")
    for part in ("limit=all", "status=released", "assembly=GRCh38", "field=files.md5sum"):
        assert part in path


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"target": "PU.1"}, r"no experiment with .*target.genes.symbol=PU.1.*SPI1, not PU.1"),
        ({"target": "GATA2", "assay": "dnase"}, "no experiment with .*assay_title=DNase-seq"),
        ({}, "needs target"),
    ],
)
def test_a_search_that_finds_nothing_is_told(running, query, message):
    with pytest.raises(InputError, match=message):
        propose(running.url, "hg38", **query)


def test_a_folder_cannot_be_searched(tmp_path):
    with pytest.raises(InputError, match="only a portal's URL can be searched"):
        fetch_search(str(tmp_path), {"type": "Experiment"})


def test_an_answer_that_is_no_search_result_is_told(monkeypatch, running):
    monkeypatch.setattr("attprior.portal.search.json.loads", lambda text: [])
    with pytest.raises(InputError, match="no search result"):
        fetch_search(running.url, {"type": "Experiment"})


@pytest.mark.parametrize(
    ("name", "assay"),
    [("TF ChIP-seq", "tf-chip"), ("tf-chip", "tf-chip"), ("DNase-seq", "dnase")],
)
def test_an_assay_has_the_sheets_and_the_portals_name(name, assay):
    assert assay_of(name) == assay


def test_a_sheet_of_nothing_usable_has_its_header(running):
    rows, _ = propose(running.url, "hg38", target="GATA2", alignments="alignments")
    assert as_sheet(rows).rstrip().splitlines()[-1] == "\t".join(COLUMNS)
