"""Attributions: what they must sum to and equal, which peaks have them, and how their files are made."""

import os
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import h5py
import numpy as np
import pandas as pd
import pybigtools
import pytest
import torch
from attprior.attribution import methods
from attprior.attribution.average import average, mean_track, write_bigwig
from attprior.attribution.deepshap import deepshap, has_own_rules, own_pairs, tangermeme_pairs
from attprior.attribution.methods import input_gradient, mutagenesis, scalar_constants
from attprior.attribution.regions import Regions, choose_regions
from attprior.attribution.run import attribute, delta_table, warn_of_deltas
from attprior.attribution.shuffles import references_of
from attprior.dataset.sampler import first_of_locus
from attprior.dataset.store import Coordinates, Labels
from attprior.dataset.windows import Windows, open_windows
from attprior.errors import InputError
from attprior.models.architecture import Head
from attprior.models.basset import BassetModel
from attprior.models.binary import BinaryModel
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.models.saved import build, load_model, save_model
from attprior.sequence import N_CODE, encode, one_hot_codes
from made_condition import CHROMOSOMES, SETTINGS, write_condition
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.ersatz import dinucleotide_shuffle
from tangermeme.saturation_mutagenesis import saturation_mutagenesis
from torch import nn

CPU = torch.device("cpu")
NUMBER, REFERENCES, BATCH = 5, 4, 7  # batches that split a sequence's references
POOLED = {"filters": 6, "widths": [7, 5], "pools": [3, 4], "dense": [8, 5], "dropout": 0}
SCRIPTS = Path(__file__).parents[2] / "scripts"


def make(controls="matched", seed=0):
    torch.manual_seed(seed)
    model = ProfileModel(SETTINGS, 2, 2, controls)
    # weights of a trained model's size: the first ones give nearly flat profiles
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 2
    return model.eval()


def make_pooled(kind, seed=0):
    torch.manual_seed(seed)
    model = kind({**POOLED, "input_length": SETTINGS["input_length"]}, 2, 1, "none")
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def examples(controls="matched"):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (NUMBER, SETTINGS["input_length"]))
    sequences = torch.tensor(np.eye(4)[codes].transpose(0, 2, 1), dtype=torch.float32)
    count = {"matched": 2, "shared": 1, "none": 0}[controls]
    control = torch.tensor(rng.poisson(2, (NUMBER, count, 2, 30)), dtype=torch.float32)
    references = dinucleotide_shuffle(sequences, n=REFERENCES, random_state=0)
    return sequences, control, references


def scalar(model, sequences, weights, control):
    """The attributed scalar with given, constant weights of the profile's positions."""
    logits = model(sequences, control)[0]
    return ((logits - logits.mean(-1, keepdim=True)) * weights).sum((1, 2, 3))


class Plain(nn.Module):
    """A scalar as one writes it for tangermeme, without any of the code under test."""

    def __init__(self, model, head):
        super().__init__()
        self.model, self.head = model, head

    def forward(self, sequences, weights, control):
        name, task = self.head
        tasks = slice(None) if task is None else slice(task, task + 1)
        outputs = self.model(sequences, control)
        if name == "count":
            return outputs[1][:, tasks].sum((1, 2))[:, None]
        if name == "logit":
            return outputs[0][:, tasks].sum(1)[:, None]
        logits = outputs[0][:, tasks]
        return ((logits - logits.mean(-1, keepdim=True)) * weights[:, tasks]).sum((1, 2, 3))[
            :, None
        ]


def by_tangermeme(model, sequences, control, references, head):
    outputs = model(sequences, control)
    weights = outputs[0].softmax(-1).detach()
    return deep_lift_shap(
        Plain(model, head),
        sequences,
        args=(weights, control),
        references=references,
        hypothetical=True,
        device="cpu",
    )


def assert_equal(found, expected):
    """Equal to 1e-5 of the largest value."""
    assert expected.abs().max() > 0
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("controls", ["matched", "shared", "none"])
def test_contributions_sum_to_the_difference_from_the_references(controls):
    model, (sequences, control, references) = make(controls), examples(controls)
    hypothetical, deltas = deepshap(model, sequences, control, references, BATCH, CPU)
    assert hypothetical.shape == sequences.shape
    assert deltas.shape == (NUMBER,)
    assert (deltas < 1e-4).all()
    # the controls, and the weights of positions, are a sequence's own in its references
    weights = scalar_constants(model, sequences, control)
    with torch.no_grad():
        of_references = torch.stack(
            [scalar(model, references[:, k], weights, control) for k in range(REFERENCES)]
        )
        difference = scalar(model, sequences, weights, control) - of_references.mean(0)
    summed = (hypothetical * sequences).sum((1, 2))
    assert difference.abs().min() > 1e-3
    torch.testing.assert_close(summed, difference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("controls", ["matched", "shared", "none"])
@pytest.mark.parametrize("task", [None, 0, 1])
@pytest.mark.parametrize("name", ["profile", "count"])
def test_profile_model_equals_tangermeme_called_plainly(controls, name, task):
    model, (sequences, control, references) = make(controls), examples(controls)
    head = Head(name, task)
    found, deltas = deepshap(model, sequences, control, references, BATCH, CPU, head)
    assert has_own_rules(model)
    assert_equal(found, by_tangermeme(model, sequences, control, references, head))
    assert (deltas < 1e-4).all()


@pytest.mark.parametrize("kind", [BinaryModel, BassetModel])
@pytest.mark.parametrize("task", [None, 0, 1])
def test_pooled_models_equal_tangermeme_called_plainly(kind, task):
    model, (sequences, control, references) = make_pooled(kind), examples("none")
    head = Head("logit", task)
    found, deltas = deepshap(model, sequences, control, references, BATCH, CPU, head)
    assert has_own_rules(model)
    assert_equal(found, by_tangermeme(model, sequences, control, references, head))
    assert (deltas < 1e-4).all()


def test_both_ways_give_the_same_multipliers_and_scalars():
    model, (sequences, control, references) = make(), examples()
    own, other = (
        next(pairs(model, sequences, control, references, 100))
        for pairs in (own_pairs, tangermeme_pairs)
    )
    for found, expected in zip(own, other, strict=True):
        assert_equal(found.detach(), expected)


@pytest.mark.parametrize("activation", [nn.ELU, nn.Sigmoid, nn.Tanh])
def test_other_nonlinearities_are_left_to_tangermeme(activation):
    model, (sequences, control, references) = make(), examples()
    model.activations = nn.ModuleList(activation() for _ in model.activations)
    assert not has_own_rules(model)
    found, deltas = deepshap(model, sequences, control, references, BATCH, CPU)
    assert_equal(found, by_tangermeme(model, sequences, control, references, ("profile", None)))
    assert (deltas < 1e-3).all()


@pytest.mark.parametrize(
    "module",
    [nn.ReLU(inplace=True), nn.MaxPool1d(3, stride=2), nn.MaxPool1d(3, padding=1), nn.GELU()],
)
def test_modules_without_a_rule_here_are_told(module):
    assert not has_own_rules(nn.Sequential(nn.Conv1d(4, 2, 3), module))
    assert has_own_rules(nn.Sequential(nn.Conv1d(4, 2, 3), nn.ReLU(), nn.MaxPool1d(3)))


class WithoutRule(nn.Module):
    def forward(self, values):
        return torch.relu(values)


def test_deltas_are_large_where_an_operation_has_no_rule():
    model, (sequences, control, references) = make(), examples()
    model.activations = nn.ModuleList(WithoutRule() for _ in model.activations)
    with pytest.warns(RuntimeWarning, match="no DeepLIFT rule"):
        deltas = deepshap(model, sequences, control, references, BATCH, CPU)[1]
    assert deltas.median() > 1e-2


def test_linear_model_contributes_gradient_times_difference_from_the_mean_reference():
    model, (sequences, control, references) = make(), examples()
    model.activations = nn.ModuleList(nn.Identity() for _ in model.activations)
    hypothetical, _ = deepshap(model, sequences, control, references, BATCH, CPU)
    gradient = input_gradient(model, sequences, control)
    expected = (gradient * (sequences - references.mean(1))).sum(1)
    torch.testing.assert_close((hypothetical * sequences).sum(1), expected, rtol=1e-4, atol=1e-6)


def test_references_equal_to_the_sequence_explain_nothing():
    model, (sequences, control, _) = make_pooled(BinaryModel), examples("none")
    references = sequences.unsqueeze(1).repeat(1, 2, 1, 1)
    hypothetical, deltas = deepshap(model, sequences, control, references, BATCH, CPU)
    assert torch.isfinite(hypothetical).all()
    assert (hypothetical * sequences).abs().max() == 0
    # what is left of the difference is rounding, and no sign of a missing rule
    assert deltas.max() < 1e-2


@pytest.mark.parametrize("name", ["profile", "count"])
def test_tasks_sum_to_all_of_them(name):
    model, (sequences, control, references) = make(), examples()
    whole, *alone = (
        deepshap(model, sequences, control, references, 100, CPU, Head(name, task))[0]
        for task in (None, 0, 1)
    )
    assert_equal(sum(alone), whole)
    assert (alone[0] - alone[1]).abs().max() > 1e-2 * whole.abs().max()


def test_result_does_not_depend_on_the_batch():
    model, (sequences, control, references) = make(), examples()
    whole = deepshap(model, sequences, control, references, 100, CPU)
    for batch in (1, 3, 9):
        parts = deepshap(model, sequences, control, references, batch, CPU)
        torch.testing.assert_close(whole[0], parts[0], rtol=1e-4, atol=1e-6)
    alone = deepshap(model, sequences[[3]], control[[3]], references[[3]], 3, CPU)
    torch.testing.assert_close(whole[0][[3]], alone[0], rtol=1e-4, atol=1e-6)


def test_model_is_left_as_it_was():
    model, (sequences, control, references) = make(), examples()
    before = input_gradient(model, sequences, control)
    deepshap(model, sequences, control, references, BATCH, CPU)
    assert torch.equal(input_gradient(model, sequences, control), before)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("head", [None, Head("profile", 1), Head("count"), Head("count", 0)])
def test_gradient_is_of_the_scalar_with_constant_weights(head):
    model, (sequences, control, _) = make().double(), examples()
    sequences, control = sequences.double(), control.double()
    gradient = input_gradient(model, sequences, control, head)
    weights, step = model(sequences, control)[0].softmax(-1).detach(), 1e-6
    moved = sequences.clone()
    moved[:, 2, 30] += step
    plain = Plain(model, head or ("profile", None))
    with torch.no_grad():
        rise = (plain(moved, weights, control) - plain(sequences, weights, control))[:, 0]
    torch.testing.assert_close(gradient[:, 2, 30], rise / step, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("head", [None, Head("count", 1)])
def test_mutagenesis_is_the_scalar_of_each_mutant_less_their_mean(head):
    model, (sequences, control, _) = make(), examples()
    found = mutagenesis(model, sequences, control, 16, CPU, head)
    weights = model(sequences, control)[0].softmax(-1).detach()
    plain = Plain(model, head or ("profile", None))
    with torch.no_grad():
        mutants = []
        for base in range(4):
            mutant = sequences.clone()
            mutant[:, :, 31] = torch.eye(4)[base]
            mutants.append(plain(mutant, weights, control)[:, 0])
    expected = torch.stack(mutants, dim=1)
    expected = expected - expected.mean(1, keepdim=True)
    torch.testing.assert_close(found[:, :, 31], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make_model", "head"),
    [
        (make, None),
        (make, Head("count", 1)),
        (partial(make, "none"), None),
        (partial(make_pooled, BinaryModel), None),
        (partial(make_pooled, BassetModel), None),
    ],
    ids=["profile", "count", "no control", "binary", "basset"],
)
def test_mutagenesis_takes_the_fast_path(make_model, head, monkeypatch):
    model, (sequences, control, _) = make_model(), examples()
    if model.controls == "none":
        control = control[:, :0]
    arguments = model, sequences, control, 16, CPU, head
    with monkeypatch.context() as slow:
        slow.setattr(methods, "saturation_mutagenesis", partial(saturation_mutagenesis, fast=False))
        expected = mutagenesis(*arguments)
    # small work is not tried on it, and slow is what is small
    fast = sys.modules["tangermeme.saturation_mutagenesis"]
    monkeypatch.setattr(fast, "_FAST_MIN_SECONDS", 0)
    monkeypatch.setattr(fast, "_FAST_MAX_RELATIVE_TIME", float("inf"))
    predict_edits = fast._FastISM.predict_edits
    with (
        patch.object(
            fast._FastISM, "predict_edits", autospec=True, side_effect=predict_edits
        ) as used,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        found = mutagenesis(*arguments)
    assert used.call_count >= len(sequences)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_head_of_a_name_is_found_by_its_task():
    tasks = ["a", "b.2"]
    assert Head.named("count", tasks) == Head("count", None)
    assert Head.named("count.b.2", tasks) == Head("count", 1)
    with pytest.raises(InputError, match=r"no task 'c'; the model has a, b\.2"):
        Head.named("profile.c", tasks)


def with_summits(summits, task, signal_rank, unknown=(), width=20):
    coordinates = Coordinates(("chr1", "chr2"), np.array([1000, 1000]))
    summits = np.array(summits)
    regions = pd.DataFrame(
        {
            "task": task,
            "start": summits - width // 2,
            "end": summits + width // 2,
            "summit": summits,
            "rank": signal_rank,
            "chromosome": coordinates.chromosome(summits),
        }
    )
    labels = Labels("TF", coordinates, ("a", "b"), "none", [], [], regions)
    genome = np.random.default_rng(0).integers(0, 4, 2000).astype(np.uint8)
    genome[list(unknown)] = N_CODE
    return Windows(labels, genome, 60, 30)


def test_best_peaks_come_first_and_sampled_test_peaks_after():
    summits = np.arange(150, 1950, 100)
    windows = with_summits(summits, 0, np.arange(len(summits)))
    found, best, sampled, *_ = choose_regions(windows, np.array([1]), peaks=12, sample=4)
    assert best == 12
    assert found[:12].tolist() == summits[:12].tolist()
    assert len(sampled) == 4
    assert (found[sampled] >= 1000).all()
    assert len(set(found)) == len(found)
    # those not among the best are there for the sample alone
    assert set(range(12, len(found))) <= set(sampled)


def test_all_peaks_are_attributed_without_a_limit():
    windows = with_summits([300, 1500, 700], 0, [2, 0, 1])
    found, best, sampled, *_ = choose_regions(windows, np.array([1]), peaks=None, sample=10)
    assert found.tolist() == [1500, 700, 300]
    assert best == 3
    assert sampled.tolist() == [0]


def test_best_are_by_rank_within_their_task_and_summits_are_taken_once():
    windows = with_summits([300, 400, 400, 500], [0, 0, 1, 1], [0, 1, 0, 1])
    found, best, *_ = choose_regions(windows, np.array([0]), peaks=3, sample=1)
    assert found[:best].tolist() == [300, 400, 500]


def test_peaks_with_n_or_at_ends_are_left_out_and_counted(caplog):
    summits = [29, 30, 200, 400, 970, 971, 1029, 1030, 1971]
    windows = with_summits(summits, 0, np.arange(len(summits)), unknown=[229, 430, 369])
    with caplog.at_level("INFO"):
        regions = choose_regions(windows, np.array([1]), None, 5)
    # windows reach from 30 before the summit to 29 after it
    assert sorted(regions.summits) == [30, 400, 970, 1030]
    assert (regions.left_out_ends, regions.left_out_n) == (4, 1)
    assert "of 9 peaks, 4 at their chromosome's end, 1 with N and 0 that are" in caplog.text


REPEATS = ["A", "G", "AC", "GT", "ACG", "ACGT", "TGCA"]


@pytest.mark.parametrize("repeat", REPEATS)
def test_peaks_in_repeats_are_left_out_and_counted(repeat, caplog):
    windows = with_summits([200, 400, 1200, 1400], 0, np.arange(4))
    for start, end in ((370, 430), (1160, 1240)):
        windows.genome[start:end] = np.resize(encode(repeat), end - start)
    with caplog.at_level("INFO"):
        regions = choose_regions(windows, np.array([1]), None, 5)
    assert regions.summits.tolist() == [200, 1400]
    assert (regions.left_out_n, regions.left_out_repeats) == (0, 2)
    assert "0 with N and 2 that are a repeat of a few bases are left out" in caplog.text


def test_windows_that_a_shuffle_can_change_are_kept():
    windows = with_summits([200, 400], 0, np.arange(2))
    windows.genome[170:230], windows.genome[370:430] = 0, np.resize(encode("AACC"), 60)
    windows.genome[200] = 2
    assert choose_regions(windows, np.array([0]), None, 5).summits.tolist() == [200, 400]


def test_a_locus_of_several_experiments_is_sampled_once_by_its_best_peak():
    summits = np.arange(1100, 1900, 50)
    # each is a peak of both tasks, its summit 7 bp apart
    both, task = np.concatenate([summits, summits + 7]), np.repeat([0, 1], len(summits))
    rank = np.concatenate([np.arange(16), np.arange(16)[::-1]])
    found = choose_regions(with_summits(both, task, rank), np.array([1]), None, 100)
    assert found.best == 32
    better = np.where(np.arange(16) <= 7, summits, summits + 7)
    assert sorted(found.summits[found.sampled]) == better.tolist()


def test_sample_of_single_peaks_does_not_depend_on_their_width():
    summits = np.arange(1100, 1900, 10)
    draws = [
        choose_regions(
            with_summits(summits, 0, np.arange(len(summits)), width=width), np.array([1]), 5, 20
        ).summits.tolist()
        for width in (2, 10)
    ]
    assert draws[0] == draws[1]


def test_peaks_that_others_join_are_one_locus():
    regions = pd.DataFrame({"start": [100, 0, 60, 200, 100], "end": [150, 50, 110, 250, 101]})
    assert first_of_locus(regions).tolist() == [True, True, False, True, False]
    assert first_of_locus(regions[::-1]).tolist() == [True, True, False, True, False]
    assert first_of_locus(regions[:0]).tolist() == []


@pytest.mark.parametrize("length", [1001, 3000])
def test_chromosomes_shorter_than_the_input_have_no_peaks(length):
    windows = replace(with_summits([300, 1500], 0, [0, 1]), input_length=length)
    regions = choose_regions(windows, np.array([1]), None, 5)
    assert (len(regions.summits), regions.best, len(regions.sampled)) == (0, 0, 0)
    assert (regions.left_out_ends, regions.left_out_n) == (2, 0)


def test_sample_is_the_same_each_time():
    summits = np.arange(1100, 1900, 10)
    windows = with_summits(summits, 0, np.arange(len(summits)), width=10)
    draws = [choose_regions(windows, np.array([1]), 5, 20)[0].tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_scalar_of_own_weights_is_the_trained_one():
    model, (sequences, control, _) = make(), examples()
    weights = scalar_constants(model, sequences, control)
    found = scalar(model, sequences, weights, control)
    torch.testing.assert_close(found, profile_scalar(model(sequences, control)[0]))


@pytest.fixture
def made(tmp_path):
    """Labels, genome, fold, and models of two seeds."""
    return *write_condition(tmp_path), save_models(tmp_path, SETTINGS)


def save_models(folder, settings, controls="matched"):
    description = {
        "settings": settings,
        "tasks": ["task_0", "task_1"],
        "strands": 2,
        "controls": controls,
    }
    models = {seed: folder / f"{seed}.pt" for seed in (3, 8)}
    for seed, path in models.items():
        torch.manual_seed(seed)
        save_model(path, build(description).state_dict(), description)
    return models


def run(made, output, **options):
    """Attribute the 10 best peaks and 6 test peaks, with 3 references."""
    chosen = {"references": 3, "peaks": 10, "sample": 6, "batch_size": 32, "device": "cpu"}
    attribute(*made, output, **{**chosen, **options})
    return h5py.File(output)


@pytest.mark.parametrize("head", ["profile", "count", "count.task_1"])
def test_file_holds_what_its_layout_says(tmp_path, made, head):
    attrs = {"arm": "a", "fold": "fold_1"}
    genome = dict(line.split("\n")[:2] for line in made[1].read_text().split(">")[1:])
    with run(made, tmp_path / "a.h5", attrs=attrs, head=head, ism=True) as file:
        number, sampled = len(file["sequences"]), file["sample/index"][:]
        counted = {"peaks": 10, "references": 3}
        counted |= {f"left_out_{why}": 0 for why in ("ends", "n", "repeats")}
        assert dict(file.attrs) == attrs | counted
        assert 10 <= number <= 16
        assert len(sampled) == 6
        np.testing.assert_array_equal(file["regions/summit"][:] - 30, file["regions/start"][:])
        for row in range(number):
            chrom, start = file["regions/chrom"][row].decode(), file["regions/start"][row]
            assert 0 <= start <= CHROMOSOMES[chrom] - 60
            expected = encode(genome[chrom][start : start + 60])
            np.testing.assert_array_equal(file["sequences"][row], expected)
        assert set(file["regions/chrom"][:][sampled]) == {b"chr3"}
        assert file["mean/hypothetical"].shape == (number, 4, 60)
        assert file["sample/seeds"][:].tolist() == [3, 8]
        for kind in ("deepshap", "gradient", "ism"):
            assert file[f"sample/{kind}"].shape == (2, 6, 4, 60)
            assert file[f"sample/{kind}"].dtype == np.float32
            assert (file[f"sample/{kind}"][:] != 0).any(axis=(2, 3)).all()
        means = file["sample/deepshap"][:].mean(axis=0)
        np.testing.assert_allclose(file["mean/hypothetical"][:][sampled], means, atol=1e-6)
        assert file["deltas"].shape == (2, number)
        assert (file["deltas"][:] < 1e-3).all()


def test_file_holds_predictions_and_counts_of_the_sample(tmp_path, made):
    windows = open_windows(*made[:2], SETTINGS)
    offsets = dict(zip(CHROMOSOMES, windows.labels.coordinates.offsets, strict=True))
    with run(made, tmp_path / "a.h5") as file:
        rows = file["sample/index"][:]
        chroms = file["regions/chrom"][:][rows].astype(str)
        starts = file["regions/start"][:][rows] + [offsets[chrom] for chrom in chroms]
        np.testing.assert_array_equal(file["sample/observed"][:], windows.counts(starts))
        for number, path in enumerate(made[3].values()):
            sequences = torch.from_numpy(windows.one_hot(starts))
            control = torch.from_numpy(windows.counts(starts, control=True))
            with torch.no_grad():
                logits, log_counts = load_model(path)[0](sequences, control)
            for name, values in {"profiles": logits.softmax(-1), "log_counts": log_counts}.items():
                found = file[f"sample/{name}"][number]
                np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-5)


def test_pooled_model_has_logits_in_its_file(tmp_path, made):
    settings = {**SETTINGS, **POOLED, "architecture": "binary", "prior": {"kind": "none"}}
    del settings["profile_length"]
    models = save_models(tmp_path, settings, "none")
    with run((*made[:3], models), tmp_path / "a.h5", head="logit.task_0") as file:
        assert file["sample/logits"].shape == (2, 6, 2)
        assert not {"profiles", "log_counts", "observed", "ism"} & set(file["sample"])
        assert (file["deltas"][:] < 1e-3).all()


def test_genome_of_n_is_refused_with_what_was_found(tmp_path, made):
    made[1].write_text("".join(f">{name}\n{'N' * n}\n" for name, n in CHROMOSOMES.items()))
    with pytest.raises(InputError, match=r"no peak on the test chromosomes.* holds an N") as error:
        run(made, tmp_path / "a.h5")
    assert "choose other test chromosomes" in str(error.value).lower()
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize("repeat", REPEATS)
def test_one_repeat_does_not_end_the_attribution_of_all(tmp_path, made, repeat):
    lines = made[1].read_text().split("\n")
    start = 50 + 75 * 2  # of a peak's summit on chr3
    around = repeat * 80
    lines[5] = lines[5][: start - 40] + around[:80] + lines[5][start + 40 :]
    made[1].write_text("\n".join(lines))
    with run(made, tmp_path / "a.h5", peaks=None, sample=100, deltas=tmp_path / "d.tsv") as file:
        assert file.attrs["left_out_repeats"] == 1
        chrom, summit = (file[f"regions/{name}"][:] for name in ("chrom", "summit"))
        assert not ((chrom == b"chr3") & (summit == start)).any()
        assert (file["deltas"][:] < 1e-3).all()
    assert (pd.read_csv(tmp_path / "d.tsv", sep="\t").left_out_repeats == 1).all()


def test_shuffles_of_a_repeat_do_not_change_those_of_others():
    codes = np.random.default_rng(0).integers(0, 4, (4, 60)).astype(np.uint8)
    sequences = torch.from_numpy(one_hot_codes(codes))
    expected = dinucleotide_shuffle(sequences, n=3, random_state=5)
    assert torch.equal(references_of(sequences, 3, 5), expected)
    sequences[2] = torch.eye(4)[:, :1]
    expected[2] = sequences[2]
    assert torch.equal(references_of(sequences, 3, 5), expected)


def test_what_is_no_sequence_is_still_refused():
    with pytest.raises(ValueError, match="one-hot"):
        references_of(torch.full((2, 4, 60), 0.5), 3, 0)


KILLED = """
import os, signal, sys
from attprior.attribution import run
made, (output, last) = sys.argv[1:6], sys.argv[6:]
run.CHUNK, left, attribute_chunk = 4, [int(last)], run._attribute_chunk

def until_killed(*chunk):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return attribute_chunk(*chunk)

run._attribute_chunk = until_killed
models = dict(zip((3, 8), made[3:], strict=True))
run.attribute(*made[:3], models, output, 3, 10, 6, 32, "cpu", key="code")
"""


def contents(path):
    with h5py.File(path) as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        return {name: file[name][:] for name in names}


def test_killed_job_goes_on_from_its_finished_chunks(tmp_path, made, monkeypatch, caplog):
    monkeypatch.setattr("attprior.attribution.run.CHUNK", 4)
    run(made, tmp_path / "whole.h5", key="code").close()
    output = tmp_path / "killed" / "a.h5"
    command = [sys.executable, "-c", KILLED, *made[:3], *made[3].values(), output, "2"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SCRIPTS)})
    assert done.returncode == -signal.SIGKILL
    assert not output.exists()
    parts = output.with_name(".a.h5.parts")
    assert len(list(parts.iterdir())) == 2
    with caplog.at_level("INFO"):
        run(made, output, key="code").close()
    assert "8 sequences were attributed before" in caplog.text
    whole, resumed = contents(tmp_path / "whole.h5"), contents(output)
    assert whole.keys() == resumed.keys()
    for name, values in whole.items():
        if name.startswith(("regions", "sequences")) or values.dtype.kind != "f":
            np.testing.assert_array_equal(resumed[name], values)
        else:  # another process may have other threads, which round otherwise
            limit = 1e-3 if name == "deltas" else 1e-6
            np.testing.assert_allclose(resumed[name], values, rtol=1e-4, atol=limit)
    assert not parts.exists()


@pytest.mark.parametrize(
    "change", [{"key": "other"}, {"references": 4}, {"head": "count"}, {"ism": True}]
)
def test_chunks_of_another_job_are_not_taken(tmp_path, made, change, caplog):
    output, parts = tmp_path / "a.h5", tmp_path / ".a.h5.parts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        run(made, output, key="code").close()
    assert parts.exists()
    with caplog.at_level("INFO"):
        run(made, output, **{"key": "code", **change}).close()
    assert "attributed before" not in caplog.text


def with_mean(path, hypothetical, codes, starts, peaks):
    with h5py.File(path, "w") as file:
        file.attrs["peaks"] = peaks
        file["sequences"] = codes
        file["mean/hypothetical"] = hypothetical
        file["regions/chrom"] = np.array([b"chr2", b"chr1", b"chr2", b"chr1"])
        file["regions/start"], file["regions/summit"] = starts, starts + 5
    return path


def two_folds(folder):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (4, 10)).astype(np.uint8)
    starts = np.array([50, 30, 45, 3])
    values = rng.normal(size=(2, 4, 4, 10)).astype(np.float32)
    paths = [with_mean(folder / f"{n}.h5", v, codes, starts, 3) for n, v in enumerate(values)]
    return paths, codes, starts, values.mean(axis=0)[:3]


def test_folds_are_averaged_over_the_best_peaks(tmp_path):
    paths, codes, starts, mean = two_folds(tmp_path)
    average(paths, tmp_path / "mean.h5")
    one_hot = np.eye(4)[codes[:3]].transpose(0, 2, 1)
    with h5py.File(tmp_path / "mean.h5") as file:
        np.testing.assert_array_equal(file["raw/seq"][:], one_hot)
        np.testing.assert_allclose(file["shap/seq"][:], mean, rtol=1e-6)
        np.testing.assert_allclose(file["projected_shap/seq"][:], mean * one_hot, rtol=1e-6)
        np.testing.assert_array_equal(file["regions/start"][:], starts[:3])


def test_folds_of_other_peaks_are_not_averaged(tmp_path):
    paths, *_ = two_folds(tmp_path)
    with h5py.File(paths[1], "a") as file:
        file["regions/start"][1] = 31
    with pytest.raises(InputError, match=r"1\.h5: its best peaks are not those of"):
        average(paths, tmp_path / "mean.h5")
    assert not (tmp_path / "mean.h5").exists()


def test_bigwig_holds_the_mean_contribution_of_overlapping_peaks(tmp_path):
    paths, codes, _, mean = two_folds(tmp_path)
    average(paths, tmp_path / "mean.h5")
    sizes = tmp_path / "sizes"
    sizes.write_text("chr1\t100\nchr2\t80\nchr3\t70\n")
    write_bigwig(tmp_path / "mean.h5", sizes, tmp_path / "mean.bw")
    actual = np.take_along_axis(mean, codes[:3, None].astype(int), axis=1)[:, 0]
    expected = np.full((3, 80), np.nan)
    expected[0, 50:60], expected[1, 30:40], expected[2, 45:55] = actual
    with pybigtools.open(str(tmp_path / "mean.bw")) as track:
        assert track.chroms() == {"chr1": 100, "chr2": 80}  # those with peaks
        found = track.values("chr2", 0, 80, fillna=0)
        both = np.nanmean(expected[[0, 2], 45:60], axis=0)
        np.testing.assert_allclose(found[45:60], both, rtol=1e-5)
        assert not found[:45].any()
        assert not found[60:].any()
        np.testing.assert_allclose(track.values("chr1", 30, 40, fillna=0), actual[1], rtol=1e-5)


def test_windows_that_do_not_touch_keep_their_gap():
    positions, means = mean_track(np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([7, 2, 8]))
    assert positions.tolist() == [2, 3, 7, 8, 9]
    assert means.tolist() == [3, 4, 1, 3.5, 6]


def test_deltas_past_the_limit_are_warned_of_by_seed_and_head(caplog):
    deltas = np.full((3, 5), 1e-6)
    deltas[1, 2], deltas[2] = 0.02, 0.3
    table = delta_table(deltas, [4, 5, 6], Regions(np.arange(5), 5, np.arange(2), 7, 1, 0))
    assert table["median"].tolist() == [1e-6, 1e-6, 0.3]
    assert table.worst.tolist() == [1e-6, 0.02, 0.3]
    assert table.past_limit.tolist() == [0, 1, 5]
    assert (table.left_out_ends == 7).all()
    with caplog.at_level("WARNING"):
        warn_of_deltas(table, "count")
    few, all_of_them = (record.message for record in caplog.records)
    assert few.startswith("seed 5, head count: contributions of 1 of 5 peaks")
    assert all_of_them.startswith(
        "seed 6, head count: the median relative convergence delta 3.0e-01"
    )
    assert "no DeepLIFT rule" in all_of_them
