"""DeepSHAP and gradients: what contributions must sum to, and which peaks have them."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from attprior.attribution import (
    attribute,
    choose_regions,
    deepshap,
    input_gradient,
    scalar_constants,
)
from attprior.dataset.store import Coordinates, Labels
from attprior.dataset.windows import Windows
from attprior.models.profile import ProfileModel, profile_scalar
from attprior.models.saved import build, save_model
from attprior.sequence import N_CODE, encode
from made_condition import CHROMOSOMES, SETTINGS, write_condition
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.ersatz import dinucleotide_shuffle
from torch import nn

CPU = torch.device("cpu")
NUMBER, REFERENCES, BATCH = 5, 4, 7  # batches that split a sequence's references


def make(controls="matched", seed=0):
    torch.manual_seed(seed)
    model = ProfileModel(SETTINGS, 2, 2, controls)
    # weights of a trained model's size: the first ones give nearly flat profiles
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 2
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
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, sequences, weights, control):
        return scalar(self.model, sequences, weights, control)[:, None]


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


def test_equals_tangermeme_called_plainly():
    model, (sequences, control, references) = make(), examples()
    found, _ = deepshap(model, sequences, control, references, BATCH, CPU)
    expected = deep_lift_shap(
        Plain(model),
        sequences,
        args=(scalar_constants(model, sequences, control), control),
        references=references,
        hypothetical=True,
        device="cpu",
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


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


def test_result_does_not_depend_on_the_batch():
    model, (sequences, control, references) = make(), examples()
    whole = deepshap(model, sequences, control, references, 100, CPU)
    alone = deepshap(model, sequences[[3]], control[[3]], references[[3]], 3, CPU)
    torch.testing.assert_close(whole[0][[3]], alone[0], rtol=1e-4, atol=1e-6)


def test_model_is_left_as_it_was():
    model, (sequences, control, references) = make(), examples()
    before = input_gradient(model, sequences, control)
    deepshap(model, sequences, control, references, BATCH, CPU)
    assert torch.equal(input_gradient(model, sequences, control), before)


def test_gradient_is_of_the_scalar_with_constant_weights():
    model, (sequences, control, _) = make().double(), examples()
    sequences, control = sequences.double(), control.double()
    gradient = input_gradient(model, sequences, control)
    weights, step = scalar_constants(model, sequences, control), 1e-6
    moved = sequences.clone()
    moved[:, 2, 30] += step
    with torch.no_grad():
        rise = scalar(model, moved, weights, control) - scalar(model, sequences, weights, control)
    torch.testing.assert_close(gradient[:, 2, 30], rise / step, rtol=1e-4, atol=1e-6)


def with_summits(summits, task, signal_rank, unknown=()):
    coordinates = Coordinates(("chr1", "chr2"), np.array([1000, 1000]))
    summits = np.array(summits)
    regions = pd.DataFrame(
        {
            "task": task,
            "summit": summits,
            "rank": signal_rank,
            "chromosome": coordinates.chromosome(summits),
        }
    )
    labels = Labels("TF", coordinates, ("a", "b"), "none", [], [], regions)
    genome = np.zeros(2000, np.uint8)
    genome[list(unknown)] = N_CODE
    return Windows(labels, genome, 60, 30)


def test_best_peaks_come_first_and_sampled_test_peaks_after():
    summits = np.arange(150, 1950, 100)
    windows = with_summits(summits, 0, np.arange(len(summits)))
    found, best, sampled = choose_regions(windows, np.array([1]), peaks=12, sample=4)
    assert best == 12
    assert found[:12].tolist() == summits[:12].tolist()
    assert len(sampled) == 4
    assert (found[sampled] >= 1000).all()
    assert len(set(found)) == len(found)
    # those not among the best are there for the sample alone
    assert set(range(12, len(found))) <= set(sampled)


def test_all_peaks_are_attributed_without_a_limit():
    windows = with_summits([300, 1500, 700], 0, [2, 0, 1])
    found, best, sampled = choose_regions(windows, np.array([1]), peaks=None, sample=10)
    assert found.tolist() == [1500, 700, 300]
    assert best == 3
    assert sampled.tolist() == [0]


def test_best_are_by_rank_within_their_task_and_summits_are_taken_once():
    windows = with_summits([300, 400, 400, 500], [0, 0, 1, 1], [0, 1, 0, 1])
    found, best, _ = choose_regions(windows, np.array([0]), peaks=3, sample=1)
    assert found[:best].tolist() == [300, 400, 500]


def test_peaks_with_n_or_at_ends_are_left_out(caplog):
    summits = [29, 30, 200, 400, 970, 971, 1029, 1030, 1971]
    windows = with_summits(summits, 0, np.arange(len(summits)), unknown=[229, 430, 369])
    with caplog.at_level("INFO"):
        found, _, _ = choose_regions(windows, np.array([1]), None, 5)
    # windows reach from 30 before the summit to 29 after it
    assert sorted(found) == [30, 400, 970, 1030]
    assert "5 peaks at a chromosome's end or with N are left out" in caplog.text


def test_sample_is_the_same_each_time():
    summits = np.arange(1100, 1900, 10)
    windows = with_summits(summits, 0, np.arange(len(summits)))
    draws = [choose_regions(windows, np.array([1]), 5, 20)[0].tolist() for _ in range(2)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize("controls", ["matched", "none"])
def test_file_holds_what_its_layout_says(tmp_path, controls):
    labels, fasta, fold = write_condition(tmp_path, controls=controls)
    description = {
        "settings": SETTINGS,
        "tasks": ["task_0", "task_1"],
        "strands": 2,
        "controls": controls,
    }
    models = {seed: tmp_path / f"{seed}.pt" for seed in (3, 8)}
    for seed, path in models.items():
        torch.manual_seed(seed)
        save_model(path, build(description).state_dict(), description)
    output = tmp_path / "attributions.h5"
    attribute(
        labels, fasta, fold, models, output, 3, 10, 6, 32, "cpu", {"arm": "a", "fold": "fold_1"}
    )
    genome = dict(line.split("\n")[:2] for line in fasta.read_text().split(">")[1:])
    with h5py.File(output) as file:
        number, sampled = len(file["sequences"]), file["sample/index"][:]
        assert dict(file.attrs) == {"arm": "a", "fold": "fold_1", "peaks": 10, "references": 3}
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
        for kind in ("deepshap", "gradient"):
            assert file[f"sample/{kind}"].shape == (2, 6, 4, 60)
            assert file[f"sample/{kind}"].dtype == np.float32
            assert (file[f"sample/{kind}"][:] != 0).any(axis=(2, 3)).all()
        means = file["sample/deepshap"][:].mean(axis=0)
        np.testing.assert_allclose(file["mean/hypothetical"][:][sampled], means, atol=1e-6)
        assert file["deltas"].shape == (2, number)
        assert (file["deltas"][:] < 1e-3).all()


def test_scalar_of_own_weights_is_the_trained_one():
    model, (sequences, control, _) = make(), examples()
    weights = scalar_constants(model, sequences, control)
    found = scalar(model, sequences, weights, control)
    torch.testing.assert_close(found, profile_scalar(model(sequences, control)[0]))
