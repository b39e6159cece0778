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


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Reverse complement (..., L) of codes (..., L)."""
    return _COMPLEMENT[codes[..., ::-1]]
