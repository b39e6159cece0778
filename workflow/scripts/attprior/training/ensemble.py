"""Several initialisations of one architecture, computed together.

Letters of shapes: Z seeds, N examples, and those of `attprior.models.architecture`.
"""

from collections.abc import Mapping, Sequence
from copy import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call

from attprior.models.architecture import Architecture, Outputs


class _Forward(nn.Module):
    """A model's `forward`, as a module that weights can be lent to."""

    def __init__(self, model: Architecture) -> None:
        super().__init__()
        self.model = model

    def forward(self, sequences: Tensor, control: Tensor | None) -> Outputs:
        return self.model(sequences, control)


class _Gradient(_Forward):
    """A model's `gradient`."""

    def __init__(self, model: Architecture, weighting: str) -> None:
        super().__init__(model)
        self.weighting = weighting

    def forward(self, sequences: Tensor, control: Tensor | None) -> Outputs:
        return self.model.gradient(sequences, control, self.weighting)


class Ensemble:
    """Models of one architecture whose weights lie side by side.

    Each member computes what it would alone: nothing is shared but the passes over the device. An
    ensemble of one is computed as a plain model.

    Parameters
    ----------
    models
        One for each seed, on the device where they stay.
    """

    def __init__(self, models: Sequence[Architecture]) -> None:
        self.model = models[0]
        states = [dict(model.named_parameters()) for model in models]
        self.weights = {
            name: nn.Parameter(torch.stack([state[name].detach() for state in states]))
            for name in states[0]
        }
        states = [dict(model.named_buffers()) for model in models]
        self.buffers = {name: torch.stack([state[name] for state in states]) for name in states[0]}

    def __len__(self) -> int:
        return len(next(iter(self.weights.values())))

    def forward(self, members: slice, sequences: Tensor, control: Tensor | None = None) -> Outputs:
        """Outputs (Z, N, ...) of some members.

        Parameters
        ----------
        members
            Which of them.
        sequences, control
            (Z, N, 4, L) and (Z, N, C, S, O), or (1, N, ...) where all members see the same.
        """
        return self._call(_Forward(self.model), members, sequences, control)

    def gradient(
        self, members: slice, sequences: Tensor, control: Tensor | None, weighting: str
    ) -> Outputs:
        """Gradient (Z, N, 4, L) and outputs of some members, of an architecture that writes it."""
        return self._call(_Gradient(self.model, weighting), members, sequences, control)

    def _call(
        self, part: nn.Module, members: slice, sequences: Tensor, control: Tensor | None
    ) -> Outputs:
        state = [
            {f"model.{name}": value[members] for name, value in values.items()}
            for values in (self.weights, self.buffers)
        ]
        if len(range(len(self))[members]) == 1:
            alone = tuple({name: value[0] for name, value in values.items()} for values in state)
            data = (sequences[0], None if control is None else control[0])
            return tuple(output.unsqueeze(0) for output in functional_call(part, alone, data))

        def call(weights: Mapping, buffers: Mapping, *data: Tensor | None) -> Outputs:
            return functional_call(part, (weights, buffers), data)

        data, places = [sequences, control], [0, None if control is None else 0]
        if len(sequences) == 1:
            data, places = [None if item is None else item[0] for item in data], [None, None]
        return torch.vmap(call, in_dims=(0, 0, *places), randomness="different")(*state, *data)

    def state(self, member: int) -> dict[str, Tensor]:
        """Copy of a member's state_dict."""
        return {
            name: value[member].detach().clone()
            for name, value in {**self.weights, **self.buffers}.items()
        }

    def copy(self) -> "Ensemble":
        """Another ensemble of the same values, on its own."""
        other = copy(self)
        for part in ("weights", "buffers"):
            values = getattr(self, part)
            setattr(other, part, {name: value.detach().clone() for name, value in values.items()})
        return other

    def approach(self, other: "Ensemble", share: float) -> None:
        """Move all values a share of the way to those of another ensemble; take over its integers."""
        for part in ("weights", "buffers"):
            for name, value in getattr(self, part).items():
                aim = getattr(other, part)[name]
                if value.is_floating_point():
                    value.lerp_(aim, share)
                else:
                    value.copy_(aim)

    def load(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Take over the values of each member's `state`."""
        for values in (self.weights, self.buffers):
            for name, value in values.items():
                value.copy_(torch.stack([state[name] for state in states]))
