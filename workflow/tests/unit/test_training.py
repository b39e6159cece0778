"""Training: the same twice over, whatever interrupts it; and the best epoch is what is kept."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.dataset.sampler import Batch, PeakSampler
from attprior.errors import InputError
from attprior.losses import multinomial_nll, profile_losses
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.models.saved import load_model
from attprior.priors import prior_loss
from attprior.training import device as devices
from attprior.training.device import choose_device
from attprior.training.job import open_windows, train
from attprior.training.loop import batch_losses, train_seed
from made_condition import FOURIER, SETTINGS, write_condition

CPU = torch.device("cpu")
PRIORS = [
    FOURIER,
    {"kind": "smoothness", "weight": 1.0},
    {"kind": "sparsity", "weight": 1.0},
]


@pytest.fixture(scope="module")
def windows(condition):
    return open_windows(*condition[:2], SETTINGS)


@pytest.fixture
def samplers(windows):
    training = PeakSampler(windows, np.array([0]), jitter=4)
    return training, PeakSampler(windows, np.array([1]))


@dataclass
class Given:
    """A sampler of given batches, an epoch's index choosing its list."""

    epochs: dict[int, list[Batch]]

    def batches(self, seed, epoch, batch_size, both_strands):
        return iter(self.epochs[epoch])


class Unused:
    def batches(self, *_):
        raise AssertionError("drawn from")


def build():
    return ProfileModel(SETTINGS, 2, 2, "matched")


def fit(samplers, path, settings=None, seed=1, key="key", make=build):
    return train_seed(make, *samplers, {**SETTINGS, **(settings or {})}, seed, CPU, path, key)


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def without_time(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


@pytest.mark.parametrize("prior", [{"kind": "none"}, FOURIER], ids=["none", "fourier"])
def test_same_seed_gives_the_same_losses_and_weights(samplers, tmp_path, prior):
    runs = [fit(samplers, tmp_path / name, {"prior": prior}) for name in "ab"]
    assert without_time(runs[0][1]) == without_time(runs[1][1])
    assert same_weights(runs[0][0], runs[1][0])


def test_other_seeds_give_others(samplers, tmp_path):
    runs = [fit(samplers, tmp_path / str(seed), {"epochs": 1}, seed) for seed in (1, 2)]
    assert runs[0][1][0]["training_loss"] != runs[1][1][0]["training_loss"]
    assert not same_weights(runs[0][0], runs[1][0])


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior["kind"])
def test_positives_apart_from_negatives_lose_what_the_whole_batch_does(samplers, prior):
    torch.manual_seed(0)
    model = build().double()
    batch = next(samplers[0].batches(1, 1, 16, both_strands=True))
    assert 0 < batch.positive.sum() < len(batch.positive)
    batch = Batch(*(x.astype(float) for x in vars(batch).values()))
    positive = batch.positive.astype(bool)
    batch = Batch(batch.sequences, batch.profiles, batch.control, positive)
    found = batch_losses(model, batch, {**SETTINGS, "prior": prior}, CPU)

    x = torch.tensor(batch.sequences, requires_grad=True)
    logits, log_counts = model(x, torch.tensor(batch.control))
    (gradient,) = torch.autograd.grad(profile_scalar(logits).sum(), x, create_graph=True)
    constants = {k: v for k, v in prior.items() if k not in ("kind", "weight")}
    expected = (
        *profile_losses(logits, log_counts, torch.tensor(batch.profiles)),
        prior_loss(gradient * x, torch.tensor(positive), prior["kind"], **constants),
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    weights = list(model.parameters())
    gradients = [
        torch.autograd.grad(losses[0] + 2 * losses[1] + 3 * losses[2], weights)
        for losses in (found, expected)
    ]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("positive", [True, False])
def test_batch_of_one_kind_has_losses(samplers, positive):
    batch = next(samplers[0].batches(1, 1, 16, both_strands=False))
    kept = np.full(len(batch.positive), positive)
    batch = Batch(batch.sequences, batch.profiles, batch.control, kept)
    profile, count, prior = batch_losses(build(), batch, {**SETTINGS, "prior": FOURIER}, CPU)
    assert torch.isfinite(profile + count + prior)
    assert (prior.item() > 0) == positive


def test_prior_of_weight_zero_trains_as_none_does(samplers, tmp_path):
    zero = {"prior": {**FOURIER, "weight": 0.0}}
    with_zero, none = fit(samplers, tmp_path / "a", zero), fit(samplers, tmp_path / "b")
    for key in none[0]:
        # softmax ignores a constant: Adam moves these by the sign of rounding errors
        if key not in ("profile_convolution.bias", "profile_control.bias"):
            torch.testing.assert_close(with_zero[0][key], none[0][key], rtol=1e-3, atol=1e-3)
    for one, other in zip(with_zero[1], none[1], strict=True):
        assert one["training_loss"] == pytest.approx(other["training_loss"], rel=1e-4)
        assert one["validation_loss"] == pytest.approx(other["validation_loss"], rel=1e-4)
        assert one["training_prior_loss"] > 0
        assert other["training_prior_loss"] == 0


def test_prior_lowers_the_prior_loss(samplers, tmp_path):
    last = [
        fit(samplers, tmp_path / str(weight), {"prior": {**FOURIER, "weight": weight}})[1][-1]
        for weight in (0.0, 100.0)
    ]
    assert last[1]["training_prior_loss"] < last[0]["training_prior_loss"]


def test_overfits_three_batches(samplers):
    torch.manual_seed(0)
    model = ProfileModel({**SETTINGS, "filters": 48}, 2, 2, "matched")
    batches = list(samplers[0].batches(1, 1, 6, both_strands=False))[:3]
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    floor, totals = 0.0, []
    for batch in batches:
        counts = torch.from_numpy(batch.profiles)
        floor += multinomial_nll(torch.log(counts + 1e-9), counts).mean().item()
    for _ in range(250):
        losses = [batch_losses(model, batch, SETTINGS, CPU) for batch in batches]
        total = sum(profile + count for profile, count, _ in losses)
        totals.append(total.item() - floor)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    assert totals[-1] < 0.05 * totals[0]


def held_out(weights, sampler):
    """Prediction loss of weights, example by example."""
    model = build()
    model.load_state_dict(weights)
    batch = next(sampler.batches(0, 0, 10_000, both_strands=False))
    with torch.no_grad():
        logits, log_counts = model(*map(torch.from_numpy, (batch.sequences, batch.control)))
        profile, count = profile_losses(logits, log_counts, torch.from_numpy(batch.profiles))
    return (profile + SETTINGS["count_loss_weight"] * count).item()


def test_best_epoch_is_by_prediction_loss_and_its_weights_stay(samplers, tmp_path):
    settings = {"epochs": 12, "learning_rate": 0.03, "prior": FOURIER}
    weights, history = fit(samplers, tmp_path / "a", settings)
    losses = [row["validation_loss"] for row in history]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1, "the best epoch must not be the last, for this to tell anything"
    assert held_out(weights, samplers[1]) == pytest.approx(losses[best], rel=1e-5)
    # what stopping there would have given, bit for bit
    stopped, _ = fit(samplers, tmp_path / "b", {**settings, "epochs": best + 1})
    assert same_weights(weights, stopped)


def test_history_adds_up(samplers, tmp_path):
    _, history = fit(samplers, tmp_path / "a", {"prior": {**FOURIER, "weight": 3.0}})
    assert [row["epoch"] for row in history] == [1, 2, 3]
    for row in history:
        total = row["training_prediction_loss"] + 3 * row["training_prior_loss"]
        assert row["training_loss"] == pytest.approx(total)
        expected = row["validation_profile_loss"] + row["validation_count_loss"]
        assert row["validation_loss"] == pytest.approx(expected)


def test_stops_early_without_improvement(samplers, tmp_path):
    settings = {"epochs": 30, "patience": 2, "min_improvement": 1e9}
    weights, history = fit(samplers, tmp_path / "a", settings)
    # the first epoch is an improvement on nothing
    assert len(history) == 3
    best = min(row["validation_loss"] for row in history)
    assert held_out(weights, samplers[1]) == pytest.approx(best, rel=1e-5)


class Interrupted(Exception):
    pass


@dataclass
class Killed:
    """A sampler whose job is killed in an epoch."""

    sampler: PeakSampler
    at: int

    def batches(self, seed, epoch, *rest):
        for number, batch in enumerate(self.sampler.batches(seed, epoch, *rest)):
            if (epoch, number) == (self.at, 1):
                raise Interrupted
            yield batch


@pytest.mark.parametrize("at", [1, 3])
def test_killed_training_goes_on_to_the_same_end(samplers, tmp_path, at):
    whole = fit(samplers, tmp_path / "a", {"epochs": 4})
    with pytest.raises(Interrupted):
        fit((Killed(samplers[0], at), samplers[1]), tmp_path / "b", {"epochs": 4})
    assert (tmp_path / "b").exists() == (at > 1)
    found = fit(samplers, tmp_path / "b", {"epochs": 4})
    assert same_weights(found[0], whole[0])
    assert without_time(found[1]) == without_time(whole[1])


def test_finished_training_returns_at_once(samplers, tmp_path):
    whole = fit(samplers, tmp_path / "a")
    found = fit((Unused(), Unused()), tmp_path / "a")
    assert same_weights(found[0], whole[0])
    assert found[1] == whole[1]


def test_checkpoint_of_another_key_is_not_used(samplers, tmp_path):
    fit(samplers, tmp_path / "a", {"epochs": 2}, seed=5, key="other")
    found = fit(samplers, tmp_path / "a", {"epochs": 2})
    expected = fit(samplers, tmp_path / "b", {"epochs": 2})
    assert same_weights(found[0], expected[0])
    assert without_time(found[1]) == without_time(expected[1])


def test_loss_that_is_not_finite_raises_and_leaves_the_last_checkpoint(samplers, tmp_path):
    good = list(samplers[0].batches(1, 1, 8, both_strands=False))
    bad = Batch(good[0].sequences, good[0].profiles * np.nan, good[0].control, good[0].positive)
    training = Given({1: good, 2: [*good, bad]})
    with pytest.raises(FloatingPointError, match="seed 1, epoch 2: the loss is nan"):
        fit((training, samplers[1]), tmp_path / "a")
    saved = torch.load(tmp_path / "a", weights_only=True)
    assert len(saved["history"]) == 1
    assert all(torch.isfinite(value).all() for value in saved["model"].values())
    assert not saved["finished"]


def test_job_writes_models_and_a_history(condition, tmp_path):
    paths = {seed: tmp_path / f"seed_{seed}" / "model.pt" for seed in (1, 2)}
    history = tmp_path / "history.tsv"
    for _ in range(2):  # the second time from finished checkpoints
        settings = {**SETTINGS, "epochs": 2}
        train(*condition, settings, paths, history, tmp_path / "checkpoints", "cpu", "key")
        table = pd.read_csv(history, sep="\t")
        assert list(table.columns) == [
            "seed", "epoch", "training_loss", "training_prediction_loss", "training_prior_loss",
            "validation_loss", "validation_profile_loss", "validation_count_loss", "seconds", "best",
        ]  # fmt: skip
        assert table[["seed", "epoch"]].to_numpy().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
        for seed, rows in table.groupby("seed"):
            assert (
                rows.best.tolist() == (rows.validation_loss == rows.validation_loss.min()).tolist()
            )
            model, description = load_model(paths[seed])
            assert description["tasks"] == ["task_0", "task_1"]
            assert description["settings"] == settings
            assert (model.tasks, model.strands, model.controls) == (2, 2, "matched")


@pytest.mark.parametrize("controls", ["shared", "none"])
def test_job_trains_with_any_controls(tmp_path, controls):
    files = write_condition(tmp_path, controls=controls)
    settings = {**SETTINGS, "epochs": 1, "prior": FOURIER}
    train(*files, settings, {1: tmp_path / "model.pt"}, tmp_path / "h.tsv", tmp_path, "cpu")
    assert load_model(tmp_path / "model.pt")[0].controls == controls


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="training/device' is cuda, but torch sees no GPU"):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == CPU


def test_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "get_device_name", lambda: "made up")
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == CPU
