"""What the notebooks share: simulated examples, and windows of one's own."""

import sys

import numpy as np
import pytest
from in_keras import WORKFLOW

sys.path.insert(0, str(WORKFLOW / "notebooks"))

from attprior.errors import InputError
from example import Examples, read_windows, simulate


@pytest.fixture(scope="module")
def simulated():
    return simulate(400, 200, seed=0)


def test_sequences_are_one_hot(simulated):
    assert simulated.sequences.shape == (400, 4, 200)
    assert (simulated.sequences.sum(axis=1) == 1).all()


def test_sites_lie_in_positives_and_most_have_them(simulated):
    has = simulated.sites.any(axis=1)
    assert not has[~simulated.labels].any()
    assert 0.85 < has[simulated.labels].mean() < 0.97


def test_sites_hold_the_motif_on_either_strand(simulated):
    inside = simulated.sites.any(axis=1)
    letters = np.array(list("ACGT"))[simulated.sequences[inside].argmax(axis=1)]
    runs = [
        "".join(np.where(s, x, " ")) for s, x in zip(simulated.sites[inside], letters, strict=True)
    ]
    forward = sum("GGAA" in run for run in runs)
    reverse = sum("TTCC" in run for run in runs)
    assert min(forward, reverse) > 0.3 * len(runs)
    assert sum("GGAA" in run or "TTCC" in run for run in runs) > 0.9 * len(runs)


def test_a_seed_gives_the_same_again(simulated):
    assert (simulate(400, 200, seed=0).sequences == simulated.sequences).all()
    assert (simulate(400, 200, seed=1).sequences != simulated.sequences).any()


def test_both_strands_are_reverse_complements():
    sequences = np.eye(4, dtype=np.float32)[[0, 1, 2, 2]].T[None]  # ACGG
    both = Examples(
        sequences, np.array([True]), np.array([[1, 0, 0, 0]], dtype=bool)
    ).both_strands()
    assert both.sequences[1].argmax(axis=0).tolist() == [1, 1, 2, 3]  # CCGT
    assert both.sites[1].tolist() == [False, False, False, True]


def test_windows_are_centred_and_stay_inside(tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nAAAAACGTAAAA\n")
    (tmp_path / "peaks.bed").write_text("chr1\t5\t8\nchr1\t0\t2\n")
    found = read_windows(tmp_path / "genome.fa", tmp_path / "peaks.bed", 4)
    # the second one's window would begin at -1
    assert found.argmax(axis=1).tolist() == [[0, 1, 2, 3]]
    with pytest.raises(InputError, match=r"peaks.bed: no window of 40 bp lies inside"):
        read_windows(tmp_path / "genome.fa", tmp_path / "peaks.bed", 40)
