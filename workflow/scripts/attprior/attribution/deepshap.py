"""DeepSHAP of a model's scalar (Lundberg and Lee, NIPS 2017; Shrikumar et al., ICML 2017).

Letters of shapes: N examples, L input positions, S strands, O profile positions, C controls,
K references.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from tangermeme.deep_lift_shap import deep_lift_shap
from torch import Tensor, nn
from torch.nn.functional import max_pool1d, max_unpool1d

from attprior.attribution.methods import Scalar, scalar_constants
from attprior.models.architecture import Architecture, Head

# what is linear, apart from containers, where dropout is off and batch norms have their statistics
LINEAR = (
    *(nn.Conv1d, nn.Linear, nn.BatchNorm1d, nn.AvgPool1d, nn.AdaptiveAvgPool1d),
    *(nn.Dropout, nn.Identity, nn.Flatten, nn.Unflatten),
)
# added where it changes nothing but a division by 0
TINY = 1e-30

# of the scalar; differences under it are as much rounding
SMALLEST_SHARE = 1e-4

# references (N, k, 4, L), multipliers (N, k, 4, L), the scalar of sequences (N, 1) and references
# (N, k)
Pairs = Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]


def deepshap(
    model: Architecture,
    sequences: Tensor,
    control: Tensor,
    references: Tensor,
    batch_size: int,
    device: torch.device,
    head: Head | None = None,
) -> tuple[Tensor, Tensor]:
    """DeepSHAP of the scalar, by DeepLIFT's rescale rule.

    A model of linear layers, ReLUs and plain max pools alone, told by its modules, is attributed
    here: each sequence passes it once and not with each of its references, and multipliers are
    taken back to the references alone. All others are left to tangermeme's DeepLIFT/SHAP, which has
    rules for more, and whose values are the same where both can be had. Nonlinearities that are no
    modules have a rule in neither: the deltas tell.

    Parameters
    ----------
    sequences
        (N, 4, L), one-hot.
    control
        (N, C, S, O); held at a sequence's own in its references.
    references
        (N, K, 4, L), one-hot.
    batch_size
        Pairs of sequence and reference at once.
    head
        What is attributed; None for the scalar that the architecture names.

    Returns
    -------
    tuple
        Hypothetical contributions (N, 4, L): what each base would contribute, averaged over the
        references; times one-hot they are the contributions. And relative convergence deltas (N,):
        mean over references of |f(x) - f(r) - sum of contributions| over the mean of |f(x) - f(r)|,
        or over 1e-4 of |f(x)| where that is more.
    """
    method = own_pairs if has_own_rules(model) else tangermeme_pairs
    number, count = references.shape[:2]
    hypothetical, deltas = torch.zeros(sequences.shape), torch.zeros(number)
    model.eval()
    for rows in torch.arange(number).split(max(1, batch_size // count)):
        own, held = sequences[rows].to(device), control[rows].to(device)
        total, missed, scale = torch.zeros_like(own), 0, 0
        for shuffled, multipliers, scalar, of_references in method(
            model, own, held, references[rows], batch_size, head
        ):
            differences = scalar - of_references
            # contribution of base b where the reference has r: multiplier of b less that of r
            found = multipliers - (multipliers * shuffled).sum(dim=2, keepdim=True)
            summed = torch.einsum("nkbl,nbl->nk", found, own)
            total += found.sum(dim=1)
            missed += (differences - summed).abs().sum(dim=1)
            scale += differences.abs().sum(dim=1)
        hypothetical[rows] = (total / count).cpu()
        least = (SMALLEST_SHARE * count * scalar.abs().squeeze(1)).clamp(min=TINY)
        deltas[rows] = (missed / torch.maximum(scale, least)).cpu()
    return hypothetical, deltas


def has_own_rules(model: nn.Module) -> bool:
    """Whether a model is of linear layers, ReLUs and plain max pools alone, by its modules."""
    leaves = [module for module in model.modules() if not list(module.children())]
    return all(_rule(leaf) or isinstance(leaf, LINEAR) for leaf in leaves if not _empty(leaf))


def own_pairs(
    model: Architecture,
    sequences: Tensor,
    control: Tensor,
    references: Tensor,
    batch_size: int,
    head: Head | None = None,
) -> Pairs:
    """Multipliers of a model that `has_own_rules`, for some references of all sequences at a time.

    All else being linear, they are the scalar's gradient at a reference, with the slope of each
    nonlinearity there replaced by its rule.
    """
    number = len(sequences)
    with torch.no_grad():
        with _hooked(model, _recorder(inputs := [])):
            outputs = model(sequences, control)
        constants = model.head_constants(outputs, head)
        scalar = model.head_scalar(outputs, head, constants)
    for part in references.split(max(1, batch_size // number), dim=1):
        part = part.to(sequences.device)
        repeats = part.shape[1]
        points = part.flatten(0, 1).clone().requires_grad_()
        held, constant = (t.repeat_interleave(repeats, 0) for t in (control, constants))
        with torch.enable_grad():
            with _hooked(model, _replacer(inputs)):
                outputs = model(points, held)
            of_points = model.head_scalar(outputs, head, constant)
            (multipliers,) = torch.autograd.grad(of_points.sum(), points)
        of_points = of_points.detach().view(number, repeats)
        yield part, multipliers.view(part.shape), scalar.unsqueeze(1), of_points


def tangermeme_pairs(
    model: Architecture,
    sequences: Tensor,
    control: Tensor,
    references: Tensor,
    batch_size: int,
    head: Head | None = None,
) -> Pairs:
    """Multipliers of any model by tangermeme, of all references at once."""
    wrapped = _Remembering(model, head).eval()
    multipliers = deep_lift_shap(
        wrapped,
        sequences,
        args=(scalar_constants(model, sequences, control, head), control),
        references=references,
        batch_size=batch_size,
        raw_outputs=True,
        warning_threshold=float("inf"),
        device=str(sequences.device),
    )
    halves = zip(*(both.chunk(2) for both in wrapped.outputs), strict=True)
    scalar, of_references = (torch.cat(half).view(references.shape[:2]) for half in halves)
    shuffled, multipliers = references.to(sequences.device), multipliers.to(sequences.device)
    yield shuffled, multipliers, scalar[:, :1], of_references


class _Remembering(Scalar):
    """A scalar that remembers its outputs."""

    def __init__(self, model: Architecture, head: Head | None) -> None:
        super().__init__(model, head)
        self.outputs: list[Tensor] = []

    def forward(self, sequences: Tensor, constants: Tensor, control: Tensor) -> Tensor:
        column = super().forward(sequences, constants, control)
        self.outputs.append(column.detach().squeeze(1))
        return column


class _ReLU(torch.autograd.Function):
    """ReLU by the rescale rule: its slope is that from a reference's value to the sequence's own."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, output: Tensor, own: Tensor, _: nn.Module) -> Tensor:
        ctx.save_for_backward(values, own)
        return output.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, own = ctx.saved_tensors
        values, own = values.unflatten(0, (len(own), -1)), own.unsqueeze(1)
        # 1 and 0 where both are above and below 0; of two equal values the slope there
        distance = (own - values).abs_().add_(TINY)
        slope = torch.maximum(own, values).div_(distance).clamp_(0, 1).flatten(0, 1)
        return slope.mul_(gradient), None, None, None


class _MaxPool(torch.autograd.Function):
    """Max pool by DeepLIFT's rule: what a window's maximum rises and falls is that of the two
    positions that hold it, the sequence's and the reference's."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, output: Tensor, own: Tensor, pool: nn.MaxPool1d
    ) -> Tensor:
        ctx.save_for_backward(values, own)
        ctx.width = pool.kernel_size
        return output.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, own = ctx.saved_tensors
        output, place = max_pool1d(values, ctx.width, return_indices=True)
        of_own = max_pool1d(own, ctx.width, return_indices=True)
        repeats = len(values) // len(own)
        own, own_output, own_place = (t.repeat_interleave(repeats, 0) for t in (own, *of_own))

        def back(change: Tensor, to: Tensor) -> Tensor:
            return max_unpool1d(change, to, ctx.width, output_size=values.shape)

        highest, change = torch.maximum(output, own_output), own - values
        moved = back(gradient * (highest - output), own_place)
        moved += back(gradient * (own_output - highest), place)
        slope = torch.where(change == 0, back(gradient, own_place), moved / change)
        return slope, None, None, None


def _rule(module: nn.Module) -> type[torch.autograd.Function] | None:
    """Rule of a nonlinearity, where there is one here."""
    if type(module) is nn.ReLU and not module.inplace:
        return _ReLU
    if type(module) is nn.MaxPool1d and not (module.return_indices or module.ceil_mode):
        stride, padding, dilation = module.stride, module.padding, module.dilation
        return _MaxPool if (stride, padding, dilation) == (module.kernel_size, 0, 1) else None
    return None


def _empty(module: nn.Module) -> bool:
    """Whether a module is a container of nothing."""
    return isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict)


def _recorder(inputs: list[Tensor]) -> Any:
    """Hook that keeps what each nonlinearity is given, in their order."""

    def record(module: nn.Module, given: tuple[Tensor], output: Tensor) -> None:
        inputs.append(given[0])

    return record


def _replacer(inputs: Sequence[Tensor]) -> Any:
    """Hook that replaces the slope of each nonlinearity by its rule, with what was recorded."""
    recorded = iter(inputs)

    def replace(module: nn.Module, given: tuple[Tensor], output: Tensor) -> Tensor:
        return _rule(module).apply(given[0], output.detach(), next(recorded), module)

    return replace


@contextmanager
def _hooked(model: nn.Module, hook: Any) -> Iterator[None]:
    """Hook all nonlinearities of a model for a while."""
    handles = [module.register_forward_hook(hook) for module in model.modules() if _rule(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
