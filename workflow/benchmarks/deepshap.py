"""Seconds of DeepSHAP, against tangermeme called plainly.

    python workflow/benchmarks/deepshap.py [--sequences 1000] [--references 10] [--device cuda]

The published profile model (7 dilated layers of 64 filters, 1346 bp in, 1000 out, a task with two
strands and its matched control; random weights, doubled, so that profiles are not flat) is
attributed on random sequences, with the same dinucleotide shuffles as references. tangermeme's
`deep_lift_shap` is given the model's scalar, what that holds constant, and the controls; it has as
many pairs of sequence and reference at once. Either does a portion of the sequences in turn, in
this process. That both give the same hypothetical contributions is checked of every portion; on a
GPU neither uses TF32, whose products differ by more.

With ``--input-length`` the profile is as much longer as the input, and with ``--layers`` there are
more of them. The last line is ``deepshap_vs_tangermeme<TAB>ratio``, the ratio of the medians.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.ersatz import dinucleotide_shuffle, random_one_hot
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.attribution.deepshap import deepshap
from attprior.attribution.methods import scalar_constants
from attprior.models.profile import DEFAULTS, ProfileModel
from attprior.models.shapes import output_length

PORTIONS, WARM_UP = 10, 2
LARGEST_DIFFERENCE = 1e-4


class Plain(nn.Module):
    """Scalar of a profile model, as one writes it for tangermeme."""

    def __init__(self, model: ProfileModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, sequences: Tensor, weights: Tensor, control: Tensor) -> Tensor:
        """Centred logits, weighted and summed."""
        logits = self.model(sequences, control)[0]
        centred = logits - logits.mean(dim=-1, keepdim=True)
        return (centred * weights).sum(dim=(1, 2, 3)).unsqueeze(1)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=1000, help="how many are attributed")
    parser.add_argument("--references", type=int, default=10, help="shuffles of each")
    parser.add_argument("--batch-size", type=int, default=512, help="pairs at once")
    parser.add_argument("--input-length", type=int, default=DEFAULTS["input_length"], help="bp")
    parser.add_argument("--layers", type=int, default=len(DEFAULTS["widths"]), help="dilated ones")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"], help="where to run")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    device = torch.device(options.device)
    model = make_model(options.input_length, options.layers).to(device)
    sequences = random_one_hot((options.sequences, 4, options.input_length), random_state=0).float()
    start = time.perf_counter()
    references = dinucleotide_shuffle(sequences, n=options.references, random_state=0)
    shuffling = time.perf_counter() - start
    output = output_length(settings_of(options.input_length, options.layers))
    control = torch.poisson(torch.full((options.sequences, 1, 2, output), 0.1))
    ways = {
        "tangermeme": lambda *data: plain(model, *data, options.batch_size, device),
        "attprior": lambda *data: deepshap(model, *data, options.batch_size, device)[0],
    }
    seconds = {name: [] for name in ways}
    difference = 0.0
    for way in ways.values():
        way(sequences[:WARM_UP], control[:WARM_UP], references[:WARM_UP])
    for rows in torch.arange(options.sequences).tensor_split(PORTIONS):
        data = sequences[rows], control[rows], references[rows]
        found = {}
        for name, way in ways.items():
            taken, found[name] = timed(way, data, device)
            seconds[name].append(taken / len(rows) * options.sequences)
        expected = found["tangermeme"]
        worst = (found["attprior"] - expected).abs().max() / expected.abs().max()
        difference = max(difference, worst.item())
    where = (
        torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads"
    )
    print(
        f"{options.sequences} sequences of {options.input_length} bp, {options.references} references"
    )
    print(f"on {where}; seconds for all; making the references takes {shuffling:.1f} s")
    print("way\tseconds (median)\tseconds (by each portion)")
    for name, each in seconds.items():
        print(f"{name}\t{statistics.median(each):.2f}\t{' '.join(f'{s:.2f}' for s in each)}")
    print(f"largest difference\t{difference:.1e} of the largest value")
    if difference > LARGEST_DIFFERENCE:
        sys.exit("the two do not agree")
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    print(f"deepshap_vs_tangermeme\t{medians['tangermeme'] / medians['attprior']:.2f}")


def settings_of(length: int, layers: int) -> dict:
    """Published settings, with an input of another length or other layers."""
    settings = {**DEFAULTS, "input_length": length}
    settings["widths"] = [21] + [3] * (layers - 1)
    settings["dilations"] = [2**layer for layer in range(layers)]
    return {**settings, "profile_length": output_length(settings)}


def make_model(length: int, layers: int) -> ProfileModel:
    """Profile model of random weights, of a trained one's size."""
    torch.manual_seed(0)
    model = ProfileModel(settings_of(length, layers), 1, 2, "matched")
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 2
    return model.eval()


def plain(
    model: ProfileModel,
    sequences: Tensor,
    control: Tensor,
    references: Tensor,
    batch_size: int,
    device: torch.device,
) -> Tensor:
    """Hypothetical contributions by tangermeme."""
    weights = [
        scalar_constants(model, own.to(device), held.to(device)).cpu()
        for own, held in zip(sequences.split(batch_size), control.split(batch_size), strict=True)
    ]
    return deep_lift_shap(
        Plain(model),
        sequences,
        args=(torch.cat(weights), control),
        references=references,
        hypothetical=True,
        batch_size=batch_size,
        warning_threshold=float("inf"),
        device=str(device),
    )


def timed(
    way: Callable[..., Tensor], data: tuple[Tensor, ...], device: torch.device
) -> tuple[float, Tensor]:
    """Seconds that a way takes, and its result on the CPU."""
    start = time.perf_counter()
    result = way(*data).cpu()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
