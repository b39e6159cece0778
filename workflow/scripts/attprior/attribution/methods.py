"""Attributions that need no references: input gradients and in-silico mutagenesis."""

import torch
from tangermeme.saturation_mutagenesis import saturation_mutagenesis
from torch import Tensor, nn

from attprior.models.architecture import Architecture, Head


class Scalar(nn.Module):
    """The attributed scalar of a model as a column (N, 1), as tangermeme reads models.

    What it holds constant and controls are inputs, so that they stay a sequence's own in all its
    references and mutants.
    """

    def __init__(self, model: Architecture, head: Head | None) -> None:
        super().__init__()
        self.model, self.head = model, head

    def forward(self, sequences: Tensor, constants: Tensor, control: Tensor) -> Tensor:
        """Scalar of each sequence."""
        outputs = self.model(sequences, control)
        return self.model.head_scalar(outputs, self.head, constants).unsqueeze(1)


def scalar_constants(
    model: Architecture, sequences: Tensor, control: Tensor, head: Head | None = None
) -> Tensor:
    """What the scalar of each sequence holds constant: (N, T, S, O) probabilities of a profile."""
    with torch.no_grad():
        return model.head_constants(model(sequences, control), head)


def input_gradient(
    model: Architecture, sequences: Tensor, control: Tensor, head: Head | None = None
) -> Tensor:
    """Gradient (N, 4, L) of the scalar with respect to one-hot sequences (N, 4, L)."""
    sequences = sequences.clone().requires_grad_()
    scalar = model.head_scalar(model(sequences, control), head)
    return torch.autograd.grad(scalar.sum(), sequences)[0]


def mutagenesis(
    model: Architecture,
    sequences: Tensor,
    control: Tensor,
    batch_size: int,
    device: torch.device,
    head: Head | None = None,
) -> Tensor:
    """In-silico mutagenesis of the scalar by tangermeme, (N, 4, L).

    The scalar with each base at each position, less the mean over the four: hypothetical
    contributions, which at the bases that are there are contributions.

    Parameters
    ----------
    sequences
        (N, 4, L), one-hot.
    control
        (N, C, S, O).
    batch_size
        Mutants at once.
    """
    if not len(sequences):
        return torch.zeros(sequences.shape)
    constants = torch.cat(
        [
            scalar_constants(model, part.to(device), own.to(device), head).cpu()
            for part, own in zip(
                sequences.split(batch_size), control.split(batch_size), strict=True
            )
        ]
    )
    return saturation_mutagenesis(
        Scalar(model, head).eval(),
        sequences,
        args=(constants, control),
        batch_size=batch_size,
        target=0,
        hypothetical=True,
        device=str(device),
    ).cpu()
