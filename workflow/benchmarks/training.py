"""Seconds of a training step, with and without the Fourier prior, against other implementations.

    python workflow/benchmarks/training.py --published DIR [--device cuda] [--scaling]

DIR is a checkout of github.com/amtseng/fourier_attribution_priors. Its profile model and losses are
imported from there; `torch.rfft`, which PyTorch no longer has, is replaced, and `sacred`, which only
its command line needs, need not be there. bpnet-lite is measured where it can be imported, as after
``pip install --no-deps --target DIR2 bpnet-lite==1.1.0`` with DIR2 in PYTHONPATH.

All steps are of the published defaults on the same simulated data, which lie on the device: 1346 bp
in, 1000 out, 64 examples and their reverse complements, half of them positive, a task with two
strands and its matched control, 64 filters, 7 dilated layers. A step is losses, gradients and Adam.
They are timed in turn, in this process. bpnet-lite has no prior, and one count for both strands.

It ends with lines ``name<TAB>ratio`` of medians: of seconds, how many times faster a step is than
the published one, and how many times slower with the prior than without; of 8 seeds, how many times
more examples a second all of them take together than the published one does.
"""

import argparse
import contextlib
import importlib
import re
import statistics
import sys
import time
import types
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.models.profile import DEFAULTS, ProfileModel
from attprior.training.ensemble import Ensemble
from attprior.training.loop import set_arithmetic
from attprior.training.optimiser import Optimiser
from attprior.training.step import first_pieces, step

EXAMPLES, STRANDS = 128, 2
FOURIER = {"freq_limit": 200, "softness": 0.2, "smooth_sigma": 3}
PRIOR = {
    "kind": "fourier",
    "attribution": "gradient",
    "examples": "positives",
    "scalar_weighting": "probability",
    **FOURIER,
}
WEIGHT, RATE = 50.0, 1e-3
SEEDS, TASKS, LENGTHS = (1, 2, 4, 8, 16), (1, 2, 4, 8), (500, 1000, 2000, 4000)

Step = Callable[[], object]


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--published", required=True, help="checkout of the published code")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="float32", choices=["float32", "tf32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=2, help="of a CPU")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each step")
    parser.add_argument("--seeds", type=int, default=8, help="trained together; 0 for none")
    parser.add_argument("--scaling", action="store_true", help="measure seeds, tasks and lengths")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = simulate(options.device)
    steps = {}
    for prior in (False, True):
        ours = {k: step_of_seeds(k, data, prior, options.precision) for k in {1, options.seeds}}
        steps["published", prior] = published_step(Path(options.published), data, prior)
        steps["ours", prior] = ours[1]
        if options.seeds:
            steps[f"ours, {options.seeds} seeds", prior] = ours[options.seeds]
    with contextlib.suppress(ImportError):
        steps["bpnet-lite", False] = bpnetlite_step(data)
    if ("bpnet-lite", False) not in steps:
        print("bpnet-lite cannot be imported and is left out")
    found = medians(steps, options.device, options.repeats)
    report(found, steps, options)
    if options.scaling:
        report_scaling(options)
    published, ours = (
        {prior: found[name, prior] for prior in (False, True)} for name in ("published", "ours")
    )
    print(f"step_without_prior_vs_published\t{published[False] / ours[False]:.2f}")
    print(f"step_with_prior_vs_published\t{published[True] / ours[True]:.2f}")
    print(f"prior_overhead\t{ours[True] / ours[False]:.2f}")
    if options.seeds:
        for prior, name in ((False, ""), (True, "_with_prior")):
            together = found[f"ours, {options.seeds} seeds", prior] / options.seeds
            print(f"seeds{options.seeds}{name}_vs_published\t{published[prior] / together:.2f}")


def simulate(device: str, tasks: int = 1, profile_length: int = 1000) -> dict[str, Tensor]:
    """Examples as training has them, positives first: what `ProfileModel` reads and is judged by."""
    generator = torch.Generator().manual_seed(1)
    margin = DEFAULTS["input_length"] - DEFAULTS["profile_length"]
    codes = torch.randint(0, 4, (EXAMPLES, profile_length + margin), generator=generator)
    rates = torch.full((EXAMPLES, tasks, STRANDS, profile_length), 0.1)
    data = {
        "sequences": torch.nn.functional.one_hot(codes, 4).transpose(1, 2).float().contiguous(),
        "profiles": torch.poisson(rates, generator),
        "control": torch.poisson(rates, generator),
        "positive": torch.arange(EXAMPLES) < EXAMPLES // 2,
    }
    return {name: value.to(device) for name, value in data.items()}


def step_of_seeds(
    seeds: int, data: Mapping[str, Tensor], prior: bool, precision: str = "float32"
) -> Step:
    """Training step of so many models of this project, as training takes it."""
    settings = {
        **DEFAULTS,
        "input_length": data["sequences"].shape[-1],
        "profile_length": data["profiles"].shape[-1],
        "batch_size": EXAMPLES // 2,
        "reverse_complement": True,
        "learning_rate": RATE,
        "weight_decay": 0,
        "clip_norm": 1,
        "weight_average": 0.999,
        "precision": precision,
        "deterministic": False,
        "prior": PRIOR if prior else {"kind": "none"},
    }
    tasks, device = data["profiles"].shape[1], data["sequences"].device

    def build() -> ProfileModel:
        return ProfileModel(settings, tasks, STRANDS, "matched")

    models = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        models.append(build().to(device))
    ensemble = Ensemble(models)
    optimiser = Optimiser(ensemble, settings)
    set_arithmetic(settings)
    pieces = first_pieces(build, settings, device)
    if device.type == "cpu":
        pieces.seeds = seeds  # one after the other, as on a CPU nothing is gained by more at once
    own = {name: value.expand(seeds, *value.shape) for name, value in data.items()}
    return lambda: step(ensemble, own, settings, WEIGHT, pieces, optimiser)


def published_step(folder: Path, data: Mapping[str, Tensor], prior: bool) -> Step:
    """Training step of the published model, as its training loop has it."""
    if not hasattr(torch, "rfft"):
        torch.rfft = lambda values, dimensions: torch.view_as_real(torch.fft.rfft(values))
    sys.modules.setdefault("sacred", types.ModuleType("sacred"))
    sys.path.insert(0, str(folder / "src"))
    published = importlib.import_module("model.profile_models")
    layers = len(DEFAULTS["widths"])
    torch.manual_seed(0)
    model = published.ProfilePredictorWithMatchedControls(
        input_length=DEFAULTS["input_length"],
        input_depth=4,
        profile_length=DEFAULTS["profile_length"],
        num_tasks=1,
        num_strands=STRANDS,
        num_dil_conv_layers=layers,
        dil_conv_filter_sizes=DEFAULTS["widths"],
        dil_conv_stride=1,
        dil_conv_dilations=DEFAULTS["dilations"],
        dil_conv_depths=[DEFAULTS["filters"]] * layers,
        prof_conv_kernel_size=DEFAULTS["profile_width"],
        prof_conv_stride=1,
    ).to(data["sequences"].device)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    # it has positions before bases and strands
    sequences = data["sequences"].transpose(1, 2).contiguous()
    profiles, control = (data[key].transpose(2, 3).contiguous() for key in ("profiles", "control"))
    status = data["positive"].long()

    def step() -> None:
        optimiser.zero_grad()
        leaf = sequences.requires_grad_(prior)
        logits, log_counts = model(leaf, control)
        loss = model.correctness_loss(profiles, logits, log_counts, DEFAULTS["count_loss_weight"])
        if prior:
            weights = published.profile_logits_to_log_probs(logits).detach()
            scalar = (logits - logits.mean(dim=2, keepdim=True)) * weights
            (gradient,) = torch.autograd.grad(
                scalar, leaf, torch.ones_like(scalar), retain_graph=True, create_graph=True
            )
            loss = loss + WEIGHT * model.fourier_att_prior_loss(
                status, gradient * leaf, *FOURIER.values()
            )
        loss.backward()
        optimiser.step()

    return step


def bpnetlite_step(data: Mapping[str, Tensor]) -> Step:
    """Training step of bpnet-lite at the same lengths, as its `fit` has it.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    bpnet = importlib.import_module("bpnetlite.bpnet")
    margin = (DEFAULTS["input_length"] - DEFAULTS["profile_length"]) // 2
    torch.manual_seed(0)
    model = bpnet.BPNet(
        n_filters=DEFAULTS["filters"],
        n_layers=len(DEFAULTS["dilations"]) - 1,
        n_outputs=STRANDS,
        n_control_tracks=STRANDS,
        trimming=margin,
        verbose=False,
    ).to(data["sequences"].device)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    control = torch.nn.functional.pad(data["control"].squeeze(1), (margin, margin))
    profiles, positive = data["profiles"].squeeze(1), data["positive"].long()

    def step() -> None:
        optimiser.zero_grad()
        logits, log_counts = model(data["sequences"], control)
        *_, loss = bpnet._mixture_loss(profiles, logits, log_counts, 1.0, positive)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimiser.step()

    return step


def medians(steps: Mapping[tuple, Step], device: str, repeats: int) -> dict[tuple, float]:
    """Median seconds of steps that are taken in turn, after one of each that does not count."""
    times = {name: [] for name in steps}
    for number in range(repeats + 1):
        for name, taken in steps.items():
            found = seconds(taken, device)
            if number:
                times[name].append(found)
    return {name: statistics.median(each) for name, each in times.items()}


def seconds(step: Step, device: str) -> float:
    """Seconds until a step is done on a device."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    start = time.perf_counter()
    step()
    wait()
    return time.perf_counter() - start


def report(
    found: Mapping[tuple, float], steps: Mapping[tuple, Step], options: argparse.Namespace
) -> None:
    """Print the table of steps; of this project's, the share of a matrix product's pace."""
    pace = product_pace(options.device, options.precision)
    threads = f"{options.threads} threads"
    where = torch.cuda.get_device_name() if options.device == "cuda" else threads
    print(f"{where}, torch {torch.__version__}; a matrix product takes {pace / 1e9:.0f} Gflop/s")
    print("step\tprior\tseconds (median)\texamples/s\tGflop\tof a matrix product's pace")
    operations = {}
    for prior in (False, True):
        with FlopCounterMode(display=False) as counter:
            steps["ours", prior]()
        operations[prior] = counter.get_total_flops()
    for (name, prior), median in found.items():
        seeds = options.seeds if "seeds" in name else 1
        columns = [name, "fourier" if prior else "none", f"{median:.4f}"]
        columns.append(f"{seeds * EXAMPLES / median:.0f}")
        if name.startswith("ours"):
            done = seeds * operations[prior]
            columns += [f"{done / 1e9:.0f}", f"{done / median / pace:.2f}"]
        print(*columns, sep="\t")


def product_pace(device: str, precision: str) -> float:
    """Floating point operations a second of a large product of square matrices."""
    size = 8192 if device == "cuda" else 2048
    matrix = torch.ones(size, size, device=device, dtype=getattr(torch, precision))
    found = medians({(): lambda: matrix @ matrix}, device, 5)
    return 2 * size**3 / found[()]


def report_scaling(options: argparse.Namespace) -> None:
    """Print how seconds and memory grow with seeds, tasks and length, each in a process of its own."""
    cases = [(seeds, 1, 1000) for seeds in SEEDS]
    cases += [(1, tasks, 1000) for tasks in TASKS[1:]]
    cases += [(1, 1, length) for length in LENGTHS if length != 1000]
    print("seeds\ttasks\tprofile (bp)\tprior\tseconds (median)\texamples/s, all seeds\tpeak MB")
    given = (options.device, options.precision, options.threads, options.repeats)
    for case in cases:
        for prior in (False, True):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                median, peak = pool.submit(measure, case, prior, *given).result()
            print(
                *(*case, "fourier" if prior else "none", f"{median:.4f}"),
                *(f"{case[0] * EXAMPLES / median:.0f}", f"{peak / 1e6:.0f}"),
                sep="\t",
            )


def measure(
    case: Sequence[int], prior: bool, device: str, precision: str, threads: int, repeats: int
) -> tuple[float, float]:
    """Median seconds of a step, and peak memory (bytes): of the device, or more than before."""
    torch.set_num_threads(threads)
    seeds, tasks, length = case
    before = peak_memory(device)
    step = step_of_seeds(seeds, simulate(device, tasks, length), prior, precision)
    median = medians({(): step}, device, repeats)[()]
    return median, peak_memory(device) - (0 if device == "cuda" else before)


def peak_memory(device: str) -> float:
    """Most memory (bytes) that this process ever used; on a CPU, Linux tells."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    # not getrusage's, which a new process inherits from the one that started it
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


if __name__ == "__main__":
    main()
