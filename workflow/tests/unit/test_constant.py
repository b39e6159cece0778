"""The best constant prediction: nothing constant beats it, models start there, and must beat it."""

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.dataset.sampler import BinSampler, PeakSampler
from attprior.dataset.windows import open_windows
from attprior.losses import profile_losses
from attprior.models.architecture import Architecture
from attprior.models.basset import BassetModel
from attprior.models.binary import BinaryModel
from attprior.models.profile import ProfileModel
from attprior.training.constant import MARGIN, best_constant, learnt_nothing
from attprior.training.job import train
from attprior.training.loop import train_seeds
from made_condition import SETTINGS, write_condition

CPU = torch.device("cpu")
STILL = {"learning_rate": 1e-30, "epochs": 1}  # what is trained so is what was begun
LAYERS = {"filters": 4, "widths": [7, 5], "pools": [1, 10], "dense": [6]}
BINS = {**SETTINGS, **LAYERS, "architecture": "binary"}


class Unstarted(BinaryModel):
    """As an architecture of one's own that says nothing of its start."""

    start_at = Architecture.start_at


KINDS = {
    "profile": lambda controls: ProfileModel(SETTINGS, 2, 2, controls),
    "binary": lambda _: BinaryModel(BINS, 2, 2, "none"),
    "basset": lambda _: BassetModel(BINS, 2, 2, "none"),
    "unstarted": lambda _: Unstarted(BINS, 2, 2, "none"),
}
LAST = {"binary": "dense.3.bias", "basset": "dense.3.bias"}


@pytest.fixture(scope="module", params=["matched", "none"])
def made(request, tmp_path_factory):
    """A condition's files and controls."""
    folder = tmp_path_factory.mktemp(request.param)
    return write_condition(folder, controls=request.param), request.param


def samplers(made, kind):
    """Samplers of training and validation examples."""
    windows = open_windows(*made[0][:2], SETTINGS)
    if kind != "profile":
        return BinSampler(windows, np.array([0])), BinSampler(windows, np.array([1]))
    return PeakSampler(windows, np.array([0]), jitter=4), PeakSampler(windows, np.array([1]))


def whole(sampler):
    """An epoch in one batch."""
    return next(sampler.batches(0, 0, 10_000, both_strands=False))


def fit(made, kind, path, settings, build=None, swap=False):
    """Weights and history of seed 1."""
    settings = {**(SETTINGS if kind == "profile" else BINS), **settings}
    data = samplers(made, kind)
    data = (data[0], data[0]) if swap else data
    make = build or (lambda: KINDS[kind](made[1]))
    return train_seeds(make, *data, settings, {1: path}, CPU)[1]


def loss_of(model, outputs, batch):
    data = {name: torch.from_numpy(values) for name, values in vars(batch).items()}
    number = len(batch.sequences)
    return model.loss(tuple(o.expand(number, *o.shape[1:]) for o in outputs), data)[1].item()


@pytest.mark.parametrize("kind", ["profile", "binary"])
def test_nothing_constant_loses_less(made, kind):
    batch = whole(samplers(made, kind)[0])
    model, best = KINDS[kind](made[1]), best_constant([batch])
    least = loss_of(model, best, batch)
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        other = tuple(o + 0.3 * torch.randn(o.shape, generator=generator) for o in best)
        assert loss_of(model, other, batch) > least


@pytest.mark.parametrize("kind", ["profile", "binary"])
def test_batches_do_not_matter(made, kind):
    sampler = samplers(made, kind)[0]
    parts = best_constant(sampler.batches(0, 0, 7, both_strands=False))
    for one, other in zip(parts, best_constant([whole(sampler)]), strict=True):
        torch.testing.assert_close(one, other)


def test_one_task_of_bins_starts_at_zero(tmp_path):
    files = write_condition(tmp_path, tasks=1)
    sampler = BinSampler(open_windows(*files[:2], SETTINGS), np.array([0]))
    assert best_constant([whole(sampler)])[0].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_start_sets_the_last_bias_alone(made, kind, tmp_path):
    sampler = samplers(made, kind)[0]
    torch.manual_seed(1)
    drawn = KINDS[kind](made[1]).state_dict()
    random, _ = fit(made, kind, tmp_path / "random", {**STILL, "start": "random"})
    mean, _ = fit(made, kind, tmp_path / "mean", {**STILL, "start": "mean"})
    changed = set()
    for name, value in drawn.items():
        if "running" in name or "num_batches" in name:  # batch norm's, which moves by itself
            continue
        torch.testing.assert_close(random[name], value, rtol=0, atol=1e-20)
        if not torch.allclose(mean[name], value, rtol=0, atol=1e-20):
            changed.add(name)
    of_counts = "count_dense.bias" if made[1] == "none" else "count_control.bias"
    last = of_counts if kind == "profile" else LAST.get(kind)
    assert changed == ({last} if last else set())
    if kind == "profile":
        expected = np.log1p(whole(sampler).profiles.sum(-1)).mean(axis=0).ravel()
        np.testing.assert_allclose(mean[last], expected, rtol=1e-5)
    elif last:
        torch.testing.assert_close(mean[last], best_constant([whole(sampler)])[0][0])


def test_first_count_loss_is_about_the_variance(tmp_path):
    made = write_condition(tmp_path, controls="none"), "none"
    losses = {
        start: fit(made, "profile", tmp_path / start, {**STILL, "start": start})[1][0]
        for start in ("mean", "random")
    }
    log_counts = np.log1p(whole(samplers(made, "profile")[1]).profiles.sum(-1))
    variance = log_counts.var(axis=0).mean()
    assert losses["mean"]["validation_count_loss"] == pytest.approx(variance, rel=0.2)
    assert losses["random"]["validation_count_loss"] > 5 * variance


def test_constant_losses_are_those_of_its_closed_form(made, tmp_path):
    (row,) = fit(made, "profile", tmp_path / "a", STILL)[1]
    training, validation = map(whole, samplers(made, "profile"))
    share = training.profiles.sum(axis=0) + 0.5
    log_count = np.log1p(training.profiles.sum(-1)).mean(axis=0)
    shape = validation.profiles.shape
    profile, count = profile_losses(
        torch.from_numpy(np.log(share)).expand(shape),
        torch.from_numpy(log_count).expand(shape[:-1]),
        torch.from_numpy(validation.profiles),
    )
    assert row["constant_profile_loss"] == pytest.approx(profile.item(), rel=1e-5)
    assert row["constant_count_loss"] == pytest.approx(count.item(), rel=1e-5)
    total = row["constant_profile_loss"] + row["constant_count_loss"]
    assert row["constant_loss"] == pytest.approx(total)


def test_constant_loss_of_bins_is_that_of_whole_batches(made, tmp_path):
    (row,) = fit(made, "binary", tmp_path / "a", {**STILL, "batch_size": 10_000})[1]
    training, validation = map(whole, samplers(made, "binary"))
    expected = loss_of(KINDS["binary"](None), best_constant([training]), validation)
    assert row["constant_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["profile", "binary"])
@pytest.mark.slow
def test_model_without_weights_is_marked_and_a_good_one_is_not(made, kind, tmp_path):
    def zeroed():
        model = KINDS[kind](made[1])
        for value in model.parameters():
            torch.nn.init.zeros_(value)
        return model

    examples = "profiles" if kind == "profile" else "bins"
    (row,) = fit(made, kind, tmp_path / "zeroed", STILL, zeroed)[1]
    parts = ["profile", "count"] if kind == "profile" else ["prediction"]
    assert learnt_nothing(row, examples) == parts
    # on what it was shown, and large enough for it
    larger = {**SETTINGS, "filters": 16, "count_loss_weight": 20}
    build = (lambda: ProfileModel(larger, 2, 2, made[1])) if kind == "profile" else None
    _, history = fit(made, kind, tmp_path / "good", {"epochs": 60}, build, swap=True)
    best = min(history, key=lambda row: row["validation_loss"])
    assert learnt_nothing(best, examples) == []


def test_parts_of_profiles_are_judged_one_by_one_and_classes_of_bins_together():
    row = {"seed": 1, "epoch": 2, "validation_loss": 0.5, "constant_loss": 0.7}
    row |= {"validation_a_loss": 0.9, "constant_a_loss": 0.7}
    row |= {"validation_b_loss": 0.1, "constant_b_loss": 0.7}
    assert learnt_nothing(row, "profiles") == ["a"]
    assert learnt_nothing(row, "bins") == []
    # what is hardly better has learnt nothing either
    close = {**row, "validation_loss": (1 - MARGIN / 2) * 0.7}
    assert learnt_nothing(close, "bins") == ["prediction"]


def test_job_marks_the_kept_epoch_of_a_seed_that_learnt_nothing(made, tmp_path, caplog):
    history = tmp_path / "history.tsv"
    paths = {seed: tmp_path / f"{seed}.pt" for seed in (1, 2)}
    settings = {**SETTINGS, "learning_rate": 1e-30, "epochs": 2}
    train(*made[0], settings, paths, history, tmp_path / "checkpoints", "cpu")
    table = pd.read_csv(history, sep="\t", keep_default_na=False)
    assert (table.learnt_nothing[table.best == 0] == "").all()
    kept = table[table.best == 1]
    assert kept.learnt_nothing.tolist() == ["profile,count"] * 2
    row = kept.iloc[0]
    assert (
        f"seed 1 has learnt nothing of the count: at its best epoch, {row.epoch}, its validation "
        f"loss is {row.validation_count_loss:.4f}, and that of a constant prediction "
        f"{row.constant_count_loss:.4f}"
    ) in caplog.text
