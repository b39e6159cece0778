"""Check that a run found what is known to be in its data: python .ci/expect.py demo|yeast."""

import sys
from pathlib import Path

import pandas as pd


def mean(path: Path, **where: str) -> float:
    """Mean of a long table's values where columns have these values."""
    table = pd.read_csv(path, sep="\t")
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table), f"{path}: no rows with {where}"
    return float(table.value.mean())


def best_matches(folder: Path, arm: str) -> pd.DataFrame:
    """Matches of an arm's patterns with q < 0.01."""
    table = pd.read_csv(folder / "motifs.tsv", sep="\t")
    return table[(table.arm == arm) & (table.q_value < 0.01)]


def expect(what: str, value: float, least: float) -> None:
    """Print a value and stop if it is below what is expected."""
    print(f"{what}: {value:.3f} (at least {least})")
    assert value >= least, what


def demo() -> None:
    """Both planted motifs come back, most attribution lies in their sites, and no seed is stuck."""
    for condition in ("SPI1", "CTCF"):
        folder = Path("results/demo/conditions", condition, "profile/comparisons/prior")
        names = set(best_matches(folder, "with_prior").name.str.upper())
        print(f"{condition}: {', '.join(sorted(names))}")
        assert condition in names, f"{condition}: no pattern of the prior's arm matches it"
        where = {"kind": "deepshap", "metric": "share_in_sites"}
        for arm in ("without_prior", "with_prior"):
            share = mean(folder / "truth.tsv", arm=arm, **where)
            expect(f"{condition} {arm}: share of DeepSHAP in sites", share, 0.6)
        training = pd.read_csv(folder / "training.tsv", sep="\t")
        stuck = training[training.learnt_nothing.notna()]
        assert stuck.empty, f"{condition}: seeds that learnt nothing: {stuck}"
        patterns = pd.read_csv(folder / "truth.motifs.tsv", sep="\t")
        unknown = patterns[(patterns.arm == "with_prior") & patterns.planted.isna()]
        assert len(unknown) <= 2, f"{condition}: patterns that match nothing planted: {unknown}"
        hits = pd.read_csv(folder / "truth.hits.tsv", sep="\t").set_index(
            ["peaks", "arm", "caller", "name"]
        )
        for caller in ("finemo", "fimo"):
            found = hits.loc["test", "with_prior", caller, "any"]
            expect(f"{condition}: precision of {caller}'s hits", found.precision, 0.8)
            expect(f"{condition}: their recall", found.recall, 0.7)
        auroc = {"metric": "peaks_auroc", "split": "test"}
        value = mean(folder / "performance.tsv", arm="with_prior", **auroc)
        expect(f"{condition}: auROC of test peaks", value, 0.75)


def yeast() -> None:
    """A small model of real reads ranks held-out peaks, and finds Reb1's motif."""
    folder = Path("results/yeast-small/conditions/REB1/profile/comparisons/prior")
    for arm in ("without_prior", "with_prior"):
        value = mean(folder / "performance.tsv", arm=arm, metric="peaks_auroc", split="test")
        expect(f"REB1 {arm}: auROC of test peaks", value, 0.65)
    names = set(best_matches(folder, "with_prior").name.str.upper())
    print(f"REB1: {', '.join(sorted(names))}")
    assert "REB1" in names, "no pattern of the prior's arm matches REB1"


if __name__ == "__main__":
    {"demo": demo, "yeast": yeast}[sys.argv[1]]()
