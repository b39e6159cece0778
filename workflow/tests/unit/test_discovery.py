"""TF-MoDISco: what it is given, and what is made of its result."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from attprior.motifs.discovery import discover, mean_attributions, read_patterns, trim
from attprior.sequence import encode, one_hot, one_hot_codes
from memelite.io import read_meme

SITE = "ACGTTCAAGC"
# in a process of its own, as in the workflow: beside torch's threads modisco-lite compiles anew
DISCOVER = """
import sys
from attprior.motifs.discovery import discover
discover(sys.argv[1:2], *sys.argv[2:], window=100, max_seqlets=2000, leiden_runs=2)
"""
SCRIPTS = str(Path(__file__).parents[2] / "scripts")


def write_attributions(path, number, planted, peaks=None, seed=0, length=100):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (number, length)).astype(np.uint8)
    hypothetical = np.random.default_rng(seed).normal(0, 0.01, (number, 4, length))
    for row in range(number if planted else 0):
        at = 40 + rng.integers(20)
        codes[row, at : at + 10] = encode(SITE)
        hypothetical[row, :, at : at + 10] += 1.3 * one_hot(SITE) - 0.3
    with h5py.File(path, "w") as file:
        file.attrs["peaks"] = peaks or number
        file["sequences"] = codes
        file["mean/hypothetical"] = hypothetical.astype(np.float32)
    return path


def test_planted_site_is_found(tmp_path):
    attributions = write_attributions(tmp_path / "attributions.h5", 150, planted=True)
    command = [sys.executable, "-c", DISCOVER, attributions, "modisco.h5", "patterns.meme"]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": SCRIPTS})
    patterns = read_patterns(tmp_path / "modisco.h5")
    assert list(patterns) == ["pos_patterns.pattern_0"]
    pattern = patterns["pos_patterns.pattern_0"]
    assert pattern["seqlets"] > 50
    assert pattern["pfm"].shape == pattern["cwm"].shape
    motifs = read_meme(str(tmp_path / "patterns.meme"))
    assert list(motifs) == ["pos_patterns.pattern_0"]
    found = "".join("ACGT"[base] for base in motifs["pos_patterns.pattern_0"].argmax(axis=0))
    assert SITE in found or "GCTTGAACGT" in found
    assert len(found) <= len(SITE) + 4


def test_nothing_found_is_a_result(tmp_path):
    attributions = write_attributions(tmp_path / "attributions.h5", 40, planted=False)
    discover([attributions], tmp_path / "modisco.h5", tmp_path / "patterns.meme", 100, 2000, 2)
    assert read_patterns(tmp_path / "modisco.h5") == {}
    assert read_meme(str(tmp_path / "patterns.meme")) == {}


def test_folds_are_averaged_over_the_best_peaks(tmp_path):
    paths = [
        write_attributions(tmp_path / f"{seed}.h5", 20, True, peaks=12, seed=seed)
        for seed in (1, 2)
    ]
    sequences, hypothetical = mean_attributions(paths, window=61)
    assert sequences.shape == hypothetical.shape == (12, 61, 4)
    middle = slice(19, 80)
    each = []
    for path in paths:
        with h5py.File(path) as file:
            each.append(file["mean/hypothetical"][:12, :, middle])
            codes = file["sequences"][:12, middle]
    np.testing.assert_allclose(hypothetical, np.mean(each, axis=0).transpose(0, 2, 1), rtol=1e-6)
    np.testing.assert_array_equal(sequences, one_hot_codes(codes).transpose(0, 2, 1))


def test_window_wider_than_the_input_is_the_input(tmp_path):
    path = write_attributions(tmp_path / "a.h5", 5, False)
    assert mean_attributions([path], window=400)[0].shape == (5, 100, 4)


def test_patterns_are_read_in_the_results_order(tmp_path):
    with h5py.File(tmp_path / "modisco.h5", "w") as file:
        for name in [*(f"pos_patterns/pattern_{n}" for n in range(12)), "neg_patterns/pattern_0"]:
            group = file.create_group(name)
            group["sequence"] = group["contrib_scores"] = np.ones((30, 4)) / 4
            group["seqlets/n_seqlets"] = np.array([7])
    patterns = read_patterns(tmp_path / "modisco.h5")
    assert list(patterns) == [
        *(f"pos_patterns.pattern_{n}" for n in range(12)),
        "neg_patterns.pattern_0",
    ]
    assert patterns["neg_patterns.pattern_0"]["seqlets"] == 7
    assert patterns["neg_patterns.pattern_0"]["pfm"].shape == (4, 30)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("first", "last"), [(8, 14), (0, 3), (17, 19), (5, 5)])
def test_trimming_keeps_contributions_and_two_bases_around(first, last, sign):
    contributions = np.full((4, 20), 0.01)
    contributions[1, first : last + 1] = 1
    frequencies = np.arange(80.0).reshape(4, 20)
    found = trim(frequencies, sign * contributions)
    expected = frequencies[:, max(first - 2, 0) : min(last + 3, 20)]
    np.testing.assert_array_equal(found, expected)


def test_weak_positions_between_strong_ones_are_kept():
    contributions = np.zeros((4, 20))
    contributions[0, [6, 12]] = 1, 0.3
    assert trim(contributions, contributions).shape == (4, 11)
