"""Model of stranded 5' profiles and their counts, after BPNet.

Letters of shapes: N examples, L input positions, T tasks, S strands, O profile positions, F filters.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attprior.models.shapes import body_length, output_length


def wide_convolution(
    values: Float[Tensor, "N F L"], weight: Float[Tensor, "S F W"], bias: Float[Tensor, " S"]
) -> Float[Tensor, "N S O"]:
    """Valid convolution with a wide kernel and few outputs, as one matrix product.

    The product gives what each tap adds at each position; shifting the rows of its taps by one
    position each lines up what belongs together. `conv1d` is several times slower at such shapes
    on a CPU, most of all in its backward pass.
    """
    outputs, filters, width = weight.shape
    number, _, length = values.shape
    taps = weight.permute(0, 2, 1).reshape(outputs * width, filters) @ values
    rows = nn.functional.pad(taps.view(number, outputs, width * length), (0, width))
    # a row longer by one moves each tap's values back by one more position than the last tap's
    shifted = rows.view(number, outputs, width, length + 1)[..., : length - width + 1]
    return shifted.sum(dim=2) + bias.unsqueeze(1)


class ProfileModel(nn.Module):
    """Dilated convolutions, each reading the sum of all earlier outputs; a profile and a count head.

    The layers are valid convolutions and sums are cropped to the shorter: the same function as
    padded layers cropped at the end to what saw no padding, without computing what is cropped.

    Parameters
    ----------
    settings
        `input_length`, `profile_length`, `filters`, `widths`, `dilations`, `profile_width`.
    tasks, strands
        T and S.
    controls
        `matched` (one per task), `shared` (one for all) or `none`.
    """

    def __init__(self, settings: Mapping, tasks: int, strands: int, controls: str) -> None:
        super().__init__()
        if output_length(settings) != settings["profile_length"]:
            raise ValueError(
                f"layers leave {output_length(settings)} bp, not {settings['profile_length']}"
            )
        self.tasks, self.strands, self.controls = tasks, strands, controls
        filters, outputs = settings["filters"], tasks * strands
        self.convolutions = nn.ModuleList(
            nn.Conv1d(4 if layer == 0 else filters, filters, width, dilation=dilation)
            for layer, (width, dilation) in enumerate(
                zip(settings["widths"], settings["dilations"], strict=True)
            )
        )
        # one ReLU per place: DeepLIFT is wrong where one module is reused
        self.activations = nn.ModuleList(nn.ReLU() for _ in self.convolutions)
        self.body_length = body_length(settings)
        self.profile_convolution = nn.Conv1d(filters, outputs, settings["profile_width"])
        self.count_dense = nn.Linear(filters, outputs)
        if controls != "none":
            self.profile_control = nn.Conv1d(2 * outputs, outputs, 1, groups=tasks)
            self.count_control = nn.Conv1d(2 * outputs, outputs, 1, groups=tasks)

    def body(self, sequences: Float[Tensor, "N 4 L"]) -> Float[Tensor, "N F body"]:
        """Output of the last dilated convolution."""
        total = sequences
        last = len(self.convolutions) - 1
        for layer, (convolution, activation) in enumerate(
            zip(self.convolutions, self.activations, strict=True)
        ):
            output = activation(convolution(total))
            if layer == 0 or layer == last:
                total = output
            else:
                crop = (total.shape[-1] - output.shape[-1]) // 2
                total = output + total[..., crop : crop + output.shape[-1]]
        return total

    def _with_controls(self, head: nn.Module, own: Tensor, control: Tensor) -> Tensor:
        """Mix each task's own outputs (N, T, S, X) with its control's (N, T or 1, S, X)."""
        control = control.expand(-1, self.tasks, -1, -1)
        pairs = torch.cat([own, control], dim=2)
        return head(pairs.flatten(1, 2)).view(own.shape)

    def profile(
        self, body: Float[Tensor, "N F body"], control: Float[Tensor, "N C S O"] | None
    ) -> Float[Tensor, "N T S O"]:
        """Logits of the profiles."""
        head = self.profile_convolution
        logits = wide_convolution(body, head.weight, head.bias)
        logits = logits.view(len(logits), self.tasks, self.strands, -1)
        if self.controls == "none":
            return logits
        return self._with_controls(self.profile_control, logits, control)

    def log_counts(
        self, body: Float[Tensor, "N F body"], control: Float[Tensor, "N C S O"] | None
    ) -> Float[Tensor, "N T S"]:
        """Logs of one plus the total counts."""
        counts = self.count_dense(body.mean(dim=-1))
        counts = counts.view(len(counts), self.tasks, self.strands, 1)
        if self.controls == "none":
            return counts.squeeze(-1)
        totals = torch.log1p(control.sum(dim=-1, keepdim=True))
        return self._with_controls(self.count_control, counts, totals).squeeze(-1)

    def forward(
        self, sequences: Float[Tensor, "N 4 L"], control: Float[Tensor, "N C S O"] | None = None
    ) -> tuple[Float[Tensor, "N T S O"], Float[Tensor, "N T S"]]:
        """Profile logits and log counts.

        Parameters
        ----------
        control
            Control 5' ends of the output positions; C is T (matched), 1 (shared), or nothing.
        """
        body = self.body(sequences)
        return self.profile(body, control), self.log_counts(body, control)


def profile_scalar(
    logits: Float[Tensor, "N T S O"], weights: Float[Tensor, "N T S O"] | None = None
) -> Float[Tensor, "N"]:
    """The scalar that is attributed: centred logits weighted by their probabilities.

    The probabilities are held constant: those given, or those of the logits themselves, detached.
    """
    if weights is None:
        weights = torch.softmax(logits, dim=-1).detach()
    centred = logits - logits.mean(dim=-1, keepdim=True)
    return (centred * weights).sum(dim=(1, 2, 3))
