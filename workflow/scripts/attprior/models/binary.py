"""Model of binary labels of bins: valid convolutions, max pools and dense layers.

Letters of shapes: N examples, L input positions, T tasks.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attprior.losses import binary_losses
from attprior.models.architecture import Architecture
from attprior.models.shapes import check_pooled, layer_filters, pooled_lengths

EXAMPLES = "bins"
DEFAULTS = {
    "input_length": 1000,
    "filters": 64,
    "widths": [15, 15, 13],
    "pools": [1, 1, 40],
    "dense": [50, 15],
    "dropout": 0,
    "batch_size": 128,
    "prior": {"weight": 1, "freq_limit": 150},
}


class BinaryModel(Architecture):
    """Convolutions without padding, each with a max pool, then dense layers, to a logit per task.

    After each convolution and dense layer come ReLU, batch norm and dropout. Pools do not overlap;
    positions that fill no pool are left out.

    Parameters
    ----------
    settings
        `input_length`, `filters` (one number, or one per convolution), `widths`, `pools`, `dense`,
        `dropout`.
    tasks
        T.
    strands, controls
        Without effect: bins have neither.
    """

    mixes_examples = True
    norm_first = False
    check = staticmethod(check_pooled)

    def __init__(self, settings: Mapping, tasks: int, strands: int, controls: str) -> None:
        super().__init__(settings, tasks, strands, controls)
        layers, size = [], 4
        for filters, width, pool in zip(
            layer_filters(settings), settings["widths"], settings["pools"], strict=True
        ):
            layers += [nn.Conv1d(size, filters, width), *self._after(filters, settings["dropout"])]
            layers += [nn.MaxPool1d(pool)] if pool > 1 else []
            size = filters
        self.convolutions = nn.Sequential(*layers)
        layers, size = [], size * pooled_lengths(settings)[-1]
        for units in settings["dense"]:
            layers += [nn.Linear(size, units), *self._after(units, settings["dropout"])]
            size = units
        self.dense = nn.Sequential(*layers, nn.Linear(size, tasks))

    def _after(self, size: int, dropout: float) -> list[nn.Module]:
        """What follows a layer; new modules each time, as DeepLIFT is wrong for a reused ReLU."""
        pair = [nn.ReLU(), nn.BatchNorm1d(size)]
        return (pair[::-1] if self.norm_first else pair) + (
            [nn.Dropout(dropout)] if dropout else []
        )

    def forward(
        self, sequences: Float[Tensor, "N 4 L"], control: Tensor | None = None
    ) -> tuple[Float[Tensor, "N T"]]:
        """Logits."""
        return (self.dense(self.convolutions(sequences).flatten(1)),)

    def loss(
        self, outputs: tuple[Float[Tensor, "N T"]], batch: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Mean of the positives' and the negatives' cross-entropy."""
        positive, negative, total = binary_losses(outputs[0], batch["labels"])
        return {"positive": positive, "negative": negative}, total

    def start_at(self, outputs: tuple[Float[Tensor, "1 T"]]) -> None:
        """Start at these logits."""
        with torch.no_grad():
            self.dense[-1].bias.copy_(outputs[0].flatten())

    def scalar(
        self, outputs: tuple[Float[Tensor, "N T"]], constants: Tensor | None = None
    ) -> Float[Tensor, " N"]:
        """Sum of the logits over tasks."""
        return outputs[0].sum(dim=1)
