"""Chromosomes, loci and intervals of a config are the genome's, or named as the first thing."""

import pandas as pd
import pytest
from attprior.errors import InputError
from attprior.places import check_places

SIZES = {"chrI": 1000, "chrII": 500, "chrM": 100}


@pytest.fixture
def checked(tmp_path):
    """Give the function that checks what a config names, in a genome whose chrM is left out."""
    index, used = tmp_path / "genome.fai", tmp_path / "chrom.sizes"
    index.write_text("".join(f"{name}\t{size}\n" for name, size in SIZES.items()))
    used.write_text("chrI\t1000\nchrII\t500\n")
    target = tmp_path / "places.checked"

    def check(folds=(), exclude=(), loci=(), **beds):
        intervals = []
        for key, text in beds.items():
            path = tmp_path / f"{key}.bed"
            path.write_text(text)
            intervals.append(("genome/blacklist" if key == "blacklist" else key, path))
        chromosomes = {"training/folds/one/test": folds, "genome/exclude": exclude}
        target.unlink(missing_ok=True)
        check_places(index, used, target, chromosomes, {"browser/loci": loci}, intervals)
        return pd.read_csv(target, sep="\t").set_index("key")

    check.target = target
    return check


def test_what_is_on_the_chromosomes_used_is_counted(checked):
    table = checked(
        *(["chrI"], ["chrM", "chrM*"], ["chrI:1-10", "chrII:1-500"]),
        sites="chrI\t0\t10\nchrII\t0\t5\nchrM\t0\t50\n",
        blacklist="chrM\t0\t10\n",
        empty="# none\n",
    )
    assert table.used.to_dict() == {"sites": 2, "genome/blacklist": 0, "empty": 0}
    assert table.loc["sites", ["intervals", "bases"]].tolist() == [3, 15]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"folds": ["chrI", "I"]},
            "key 'training/folds/one/test': .* no chromosome I; .*mean chrI",
        ),
        ({"folds": ["CHRII"]}, "no chromosome CHRII; .*Did you mean chrII"),
        ({"folds": ["chr1"]}, "no chromosome chr1; it has chrI, chrII, chrM. Is it of another"),
        ({"folds": ["chrM"]}, "'training/folds/one/test': chrM is left out by genome/exclude"),
        ({"exclude": ["M"]}, "key 'genome/exclude': .* no chromosome M; .*Did you mean chrM"),
        ({"loci": ["I:1-10"]}, "key 'browser/loci': .* no chromosome I; .*Did you mean chrI"),
        ({"loci": ["chrI:1-1001"]}, "'browser/loci': 'chrI:1-1001' is not within chrI, which has"),
        (
            {"blacklist": "I\t0\t9\n"},
            "key 'genome/blacklist': .*blacklist.bed: none .* lack the pre",
        ),
        (
            {"prints": "I\t0\t9\n"},
            "key 'prints': .*prints.bed: none of its chrom.* lack the prefix",
        ),
        ({"prints": "chrI\t0\t9\nII\t0\t9\n"}, "prints.bed, line 2: .*II .the genome's chrII"),
        ({"prints": "chrI\t1000\t1001\n"}, "prints.bed, line 1: outside its chromosome"),
        (
            {"prints": "chrM\t0\t9\n"},
            "prints.bed: none of its 1 intervals is on the chromosomes us",
        ),
        ({"prints": "chrI 0 9\n"}, "key 'prints': .*prints.bed, line 1: .* has 1 columns"),
    ],
    ids=str,
)
def test_what_the_genome_lacks_is_named(checked, named, message):
    with pytest.raises(InputError, match=message):
        checked(**named)
    assert not checked.target.exists()


def test_all_that_is_wrong_is_said_at_once(checked):
    with pytest.raises(InputError) as error:
        checked(["I"], (), ["II:1-2"], sites="III\t0\t9\n")
    assert [
        key in str(error.value) for key in ("training/folds", "browser/loci", "'sites'")
    ] == 3 * [True]


def test_patterns_that_leave_out_nothing_are_said(checked, caplog):
    checked(exclude=["*_alt", "EBV", "chrM"])
    assert "'genome/exclude': *_alt, EBV match no chromosome" in caplog.text
