"""Training: the same twice over, whatever interrupts it; and the best epoch is what is kept."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.dataset.sampler import BinSampler, PeakSampler
from attprior.dataset.windows import Batch, open_windows
from attprior.errors import InputError
from attprior.losses import multinomial_nll, profile_losses
from attprior.models.binary import BinaryModel
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.models.saved import load_model
from attprior.priors import prior_loss
from attprior.sequence import encode
from attprior.training import device as devices
from attprior.training.device import choose_device
from attprior.training.ensemble import Ensemble
from attprior.training.job import train
from attprior.training.loop import train_seeds
from attprior.training.optimiser import Optimiser
from attprior.training.step import CONSTANTS, batch_losses, tensors
from made_condition import FOURIER, PRIOR, SETTINGS, write_condition

CPU = torch.device("cpu")
PRIORS = [
    FOURIER,
    {**PRIOR, "kind": "smoothness"},
    {**PRIOR, "kind": "sparsity"},
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

    def batches(self, seed, epoch, batch_size, both_strands, workers=0):
        return iter(self.epochs[epoch])


class Unused:
    def batches(self, *_, **__):
        raise AssertionError("drawn from")


def build():
    return ProfileModel(SETTINGS, 2, 2, "matched")


def fit(samplers, path, settings=None, seed=1, key="key", make=build):
    settings = {**SETTINGS, **(settings or {})}
    return train_seeds(make, *samplers, settings, {seed: path}, CPU, key)[seed]


def losses_of(ensemble, batch, settings):
    """Parts, prediction and prior loss of a batch by an ensemble of one."""
    settings = {**SETTINGS, **settings}
    parts, prediction, prior = batch_losses(ensemble, slice(0, 1), tensors([batch], CPU), settings)
    return {name: value[0] for name, value in parts.items()}, prediction[0], prior[0]


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
    ensemble = Ensemble([model])
    parts, _, penalty = losses_of(ensemble, batch, {"prior": prior})
    found = (parts["profile"], parts["count"], penalty)

    x = torch.tensor(batch.sequences, requires_grad=True)
    logits, log_counts = model(x, torch.tensor(batch.control))
    (gradient,) = torch.autograd.grad(profile_scalar(logits).sum(), x, create_graph=True)
    constants = {k: v for k, v in prior.items() if k in CONSTANTS}
    expected = (
        *profile_losses(logits, log_counts, torch.tensor(batch.profiles)),
        prior_loss(gradient * x, torch.tensor(positive), prior["kind"], **constants),
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    stacked, own = (
        torch.autograd.grad(losses[0] + 2 * losses[1] + 3 * losses[2], list(weights))
        for losses, weights in ((found, ensemble.weights.values()), (expected, model.parameters()))
    )
    for one, other in zip(stacked, own, strict=True):
        torch.testing.assert_close(one[0], other)


@pytest.mark.parametrize("positive", [True, False])
def test_batch_of_one_kind_has_losses(samplers, positive):
    batch = next(samplers[0].batches(1, 1, 16, both_strands=False))
    kept = np.full(len(batch.positive), positive)
    batch = Batch(batch.sequences, batch.profiles, batch.control, kept)
    _, prediction, prior = losses_of(Ensemble([build()]), batch, {"prior": FOURIER})
    assert torch.isfinite(prediction + prior)
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
    ensemble = Ensemble([ProfileModel({**SETTINGS, "filters": 48}, 2, 2, "matched")])
    batches = list(samplers[0].batches(1, 1, 6, both_strands=False))[:3]
    optimiser = torch.optim.Adam(ensemble.weights.values(), lr=5e-3)
    floor, totals = 0.0, []
    for batch in batches:
        counts = torch.from_numpy(batch.profiles)
        floor += multinomial_nll(torch.log(counts + 1e-9), counts).mean().item()
    for _ in range(250):
        losses = [losses_of(ensemble, batch, {}) for batch in batches]
        total = sum(prediction for _, prediction, _ in losses)
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


def gradients_of(norms):
    """Ensemble of one member for each norm, with gradients of these norms."""
    models = []
    for seed in range(len(norms)):
        torch.manual_seed(seed)
        models.append(build())
    ensemble = Ensemble(models)
    weights = list(ensemble.weights.values())
    drawn = [torch.randn_like(weight) for weight in weights]
    length = sum(values.flatten(1).square().sum(dim=1) for values in drawn).sqrt()
    scale = torch.tensor(norms) / length
    for weight, values in zip(weights, drawn, strict=True):
        weight.grad = values * scale.view(-1, *[1] * (values.dim() - 1))
    return ensemble


def test_gradients_are_clipped_member_by_member():
    ensemble = gradients_of([0.5, 8.0, float("nan")])
    before = [weight.grad.clone() for weight in ensemble.weights.values()]
    Optimiser(ensemble, {**SETTINGS, "clip_norm": 2.0}).step()
    after = [weight.grad for weight in ensemble.weights.values()]
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(other[0], one[0], rtol=1e-6, atol=0)
        torch.testing.assert_close(other[1], one[1] / 4)
        assert other[2].isnan().all()
    plain = gradients_of([8.0])
    Optimiser(plain, {**SETTINGS, "clip_norm": None}).step()
    length = sum(weight.grad.square().sum() for weight in plain.weights.values()).sqrt()
    assert length.item() == pytest.approx(8, rel=1e-5)


def test_average_is_the_running_mean_of_the_weights():
    ensemble = gradients_of([1.0])
    optimiser = Optimiser(ensemble, {**SETTINGS, "weight_average": 0.5})
    expected = {name: value.detach().clone() for name, value in ensemble.weights.items()}
    for step in range(1, 12):
        optimiser.step()
        decay = min(0.5, (1 + step) / (10 + step))
        for name, value in ensemble.weights.items():
            expected[name] = decay * expected[name] + (1 - decay) * value.detach()
    for name, value in optimiser.average.weights.items():
        torch.testing.assert_close(value, expected[name])
    assert Optimiser(ensemble, {**SETTINGS, "weight_average": 0}).average is ensemble


def test_few_steps_an_epoch_give_more_epochs(samplers, tmp_path):
    steps = -(-len(samplers[0].epoch(0, 0)[0]) // SETTINGS["batch_size"])
    settings = {"epochs": 2, "min_steps": 5 * steps - 1}
    _, history = fit(samplers, tmp_path / "a", settings)
    assert len(history) == 5
    _, history = fit(samplers, tmp_path / "b", {**settings, "min_steps": 2 * steps})
    assert len(history) == 2


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

    def batches(self, seed, epoch, *rest, **options):
        for number, batch in enumerate(self.sampler.batches(seed, epoch, *rest, **options)):
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


@pytest.mark.parametrize("spoil", ["cut", "format", "object"])
def test_checkpoint_that_cannot_be_read_is_not_used(samplers, tmp_path, spoil):
    path = tmp_path / "a"
    expected = fit(samplers, path, {"epochs": 2})
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        torch.save({"other": 1} if spoil == "format" else {"key": np.float64(1)}, path)
    found = fit(samplers, path, {"epochs": 2})
    assert same_weights(found[0], expected[0])


@dataclass
class Spoilt:
    """A sampler whose batches of one seed hold no numbers from an epoch on."""

    sampler: PeakSampler
    seed: int
    since: int

    def batches(self, seed, epoch, *rest, **options):
        for batch in self.sampler.batches(seed, epoch, *rest, **options):
            if seed == self.seed and epoch >= self.since:
                batch = replace(batch, profiles=batch.profiles * np.nan)
            yield batch


@pytest.mark.parametrize("together", [1, 3])
def test_loss_that_is_not_finite_stops_its_seed_alone(samplers, tmp_path, caplog, together):
    training = Spoilt(samplers[0], seed=2, since=2)
    paths = {seed: tmp_path / str(seed) for seed in (1, 2, 3)}
    for _ in range(2):  # a rerun says the same
        with pytest.raises(InputError, match="the loss of seed 2 is no longer a finite number"):
            train_seeds(build, training, samplers[1], SETTINGS, paths, CPU, "key", together)
        assert "seed 2, epoch 2: the loss is nan" in caplog.text
        caplog.clear()
        saved = {seed: torch.load(path, weights_only=True) for seed, path in paths.items()}
        assert {seed: len(state["history"]) for seed, state in saved.items()} == {1: 3, 2: 1, 3: 3}
        assert not saved[2]["finished"]
        assert all(torch.isfinite(value).all() for value in saved[2]["model"].values())


def together_and_alone(make, samplers, settings, folder, together, seeds=(1, 2, 3)):
    """Results of seeds trained in one pass, and one by one."""
    settings = {**SETTINGS, **settings}
    results = []
    for number in (together, 1):
        paths = {seed: folder / f"{number}_{seed}" for seed in seeds}
        results.append(train_seeds(make, *samplers, settings, paths, CPU, "key", number))
    return results


def alike(one, other, **tolerance):
    """Whether two histories are the same but for rounding and time."""
    assert len(one) == len(other)
    for row, expected in zip(one, other, strict=True):
        for key in row.keys() - {"seconds"}:
            assert row[key] == pytest.approx(expected[key], **tolerance), key


@pytest.mark.parametrize(
    "prior",
    [
        {"kind": "none"},
        FOURIER,
        {**FOURIER, "attribution": "expected_gradient"},
        {**FOURIER, "attribution": "corrected_gradient", "examples": "all"},
        {**PRIOR, "kind": "sparsity", "schedule": "inflate"},
    ],
    ids=["none", "fourier", "expected", "corrected", "sparsity"],
)
def test_seeds_trained_together_end_as_alone(samplers, tmp_path, prior):
    both, alone = together_and_alone(build, samplers, {"prior": prior}, tmp_path, 3)
    for seed, (_, history) in alone.items():
        alike(both[seed][1][:1], history[:1], rel=1e-3, abs=1e-4)
        # rounding grows from step to step
        alike(both[seed][1], history, rel=1e-2, abs=1e-3)
    assert alone[1][1][0]["training_loss"] != alone[2][1][0]["training_loss"]


def test_step_of_seeds_with_batch_norm_is_that_of_each_alone(windows):
    layers = {"widths": [7, 5], "pools": [1, 10], "dense": [6]}
    settings = {**SETTINGS, **layers, "architecture": "binary", "prior": FOURIER}
    sampler = BinSampler(windows, np.array([0]))
    batches = [next(sampler.batches(seed, 1, 16, both_strands=True)) for seed in (1, 2)]

    def step(seeds):
        models = []
        for seed in seeds:
            torch.manual_seed(seed)
            models.append(BinaryModel(settings, 2, 2, "none").double())
        ensemble = Ensemble(models)
        data = tensors([batches[seed - 1] for seed in seeds], CPU)
        data["sequences"] = data["sequences"].double()
        _, *losses = batch_losses(ensemble, slice(0, len(seeds)), data, settings)
        sum(losses).sum().backward()
        gradients = {name: weight.grad for name, weight in ensemble.weights.items()}
        return {**dict(zip("ab", losses, strict=True)), **gradients, **ensemble.buffers}

    both = step((1, 2))
    for member, seed in enumerate((1, 2)):
        for name, value in step((seed,)).items():
            torch.testing.assert_close(both[name][member], value[0])


def test_seed_that_stops_early_leaves_the_others_as_they_were(samplers, tmp_path):
    settings = {"epochs": 8, "patience": 1, "learning_rate": 0.05}
    both, alone = together_and_alone(build, samplers, settings, tmp_path, 4, seeds=(1, 2, 3, 4))
    lengths = {seed: len(history) for seed, (_, history) in alone.items()}
    assert len(set(lengths.values())) > 1, "all stop at once, so this tells nothing"
    assert lengths == {seed: len(history) for seed, (_, history) in both.items()}
    for seed, (_, history) in alone.items():
        alike(both[seed][1], history, rel=0.02, abs=0.02)


def test_seeds_at_different_epochs_go_on_to_the_same_end(samplers, tmp_path):
    settings = {**SETTINGS, "epochs": 3}
    fit(samplers, tmp_path / "1", {"epochs": 3})
    ahead = Killed(samplers[0], 3)
    with pytest.raises(Interrupted):
        fit((ahead, samplers[1]), tmp_path / "2", {"epochs": 3}, seed=2)
    paths = {seed: tmp_path / str(seed) for seed in (1, 2, 3, 4)}
    found = train_seeds(build, *samplers, settings, paths, CPU, "key", together=4)
    for seed in paths:
        alike(
            found[seed][1],
            fit(samplers, tmp_path / "x", seed=seed, key=str(seed))[1],
            rel=1e-3,
            abs=1e-4,
        )


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("prior", [{"kind": "none"}, FOURIER], ids=["none", "fourier"])
def test_step_that_does_not_fit_is_split_with_the_same_result(
    samplers, tmp_path, monkeypatch, caplog, together, prior
):
    settings, paths = (
        {**SETTINGS, "epochs": 2, "prior": prior},
        {1: tmp_path / "1", 2: tmp_path / "2"},
    )
    whole = train_seeds(build, *samplers, settings, paths, CPU, "key", together)
    forward = Ensemble.forward

    def limited(self, members, sequences, control=None):
        if (members.stop - members.start) * sequences.shape[1] > 7:
            raise torch.OutOfMemoryError
        return forward(self, members, sequences, control)

    monkeypatch.setattr(Ensemble, "forward", limited)
    paths = {seed: tmp_path / f"{seed}_limited" for seed in paths}
    found = train_seeds(build, *samplers, settings, paths, CPU, "key", together)
    assert "the device's memory is too small for a step" in caplog.text
    for seed in paths:
        alike(found[seed][1], whole[seed][1], rel=1e-2, abs=1e-3)


def test_step_that_cannot_be_split_says_so(samplers, tmp_path, monkeypatch):
    def never(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Ensemble, "forward", never)
    with pytest.raises(InputError, match="lower batch_size"):
        fit(samplers, tmp_path / "a")


def test_weight_of_the_prior_follows_its_schedule(samplers, tmp_path):
    prior = {**FOURIER, "weight": 4.0, "schedule": "deflate", "rate": 0.5}
    _, history = fit(samplers, tmp_path / "a", {"prior": prior})
    for row in history:
        weight = 4 * np.exp(-0.5 * row["epoch"])
        expected = row["training_prediction_loss"] + weight * row["training_prior_loss"]
        assert row["training_loss"] == pytest.approx(expected)


def test_prior_of_all_examples_is_of_negatives_too(samplers):
    batch = next(samplers[0].batches(1, 1, 16, both_strands=False))
    ensemble = Ensemble([build()])
    found = losses_of(ensemble, batch, {"prior": {**FOURIER, "examples": "all"}})[2]
    each = []
    for kept in (batch.positive, ~batch.positive):
        part = Batch(*(value[kept] for value in vars(batch).values()))
        part = replace(part, positive=np.ones(kept.sum(), dtype=bool))
        each.append(kept.sum() * losses_of(ensemble, part, {"prior": FOURIER})[2])
    torch.testing.assert_close(found, sum(each) / len(batch.positive))


@pytest.mark.parametrize("attribution", ["expected_gradient", "rescale"])
def test_training_with_references_repeats(samplers, tmp_path, attribution):
    prior = {**FOURIER, "attribution": attribution}
    runs = [fit(samplers, tmp_path / name, {"prior": prior, "epochs": 2}) for name in "ab"]
    assert without_time(runs[0][1]) == without_time(runs[1][1])
    published = fit(samplers, tmp_path / "c", {"prior": FOURIER, "epochs": 2})
    assert runs[0][1][0]["training_prior_loss"] != published[1][0]["training_prior_loss"]


@pytest.mark.parametrize("attribution", ["expected_gradient", "rescale"])
def test_training_goes_on_at_repeats_that_have_no_other_shuffle(condition, tmp_path, attribution):
    windows = open_windows(*condition[:2], SETTINGS)
    starts = windows.starts(windows.labels.regions.summit.to_numpy()[:8])
    for start, unit in zip(starts, ("A", "C", "AC", "TG", "ACG", "ACGT", "T", "G"), strict=True):
        windows.genome[start - 10 : start + 70] = np.resize(encode(unit), 80)
    chosen = {**SETTINGS, "prior": {**FOURIER, "attribution": attribution}}
    both = [PeakSampler(windows, np.array([split]), jitter=4) for split in (0, 1)]
    _, history = fit(both, tmp_path / "a.pt", chosen)
    losses = pd.DataFrame(history)[["training_loss", "training_prior_loss", "validation_loss"]]
    assert np.isfinite(losses).all(axis=None)


def test_dropout_goes_on_from_a_checkpoint_as_if_never_killed(samplers, tmp_path):
    settings = {"epochs": 3, "dropout": 0.3}

    def make():
        return ProfileModel({**SETTINGS, "dropout": 0.3}, 2, 2, "matched")

    whole = fit(samplers, tmp_path / "a", settings, make=make)
    with pytest.raises(Interrupted):
        fit((Killed(samplers[0], 3), samplers[1]), tmp_path / "b", settings, make=make)
    found = fit(samplers, tmp_path / "b", settings, make=make)
    assert same_weights(found[0], whole[0])


def test_job_writes_models_and_a_history(condition, tmp_path):
    paths = {seed: tmp_path / f"seed_{seed}" / "model.pt" for seed in (1, 2)}
    history = tmp_path / "history.tsv"
    for _ in range(2):  # the second time from finished checkpoints
        settings = {**SETTINGS, "epochs": 2}
        train(*condition, settings, paths, history, tmp_path / "checkpoints", "cpu", "key")
        table = pd.read_csv(history, sep="\t")
        assert list(table.columns) == [
            "seed", "epoch", "training_loss", "training_prediction_loss", "training_prior_loss",
            "validation_loss", "validation_profile_loss", "validation_count_loss", "constant_loss",
            "constant_profile_loss", "constant_count_loss", "seconds", "best", "learnt_nothing",
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


def test_cuda_without_a_gpu_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="training/device' is cuda, but torch sees no GPU"):
        choose_device("cuda")
    monkeypatch.setattr(devices, "DRIVER", tmp_path / "none")
    assert choose_device("auto") == choose_device("cpu") == CPU


def test_gpu_is_not_left_unused_by_a_torch_without_cuda(monkeypatch, tmp_path):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices.torch.version, "cuda", None)
    monkeypatch.setattr(devices, "DRIVER", tmp_path)
    with pytest.raises(
        InputError, match=r"driver is here .* is built without CUDA.*set config key"
    ):
        choose_device("auto")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["auto", "cuda"])
@pytest.mark.parametrize("visible", [None, ""])
def test_gpu_that_torch_does_not_see_is_told_with_its_reason(monkeypatch, tmp_path, name, visible):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices.torch.version, "cuda", "12.8")
    monkeypatch.setattr(devices, "DRIVER", tmp_path)
    said = "The NVIDIA driver on your system is too old (found version 11040)."

    def fail():
        raise RuntimeError(said)

    monkeypatch.setattr(devices.torch.cuda, "init", fail)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(InputError) as error:
        choose_device(name)
    assert f"for CUDA 12.8: {said[:-1]}" in str(error.value)
    assert ("CUDA_VISIBLE_DEVICES is ''" in str(error.value)) == (visible is not None)
    assert choose_device("cpu") == CPU


def test_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "get_device_name", lambda: "made up")
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == CPU
