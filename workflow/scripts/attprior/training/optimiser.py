"""Steps of an ensemble's weights, and the running mean of the weights over steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from attprior.training.ensemble import Ensemble

# the mean reaches back over a share of all steps while these are few: with n steps behind it, the
# decay is at most (1 + n) / (10 + n). Source: tf.train.ExponentialMovingAverage
RAMP = 10


class Optimiser:
    """Adam with the norm of each member's gradient bounded, and a running mean of weights.

    Parameters
    ----------
    ensemble
        Whose weights are moved.
    settings
        `learning_rate`, `weight_decay`, `clip_norm` (None for no bound), `weight_average` (decay of
        the mean; 0 for none).
    states
        What `state` gave of each member when training was interrupted; empty at its start.
    """

    def __init__(
        self, ensemble: Ensemble, settings: Mapping, states: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.ensemble = ensemble
        self.clip_norm, self.decay = settings["clip_norm"], settings["weight_average"]
        self.adam = torch.optim.Adam(
            ensemble.weights.values(),
            lr=settings["learning_rate"],
            weight_decay=settings["weight_decay"],
        )
        self.steps = 0
        self.average = ensemble.copy() if self.decay else ensemble
        if states:
            self._restore(states)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.adam.zero_grad(set_to_none=True)

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights by their gradients, and the mean towards them."""
        if self.clip_norm is not None:
            self._clip()
        self.adam.step()
        self.steps += 1
        if self.decay:
            decay = min(self.decay, (1 + self.steps) / (RAMP + self.steps))
            self.average.approach(self.ensemble, 1 - decay)

    def _clip(self) -> None:
        """Scale each member's gradient down to `clip_norm` where its norm is greater."""
        gradients = [w.grad for w in self.ensemble.weights.values() if w.grad is not None]
        norm = sum(gradient.flatten(1).square().sum(dim=1) for gradient in gradients).sqrt()
        # a norm that is not finite must not hide that the loss is not
        scale = (self.clip_norm / norm.clamp(min=1e-12)).clamp(max=1)
        for gradient in gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))

    def state(self, member: int) -> dict[str, Any]:
        """Copy of what a member needs to go on: Adam's moments by weight, the mean, and the steps."""
        moments = {
            name: {
                key: value.clone() if key == "step" else value[member].clone()
                for key, value in self.adam.state[weight].items()
            }
            for name, weight in self.ensemble.weights.items()
        }
        average = self.average.state(member) if self.decay else {}
        return {"moments": moments, "average": average, "steps": self.steps}

    def _restore(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Go on where each member was; all have taken as many steps."""
        for name, weight in self.ensemble.weights.items():
            own: list[Mapping[str, Tensor]] = [state["moments"][name] for state in states]
            self.adam.state[weight] = {
                key: value.clone()
                if key == "step"
                else torch.stack([kept[key] for kept in own]).to(weight)
                for key, value in own[0].items()
            }
        self.steps = states[0]["steps"]
        if self.decay:
            self.average.load([state["average"] for state in states])
