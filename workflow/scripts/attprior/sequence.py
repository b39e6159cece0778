"""DNA as text, as codes and one-hot."""

import numpy as np

BASES = "ACGT"
N_CODE = 4

_CODES = np.full(256, N_CODE, dtype=np.uint8)
for _code, _base in enumerate(BASES):
    _CODES[ord(_base)] = _CODES[ord(_base.lower())] = _code
_TEXT = np.frombuffer(b"ACGTN", dtype=np.uint8)
# a row of zeros for N: no base there, so no contribution either
_ONE_HOT = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), dtype=np.float32)])
_COMPLEMENT = np.array([3, 2, 1, 0, N_CODE], dtype=np.uint8)


def encode(text: str | bytes) -> np.ndarray:
    """Codes (L,) uint8 of a sequence: 0 to 3 for A, C, G, T in either case, 4 for all else."""
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    return _CODES[np.frombuffer(raw, dtype=np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Text of codes (L,)."""
    return _TEXT[codes].tobytes().decode()


def one_hot(sequence: str) -> np.ndarray:
    """One-hot (4, L) float32 of a sequence; bases in the order A C G T, N is a column of zeros."""
    return one_hot_codes(encode(sequence))


def one_hot_codes(codes: np.ndarray) -> np.ndarray:
    """One-hot (..., 4, L) float32 of codes (..., L)."""
    return np.ascontiguousarray(np.moveaxis(_ONE_HOT[codes], -1, -2))


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse complement (..., L) of codes (..., L)."""
    return _COMPLEMENT[codes[..., ::-1]]
