"""What training, evaluation and attribution ask of a model.

Letters of shapes: N examples, L input positions, T tasks, S strands, O profile positions,
C controls.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from attprior.errors import InputError

Outputs = tuple[Tensor, ...]


class Head(NamedTuple):
    """What of a model is attributed.

    Parameters
    ----------
    name
        One of those that `attprior.models.registry.HEADS` has of the model's examples.
    task
        The one task, by its place; None for the sum over all.
    """

    name: str
    task: int | None = None

    @classmethod
    def named(cls, text: str, tasks: Sequence[str]) -> "Head":
        """Head of a name such as `count`, or `count.ENCSR000BGQ` of one task alone.

        Raises
        ------
        InputError
            If the model has no such task.
        """
        name, _, task = text.partition(".")
        if task and task not in tasks:
            raise InputError(f"head '{text}': no task '{task}'; the model has {', '.join(tasks)}")
        return cls(name, tasks.index(task) if task else None)


class Architecture(nn.Module):
    """A model; `attprior.models.registry` says where its subclasses stand.

    Parameters
    ----------
    settings
        Those of its file's `DEFAULTS`, as the config has them.
    tasks, strands
        T and S.
    controls
        `matched` (one per task), `shared` (one for all) or `none`.

    Raises
    ------
    InputError
        If lengths do not fit.
    """

    # whether a layer mixes a batch's examples in training (batch norm), so that the loss of a batch
    # is not the mean of its parts'
    mixes_examples: ClassVar[bool] = False

    def __init__(self, settings: Mapping, tasks: int, strands: int, controls: str) -> None:
        super().__init__()
        self.check(settings)
        self.tasks, self.strands, self.controls = tasks, strands, controls

    @staticmethod
    def check(settings: Mapping) -> None:
        """Raise InputError if lengths do not fit; an architecture's own replaces this.

        One that is listed in `shapes.CHECKS` is asked before any job.
        """

    def forward(
        self, sequences: Float[Tensor, "N 4 L"], control: Float[Tensor, "N C S O"] | None = None
    ) -> Outputs:
        """Outputs, each with N first.

        Evaluation measures logits (N, T, S, O) and log counts (N, T, S) where examples are
        profiles, logits (N, T) where they are bins.
        """
        raise NotImplementedError

    def loss(
        self, outputs: Outputs, batch: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Parts of the prediction loss by name, and the whole, all scalars.

        Parameters
        ----------
        batch
            What is known of the examples: `profiles` (N, T, S, O), or `labels` (N, T) of 1, 0, and
            -1 for ambiguous; `positive` (N,).
        """
        raise NotImplementedError

    def start_at(self, outputs: Outputs) -> None:
        """Set the last biases so that training starts near a constant prediction; may be left out.

        Parameters
        ----------
        outputs
            Of one example, as `forward` gives them.
        """

    def scalar(self, outputs: Outputs, constants: Tensor | None = None) -> Float[Tensor, " N"]:
        """The scalar of each example that is attributed.

        Parameters
        ----------
        constants
            What `constants` gave, so that references share a sequence's own; None computes them.
        """
        raise NotImplementedError

    def constants(self, outputs: Outputs, weighting: str = "probability") -> Tensor:
        """What `scalar` holds constant, with N first and detached; by default nothing.

        Parameters
        ----------
        weighting
            The setting `prior/scalar_weighting`.
        """
        return outputs[0].new_zeros(len(outputs[0]), 0)

    def head_scalar(
        self, outputs: Outputs, head: Head | None = None, constants: Tensor | None = None
    ) -> Float[Tensor, " N"]:
        """The scalar of each example for a head; that of None is `scalar`.

        Of `count` it is the sum of the log counts over strands and tasks; of others `scalar`, which
        sees one task's outputs alone where the head names one.

        Parameters
        ----------
        constants
            What `head_constants` gave.
        """
        outputs = _of_task(outputs, head)
        if head and head.name == "count":
            return outputs[1].flatten(1).sum(dim=1)
        return self.scalar(outputs, constants)

    def head_constants(self, outputs: Outputs, head: Head | None = None) -> Tensor:
        """What `head_scalar` holds constant, with N first and detached."""
        if head and head.name == "count":
            return outputs[1].new_zeros(len(outputs[1]), 0)
        return self.constants(_of_task(outputs, head))

    def gradient(
        self,
        sequences: Float[Tensor, "N 4 L"],
        control: Float[Tensor, "N C S O"] | None,
        weighting: str,
    ) -> tuple[Tensor, ...]:
        """Gradient (N, 4, L) of each example's scalar, and then the outputs; may be left out.

        An architecture may write the gradient as a plain computation, so that a loss of it needs one
        ordinary backward pass.
        """
        raise NotImplementedError

    @classmethod
    def writes_gradient(cls) -> bool:
        """Whether `gradient` is there."""
        return cls.gradient is not Architecture.gradient


def _of_task(outputs: Outputs, head: Head | None) -> Outputs:
    """Outputs of the head's task alone; their second axis is that of tasks."""
    if head is None or head.task is None:
        return outputs
    return tuple(output[:, head.task : head.task + 1] for output in outputs)
