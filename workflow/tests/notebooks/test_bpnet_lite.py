"""The recipe for bpnet-lite models on the notebooks' page works as it is written there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from attprior.models.profile import profile_scalar
from attprior.sequence import one_hot_codes

WORKFLOW = Path(__file__).parents[2]
PAGE = WORKFLOW / "notebooks/README.md"
# without what it needs for its command line alone: MACS3 and TF-MoDISco
REQUIREMENT = "bpnet-lite==1.1.0"
LENGTH, WEIGHT, LIMIT = 240, 20, 36


@pytest.fixture(scope="module")
def bpnetlite(tmp_path_factory):
    """bpnet-lite in a folder of its own, with the prior's file beside it."""
    folder = tmp_path_factory.mktemp("bpnet_lite")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    done = subprocess.run(
        [*command, "--no-deps", "--target", str(folder), REQUIREMENT],
        capture_output=True,
        text=True,
    )
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"{REQUIREMENT} cannot be installed: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    (folder / "priors.py").write_text((WORKFLOW / "scripts/attprior/priors.py").read_text())
    sys.path.insert(0, str(folder))
    import bpnetlite

    assert Path(bpnetlite.__file__).is_relative_to(folder)
    assert bpnetlite.__version__ == REQUIREMENT.partition("==")[2]
    yield bpnetlite
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def recipe(bpnetlite):
    """What the page's code defines."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    defined = {}
    exec(compile(code, str(PAGE), "exec"), defined)
    return defined


def model(bpnetlite, controls):
    torch.manual_seed(0)
    return bpnetlite.BPNet(
        n_filters=16, n_layers=3, n_control_tracks=controls, count_loss_weight=1, verbose=False
    )


def examples(controls, number=48):
    """Reads at a planted motif, or nowhere in particular."""
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 4, (number, LENGTH), generator=generator).numpy().astype("uint8")
    labels = (torch.arange(number) % 3 > 0).int()
    size = LENGTH - 2 * 61
    rates = torch.full((number, 2, size), 0.05)
    for row in labels.nonzero().ravel().tolist():
        start = int(torch.randint(80, 150, (1,), generator=generator))
        codes[row, start : start + 10] = [0, 0, 0, 2, 2, 0, 0, 2, 3, 2]
        rates[row, :, start - 61 : start - 51] += 3
    y = torch.poisson(rates, generator=generator)
    control = torch.poisson(torch.full((number, 2, LENGTH), 0.1), generator=generator)
    return torch.from_numpy(one_hot_codes(codes)), control if controls else None, y, labels


@pytest.mark.parametrize("controls", [0, 2])
def test_losses_fall_with_the_prior(bpnetlite, recipe, controls):
    net = model(bpnetlite, controls)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.002)
    given = examples(controls)
    losses = torch.tensor(
        [recipe["training_step"](net, optimizer, *given, WEIGHT, LIMIT) for _ in range(40)]
    )
    assert torch.isfinite(losses).all()
    first, last = losses[:5].mean(dim=0), losses[-5:].mean(dim=0)
    assert last[0] < 0.9 * first[0]
    assert last[1] < first[1] - 0.02


def test_prior_changes_the_gradients_of_all_convolutions(bpnetlite, recipe):
    gradients = {}
    for weight in (0, WEIGHT):
        net = model(bpnetlite, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0)
        recipe["training_step"](net, optimizer, *examples(2), weight, LIMIT)
        gradients[weight] = {name: p.grad for name, p in net.named_parameters()}
    for name in ("iconv.weight", *(f"rconvs.{i}.weight" for i in range(3)), "fconv.weight"):
        change = gradients[WEIGHT][name] - gradients[0][name]
        assert change.norm() > 1e-3 * gradients[0][name].norm(), name


def test_prior_is_of_the_peaks_alone(bpnetlite, recipe):
    net = model(bpnetlite, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0)
    x, control, y, labels = examples(2)
    _, found = recipe["training_step"](net, optimizer, x, control, y, labels, WEIGHT, LIMIT)
    peaks = labels == 1
    expected = recipe["prior_losses"](net, x[peaks], control[peaks], LIMIT).mean().item()
    assert found == pytest.approx(expected)


def test_scalar_is_the_workflows_with_its_strands_as_one(recipe):
    logits = torch.randn(3, 2, 50, generator=torch.Generator().manual_seed(0))
    expected = profile_scalar(logits.view(3, 1, 1, 100))
    torch.testing.assert_close(recipe["profile_scalar"](logits), expected)
