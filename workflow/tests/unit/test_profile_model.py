"""The profile model, against padded layers that are cropped at the end."""

import numpy as np
import pytest
import torch
from attprior.errors import InputError
from attprior.losses import profile_losses
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.models.saved import build, load_model, save_model
from attprior.models.shapes import body_length, output_length
from beartype import beartype
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import jaxtyped
from torch.nn.functional import conv1d

SETTINGS = {
    "architecture": "profile",
    "input_length": 120,
    "profile_length": 66,
    "filters": 6,
    "widths": [11, 3, 3, 3],
    "dilations": [1, 2, 4, 8],
    "profile_width": 17,
    "dropout": 0,
    "count_loss_weight": 3,
}
CONTROLS = ["matched", "shared", "none"]


def make(tasks=2, strands=2, controls="matched"):
    torch.manual_seed(0)
    return ProfileModel(SETTINGS, tasks, strands, controls).double()


def examples(number=5, tasks=2, strands=2, controls="matched", seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (number, SETTINGS["input_length"]))
    sequences = torch.tensor(np.eye(4)[codes].transpose(0, 2, 1))
    count = {"matched": tasks, "shared": 1, "none": 0}[controls]
    shape = (number, count, strands, SETTINGS["profile_length"])
    return sequences, torch.tensor(rng.poisson(1, shape).astype(float))


def padded(model, sequences, control):
    """The same function with 'same' padding; cropped at the end to what saw no padding."""
    total = 0
    for layer, (convolution, dilation) in enumerate(
        zip(model.convolutions, SETTINGS["dilations"], strict=True)
    ):
        reads = sequences if layer == 0 else total
        output = torch.relu(
            conv1d(reads, convolution.weight, convolution.bias, padding="same", dilation=dilation)
        )
        total = output if layer == len(model.convolutions) - 1 else total + output
    lost = sum((w - 1) * d for w, d in zip(SETTINGS["widths"], SETTINGS["dilations"], strict=True))
    body = total[..., lost // 2 : total.shape[-1] - lost // 2]
    head = model.profile_convolution
    logits = conv1d(body, head.weight, head.bias)
    counts = body.mean(-1) @ model.count_dense.weight.T + model.count_dense.bias
    shape = (len(sequences), model.tasks, model.strands)
    logits, counts = logits.reshape(*shape, -1), counts.reshape(shape)
    if model.controls == "none":
        return logits, counts
    mixed_logits, mixed_counts = [], []
    for task in range(model.tasks):
        own = control[:, task if model.controls == "matched" else 0]
        rows = slice(task * model.strands, (task + 1) * model.strands)
        for found, reads, mixer in (
            (mixed_logits, torch.cat([logits[:, task], own], 1), model.profile_control),
            (
                mixed_counts,
                torch.cat([counts[:, task], torch.log(1 + own.sum(-1))], 1)[..., None],
                model.count_control,
            ),
        ):
            weight, bias = mixer.weight[rows, :, 0], mixer.bias[rows]
            found.append(torch.einsum("oi,nix->nox", weight, reads) + bias[:, None])
    return torch.stack(mixed_logits, 1), torch.stack(mixed_counts, 1)[..., 0]


@pytest.mark.parametrize("controls", CONTROLS)
@pytest.mark.parametrize(("tasks", "strands"), [(1, 1), (1, 2), (3, 2)])
def test_equals_padded_layers_cropped_at_the_end(tasks, strands, controls):
    model = make(tasks, strands, controls)
    sequences, control = examples(5, tasks, strands, controls)
    results = []
    for function in (model, lambda s, c: padded(model, s, c)):
        x = sequences.clone().requires_grad_()
        logits, counts = function(x, control)
        assert logits.shape == (5, tasks, strands, 66)
        assert counts.shape == (5, tasks, strands)
        scalar = profile_scalar(logits).sum() + (counts**2).sum()
        results.append((logits, counts, torch.autograd.grad(scalar, x)[0]))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("controls", CONTROLS)
def test_shapes_are_those_of_the_signatures(controls):
    model = make(controls=controls).float()
    sequences, control = (x.float() for x in examples(controls=controls))
    checked = jaxtyped(typechecker=beartype)
    logits, _ = checked(ProfileModel.forward)(model, sequences, control)
    assert checked(profile_scalar)(logits).shape == (5,)
    body = checked(ProfileModel.body)(model, sequences)
    assert body.shape[-1] == model.body_length == body_length(SETTINGS)


def test_published_defaults_leave_1000_of_1346():
    published = {
        "input_length": 1346,
        "widths": [21, 3, 3, 3, 3, 3, 3],
        "dilations": [1, 2, 4, 8, 16, 32, 64],
        "profile_width": 75,
    }
    assert body_length(published) == 1074
    assert output_length(published) == 1000


def test_examples_of_a_batch_do_not_leak_into_each_other():
    model = make().train()
    sequences, control = examples()
    x = sequences.clone().requires_grad_()
    logits, counts = model(x, control)
    for row in range(len(x)):
        alone = model(sequences[[row]], control[[row]])
        torch.testing.assert_close(logits[[row]], alone[0])
        torch.testing.assert_close(counts[[row]], alone[1])
    (gradient,) = torch.autograd.grad(logits[2].pow(2).sum() + counts[2].sum(), x)
    assert (gradient[2] != 0).any()
    assert (gradient[[0, 1, 3, 4]] == 0).all()


def test_tasks_read_their_own_matched_control_alone():
    model = make(tasks=3)
    sequences, control = examples(tasks=3)
    changed = control.clone()
    changed[:, 1] += 3
    for before, after in zip(model(sequences, control), model(sequences, changed), strict=True):
        same = (before == after).flatten(3).all(-1) if before.dim() == 4 else before == after
        assert same[:, [0, 2]].all()
        assert not same[:, 1].any()


def test_relu_modules_stand_in_one_place_each():
    model = make()
    calls = []
    modules = [m for m in model.modules() if isinstance(m, torch.nn.ReLU)]
    for module in modules:
        module.register_forward_hook(lambda module, *_: calls.append(id(module)))
    model(*examples())
    assert len(calls) == len(set(calls)) == len(SETTINGS["widths"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"profile_length": 65},
            "profile_length is 65, but the layers leave 66 of input_length 120; set "
            "profile_length: 66 or input_length: 119",
        ),
        ({"input_length": 40}, "the layers leave -14 of input_length 40; set input_length: 120"),
        ({"widths": [11, 3, 3]}, "3 widths and 4 dilations; give one of each per layer"),
        ({"profile_width": 16}, "a profile of 67 bp has 53 fewer than input_length 120, an odd"),
        ({"widths": [12, 3, 3, 3], "profile_length": 65}, "an odd number"),
        (
            {"widths": [11, 4, 3, 3], "dilations": [1, 1, 4, 8]},
            "widths has 4 for layer 2, whose dilation is 1: its output would lie half a base",
        ),
        ({"filters": [6, 6, 6, 4]}, "each layer reads the sum of the earlier ones"),
    ],
)
def test_layers_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(InputError) as error:
        ProfileModel({**SETTINGS, **changes}, 1, 2, "none")
    assert message in str(error.value)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), min_size=1, max_size=5),
    st.integers(1, 6),
)
def test_layers_of_any_width_are_symmetric_and_have_a_gradient_or_are_refused(pairs, width):
    widths, dilations = map(list, zip(*pairs, strict=True))
    own = {**SETTINGS, "widths": widths, "dilations": dilations, "profile_width": width}
    own["profile_length"] = output_length(own)
    torch.manual_seed(0)
    try:
        model, other = (ProfileModel(own, 1, 1, "none").double() for _ in range(2))
    except InputError:
        # nothing that would do is refused
        steps = [(w - 1) * d for w, d in pairs]
        assert (sum(steps) + width - 1) % 2 or any(step % 2 for step in steps[1:-1])
        return
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        for convolution in (*other.convolutions, other.profile_convolution):
            convolution.weight.copy_(convolution.weight.flip(2))
        other.convolutions[0].weight.copy_(other.convolutions[0].weight.flip(1))
    sequences, _ = examples(2, 1, 1, "none")
    sequences.requires_grad_()
    outputs = model(sequences)
    margin = (sequences.shape[2] - outputs[0].shape[3]) / 2
    assert margin.is_integer()
    torch.testing.assert_close(other(sequences.flip(1, 2))[0].flip(3), outputs[0])
    (expected,) = torch.autograd.grad(model.scalar(outputs).sum(), sequences)
    torch.testing.assert_close(model.gradient(sequences, None, "probability")[0], expected)


@pytest.mark.parametrize("controls", CONTROLS)
def test_reversed_filters_read_the_other_strand(controls):
    model, other = make(controls=controls), make(controls=controls)
    with torch.no_grad():
        for layer, convolution in enumerate(other.convolutions):
            convolution.weight.copy_(convolution.weight.flip(2))
            if layer == 0:  # A and T, C and G change places
                convolution.weight.copy_(convolution.weight.flip(1))
        # strands of each of the two tasks change places
        for head, dims in ((other.profile_convolution, (1, 3)), (other.count_dense, (1,))):
            weight = head.weight
            weight.copy_(weight.view(2, 2, *weight.shape[1:]).flip(dims).view(weight.shape))
            head.bias.copy_(head.bias.view(2, 2).flip(1).flatten())
        for mixer in (other.profile_control, other.count_control) if controls != "none" else ():
            weight = mixer.weight  # (4 outputs, 2 own and 2 of the control, 1)
            weight.copy_(weight.view(2, 2, 2, 2, 1).flip(1, 3).view(weight.shape))
            mixer.bias.copy_(mixer.bias.view(2, 2).flip(1).flatten())
    sequences, control = examples(controls=controls)
    logits, counts = model(sequences, control)
    backwards, swapped = other(sequences.flip(1, 2), control.flip(2, 3))
    torch.testing.assert_close(backwards.flip(2, 3), logits)
    torch.testing.assert_close(swapped.flip(2), counts)


def test_dropout_acts_in_training_alone():
    model = ProfileModel({**SETTINGS, "dropout": 0.5}, 2, 2, "none")
    plain = ProfileModel(SETTINGS, 2, 2, "none")
    plain.load_state_dict(model.state_dict())
    sequences = examples()[0].float()
    assert not torch.equal(model(sequences)[0], model(sequences)[0])
    assert torch.equal(model.eval()(sequences)[0], plain(sequences)[0])


def test_loss_is_that_of_profiles_plus_the_weighted_one_of_counts():
    model = make()
    sequences, control = examples()
    outputs, profiles = model(sequences, control), control + 1
    parts, total = model.loss(outputs, {"profiles": profiles})
    profile, count = profile_losses(*outputs, profiles)
    assert (parts["profile"], parts["count"]) == (profile, count)
    torch.testing.assert_close(total, profile + 3 * count)


def test_scalar_is_weighted_as_the_setting_says():
    model = make()
    outputs = model(*examples())
    centred = outputs[0] - outputs[0].mean(-1, keepdim=True)
    for weighting, weights in (
        ("probability", torch.softmax(outputs[0], -1)),
        ("log_probability", torch.log_softmax(outputs[0], -1)),
    ):
        constants = model.constants(outputs, weighting)
        assert not constants.requires_grad
        expected = (centred * weights).sum((1, 2, 3))
        torch.testing.assert_close(model.scalar(outputs, constants), expected)
    probability = model.scalar(outputs, model.constants(outputs))
    assert torch.equal(model.scalar(outputs), probability)


def test_scalar_is_centred_logits_times_probabilities():
    logits = torch.tensor(np.random.default_rng(0).normal(size=(3, 2, 2, 9)), requires_grad=True)
    numbers = logits.detach().numpy()
    probabilities = np.exp(numbers) / np.exp(numbers).sum(-1, keepdims=True)
    centred = numbers - numbers.mean(-1, keepdims=True)
    scalar = profile_scalar(logits)
    np.testing.assert_allclose(scalar.detach(), (centred * probabilities).sum((1, 2, 3)))
    # the probabilities are constants: the gradient is theirs, centred
    (gradient,) = torch.autograd.grad(scalar.sum(), logits)
    np.testing.assert_allclose(gradient, probabilities - 1 / 9, atol=1e-12)


@pytest.mark.parametrize("controls", CONTROLS)
def test_saved_model_gives_equal_outputs(tmp_path, controls):
    description = {
        "settings": SETTINGS,
        "tasks": ["one", "two"],
        "strands": 2,
        "controls": controls,
    }
    torch.manual_seed(1)
    model = build(description).eval()
    save_model(tmp_path / "new" / "model.pt", model.state_dict(), description)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.pt"]
    loaded, found = load_model(tmp_path / "new" / "model.pt")
    assert found == description
    assert not loaded.training
    sequences, control = (x.float() for x in examples(controls=controls))
    for before, after in zip(model(sequences, control), loaded(sequences, control), strict=True):
        assert torch.equal(before, after)


def test_saved_model_needs_no_pickled_code(tmp_path):
    description = {"settings": SETTINGS, "tasks": ["one"], "strands": 1, "controls": "none"}
    save_model(tmp_path / "model.pt", build(description).state_dict(), description)
    saved = torch.load(tmp_path / "model.pt", weights_only=True)
    assert set(saved) == {"weights", "description"}
