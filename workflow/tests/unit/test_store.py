"""The labelled HDF5: nothing lost on the way in, wrong files refused on the way out."""

import json
import textwrap

import attprior
import h5py
import numpy as np
import pandas as pd
import pyBigWig
import pytest
from attprior.dataset import store
from attprior.dataset.folds import chromosomes_of_split, split_chromosomes
from attprior.dataset.labelling import label_bins
from attprior.dataset.sampler import best_peaks
from attprior.dataset.store import Coordinates, Labels
from attprior.dataset.windows import Windows
from attprior.dataset.writing import control_kind, write_labels
from attprior.errors import InputError
from attprior.provenance import file_hash

SIZES = {"chr1": 400, "chr2": 250, "chr3": 150}
OFFSETS = {"chr1": 0, "chr2": 400, "chr3": 650}
BINS = {"width": 20, "stride": 10, "flank": 5}
TASKS, CONTROLS = ["first", "second"], ["input_1", "input_2"]
PEAKS = [("chr2", 10, 40, 5.0, 12), ("chr1", 100, 160, 9.0, 30), ("chr3", 0, 20, 7.0, 0)]


def write_bigwig(path, counts):
    with pyBigWig.open(str(path), "w") as bigwig:
        bigwig.addHeader(list(SIZES.items()))
        for chrom, values in counts.items():
            at = np.flatnonzero(values)
            if len(at):
                ends = (at + 1).tolist()
                chroms, values = [chrom] * len(at), values[at].astype(float).tolist()
                bigwig.addEntries(chroms, at.tolist(), ends=ends, values=values)


def write_peaks(path, peaks=PEAKS):
    path.write_text(
        "".join(
            f"{chrom}\t{start}\t{end}\tp\t0\t.\t{signal}\t-1\t-1\t{summit}\n"
            for chrom, start, end, signal, summit in peaks
        )
    )


@pytest.fixture
def made(tmp_path):
    """Paths of the inputs of two experiments and their controls, and their dense counts."""
    rng = np.random.default_rng(0)
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items()))
    dense, bigwigs, peaks = {}, {}, {}
    for name in TASKS + CONTROLS:
        folder = tmp_path / name
        folder.mkdir()
        bigwigs[name] = [str(folder / f"{strand}.bw") for strand in ("plus", "minus")]
        dense[name] = []
        for path in bigwigs[name]:
            counts = {
                c: rng.poisson(0.2, size) * rng.integers(1, 70_000, size)
                for c, size in SIZES.items()
            }
            write_bigwig(path, counts)
            dense[name].append(np.concatenate(list(counts.values())))
        peaks[name] = str(folder / "peaks.narrowPeak")
        write_peaks(folder / "peaks.narrowPeak")
    return {"sizes": sizes, "bigwigs": bigwigs, "peaks": peaks, "dense": dense}


def write(made, path, controls=CONTROLS, relaxed=(), blacklist=None):
    names = dict.fromkeys(filter(None, controls))
    write_labels(
        path,
        condition="TF",
        genome="made",
        chrom_sizes=made["sizes"],
        tracks={task: made["bigwigs"][task] for task in TASKS},
        controls=dict(zip(TASKS, controls, strict=True)),
        control_tracks={name: made["bigwigs"][name] for name in names},
        peaks={task: made["peaks"][task] for task in TASKS},
        relaxed={task: made["peaks"][name] for task, name in dict(relaxed).items()},
        bins=BINS,
        config='{"bins": {"width": 20}}',
        blacklist=blacklist,
    )
    return Labels.open(path)


@pytest.fixture
def labels(made, tmp_path):
    return write(made, tmp_path / "labels.h5")


def counts(labels, starts, length, control=False):
    """What models are shown of windows of a length."""
    genome = np.zeros(labels.coordinates.lengths.sum(), dtype=np.uint8)
    return Windows(labels, genome, length, length).counts(np.asarray(starts), control)


def test_windows_equal_slices_of_the_dense_counts(made, labels):
    starts = np.random.default_rng(1).integers(0, sum(SIZES.values()) - 61, 200)
    # borders of chromosomes and both ends of the genome among them
    starts = np.concatenate([starts, [0, 340, 370, 400, 649, 650, 739]])
    for control, names in ((False, TASKS), (True, CONTROLS)):
        found = counts(labels, starts, 61, control)
        assert found.shape == (len(starts), 2, 2, 61)
        assert found.dtype == np.float32
        for task, name in enumerate(names):
            for strand, values in enumerate(made["dense"][name]):
                expected = np.array([values[s : s + 61] for s in starts])
                np.testing.assert_array_equal(found[:, task, strand], expected)


def test_strand_without_any_read_is_kept(made, tmp_path):
    write_bigwig(made["bigwigs"]["first"][1], {})
    labels = write(made, tmp_path / "labels.h5")
    assert labels.strands == 2
    assert len(labels.tracks[0][1].position) == 0


def test_regions_are_the_peaks_best_first(labels):
    regions = labels.regions[labels.regions.task == 0]
    assert regions.summit.tolist() == [130, 650, 422]
    assert regions.start.tolist() == [100, 650, 410]
    assert regions.end.tolist() == [160, 670, 440]
    assert regions.signal.tolist() == [9, 7, 5]
    assert regions["rank"].tolist() == [0, 1, 2]
    assert regions.chromosome.tolist() == [0, 2, 1]
    assert sorted(set(labels.regions.task)) == [0, 1]


def test_peaks_on_chromosomes_left_out_are_dropped(made, tmp_path):
    with open(made["peaks"]["first"], "a", encoding="utf-8") as file:
        file.write("chrUn\t5\t9\tp\t0\t.\t99\t-1\t-1\t1\n")
    labels = write(made, tmp_path / "labels.h5")
    assert len(labels.regions) == 6


def test_blacklist_lies_on_the_common_coordinates(made, tmp_path):
    path = tmp_path / "blacklist.bed"
    # out of order, over an end, past an end, on a chromosome left out, and empty
    rows = ["chr3 9 30", "chr2 200 900", "chr2 300 400", "chrUn 5 9", "chr1 7 8", "chr1 9 9"]
    path.write_text("".join(row.replace(" ", "\t") + "\n" for row in rows))
    labels = write(made, tmp_path / "labels.h5", blacklist=path)
    assert labels.blacklist.tolist() == [[7, 8], [600, 650], [659, 680]]
    with h5py.File(tmp_path / "labels.h5") as file:
        assert file["blacklist/start"].dtype == file["blacklist/end"].dtype == np.int64
        assert json.loads(file.attrs["inputs"])[str(path)] == file_hash(path)


@pytest.mark.parametrize("text", [None, "chrUn\t5\t9\n"])
def test_blacklist_may_be_empty(made, tmp_path, text):
    path = tmp_path / "blacklist.bed"
    if text:
        path.write_text(text)
    labels = write(made, tmp_path / "labels.h5", blacklist=path if text else None)
    assert labels.blacklist.shape == (0, 2)


def test_file_is_readable_by_h5py_alone(made, tmp_path):
    write(made, tmp_path / "labels.h5", relaxed={"second": "second"})
    with h5py.File(tmp_path / "labels.h5") as file:
        assert file.attrs["format"] == "attprior-labels"
        assert file.attrs["version"] == 3
        assert (file.attrs["condition"], file.attrs["genome"]) == ("TF", "made")
        assert file.attrs["controls"] == "matched"
        assert file["chromosomes/name"][:].tolist() == [b"chr1", b"chr2", b"chr3"]
        assert file["chromosomes/length"][:].tolist() == [400, 250, 150]
        assert file["tasks"][:].tolist() == [b"first", b"second"]
        assert file["control_names"][:].tolist() == [b"input_1", b"input_2"]
        for name in TASKS + CONTROLS:
            for strand, values in zip(("plus", "minus"), made["dense"][name], strict=True):
                group = file[f"tracks/{name}/{strand}"]
                assert group["position"].dtype == np.int64
                assert group["count"].dtype == np.uint32
                rebuilt = np.zeros(sum(SIZES.values()))
                rebuilt[group["position"][:]] = group["count"][:]
                np.testing.assert_array_equal(rebuilt, values)
        columns = {"task", "start", "end", "summit", "signal", "rank"}
        assert set(file["regions"]) == set(file["relaxed"]) == columns
        assert len(file["relaxed/summit"]) == len(PEAKS)
        assert file["regions/task"].dtype == file["regions/rank"].dtype == np.int32
        assert file["regions/signal"].dtype == np.float32


def test_docstring_tells_how_to_read_the_file(made, tmp_path):
    labels = write(made, tmp_path / "labels.h5", relaxed={"second": "second"})
    recipe = textwrap.dedent(store.__doc__[store.__doc__.index("    import h5py") :])
    used = {line for line in recipe.splitlines() if line.startswith(("import", "from"))}
    assert used == {"import h5py", "import numpy as np"}
    index = np.arange(labels.bins.number)
    expected, signal = labels.bins.labels(index), labels.bins.signal(index)
    assert set(expected.ravel().tolist()) == {1, 0, -1}
    for task, name in enumerate(TASKS):
        for bin_, start in enumerate(labels.bins.starts(index).tolist()):
            chrom = max((c for c in OFFSETS if OFFSETS[c] <= start), key=OFFSETS.get)
            given = {"path": tmp_path / "labels.h5", "name": name, "strand": "minus"}
            given |= {"task": task, "chrom": chrom, "start": start - OFFSETS[chrom], "length": 20}
            exec(recipe, given)
            np.testing.assert_array_equal(
                given["counts"], made["dense"][name][1][start : start + 20]
            )
            assert given["label"] == expected[bin_, task]
            if given["label"] == 1:
                assert given["signal"] == signal[bin_, task]


def test_bins_come_back_as_they_were_written(made, tmp_path):
    labels = write(made, tmp_path / "labels.h5", relaxed={"second": "second"})
    with h5py.File(tmp_path / "labels.h5") as file:
        assert dict(file["bins"].attrs) == BINS
        for kind in ("positive", "ambiguous"):
            table = {key: column[:] for key, column in file["bins"][kind].items()}
            assert table["task"].dtype == np.int32
            assert table["first"].dtype == table["stop"].dtype == np.int64
        assert file["bins/positive/region"].dtype == np.int64
    lengths = np.array(list(SIZES.values()))
    again = label_bins(lengths, TASKS, labels.regions, None, **BINS)
    assert again.number == labels.bins.number
    for found, expected in zip(labels.bins.runs, again.runs, strict=True):
        for column in ("first", "stop", "region"):
            np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


def test_relaxed_peaks_belong_to_their_task(made, tmp_path):
    write_peaks(tmp_path / "weak", [("chr1", 250, 300, 1.0, 5)])
    made["peaks"]["weak"] = str(tmp_path / "weak")
    labels = write(made, tmp_path / "labels.h5", relaxed={"second": "weak"})
    number = (labels.bins.labels(np.arange(labels.bins.number)) == -1).sum(axis=0)
    assert number[1] > number[0]
    with h5py.File(tmp_path / "labels.h5") as file:
        assert file["relaxed/task"][:].tolist() == [1]


def test_unstranded_tracks_have_one_strand(made, tmp_path):
    made["bigwigs"] = {name: paths[:1] for name, paths in made["bigwigs"].items()}
    labels = write(made, tmp_path / "labels.h5")
    assert labels.strands == 1
    found = counts(labels, [380], 41)
    np.testing.assert_array_equal(found[0, 1, 0], made["dense"]["second"][0][380:421])
    with h5py.File(tmp_path / "labels.h5") as file:
        assert list(file["tracks/first"]) == ["unstranded"]


def test_without_counts_peaks_and_bins_are_read(labels, tmp_path):
    found = Labels.open(tmp_path / "labels.h5", counts=False)
    pd.testing.assert_frame_equal(found.regions, labels.regions)
    assert found.bins.number == labels.bins.number
    assert found.tracks == []


def test_file_names_what_made_it(made, tmp_path):
    write(made, tmp_path / "labels.h5")
    with h5py.File(tmp_path / "labels.h5") as file:
        assert json.loads(file.attrs["config"]) == {"bins": {"width": 20}}
        assert file.attrs["software"] == attprior.__version__


@pytest.mark.parametrize("value", [-1.0, 0.5, np.inf])
def test_values_that_are_no_counts_are_refused(made, tmp_path, value):
    counts = np.zeros(SIZES["chr2"])
    counts[7] = value
    write_bigwig(made["bigwigs"]["first"][0], {"chr2": counts})
    with pytest.raises(InputError, match=r"plus\.bw: chr2 has values that are no counts"):
        write(made, tmp_path / "labels.h5")


def test_bigwig_of_another_assembly_is_refused(made, tmp_path):
    with pyBigWig.open(made["bigwigs"]["first"][0], "w") as bigwig:
        bigwig.addHeader([("chr1", 500)])
        bigwig.addEntries(["chr1"], [1], ends=[2], values=[1.0])
    with pytest.raises(InputError, match=r"plus\.bw: chr1 has 500 bp, but 400 in the genome"):
        write(made, tmp_path / "labels.h5")


def test_every_input_is_recorded_with_its_hash(made, tmp_path):
    write(made, tmp_path / "labels.h5", relaxed={"second": "second"})
    with h5py.File(tmp_path / "labels.h5") as file:
        inputs = json.loads(file.attrs["inputs"])
    files = [path for paths in made["bigwigs"].values() for path in paths]
    files += [made["peaks"][task] for task in TASKS]
    assert inputs == {path: file_hash(path) for path in files}


def test_same_inputs_give_the_same_bytes(made, tmp_path):
    for name in ("a.h5", "b.h5"):
        write(made, tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_shared_control_is_stored_once(made, tmp_path):
    labels = write(made, tmp_path / "labels.h5", controls=["input_1", "input_1"])
    assert labels.controls == "shared"
    assert counts(labels, [0], 800, control=True).shape == (1, 1, 2, 800)


def test_condition_without_controls_has_none(made, tmp_path):
    labels = write(made, tmp_path / "labels.h5", controls=["", ""])
    assert labels.controls == "none"
    assert counts(labels, [0], 800, control=True).shape == (1, 0, 2, 800)


@pytest.mark.parametrize(
    ("controls", "kind"),
    [
        (["", ""], "none"),
        (["a", "b"], "matched"),
        (["a", "a", "b"], "matched"),
        (["a", "a"], "shared"),
        (["a"], "matched"),
    ],
)
def test_controls_enter_by_how_they_are_given(controls, kind):
    assert control_kind(controls) == kind


def test_controls_of_some_tasks_only_are_refused():
    with pytest.raises(InputError, match="1 of 3 experiments have a control"):
        control_kind(["", "a", ""])


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_truncated_file_is_refused(labels, tmp_path, kept):
    path = tmp_path / "labels.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    with pytest.raises(InputError, match=r"labels\.h5: no readable HDF5 .*delete it and run again"):
        Labels.open(path)


@pytest.mark.parametrize(("key", "value"), [("version", 1), ("format", "other")])
def test_other_formats_and_versions_are_refused(labels, tmp_path, key, value):
    with h5py.File(tmp_path / "labels.h5", "a") as file:
        file.attrs[key] = value
    with pytest.raises(InputError, match=f"{value}.*this code reads attprior-labels, version 3"):
        Labels.open(tmp_path / "labels.h5")


def test_hdf5_of_someone_else_is_refused(tmp_path):
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(InputError, match="format None"):
        Labels.open(tmp_path / "other.h5")


def test_failed_writing_leaves_no_file(made, tmp_path):
    made["peaks"]["second"] = str(tmp_path / "missing")
    with pytest.raises((OSError, InputError)):
        write(made, tmp_path / "labels.h5")
    assert not list(tmp_path.glob("*labels.h5"))


def test_positions_and_chromosomes_map_onto_each_other():
    coordinates = Coordinates(tuple(SIZES), np.array(list(SIZES.values())))
    assert coordinates.offsets.tolist() == list(OFFSETS.values())
    positions = np.array([0, 399, 400, 649, 650, 799])
    assert coordinates.chromosome(positions).tolist() == [0, 0, 1, 1, 2, 2]
    assert coordinates.index(["chr3", "chrX", "chr1"]).tolist() == [2, 0]


def test_inside_means_whole_in_one_chromosome():
    coordinates = Coordinates(tuple(SIZES), np.array(list(SIZES.values())))
    chromosome = np.repeat(np.arange(3), list(SIZES.values()))
    for length in (1, 30, 200):
        starts = np.arange(-250, 1000)
        expected = [
            s >= 0 and s + length <= 800 and len(set(chromosome[s : s + length])) == 1
            for s in starts
        ]
        np.testing.assert_array_equal(coordinates.inside(starts, length), expected)


def with_peaks(number):
    """Labels of so many peaks on each chromosome."""
    names = tuple(SIZES)
    regions = pd.DataFrame({"chromosome": np.repeat(np.arange(3), number)})
    coordinates = Coordinates(names, np.array(list(SIZES.values())))
    return Labels("TF", coordinates, ("task",), "none", [], [], regions)


def test_peaks_of_one_signal_are_ranked_by_score_and_the_log_says_so(made, tmp_path, caplog):
    rows = [("chr1", 20 * n, 20 * n + 15, 5.0, 7) for n in range(12)]
    write_peaks(tmp_path / "first" / "peaks.narrowPeak", rows)
    path = tmp_path / "first" / "peaks.narrowPeak"
    lines = path.read_text().splitlines()
    scores = [3, 11, 5, 1, 9, 7, 12, 2, 10, 4, 8, 6]
    path.write_text(
        "".join(
            line.replace("p\t0", f"p\t{s}") + "\n" for line, s in zip(lines, scores, strict=True)
        )
    )
    regions = write(made, tmp_path / "labels.h5").regions
    first = regions[regions.task == 0].sort_values("rank")
    assert [scores[start // 20] for start in first.start] == list(range(12, 0, -1))
    assert "12 of 12 peaks have the signal (column 7) 5" in caplog.text
    best = best_peaks(regions, np.arange(3), 0.25)
    assert sorted(scores[start // 20] for start in regions.start[best][:3]) == [10, 11, 12]


def test_chromosomes_named_in_no_list_train():
    table = split_chromosomes(with_peaks(10), "fold_1", ["chr3"], ["chr1"])
    assert table.to_dict("list") == {
        "chrom": ["chr1", "chr2", "chr3"],
        "split": ["test", "training", "validation"],
        "peaks": [10, 10, 10],
    }


def test_fewer_than_ten_peaks_in_a_split_are_refused():
    message = r"folds/fold_1.: 9 peaks of TF lie on the training chromosomes \(chr2\)"
    with pytest.raises(InputError, match=message):
        split_chromosomes(with_peaks(9), "fold_1", ["chr3"], ["chr1"])


def test_split_without_chromosomes_is_refused():
    with pytest.raises(InputError, match="0 peaks of TF lie on the training chromosomes"):
        split_chromosomes(with_peaks(50), "fold_1", ["chr3", "chr2"], ["chr1"])


def test_unknown_chromosome_of_a_fold_is_refused():
    with pytest.raises(InputError, match="fold_1': no chromosome chr8 among those kept"):
        split_chromosomes(with_peaks(50), "fold_1", ["chr8"], ["chr1"])


@pytest.mark.parametrize(
    "names", [["1", "2", "10"], ["01", "1"], ["NA", "nan", "X"], ["1e3", "2.0"]]
)
def test_chromosomes_of_any_name_are_found_in_the_split_they_are_in(tmp_path, names):
    table = pd.DataFrame({"chrom": names, "split": "test", "peaks": 20})
    table.to_csv(tmp_path / "fold.tsv", sep="\t", index=False)
    assert chromosomes_of_split(tmp_path / "fold.tsv", "test") == names
    assert chromosomes_of_split(tmp_path / "fold.tsv", "training") == []
