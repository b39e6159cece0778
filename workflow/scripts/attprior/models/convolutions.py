"""Valid convolutions of tensors that lie position by position, (N, L, F), and their transposes.

PyTorch's `conv1d` wants (N, F, L). For that layout oneDNN copies a CPU's tensors into one of its own
and back, and cuDNN's tensor cores do likewise; `conv2d` takes the other as it lies, as its "channels
last". On two cores a dilated convolution of the published size is 1.3 to 1.9 times as fast so.

Letters of shapes: N examples, L positions, F filters read, G filters given, W width of the kernel.
"""

from jaxtyping import Float
from torch import Tensor, nn

# with fewer outputs a vector unit lies idle; with more, too much is multiplied by zeros
OUTPUTS_AT_ONCE = 48


def convolution(
    values: Float[Tensor, "N L F"],
    weight: Float[Tensor, "G F W"],
    bias: Float[Tensor, " G"] | None = None,
    dilation: int = 1,
    stride: int = 1,
) -> Float[Tensor, "N M G"]:
    """Valid convolution, at every `stride`-th position."""
    image = values.transpose(1, 2).unsqueeze(2)
    strides, dilations = (1, stride), (1, dilation)
    result = nn.functional.conv2d(image, weight.unsqueeze(2), bias, strides, 0, dilations)
    return result.squeeze(2).transpose(1, 2)


def transposed(
    values: Float[Tensor, "N M G"],
    weight: Float[Tensor, "G F W"],
    dilation: int = 1,
    stride: int = 1,
) -> Float[Tensor, "N L F"]:
    """Transpose of `convolution`: the gradient of its input, given that of its output.

    L is the shortest length that gives M.
    """
    image = values.transpose(1, 2).unsqueeze(2)
    result = nn.functional.conv_transpose2d(
        image, weight.unsqueeze(2), stride=(1, stride), dilation=(1, dilation)
    )
    return result.squeeze(2).transpose(1, 2)


def wide_convolution(
    values: Float[Tensor, "N L F"], weight: Float[Tensor, "G F W"]
) -> Float[Tensor, "N M G"]:
    """Valid convolution with a wide kernel and few outputs, a block of positions at once.

    The outputs of a block of positions are taken for those of so many more filters, each reading the
    block's whole surroundings: a third more products for a width of 75 and two outputs, most of them
    several times as fast, as a CPU's vectors are filled.
    """
    positions = values.shape[1] - weight.shape[2] + 1
    kernel, block = _shifted(weight)
    missing = -positions % block
    if missing:
        values = nn.functional.pad(values, (0, 0, 0, missing))
    blocks = convolution(values, kernel, stride=block)
    return blocks.unflatten(2, (block, len(weight))).flatten(1, 2)[:, :positions]


def wide_transposed(
    values: Float[Tensor, "N M G"], weight: Float[Tensor, "G F W"]
) -> Float[Tensor, "N L F"]:
    """Transpose of `wide_convolution`."""
    positions = values.shape[1]
    kernel, block = _shifted(weight)
    missing = -positions % block
    if missing:
        values = nn.functional.pad(values, (0, 0, 0, missing))
    blocks = values.reshape(len(values), -1, block * len(weight))
    return transposed(blocks, kernel, stride=block)[:, : positions + weight.shape[2] - 1]


def _shifted(weight: Float[Tensor, "G F W"]) -> tuple[Float[Tensor, "BG F V"], int]:
    """Kernel of a block of B positions: B copies, each shifted by one more; and B."""
    outputs, filters, width = weight.shape
    block = max(1, OUTPUTS_AT_ONCE // outputs)
    # rows of W + B values, cut into rows that are shorter by one, move right by one from row to row
    rows = nn.functional.pad(weight, (0, block)).repeat(1, 1, block)
    span = width + block - 1
    rows = rows[..., : block * span].view(outputs, filters, block, span)
    return rows.permute(2, 0, 1, 3).reshape(block * outputs, filters, span), block
