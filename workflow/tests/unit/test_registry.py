"""Architectures: found by their files, and checked before any job."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from attprior import models
from attprior.errors import InputError
from attprior.models import registry
from attprior.models.saved import build, load_model, model_class, save_model
from attprior.priors import prior_loss
from attprior.settings import check, complete, resolve

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
MINE = '''
"""A linear model."""

from torch import nn

from attprior.losses import binary_losses
from attprior.models.architecture import Architecture

EXAMPLES = "bins"
DEFAULTS = {
    "input_length": 200,
    "batch_size": 8,
    "options": {"units": 3, "bias": True},
    "prior": {"weight": 2, "freq_limit": 30},
}


class Linear(Architecture):
    def __init__(self, settings, tasks, strands, controls):
        super().__init__(settings, tasks, strands, controls)
        units, bias = settings["options"]["units"], settings["options"]["bias"]
        self.first = nn.Linear(4 * settings["input_length"], units, bias=bias)
        self.relu, self.last = nn.ReLU(), nn.Linear(units, tasks)

    def forward(self, sequences, control=None):
        return (self.last(self.relu(self.first(sequences.flatten(1)))),)

    def loss(self, outputs, batch):
        positive, negative, total = binary_losses(outputs[0], batch["labels"])
        return {"positive": positive, "negative": negative}, total

    def scalar(self, outputs, constants=None):
        return outputs[0].sum(dim=1)
'''


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file as if into the folder of architectures."""
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return tmp_path / f"{name}.py"

    yield write
    for name in [name for name in sys.modules if name.startswith("attprior.models.mine")]:
        del sys.modules[name]


def config_of(block, **sections):
    config = {"experiments": "sheet.tsv", "genome": {}, "models": {"m": block}, **sections}
    return complete(config, SCHEMA)


def refused(function, *arguments):
    with pytest.raises(InputError) as error:
        function(*arguments)
    return str(error.value)


def test_architectures_are_the_files_that_declare_defaults():
    assert registry.names() == ["basset", "binary", "profile"]
    for name, kind in (("basset", "bins"), ("binary", "bins"), ("profile", "profiles")):
        declared = registry.declaration(name)
        assert declared.examples == kind
        module = sys.modules[model_class(name).__module__]
        assert (declared.examples, declared.defaults) == (module.EXAMPLES, module.DEFAULTS)


def test_planning_needs_no_torch():
    code = "import sys, attprior.settings, attprior.models.registry as r; r.declaration('binary'); "
    code += "assert 'torch' not in sys.modules"
    environment = {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.parametrize("name", ["profile", "binary", "basset"])
def test_defaults_are_of_settings_that_a_config_can_hold_and_fit(name):
    config = config_of({"architecture": name})
    check(config, SCHEMA)
    settings = resolve(config, SCHEMA, "m", "with_prior")
    defaults = registry.declaration(name).defaults
    assert settings.items() >= {k: v for k, v in defaults.items() if k != "prior"}.items()
    assert settings["prior"].items() >= defaults["prior"].items()


def test_architectures_defaults_lie_below_what_the_config_says():
    config = config_of(
        {"architecture": "binary", "widths": [5, 5, 5], "prior": {"freq_limit": 99}},
        training={"batch_size": 7, "filters": 8, "widths": [9, 9, 9], "profile_length": 3},
    )
    settings = resolve(config, SCHEMA, "m", "with_prior")
    assert [settings[k] for k in ("batch_size", "filters", "widths", "dense")] == [
        7, 8, [5, 5, 5], [50, 15],
    ]  # fmt: skip
    assert (settings["prior"]["weight"], settings["prior"]["freq_limit"]) == (1, 99)
    # what the architecture does not read is no reason to train again
    assert not {"profile_length", "dilations", "count_loss_weight"} & set(settings)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"architecture": "binry"}, "unknown architecture 'binry'; did you mean 'binary'?"),
        ({"architecture": "zzz"}, "unknown architecture 'zzz'; known: basset, binary, profile"),
        (
            {"architecture": "binary", "dilations": [1, 1, 1]},
            "architecture binary does not read dilations; take it out (it reads input_length,",
        ),
        (
            {"architecture": "binary", "pools": [1, 40]},
            "config key 'models/m' (arm without_prior): 3 widths and 2 pools",
        ),
        (
            {"architecture": "binary", "input_length": 70},
            "of which convolution 3 (width 13, pool 40) leaves nothing",
        ),
        (
            {"architecture": "binary", "input_length": 150},
            "input_length is 150, but the bins that are labelled have 200 bp",
        ),
        ({"filters": [64, 64]}, "each layer reads the sum of the earlier ones"),
        (
            {"input_length": 398, "profile_length": 52, "prior": {"freq_limit": 200}},
            "prior/freq_limit is 200, but 398 bp have 199 frequencies, so that none is above it; 15 % "
            "is 60: set it to that, or leave it out",
        ),
        ({"prior": {"freq_limit": 5000}}, "5000, but 1346 bp have 673 frequencies"),
        ({"prior": {"freq_limit": 673}}, "673, but 1346 bp have 673 frequencies"),
        (
            {"architecture": "binary", "prior": {"freq_limit": 500}},
            "500, but 1000 bp have 500 frequencies",
        ),
        (
            {"profile_width": 76, "profile_length": 999},
            "a profile of 999 bp has 347 fewer than input_length 1346, an odd number",
        ),
        (
            {"widths": [20, 3, 3, 3, 3, 3, 3], "profile_length": 1001},
            "profiles of the two strands would lie 1 bp apart",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_any_job(block, message):
    assert message in refused(check, config_of(block), SCHEMA)


@pytest.mark.parametrize(
    ("block", "limit"),
    [
        ({}, 200),
        ({"input_length": 398, "profile_length": 52}, 60),
        ({"input_length": 1346, "prior": {"freq_limit": None}}, 200),
        ({"prior": {"freq_limit": 672}}, 672),
        ({"architecture": "binary"}, 150),
        ({"architecture": "binary", "input_length": 2000}, 300),
        ({"architecture": "basset"}, 90),
        ({"architecture": "basset", "input_length": 800}, 120),
        ({"architecture": "basset", "input_length": 800, "prior": {"freq_limit": 90}}, 90),
    ],
)
def test_limit_of_frequencies_follows_the_input(block, limit):
    config = config_of(block)
    check(config, SCHEMA)
    for arm in (None, "with_prior"):
        assert resolve(config, SCHEMA, "m", arm)["prior"]["freq_limit"] == limit


def test_limit_of_frequencies_follows_the_input_of_an_arm():
    def of_arm(length, **prior):
        lengths = {"input_length": length, "profile_length": length - 346}
        arms = {"without_prior": {}, "with_prior": {"prior": {"kind": "fourier"}, **lengths}}
        return config_of({"prior": prior}, arms=arms)

    config = of_arm(1000)
    check(config, SCHEMA)
    assert resolve(config, SCHEMA, "m", "with_prior")["prior"]["freq_limit"] == 150
    assert resolve(config, SCHEMA, "m")["prior"]["freq_limit"] == 200
    # one that is given stays, and must leave something, as must that by which noise is measured
    for refusal in (of_arm(398, freq_limit=200), of_arm(398)):
        message = refused(check, refusal, SCHEMA)
        assert "(arm with_prior): prior/freq_limit is 200, but 398 bp" in message


PROFILES = MINE.replace('"bins"', '"profiles"').replace(
    '"input_length": 200,', '"input_length": 200, "profile_length": 100,'
)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"profile_length": 101}, "a profile of 101 bp has 99 fewer than input_length 200"),
        ({"input_length": 301}, "a profile of 100 bp has 201 fewer than input_length 301"),
        ({"profile_length": 202}, "profile_length is 202, longer than input_length 200"),
        ({"prior": {"freq_limit": 100}}, "100, but 200 bp have 100 frequencies"),
    ],
)
def test_lengths_of_an_architecture_of_ones_own_are_checked_too(write, block, message):
    write("mine", PROFILES)
    check(config_of({"architecture": "mine"}), SCHEMA)
    config = config_of({"architecture": "mine", **block})
    assert message in refused(check, config, SCHEMA)


def test_an_architecture_of_ones_own_trains(write, tmp_path):
    write("mine", MINE)
    assert "mine" in registry.names()
    config = config_of(
        {"architecture": "mine", "options": {"units": 5}}, training={"learning_rate": 0.1}
    )
    check(config, SCHEMA)
    settings = resolve(config, SCHEMA, "m", "with_prior")
    assert settings["options"] == {"units": 5, "bias": True}
    description = {"settings": settings, "tasks": ["a"], "strands": 1, "controls": "none"}
    torch.manual_seed(0)
    model = build(description)
    assert model.first.out_features == 5
    codes = np.random.default_rng(0).integers(0, 4, (8, 200))
    x = torch.tensor(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1), requires_grad=True)
    labels = torch.tensor([[1], [0]] * 4)
    optimiser, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for _ in range(2):
        outputs = model(x)
        (gradient,) = torch.autograd.grad(model.scalar(outputs).sum(), x, create_graph=True)
        _, prediction = model.loss(outputs, {"labels": labels})
        limit = settings["prior"]["freq_limit"]
        total = prediction + 0.1 * prior_loss(
            gradient * x, labels[:, 0] == 1, "fourier", freq_limit=limit
        )
        losses.append(total.item())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    assert losses[1] < losses[0]
    save_model(tmp_path / "model.pt", model.state_dict(), description)
    assert torch.equal(load_model(tmp_path / "model.pt")[0].last.weight, model.last.weight)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('EXAMPLES = "bins"', 'EXAMPLES = "bin"', "EXAMPLES is 'bin'; set it to profiles or bins"),
        ('    "batch_size": 8,\n', "", "DEFAULTS lacks batch_size"),
        ('"weight": 2, ', "", "DEFAULTS lacks prior/weight"),
        ('EXAMPLES = "bins"', 'EXAMPLES = "profiles"', "DEFAULTS lacks profile_length"),
        ('"units": 3', '"units": 3 * 4', "DEFAULTS must be written out as plain values"),
        ('"options": {"units"', '"heads": {"units"', "DEFAULTS has 'heads', which no config can"),
    ],
)
def test_incomplete_files_are_refused_with_what_they_lack(write, old, new, message):
    assert old in MINE
    path = write("mine", MINE.replace(old, new))
    found = refused(check, config_of({"architecture": "mine"}), SCHEMA)
    assert message in found
    assert str(path) in found


def test_unknown_options_are_refused(write):
    write("mine", MINE)
    config = config_of({"architecture": "mine", "options": {"unit": 5}})
    assert "mine knows no option 'unit'; it knows units, bias" in refused(check, config, SCHEMA)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": "many"}, "option 'units' of architecture mine is 'many'; expected a number"),
        ({"bias": 1}, "option 'bias' of architecture mine is 1; expected a boolean"),
    ],
)
def test_options_are_of_the_kind_of_their_defaults(write, options, message):
    write("mine", MINE)
    config = config_of({"architecture": "mine", "options": options})
    assert message in refused(check, config, SCHEMA)


def test_options_of_a_nested_command_line_are_of_the_kind_of_their_defaults(write):
    write("mine", MINE)
    config = config_of({"architecture": "mine", "options": {"units": "5", "bias": "false"}})
    check(config, SCHEMA)
    assert resolve(config, SCHEMA, "m")["options"] == {"units": 5, "bias": False}


def test_a_file_defines_one_model(write):
    write("mine_twice", MINE + "\n\nclass Second(Architecture):\n    pass\n")
    assert "2 subclasses of Architecture; define one" in refused(model_class, "mine_twice")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("nn.ReLU(inplace=True)", "relu is ReLU(inplace=True)"),
        ("nn.Sequential(nn.ELU(inplace=True))", "relu.0 is ELU(alpha=1.0, inplace=True)"),
    ],
)
def test_modules_that_work_in_place_are_refused_before_training(write, module, name):
    path = write("mine_in_place", MINE.replace("nn.ReLU()", module))
    settings = resolve(config_of({"architecture": "mine_in_place"}), SCHEMA, "m", "with_prior")
    description = {"settings": settings, "tasks": ["a"], "strands": 1, "controls": "none"}
    assert f"{path}: {name}, which overwrites" in refused(build, description)
