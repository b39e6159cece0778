"""DNA as text, as codes and one-hot."""

import numpy as np

BASES = "ACGT"
N_CODE = 4

# code of each byte; find gives -1 for all that is no base
CODES = bytes(BASES.find(chr(byte).upper()) % (N_CODE + 1) for byte in range(256))
_TEXT = np.frombuffer(b"ACGTN", dtype=np.uint8)
_COMPLEMENT = np.array([3, 2, 1, 0, N_CODE], dtype=np.uint8)


def encode(text: str | bytes) -> np.ndarray:
    """Codes (L,) uint8 of a sequence: 0 to 3 for A, C, G, T in either case, 4 for all else."""
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    return np.frombuffer(bytearray(raw.translate(CODES)), dtype=np.uint8)


def decode(codes: np.ndarray) -> str:
    """Text of codes (L,)."""
    return _TEXT[codes].tobytes().decode()


def one_hot(sequence: str) -> np.ndarray:
    """One-hot (4, L) float32 of a sequence; bases in the order A C G T, N is a column of zeros."""
    return one_hot_codes(encode(sequence))


def one_hot_codes(codes: np.ndarray) -> np.ndarray:
    """One-hot (..., 4, L) float32 of codes (..., L)."""
    # N is none of the four: no base there, so no contribution either
    bases = np.arange(len(BASES), dtype=codes.dtype)[:, None]
    return (codes[..., None, :] == bases).astype(np.float32)


def of_present_base(hypothetical: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Pick each position's value of the base that is there.

    Parameters
    ----------
    hypothetical
        (..., 4, L).
    codes
        (..., L), 0 to 3 for A C G T; others give 0. Leading axes broadcast.
    """
    codes = np.broadcast_to(codes, (*hypothetical.shape[:-2], hypothetical.shape[-1]))
    picked = np.take_along_axis(hypothetical, np.minimum(codes, 3)[..., None, :], axis=-2)
    return np.where(codes < 4, picked[..., 0, :], 0)


def log_shuffles(codes: np.ndarray) -> np.ndarray:
    """Natural logarithm (N,) of how many sequences share their dinucleotides and both ends.

    Source: Whittle 1955, Journal of the Royal Statistical Society B 17, 235.

    Parameters
    ----------
    codes
        (N, L), 0 to 3 for A, C, G, T; of sequences with N the result means nothing.
    """
    bases = len(BASES)
    known = np.minimum(codes, bases - 1).astype(np.int64)
    pairs = known[:, :-1] * bases + known[:, 1:] + bases**2 * np.arange(len(codes))[:, None]
    counts = np.bincount(pairs.ravel(), minlength=bases**2 * len(codes))
    counts = counts.reshape(-1, bases, bases)
    total = counts.sum(axis=2)
    log_factorial = np.append(0, np.cumsum(np.log(np.arange(1, codes.shape[1]))))
    orders = log_factorial[total].sum(axis=1) - log_factorial[counts].sum(axis=(1, 2))
    # of these orders, the share that makes one path from the first base to the last
    matrix = np.eye(bases) - counts / np.maximum(total, 1)[:, :, None]
    share = np.empty(len(codes))
    for first in range(bases):
        for last in range(bases):
            rows = (known[:, 0] == first) & (known[:, -1] == last)
            minor = np.delete(np.delete(matrix[rows], last, axis=1), first, axis=2)
            share[rows] = (-1) ** (first + last) * np.linalg.det(minor)
    return orders + np.log(share)


def is_repeat(codes: np.ndarray) -> np.ndarray:
    """Whether a dinucleotide shuffle can't change sequences (N, L): (N,) bool.

    So it is where each base is always followed by the same one: in a homopolymer, and in repeats
    like ACACAC or ACGTACGT.
    """
    return log_shuffles(codes) < np.log(1.5)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse complement (..., L) of codes (..., L)."""
    return _COMPLEMENT[codes[..., ::-1]]
