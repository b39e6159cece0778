"""Losses of predictions.

Letters of shapes: N examples, T tasks, S strands, O profile positions (bp).
"""

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def multinomial_nll(
    logits: Float[Tensor, "N T S O"], counts: Float[Tensor, "N T S O"]
) -> Float[Tensor, "N T S"]:
    """Negative log-likelihood (nats) of counts along O under a multinomial.

    The multinomial coefficient is kept, so the value is a true likelihood of the observed profile. It
    is a small difference of large numbers, so it is computed in float64, and then rounded to the
    type of the logits; gradients, which have no such difference, are computed in that type.

    Parameters
    ----------
    logits
        Unnormalised log-probabilities of the positions.
    counts
        Observed 5' ends at the positions, >= 0.
    """
    surprisal = -(counts * torch.log_softmax(logits, dim=-1)).sum(-1)
    with torch.no_grad():
        exact, wide = counts.double(), logits.double()
        total = exact.sum(-1)
        coefficient = torch.lgamma(total + 1) - torch.lgamma(exact + 1).sum(-1)
        value = total * wide.logsumexp(-1) - (exact * wide).sum(-1) - coefficient
    # the surprisal stands here for its gradient alone
    return value.to(logits.dtype) + (surprisal - surprisal.detach())


def count_error(
    log_counts: Float[Tensor, "N T S"], counts: Float[Tensor, "N T S O"]
) -> Float[Tensor, "N T S"]:
    """Squared error of the predicted log(1 + total count)."""
    return (log_counts - torch.log1p(counts.sum(-1))) ** 2


def profile_losses(
    logits: Float[Tensor, "N T S O"],
    log_counts: Float[Tensor, "N T S"],
    counts: Float[Tensor, "N T S O"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Profile loss and count loss: means over tasks, strands and examples."""
    return multinomial_nll(logits, counts).mean(), count_error(log_counts, counts).mean()


def binary_losses(
    logits: Float[Tensor, "N T"], labels: Integer[Tensor, "N T"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """Cross-entropy (nats) of the positives, of the negatives, and the mean of the two.

    Classes so weigh the same, whatever their numbers. A class that is not there has 0, and the mean
    is the other's; without either it is 0.

    Parameters
    ----------
    labels
        1 positive, 0 negative; all else is ignored, as the -1 of ambiguous bins.
    """
    losses = binary_cross_entropy_with_logits(logits, (labels == 1).to(logits), reduction="none")
    masks = torch.stack([labels == 1, labels == 0])
    numbers = masks.sum(dim=(1, 2))
    positive, negative = (losses * masks).sum(dim=(1, 2)) / numbers.clamp(min=1)
    total = (positive + negative) / (numbers > 0).sum().clamp(min=1)
    return positive, negative, total
