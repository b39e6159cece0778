"""What is in each split: counted as by hand, refused where it can't be, warned of where it is odd."""

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from attprior.dataset import counts
from attprior.dataset.counts import AROUND, check_splits, count_chromosomes, sum_splits
from attprior.dataset.folds import split_chromosomes
from attprior.dataset.store import Labels
from attprior.dataset.writing import write_labels
from attprior.errors import InputError

SIZES = {"chr1": 20_000, "chr2": 16_000, "chr3": 12_000, "chr4": 9_000}
SPLIT = {"validation": ["chr3"], "test": ["chr4"]}
BINS = {"width": 200, "stride": 50, "flank": 400}
STRANDS = ("plus", "minus")


class Made:
    """A condition of two experiments and their controls, to change before it is written."""

    def __init__(self, folder, strands=STRANDS, controls=("input", "input")):
        rng = np.random.default_rng(0)
        self.folder, self.strands, self.controls = folder, strands, controls
        self.names = list(dict.fromkeys(["first", "second", *filter(None, controls)]))
        self.ends = {
            (name, strand): {c: rng.poisson(0.3, size) for c, size in SIZES.items()}
            for name in self.names
            for strand in strands
        }
        # some overlap, and the first and the last base are summits
        self.peaks = {
            task: [
                (chrom, max(summit - 60, 0), min(summit + 60, SIZES[chrom]), summit)
                for chrom, size in SIZES.items()
                for summit in sorted([0, size - 1, *rng.integers(0, size, 40)])
            ]
            for task in ("first", "second")
        }

    def clear(self, name, *chroms, strands=None):
        """Take all 5' ends off chromosomes."""
        for strand in strands or self.strands:
            self.ends[name, strand] |= {c: np.zeros(SIZES[c], dtype=int) for c in chroms}

    def thin(self, name, share, *chroms):
        """Keep a share of the 5' ends, on some or all chromosomes."""
        rng = np.random.default_rng(1)
        for strand in self.strands:
            for chrom in chroms or SIZES:
                self.ends[name, strand][chrom] = rng.binomial(self.ends[name, strand][chrom], share)

    def count(self):
        """Write the labelled HDF5, and count; labels are kept."""
        sizes = self.folder / "chrom.sizes"
        sizes.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items()))
        tracks = {name: [self._bigwig(name, s) for s in self.strands] for name in self.names}
        path = self.folder / "labels.h5"
        write_labels(
            path,
            condition="TF",
            genome="made",
            chrom_sizes=sizes,
            tracks={task: tracks[task] for task in self.peaks},
            controls=dict(zip(self.peaks, self.controls, strict=True)),
            control_tracks={name: tracks[name] for name in self.names if name not in self.peaks},
            peaks={task: self._narrow_peak(task) for task in self.peaks},
            relaxed={},
            bins=BINS,
        )
        self.labels = Labels.open(path)
        return count_chromosomes(path, split_chromosomes(self.labels, "fold_1", **SPLIT))

    def _bigwig(self, name, strand):
        path = str(self.folder / f"{name}.{strand}.bw")
        with pyBigWig.open(path, "w") as bigwig:
            bigwig.addHeader(list(SIZES.items()))
            for chrom, values in self.ends[name, strand].items():
                at = np.flatnonzero(values)
                if len(at):
                    bigwig.addEntries(
                        [chrom] * len(at),
                        at.tolist(),
                        ends=(at + 1).tolist(),
                        values=values[at].astype(float).tolist(),
                    )
        return path

    def _narrow_peak(self, task):
        path = self.folder / f"{task}.narrowPeak"
        path.write_text(
            "".join(
                f"{chrom}\t{start}\t{end}\tp\t0\t.\t{number}\t-1\t-1\t{summit - start}\n"
                for number, (chrom, start, end, summit) in enumerate(self.peaks[task])
            )
        )
        return str(path)


def check(made):
    check_splits(made.count(), "fold_1", "TF")


@pytest.mark.parametrize("chunk", [1 << 22, 997])
@pytest.mark.parametrize("strands", [STRANDS, ("unstranded",)])
def test_counts_of_chromosomes_are_those_by_hand(tmp_path, monkeypatch, strands, chunk):
    monkeypatch.setattr(counts, "CHUNK", chunk)
    made = Made(tmp_path, strands)
    found = made.count().set_index(["experiment", "track", "chrom"])
    assert len(found) == len(made.names) * len(strands) * len(SIZES)
    bins = made.labels.bins
    of_bin = np.array(list(SIZES))[bins.chromosome(np.arange(bins.number))]
    for (name, strand), ends in made.ends.items():
        for chrom, values in ends.items():
            row = found.loc[(name, strand, chrom)]
            summits = [s for c, *_, s in made.peaks.get(name, []) if c == chrom]
            near = sum(values[max(s - AROUND, 0) : s + AROUND + 1].sum() for s in summits)
            assert (row.ends, row.ends_at_peaks, row.peaks) == (values.sum(), near, len(summits))
            if summits:
                task = made.labels.tasks.index(name)
                label = bins.labels(np.arange(bins.number))[of_bin == chrom, task]
                expected = [(label == value).sum() for value in (1, -1, 0)]
                assert row[["positive", "ambiguous", "negative"]].tolist() == expected


def test_splits_are_the_sums_of_their_chromosomes(tmp_path):
    made = Made(tmp_path)
    table = sum_splits(made.count())
    assert table.split.drop_duplicates().tolist() == ["training", "validation", "test"]
    assert len(table) == 3 * len(made.names) * 2
    row = table[(table.split == "training") & (table.experiment == "first")].iloc[0]
    ends = made.ends["first", row.track]
    assert row.ends == ends["chr1"].sum() + ends["chr2"].sum()
    assert row.peaks == sum(chrom in ("chr1", "chr2") for chrom, *_ in made.peaks["first"])
    # the mean of 1001 bp of 0.3 each, less where a chromosome ends
    assert 270 < row.ends_per_peak < 300
    control = table[table.kind == "control"]
    assert control.experiment.unique().tolist() == ["input"]
    assert control[["ends_per_peak", "peaks", "positive", "negative"]].isna().all(axis=None)
    path = tmp_path / "table.tsv"
    table.to_csv(path, sep="\t", index=False)
    again = pd.read_csv(path, sep="\t")
    assert again.peaks.dropna().sum() == table.peaks.dropna().sum()


@pytest.mark.parametrize("strands", [STRANDS, ("unstranded",)])
@pytest.mark.parametrize("controls", [("input", "input"), ("a", "b"), ("", "")])
def test_nothing_is_said_of_a_whole_condition(tmp_path, caplog, strands, controls):
    check(Made(tmp_path, strands, controls))
    assert not [record for record in caplog.records if record.levelname != "INFO"]


@pytest.mark.parametrize(
    ("name", "chroms", "strands", "message"),
    [
        (
            "first",
            ["chr3", "chr4"],
            STRANDS,
            "experiment first has no 5' ends of the minus strand on the validation chromosomes "
            "(chr3); it has some on chr1, chr2",
        ),
        ("first", ["chr4"], STRANDS, "of the plus strand on the test chromosomes (chr4)"),
        ("second", ["chr1", "chr2"], STRANDS, "on the training chromosomes (chr1, chr2)"),
        (
            "second",
            ["chr1", "chr2", "chr3"],
            ["minus"],
            "second has no 5' ends of the minus strand",
        ),
        (
            "second",
            ["chr2"],
            STRANDS,
            "strand on chr2 of the training chromosomes, where there are peaks",
        ),
        ("second", list(SIZES), STRANDS, "it has some on none"),
        ("input", ["chr2", "chr3", "chr4"], STRANDS, "control input has no 5' ends of the"),
        ("input", ["chr1"], STRANDS, "on chr1 of the training chromosomes, where there are peaks"),
    ],
)
def test_chromosomes_without_ends_are_refused(tmp_path, name, chroms, strands, message):
    made = Made(tmp_path)
    made.clear(name, *chroms, strands=strands)
    with pytest.raises(InputError) as error:
        check(made)
    text = str(error.value)
    assert message in text
    assert text.startswith("condition TF, fold fold_1: ")
    assert "config key training/folds/fold_1" in text
    assert not {"first", "second", "input"} - {name} & set(text.replace(":", "").split())


def test_unstranded_tracks_without_ends_are_refused_without_a_strand(tmp_path):
    made = Made(tmp_path, ("unstranded",))
    made.clear("first", "chr3")
    with pytest.raises(InputError, match="experiment first has no 5' ends on the validation"):
        check(made)


def test_peaks_without_ends_around_them_are_refused(tmp_path):
    made = Made(tmp_path)
    for task in made.peaks:
        made.peaks[task] = [p for p in made.peaks[task] if p[0] != "chr4" or p[3] > 6000]
    for strand in STRANDS:
        made.ends["first", strand]["chr4"][6000 - AROUND :] = 0
    with pytest.raises(InputError, match=r"no 5' ends within 500 bp of any of its \d+ peaks"):
        check(made)


def fewer_peaks(made):
    made.peaks["first"] = [p for n, p in enumerate(made.peaks["first"]) if p[0] != "chr4" or n % 9]
    made.peaks["first"] = made.peaks["first"][:-20]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fewer_peaks, r"experiment first has 1\d peaks on the test chromosomes"),
        (lambda made: made.thin("first", 0.01), r"first has \S+ 5' ends within 500 bp of a peak"),
        (lambda made: made.thin("input", 0.005), r"control input has \d+ 5' ends on the training"),
        (lambda made: made.thin("input", 0.005, "chr4"), "ends on the test .*where experiments"),
        (
            lambda made: made.thin("second", 0.02, "chr3", "chr4"),
            r"experiment second has 9\d\.\d% of its 5' ends on the training chromosomes",
        ),
        (
            lambda made: made.clear("first", *SIZES, strands=["minus"]),
            "experiment first has no 5' ends at all on the minus strand",
        ),
    ],
)
def test_what_is_odd_is_warned_of(tmp_path, caplog, change, message):
    made = Made(tmp_path)
    change(made)
    check(made)
    assert pd.Series(caplog.text.splitlines()).str.contains(message).any(), caplog.text
