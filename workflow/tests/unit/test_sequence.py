"""Sequences as text, codes and one-hot."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest
from attprior.sequence import (
    decode,
    encode,
    is_repeat,
    log_shuffles,
    of_present_base,
    one_hot,
    one_hot_codes,
    reverse_complement,
)


@pytest.fixture
def codes():
    return np.random.default_rng(0).integers(0, 5, (7, 30)).astype(np.uint8)


def test_bases_are_in_the_order_acgt():
    np.testing.assert_array_equal(one_hot("ACGT"), np.eye(4))


def test_n_contributes_nothing():
    values = of_present_base(np.ones((4, 3)), np.array([0, 4, 3]))
    np.testing.assert_array_equal(values, [1, 0, 1])


def test_one_hot_is_float32_of_four_by_length():
    assert one_hot("ACGTTT").shape == (4, 6)
    assert one_hot("ACGTTT").dtype == np.float32


def test_case_is_ignored():
    np.testing.assert_array_equal(one_hot("acgt"), one_hot("ACGT"))


@pytest.mark.parametrize("text", ["N", "n", "R", "-", "é"])
def test_all_else_is_a_column_of_zeros(text):
    np.testing.assert_array_equal(one_hot(text), np.zeros((4, 1)))


def test_empty_sequence_has_no_columns():
    assert one_hot("").shape == (4, 0)


def test_bytes_and_text_encode_the_same():
    np.testing.assert_array_equal(encode(b"ACGTN"), encode("ACGTN"))
    np.testing.assert_array_equal(encode("ACGTN"), np.arange(5))


def test_decode_inverts_encode(codes):
    for row in codes:
        np.testing.assert_array_equal(encode(decode(row)), row)


def test_one_hot_of_codes_works_on_any_leading_axes(codes):
    found = one_hot_codes(codes[None])
    assert found.shape == (1, 7, 4, 30)
    for row, expected in zip(codes, found[0], strict=True):
        np.testing.assert_array_equal(one_hot(decode(row)), expected)


def test_reverse_complement_of_a_known_sequence():
    assert decode(reverse_complement(encode("AACGNT"))) == "ANCGTT"


def test_reverse_complement_twice_is_identity(codes):
    np.testing.assert_array_equal(reverse_complement(reverse_complement(codes)), codes)


def test_reverse_complement_flips_both_axes_of_one_hot(codes):
    flipped = one_hot_codes(codes)[:, ::-1, ::-1]
    np.testing.assert_array_equal(one_hot_codes(reverse_complement(codes)), flipped)


def test_shuffles_are_as_many_as_sequences_with_the_same_pairs_and_ends():
    every = [np.array(codes, dtype=np.uint8) for codes in product(range(3), repeat=8)]
    every += list(np.random.default_rng(0).integers(0, 4, (300, 8)).astype(np.uint8))
    kinds = [(codes[0], codes[-1], tuple(sorted(pairwise(codes.tolist())))) for codes in every]
    number = Counter(kinds[: 3**8])  # of all sequences of three letters
    found = log_shuffles(np.stack(every))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(
        found[: 3**8], np.log([number[kind] for kind in kinds[: 3**8]]), atol=1e-9
    )


@pytest.mark.parametrize("length", [4, 60, 1346, 10_000])
@pytest.mark.parametrize("unit", ["A", "T", "AC", "TG", "ACG", "ACGT", "GCTA"])
def test_repeats_that_no_shuffle_changes_are_told(unit, length):
    codes = np.resize(encode(unit), length)[None]
    assert is_repeat(codes).tolist() == [True]
    if length > 4:
        changed = codes.copy()
        changed[0, 20:30] = encode("GATTACAGAT")
        assert is_repeat(changed).tolist() == [False]
