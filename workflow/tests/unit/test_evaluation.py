"""Evaluation: metrics of made-up predictions, and the table of real ones."""

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.dataset.sampler import PeakSampler
from attprior.evaluation import evaluate, mean_profile, performance, predict
from attprior.losses import multinomial_nll
from attprior.models.saved import build, load_model, save_model
from attprior.training.job import open_windows
from made_condition import SETTINGS
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    description = {
        "settings": SETTINGS,
        "tasks": ["task_0", "task_1"],
        "strands": 2,
        "controls": "matched",
    }
    for seed in (1, 2):
        torch.manual_seed(seed)
        save_model(folder / f"{seed}.pt", build(description).state_dict(), description)
    return {seed: folder / f"{seed}.pt" for seed in (1, 2)}


@pytest.fixture(scope="module")
def sampler(condition):
    return PeakSampler(open_windows(*condition[:2], SETTINGS), np.array([2]))


@pytest.fixture
def made_up():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(30), (40, 2, 2))
    counts = rng.poisson(20 * probabilities).astype(np.float32)
    number = np.arange(40)
    # the first task has five peaks less than the second
    peaks = number[:, None] < [20, 25]
    return {
        "counts": counts,
        "probabilities": probabilities.astype(np.float32),
        "log_counts": rng.normal(3, 1, (40, 2, 2)),
        "nll": rng.random((40, 2, 2)),
        "peaks": peaks,
        "without": (number >= 25) & (number < 35),
    }


def test_metrics_equal_those_of_scipy_and_scikit_learn(made_up):
    baseline = np.full((2, 2, 30), 1 / 30)
    found = {name: value for name, (value, _) in performance(made_up, baseline, 1).items()}
    observed = np.log(1 + made_up["counts"][:25, 1].sum(-1)).ravel()
    predicted = made_up["log_counts"][:25, 1].ravel()
    score = made_up["log_counts"][:35, 1].sum(-1)
    truth = made_up["peaks"][:35, 1]
    expected = {
        "profile_nll": made_up["nll"][:25, 1].mean(),
        "counts_pearson": stats.pearsonr(predicted, observed)[0],
        "counts_spearman": stats.spearmanr(predicted, observed)[0],
        "counts_mse": np.mean((predicted - observed) ** 2),
        "peaks_auroc": roc_auc_score(truth, score),
        "peaks_auprc": average_precision_score(truth, score),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert found["profile_jsd"] < found["profile_jsd_uniform"]
    assert found["profile_jsd_mean_profile"] == pytest.approx(found["profile_jsd_uniform"])


def test_intervals_with_a_summit_are_not_ranked_as_negatives(made_up):
    baseline = np.full((2, 2, 30), 1 / 30)
    before = performance(made_up, baseline, 0)
    made_up["log_counts"][35:] = 99
    assert performance(made_up, baseline, 0) == before
    assert before["peaks_auroc"][1] == 30


def test_a_task_is_measured_at_its_own_peaks(made_up):
    baseline = np.full((2, 2, 30), 1 / 30)
    before = performance(made_up, baseline, 0)
    for name in ("log_counts", "nll", "counts"):
        made_up[name][20:25] = 99
    assert performance(made_up, baseline, 0) == before
    assert before["profile_nll"][1] == before["profile_jsd"][1] == 20


def test_predictions_are_those_of_the_model(models, sampler):
    model = load_model(models[1])[0]
    found = predict(model, sampler, CPU)
    starts, positive = sampler.epoch(0, 0)
    batch = sampler.windows.batch(starts, positive, both_strands=False)
    with torch.no_grad():
        logits, log_counts = model(*map(torch.from_numpy, (batch.sequences, batch.control)))
    np.testing.assert_array_equal(found["counts"], batch.profiles)
    np.testing.assert_array_equal(found["peaks"].any(axis=1), positive)
    assert not (found["without"] & positive).any()
    np.testing.assert_allclose(found["log_counts"], log_counts, rtol=1e-5)
    np.testing.assert_allclose(found["probabilities"].sum(-1), 1, rtol=1e-5)
    nll = multinomial_nll(logits, torch.from_numpy(batch.profiles))
    np.testing.assert_allclose(found["nll"], nll, rtol=1e-4)


def test_mean_profile_is_a_distribution_with_its_mode_where_reads_pile_up(sampler):
    mean = mean_profile(sampler)
    assert mean.shape == (2, 2, 30)
    np.testing.assert_allclose(mean.sum(-1), 1, rtol=1e-5)
    # 5 bp before the summit on the plus strand, 5 after on the minus strand
    np.testing.assert_array_equal(mean.argmax(-1), [[10, 20], [10, 20]])


def test_table_has_each_seed_split_task_and_metric(condition, models, tmp_path):
    evaluate(*condition, models, tmp_path / "performance.tsv", "cpu")
    table = pd.read_csv(tmp_path / "performance.tsv", sep="\t")
    assert list(table.columns) == ["seed", "split", "task", "metric", "value", "n"]
    assert set(table.seed) == {1, 2}
    assert set(table.split) == {"validation", "test"}
    assert set(table.task) == {"task_0", "task_1"}
    assert set(table.metric) == {
        "profile_nll", "profile_jsd", "profile_jsd_mean_profile", "profile_jsd_uniform",
        "counts_pearson", "counts_spearman", "counts_mse", "peaks_auroc", "peaks_auprc",
    }  # fmt: skip
    assert len(table) == 2 * 2 * 2 * 9
    assert np.isfinite(table.value).all()
    assert (table.n > 0).all()
    # all seeds are measured on the same examples
    assert (table.groupby(["split", "task", "metric"]).n.nunique() == 1).all()
    bounded = table[table.metric.str.startswith(("peaks", "profile_jsd"))].value
    assert bounded.between(0, 1).all()
    means = table[table.metric == "profile_jsd_mean_profile"].value
    assert (means.to_numpy() < table[table.metric == "profile_jsd_uniform"].value.to_numpy()).all()
