"""The best prediction that is the same for all examples: where models start, and what they must beat.

Letters of shapes: those of `attprior.models.architecture`.
"""

import logging
from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from attprior.dataset.windows import Batch, BinBatch
from attprior.models.architecture import Architecture, Outputs

log = logging.getLogger(__name__)

# added to each position's counts, and to a task's bins of each class, so that none has probability 0
PSEUDOCOUNT = 0.5
# a constant prediction can beat the one fitted to training data by a little, as chromosomes differ:
# seeds stuck at one must not pass for better, and seeds that learn anything gain far more
MARGIN = 0.01


def best_constant(batches: Iterable[Batch | BinBatch]) -> Outputs:
    """The one prediction for all examples that loses least on them; batches are read one by one.

    Returns
    -------
    tuple
        Outputs of one example. For profiles, logits (1, T, S, O), the logs of the counts summed over
        examples, which are the multinomial's maximum likelihood; and the mean of log(1 + count)
        (1, T, S). For bins, logits (1, T) that lose least by `attprior.losses.binary_losses`: 0 for
        one task, as its classes weigh the same.
    """
    batches = iter(batches)
    first = next(batches)
    found = _of_bins if isinstance(first, BinBatch) else _of_profiles
    return tuple(
        torch.from_numpy(values[None].astype(np.float32))
        for values in found(chain([first], batches))
    )


def _of_profiles(batches: Iterable[Batch]) -> tuple[np.ndarray, ...]:
    profile, log_count, number = PSEUDOCOUNT, 0.0, 0
    for batch in batches:
        profile = profile + batch.profiles.sum(axis=0, dtype=np.float64)
        log_count = log_count + np.log1p(batch.profiles.sum(axis=-1)).sum(axis=0, dtype=np.float64)
        number += len(batch.profiles)
    return np.log(profile), log_count / number


def _of_bins(batches: Iterable[BinBatch]) -> tuple[np.ndarray, ...]:
    classes = (1, 0)
    numbers = PSEUDOCOUNT + sum(
        np.stack([(batch.labels == label).sum(axis=0) for label in classes]) for batch in batches
    )
    positive, negative = numbers / numbers.sum(axis=1, keepdims=True)
    return (np.log(positive / negative),)


class Constant(Architecture):
    """A model that predicts the same for all examples, and is judged as another one is.

    Parameters
    ----------
    model
        The other one, whose loss it has.
    outputs
        Of one example, as `best_constant` gives them.
    """

    def __init__(self, model: Architecture, outputs: Outputs) -> None:
        nn.Module.__init__(self)
        self.loss, self.mixes_examples = model.loss, model.mixes_examples
        self.outputs = nn.ParameterList(outputs)

    def forward(self, sequences: Tensor, control: Tensor | None = None) -> Outputs:
        """The outputs, once for each sequence."""
        return tuple(output.expand(len(sequences), *output.shape[1:]) for output in self.outputs)


def no_better(loss: float, constant: float) -> bool:
    """Whether a loss is less than `MARGIN`, as a share, below that of the constant prediction."""
    return loss > (1 - MARGIN) * constant


def learnt_nothing(row: Mapping[str, float], examples: str) -> list[str]:
    """Parts of a seed's validation loss that are no better than the constant's; the log tells each.

    Parameters
    ----------
    row
        The best epoch's of the history.
    examples
        `profiles` or `bins`. The parts of bins are not judged one by one, since more of a class found
        can be worth a loss in the other, but by the whole, named `prediction`.
    """
    parts = {"prediction": "loss"}
    if examples == "profiles":
        columns = [key.removeprefix("constant_") for key in row if key.startswith("constant_")]
        parts = {column.removesuffix("_loss"): column for column in columns if column != "loss"}
    found = []
    for part, column in parts.items():
        losses = row[f"validation_{column}"], row[f"constant_{column}"]
        if no_better(*losses):
            found.append(part)
            log.warning(
                "seed %d has learnt nothing of the %s: at its best epoch, %d, its validation loss is "
                "%.4f, and that of a constant prediction %.4f",
                *(row["seed"], part, row["epoch"], *losses),
            )
    return found
