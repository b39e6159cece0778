"""References of DeepSHAP: dinucleotide shuffles of each sequence."""

import torch
from tangermeme.ersatz import dinucleotide_shuffle
from torch import Tensor

from attprior.locks import first_alone


def references_of(sequences: Tensor, number: int, seed: int) -> Tensor:
    """Dinucleotide shuffles (N, K, 4, L) of sequences, the same for the same seed.

    A sequence whose shuffles are all alike, as those of a repeat are, has them all the same, where
    tangermeme would refuse all sequences for it.

    Parameters
    ----------
    sequences
        (N, 4, L), one-hot.
    number
        Shuffles of each, K.
    """
    try:
        with first_alone("shuffles"):
            return dinucleotide_shuffle(sequences, n=number, random_state=seed)
    except ValueError:
        if len(sequences) > 1:
            # tangermeme adds a sequence's place to the seed
            each = enumerate(sequences.split(1), start=seed)
            return torch.cat([references_of(one, number, own) for own, one in each])
        alike = dinucleotide_shuffle(sequences, n=1, random_state=seed)
        return alike.expand(-1, number, -1, -1)
