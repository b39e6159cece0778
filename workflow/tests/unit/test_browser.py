"""The browser page: it holds the loci's parts of all files, each in its place, and nothing else."""

import base64
import gzip
import json
import re

import h5py
import numpy as np
import pandas as pd
import pybigtools
import pytest
from attprior.browser.page import igv_js, page_loci, shared_out
from attprior.browser.predictions import write_predictions
from attprior.browser.slices import bed_rows, fullest_window, peak_rows, signal_rows
from attprior.errors import InputError
from attprior.locus import Locus, parse_locus
from attprior.plotting.style import ARM_COLOURS
from made_page import ARMS, LOCI, SIZES, Made, write_bigwig

# loci


def test_locus_reads_as_it_is_written():
    locus = Locus("chr1", 1000, 2000)
    assert parse_locus(str(locus), SIZES) == locus
    assert parse_locus("chr1:1,001-2,000", SIZES) == locus


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1", "write it as"),
        ("chr9:1-10", "no chromosome 'chr9'"),
        ("chr1:0-10", "counted from 1"),
        ("chr1:20-10", "first base and the last"),
        ("chr2:2990-3001", "has 3000 bp"),
    ],
)
def test_locus_that_is_none_or_not_in_the_genome_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        parse_locus(text, SIZES)


def test_page_shows_the_figures_loci_in_its_order_unless_some_are_given(tmp_path):
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("".join(f"{name}\t{size}\n" for name, size in SIZES.items()))
    table = tmp_path / "loci.tsv"
    rows = {"arm": "x", "locus": ["chr2:500-800"] * 3 + ["chr1:1000-1300"] * 3 + ["chr2:500-800"]}
    pd.DataFrame(rows).to_csv(table, sep="\t", index=False)
    assert page_loci([], table, sizes) == LOCI[::-1]
    assert page_loci(["chr1:1-20"], "not read", sizes) == [Locus("chr1", 0, 20)]


def test_window_holds_most_contribution_and_each_arm_has_the_same_say(tmp_path):
    locus = Locus("chr1", 1000, 1300)
    loud = write_bigwig(
        tmp_path / "loud.bw", [("chr1", 1010, 1020, 50.0), ("chr1", 1100, 1110, 50.0)]
    )
    quiet = write_bigwig(tmp_path / "quiet.bw", [("chr1", 1100, 1105, -0.1)])
    window = fullest_window([loud, quiet], locus, 20)
    assert window.end - window.start == 20
    assert window.start <= 1100 and window.end >= 1110


def test_window_without_contributions_is_in_the_middle_and_none_leaves_its_locus(tmp_path):
    elsewhere = write_bigwig(tmp_path / "elsewhere.bw", [("chr2", 0, 1, 1.0)])
    assert fullest_window([elsewhere], LOCI[0], 100) == Locus("chr1", 1100, 1200)
    assert fullest_window([elsewhere], LOCI[0], 900) == LOCI[0]


# parts of files


def test_minus_strand_lies_below_the_line_and_rows_end_with_their_locus(tmp_path):
    plus = write_bigwig(tmp_path / "plus.bw", [("chr1", 900, 1010, 2.0), ("chr1", 3000, 3001, 9.0)])
    minus = write_bigwig(tmp_path / "minus.bw", [("chr1", 1290, 1400, 3.0)])
    rows = [row.split() for row in signal_rows([plus, minus], LOCI)]
    assert rows == [["chr1", "1000", "1010", "2"], ["chr1", "1290", "1300", "-3"]]


def test_features_are_those_that_touch_a_locus(tmp_path):
    path = tmp_path / "hits.bed.gz"
    inside = ["chr1\t990\t1001\tA\t1\t+\tmore", "chr1\t1299\t1310\tB"]
    outside = [
        "track name=x",
        "# no row",
        "chr1\t990\t1000\tC",
        "chr1\t1300\t1310\tD",
        "chr2\t1000\t1010",
    ]
    with gzip.open(path, "wt") as file:
        file.write("\n".join([*outside, *inside]) + "\n")
    assert list(bed_rows(path, LOCI)) == ["chr1\t990\t1001\tA\t1\t+\n", "chr1\t1299\t1310\tB\n"]


def test_a_peaks_summit_is_where_its_offset_says(tmp_path):
    rows = [row.split("\t") for row in peak_rows(Made(tmp_path).peaks("EXP1"), LOCI[:1])]
    assert [row[:4] for row in rows] == [
        ["chr1", "1050", "1250", "peak"],
        ["chr1", "1146", "1147", "summit"],
    ]


@pytest.mark.parametrize("write", [bed_rows, peak_rows])
def test_no_features_are_no_rows(tmp_path, write):
    path = tmp_path / "empty"
    path.touch()
    assert list(write(path, LOCI)) == []


def test_tracks_of_tasks_keep_their_order_and_none_stay_none():
    assert shared_out(["a", "b", "c"], ["x", "y"], [2, 1]) == {"x": ["a", "b"], "y": ["c"]}
    assert shared_out([], ["x", "y"], [2, 1]) == {"x": [], "y": []}


# predictions


@pytest.fixture
def attributions(tmp_path):
    """Predictions of three seeds at four peaks in two tasks; the last two peaks overlap."""
    path = tmp_path / "profile.h5"
    rng = np.random.default_rng(0)
    profiles = rng.dirichlet(np.ones(20), (3, 4, 2, 2)).astype("f4")
    log_counts = rng.uniform(0, 3, (3, 4, 2, 2)).astype("f4")
    with h5py.File(path, "w") as file:
        file.attrs.update({"arm": "with_prior", "fold": "fold_1"})
        file["sequences"] = np.zeros((6, 60), "u1")
        file["regions/chrom"] = np.array(["chr1"] * 2 + ["chr2"] * 2 + ["chr1"] * 2, "S")
        file["regions/start"] = np.array([0, 100, 200, 300, 1000, 1010])
        file["regions/summit"] = file["regions/start"][:] + 30
        file["sample/index"], file["sample/seeds"] = np.array([1, 3, 4, 5]), np.arange(3)
        file["sample/profiles"], file["sample/log_counts"] = profiles, log_counts
        file["sample/observed"] = np.zeros((4, 2, 2, 20), "f4")
    return path, (profiles * np.expm1(log_counts)[..., None]).mean(axis=0)


@pytest.fixture
def chrom_sizes(tmp_path):
    path = tmp_path / "chrom.sizes"
    path.write_text("".join(f"{name}\t{size}\n" for name, size in SIZES.items()))
    return path


def test_predictions_are_the_seeds_mean_of_profile_times_count_in_the_middle_of_the_input(
    tmp_path, attributions, chrom_sizes
):
    path, expected = attributions
    write_predictions([path], 1, 0, chrom_sizes, tmp_path / "plus.bw")
    track = pybigtools.open(str(tmp_path / "plus.bw"))
    for chrom, start, row in (("chr1", 120, 0), ("chr2", 320, 1)):
        values = track.values(chrom, start - 1, start + 21, fillna=0)
        np.testing.assert_allclose(values, [0, *expected[row, 1, 0], 0], rtol=1e-5)
    # peaks 10 bp apart, whose profiles share 10 bp
    both = (expected[2, 1, 0][10:] + expected[3, 1, 0][:10]) / 2
    np.testing.assert_allclose(track.values("chr1", 1030, 1040, fillna=0), both, rtol=1e-5)


def test_predictions_of_folds_are_in_one_file_and_equal_ones_change_nothing(
    tmp_path, attributions, chrom_sizes
):
    path, _ = attributions
    tracks = []
    for paths in ([path], [path, path]):
        write_predictions(paths, 0, 1, chrom_sizes, tmp_path / "minus.bw")
        tracks.append(pybigtools.open(str(tmp_path / "minus.bw")).values("chr1", 0, 2000, fillna=0))
    np.testing.assert_allclose(*tracks, rtol=1e-6)
    assert tracks[0].sum() > 0


def test_no_sampled_peaks_give_a_bigwig_that_opens(tmp_path, attributions, chrom_sizes):
    path, _ = attributions
    with h5py.File(path, "a") as file:
        for name in ("index", "observed"):
            values = file[f"sample/{name}"][:0]
            del file[f"sample/{name}"]
            file[f"sample/{name}"] = values
        for name in ("profiles", "log_counts"):
            values = file[f"sample/{name}"][:, :0]
            del file[f"sample/{name}"]
            file[f"sample/{name}"] = values
    write_predictions([path], 0, 0, chrom_sizes, tmp_path / "empty.bw")
    track = pybigtools.open(str(tmp_path / "empty.bw"))
    assert track.values("chr1", 0, SIZES["chr1"], fillna=0).sum() == 0


# page


def unpacked(uri):
    """Text in a data URI."""
    return gzip.decompress(base64.b64decode(uri.partition("base64,")[2])).decode()


def sessions(page):
    """What igv.js is given at each locus."""
    found = re.search(r"const sessions = (\{.*\})", page.read_text())
    return [json.loads(unpacked(uri)) for uri in json.loads(found[1]).values()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = Made(tmp_path_factory.mktemp("page"), ["EXP1", "EXP2"])
    return folder.page()


def test_page_loads_nothing_from_elsewhere(made):
    ours = made.read_text().replace(igv_js().read_text(), "")
    assert len(ours) < 200_000
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:)|@import|url\(|https?:""", ours)


def test_page_holds_the_loci_parts_of_all_files_and_no_more(made):
    for session, locus in zip(sessions(made), LOCI, strict=True):
        assert session["locus"] == str(locus)
        for track in session["tracks"]:
            rows = [row.split("\t") for row in unpacked(track["url"]).splitlines()]
            assert rows, track["name"]
            for chrom, start, end, *_ in rows:
                assert chrom == locus.chrom
                assert locus.start <= int(start) < int(end) <= locus.end


def test_arms_have_the_figures_colours_and_share_scales(made):
    tracks = {track["name"]: track for track in sessions(made)[0]["tracks"]}
    for arm, colour in zip(ARMS, ARM_COLOURS, strict=True):
        of_arm = [track for name, track in tracks.items() if arm.replace("_", " ") in name]
        assert {track["color"] for track in of_arm} == {colour}
        assert len(of_arm) == 2 + 1 + 3
    groups = {}
    for name, track in tracks.items():
        groups.setdefault(track.get("autoscaleGroup"), set()).add(name)
    without, with_prior = (f"Predicted {arm.replace('_', ' ')}" for arm in ARMS)
    for task in ("EXP1", "EXP2"):
        assert groups[task] == {f"{x} {task}" for x in ("Observed", without, with_prior)}
    assert len(groups["contributions"]) == 2


def test_a_model_without_profiles_has_a_page_without_predictions(tmp_path):
    kinds = [{t.name for t in Made(tmp_path, profiles=x).tracks()} for x in (True, False)]
    assert kinds[0] - kinds[1] == {"Predicted without prior", "Predicted with prior"}
    assert kinds[1] < kinds[0]


def test_no_loci_give_a_page_that_says_so(tmp_path):
    page = Made(tmp_path).page([])
    assert sessions(page) == []
    assert "no locus to show" in page.read_text()


def test_names_are_text_and_not_html(tmp_path):
    page = Made(tmp_path).page(title="a <b>bold</b> condition").read_text()
    assert "<title>a &lt;b&gt;bold&lt;/b&gt; condition</title>" in page
