"""Model of stranded 5' profiles and their counts, after BPNet.

Letters of shapes: N examples, L input positions, T tasks, S strands, O profile positions, F filters.
"""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attprior.losses import profile_losses
from attprior.models.architecture import Architecture
from attprior.models.convolutions import (
    convolution,
    transposed,
    wide_convolution,
    wide_transposed,
)
from attprior.models.shapes import body_length, check_profile

EXAMPLES = "profiles"
DEFAULTS = {
    "input_length": 1346,
    "profile_length": 1000,
    "filters": 64,
    "widths": [21, 3, 3, 3, 3, 3, 3],
    "dilations": [1, 2, 4, 8, 16, 32, 64],
    "profile_width": 75,
    "dropout": 0,
    "count_loss_weight": 20,
    "batch_size": 64,
    "prior": {"weight": 50, "freq_limit": 200},
}


class ProfileModel(Architecture):
    """Dilated convolutions, each reading the sum of all earlier outputs; a profile and a count head.

    The layers are valid convolutions and sums are cropped to the shorter: the same function as
    padded layers cropped at the end to what saw no padding, without computing what is cropped.

    Parameters
    ----------
    settings
        `input_length`, `profile_length`, `filters`, `widths`, `dilations`, `profile_width`,
        `dropout` (after each convolution), `count_loss_weight`.
    tasks, strands
        T and S.
    controls
        `matched` (one per task), `shared` (one for all) or `none`.
    """

    check = staticmethod(check_profile)

    def __init__(self, settings: Mapping, tasks: int, strands: int, controls: str) -> None:
        super().__init__(settings, tasks, strands, controls)
        self.count_loss_weight = settings["count_loss_weight"]
        filters, outputs = settings["filters"], tasks * strands
        self.convolutions = nn.ModuleList(
            nn.Conv1d(4 if layer == 0 else filters, filters, width, dilation=dilation)
            for layer, (width, dilation) in enumerate(
                zip(settings["widths"], settings["dilations"], strict=True)
            )
        )
        # one ReLU per place: DeepLIFT is wrong where one module is reused
        self.activations = nn.ModuleList(nn.ReLU() for _ in self.convolutions)
        self.dropout = nn.Dropout(settings["dropout"]) if settings["dropout"] else nn.Identity()
        self.body_length = body_length(settings)
        self.profile_convolution = nn.Conv1d(filters, outputs, settings["profile_width"])
        self.count_dense = nn.Linear(filters, outputs)
        if controls != "none":
            self.profile_control = nn.Conv1d(2 * outputs, outputs, 1, groups=tasks)
            self.count_control = nn.Conv1d(2 * outputs, outputs, 1, groups=tasks)

    def layers(self, sequences: Float[Tensor, "N 4 L"]) -> list[Float[Tensor, "N M F"]]:
        """Output of each dilated convolution, position by position; shorter from each to the next."""
        total, outputs = sequences.transpose(1, 2).contiguous(), []
        for layer, activation in zip(self.convolutions, self.activations, strict=True):
            if outputs:
                total = _sum(total, outputs[-1]) if len(outputs) > 1 else outputs[-1]
            summed = convolution(total, layer.weight, layer.bias, *layer.dilation)
            outputs.append(self.dropout(activation(summed)))
        return outputs

    def pull_back(
        self, cotangent: Float[Tensor, "N T S O"], layers: Sequence[Float[Tensor, "N M F"]]
    ) -> Float[Tensor, "N 4 L"]:
        """Gradient of the sequences, given that of the profiles' logits, by transposed layers.

        Where the slopes of the ReLUs are held, logits are linear in the sequences, and so their
        gradient is a computation as plain as `forward`: one ordinary backward pass gives its own
        gradient with respect to the weights. Slopes change nowhere but by jumps, so that is all of it.

        Parameters
        ----------
        layers
            What `layers` gave for the sequences.
        """
        if self.controls != "none":
            shape = self.tasks, self.strands, 2 * self.strands
            own = self.profile_control.weight.view(shape)[..., : self.strands]
            cotangent = torch.einsum("ntso,tsr->ntro", cotangent, own)
        head = self.profile_convolution
        cotangent = wide_transposed(cotangent.flatten(1, 2).transpose(1, 2), head.weight)
        last = len(layers) - 1
        for number in range(last, -1, -1):
            layer = self.convolutions[number]
            within = cotangent * self._slopes(layers[number])
            below = transposed(within, layer.weight, *layer.dilation)
            if 0 < number < last:
                # past the layer, to what was added to its output
                margin = (below.shape[1] - cotangent.shape[1]) // 2
                below = below + nn.functional.pad(cotangent, (0, 0, margin, margin))
            cotangent = below
        return cotangent.transpose(1, 2)

    def gradient(
        self,
        sequences: Float[Tensor, "N 4 L"],
        control: Float[Tensor, "N C S O"] | None,
        weighting: str,
    ) -> tuple[Tensor, ...]:
        """Gradient of the scalar as a forward computation, and the outputs."""
        layers = self.layers(sequences)
        outputs = self.heads(layers[-1].transpose(1, 2), control)
        weights = self.constants(outputs, weighting)
        # the scalar is of centred logits, so their gradient is centred too
        return self.pull_back(weights - weights.mean(dim=-1, keepdim=True), layers), *outputs

    def _slopes(self, output: Float[Tensor, "N M F"]) -> Float[Tensor, "N M F"]:
        """Slopes of a layer's ReLU and dropout, by what came out of them."""
        slopes = (output.detach() > 0).to(output.dtype)
        dropped = self.training and isinstance(self.dropout, nn.Dropout)
        return slopes / (1 - self.dropout.p) if dropped else slopes

    def body(self, sequences: Float[Tensor, "N 4 L"]) -> Float[Tensor, "N F body"]:
        """Output of the last dilated convolution."""
        return self.layers(sequences)[-1].transpose(1, 2)

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
        logits = wide_convolution(body.transpose(1, 2), head.weight) + head.bias
        logits = logits.transpose(1, 2).unflatten(1, (self.tasks, self.strands))
        if self.controls == "none":
            return logits
        return self._with_controls(self.profile_control, logits, control)

    def log_counts(
        self, body: Float[Tensor, "N F body"], control: Float[Tensor, "N C S O"] | None
    ) -> Float[Tensor, "N T S"]:
        """Logs of one plus the total counts."""
        counts = self.count_dense(body.mean(dim=-1))
        counts = counts.unflatten(1, (self.tasks, self.strands)).unsqueeze(-1)
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
        return self.heads(self.body(sequences), control)

    def heads(
        self, body: Float[Tensor, "N F body"], control: Float[Tensor, "N C S O"] | None
    ) -> tuple[Float[Tensor, "N T S O"], Float[Tensor, "N T S"]]:
        """Profile logits and log counts of a body's output."""
        return self.profile(body, control), self.log_counts(body, control)

    def loss(
        self, outputs: tuple[Tensor, Tensor], batch: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Multinomial NLL of the profiles plus the weighted squared error of the log counts."""
        profile, count = profile_losses(*outputs, batch["profiles"])
        return {"profile": profile, "count": count}, profile + self.count_loss_weight * count

    def start_at(self, outputs: tuple[Float[Tensor, "1 T S O"], Float[Tensor, "1 T S"]]) -> None:
        """Start the count head at these log counts; a profile needs no bias, as softmax ignores it."""
        last = self.count_dense if self.controls == "none" else self.count_control
        with torch.no_grad():
            last.bias.copy_(outputs[1].flatten())

    def scalar(
        self, outputs: tuple[Tensor, Tensor], constants: Float[Tensor, "N T S O"] | None = None
    ) -> Float[Tensor, " N"]:
        """Centred logits, weighted by position and summed."""
        return profile_scalar(outputs[0], constants)

    def constants(
        self, outputs: tuple[Tensor, Tensor], weighting: str = "probability"
    ) -> Float[Tensor, "N T S O"]:
        """Weights of the positions: predicted probabilities, or their logs.

        The logs are the published code's mistake, kept for repeating published runs.
        """
        weigh = {"probability": torch.softmax, "log_probability": torch.log_softmax}[weighting]
        return weigh(outputs[0], dim=-1).detach()


def _sum(longer: Float[Tensor, "N L F"], output: Float[Tensor, "N M F"]) -> Float[Tensor, "N M F"]:
    """Sum of a layer's output and of the middle of what it read."""
    margin = (longer.shape[1] - output.shape[1]) // 2
    return output + longer[:, margin : margin + output.shape[1]]


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
