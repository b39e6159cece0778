"""Evaluation: metrics of made-up predictions, and the tables of real ones."""

import numpy as np
import pandas as pd
import pytest
import torch
from attprior.dataset.sampler import sampler_of
from attprior.dataset.windows import open_windows
from attprior.evaluation import (
    binary_performance,
    evaluate,
    gc_matched,
    mean_profile,
    predict_bins,
    predict_profiles,
    profile_performance,
    profile_quality,
)
from attprior.losses import multinomial_nll
from attprior.metrics import jensen_shannon_divergence
from attprior.models.saved import build, load_model, save_model
from attprior.training.constant import MARGIN
from made_condition import BINS, SETTINGS
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    log_loss,
    roc_auc_score,
)

CPU = torch.device("cpu")
BINARY = {
    **SETTINGS,
    "architecture": "binary",
    "filters": 4,
    "widths": [7, 3],
    "pools": [1, 10],
    "dense": [4],
}
SIZES = (1, 4, 10)
BINNED = [
    f"profile_{name}_bin{b}" for name in ("auprc", "pearson", "spearman", "mse") for b in SIZES
]
OF_PROFILES = ["profile_nll", "profile_jsd", "profile_jsd_mean_profile", "profile_jsd_uniform"]
OF_PROFILES += BINNED
OF_COUNTS = ["counts_pearson", "counts_spearman", "counts_mse", "counts_mse_all"]
OF_COUNTS += ["peaks_auroc", "peaks_auprc", "peaks_auroc_gc", "peaks_auprc_gc"]
OF_BINS = ["cross_entropy", "accuracy", "auroc", "auprc", "auroc_gc", "auprc_gc", "auprc_corrected"]


@pytest.fixture(scope="module", params=[SETTINGS, BINARY], ids=["profile", "binary"])
def models(request, tmp_path_factory):
    """Settings, and models by their seeds."""
    folder = tmp_path_factory.mktemp("models")
    tasks = ["task_0", "task_1"]
    description = {"settings": request.param, "tasks": tasks, "strands": 2, "controls": "matched"}
    for seed in (1, 2):
        torch.manual_seed(seed)
        save_model(folder / f"{seed}.pt", build(description).state_dict(), description)
    return request.param, {seed: folder / f"{seed}.pt" for seed in (1, 2)}


def sampler(condition, settings, split="test"):
    return sampler_of(open_windows(*condition[:2], settings), condition[2], split, settings)


def model_of(settings):
    torch.manual_seed(0)
    tasks = ["task_0", "task_1"]
    description = {"settings": settings, "tasks": tasks, "strands": 2, "controls": "matched"}
    return build(description).eval()


def profiles(number=40, sites=30, strands=2):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(sites, 0.3), (number, strands))
    return probabilities.astype(np.float32), rng.poisson(20 * probabilities).astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_profile_metrics_equal_those_of_scipy_and_scikit_learn(size):
    probabilities, counts = profiles()
    counts[3, 1] = 0
    found = profile_quality(probabilities, counts, probabilities[::-1])
    for row in range(len(counts)):
        predicted, observed, labels = [], [], []
        for strand in range(2):
            total = max(counts[row, strand].sum(), 1)
            for first in range(0, 30, size):
                part = slice(first, first + size)
                share, count = (
                    counts[row, strand, part].max() / total,
                    counts[row, strand, part].max(),
                )
                predicted.append(probabilities[row, strand, part].max())
                observed.append(share)
                label = 1 if count >= 3 and share >= 0.15 else 0 if share <= 0.05 else -1
                labels.append(label)
        known = np.array(labels) >= 0
        precision = average_precision_score(np.array(labels)[known], np.array(predicted)[known])
        expected = {
            "auprc": precision if 1 in labels else np.nan,
            "pearson": stats.pearsonr(predicted, observed)[0],
            "spearman": stats.spearmanr(predicted, observed)[0],
            "mse": np.mean(np.subtract(predicted, observed) ** 2),
        }
        one = {name: found[f"profile_{name}_bin{size}"][row] for name in expected}
        assert one == pytest.approx(expected, rel=1e-4, nan_ok=True)


def test_divergence_is_averaged_over_strands_with_counts():
    probabilities, counts = profiles()
    counts[3, 1], counts[4] = 0, 0
    found = profile_quality(probabilities, counts, probabilities)["profile_jsd"]
    each = jensen_shannon_divergence(probabilities, counts, 3)
    assert found[0] == pytest.approx(each[0].mean())
    assert found[3] == pytest.approx(each[3, 0])
    assert np.isnan(found[4])


def test_perfect_predictions_score_best():
    _, counts = profiles()
    observed = counts / counts.sum(-1, keepdims=True)
    found = profile_quality(observed, counts, observed)
    for name in BINNED:
        best = 0 if "mse" in name else 1
        np.testing.assert_allclose(found[name][np.isfinite(found[name])], best, atol=1e-6)
    np.testing.assert_allclose(found["profile_jsd"], 0, atol=1e-6)


@pytest.fixture
def made_up():
    rng = np.random.default_rng(0)
    number = np.arange(40)
    # the first task has five peaks less than the second
    peaks = number[:, None] < [20, 25]
    measured = {name: np.where(peaks, rng.random((40, 2)), np.nan) for name in OF_PROFILES}
    return {
        "peaks": peaks,
        "drawn": (number >= 25) & (number < 30),
        "matched": (number >= 30) & (number < 37),
        "of_gc": number >= 30,
        "predicted": rng.normal(3, 1, (40, 2, 2)),
        "observed": rng.normal(3, 1, (40, 2, 2)),
        **measured,
    }


def test_metrics_of_counts_equal_those_of_scipy_and_scikit_learn(made_up):
    found = {name: value for name, (value, _) in profile_performance(made_up, 1).items()}
    observed, predicted = (made_up[k][:25, 1].ravel() for k in ("observed", "predicted"))
    score, truth = made_up["predicted"][:30, 1].sum(-1), made_up["peaks"][:30, 1]
    rows = np.r_[:25, 30:37]
    score_gc, truth_gc = made_up["predicted"][rows, 1].sum(-1), made_up["peaks"][rows, 1]
    expected = {
        "profile_nll": made_up["profile_nll"][:25, 1].mean(),
        "counts_pearson": stats.pearsonr(predicted, observed)[0],
        "counts_spearman": stats.spearmanr(predicted, observed)[0],
        "counts_mse": np.mean((predicted - observed) ** 2),
        "counts_mse_all": ((made_up["predicted"] - made_up["observed"])[:30, 1] ** 2).mean(),
        "peaks_auroc": roc_auc_score(truth, score),
        "peaks_auprc": average_precision_score(truth, score),
        "peaks_auroc_gc": roc_auc_score(truth_gc, score_gc),
        "peaks_auprc_gc": average_precision_score(truth_gc, score_gc),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert set(found) == {*OF_PROFILES, *OF_COUNTS}


def at_peaks(found):
    """What is not of all windows of the first task."""
    measured = profile_performance(found, 0)
    del measured["counts_mse_all"]
    return measured


def test_intervals_with_a_summit_are_not_ranked_as_negatives(made_up):
    before = at_peaks(made_up)
    made_up["predicted"][37:] = 99
    assert at_peaks(made_up) == before
    assert before["peaks_auroc"][1] == 25
    assert before["peaks_auroc_gc"][1] == 27


def test_a_task_is_measured_at_its_own_peaks(made_up):
    before = at_peaks(made_up)
    made_up["predicted"][20:25] = made_up["observed"][20:25] = 99
    assert at_peaks(made_up) == before
    assert before["profile_nll"][1] == before["profile_jsd"][1] == 20


@pytest.fixture
def of_bins():
    rng = np.random.default_rng(1)
    labels = rng.integers(-1, 2, (250, 2)).astype(np.int8)
    labels[200:] = 0
    matched = np.arange(250) >= 200
    drawn = (labels == 0).all(axis=1) & ~matched
    logits = rng.normal(labels, 1)
    return {"labels": labels, "logits": logits, "drawn": drawn, "matched": matched}


def test_metrics_of_bins_equal_those_of_scikit_learn(of_bins):
    known = (of_bins["labels"][:, 1] >= 0) & ~of_bins["matched"]
    labels, logits = of_bins["labels"][known, 1], of_bins["logits"][known, 1]
    found = binary_performance(of_bins, 1, negatives=int(of_bins["drawn"].sum()))
    rows = (of_bins["labels"][:, 1] >= 0) & ~of_bins["drawn"]
    of_gc = of_bins["labels"][rows, 1], of_bins["logits"][rows, 1]
    weights = np.where(labels == 1, 1 / (labels == 1).sum(), 1 / (labels == 0).sum())
    expected = {
        "cross_entropy": log_loss(labels, 1 / (1 + np.exp(-logits)), sample_weight=weights),
        "accuracy": accuracy_score(labels, logits > 0),
        "auroc": roc_auc_score(labels, logits),
        "auprc": average_precision_score(labels, logits),
        "auroc_gc": roc_auc_score(*of_gc),
        "auprc_gc": average_precision_score(*of_gc),
        # all negatives are there
        "auprc_corrected": average_precision_score(labels, logits),
    }
    assert {name: value for name, (value, _) in found.items()} == pytest.approx(expected)
    for name, (_, number) in found.items():
        assert number == (rows if name.endswith("_gc") else known).sum()


@pytest.mark.parametrize("kind", ["profiles", "bins"])
def test_some_of_the_examples_are_measured_as_if_they_were_all(kind, made_up, of_bins):
    found = made_up if kind == "profiles" else of_bins
    some = np.arange(len(next(iter(found.values())))) % 3 > 0
    part = {name: values[some] for name, values in found.items()}
    if kind == "profiles":
        left = profile_performance(part, 1)
        score, truth = part["predicted"][:, 1].sum(-1), part["peaks"][:, 1]
        rows, name = truth | part["matched"], "peaks_auroc_gc"
    else:
        left = binary_performance(part, 1, negatives=1000)
        score, truth = part["logits"][:, 1], part["labels"][:, 1]
        rows, name = (truth >= 0) & ~part["drawn"], "auroc_gc"
    assert left[name] == (pytest.approx(roc_auc_score(truth[rows], score[rows])), rows.sum())


def test_ambiguous_bins_are_left_out(of_bins):
    before = binary_performance(of_bins, 0, 1000)
    of_bins["logits"][of_bins["labels"][:, 0] == -1, 0] = 99
    assert binary_performance(of_bins, 0, 1000) == before


def test_corrected_precision_is_near_that_of_all_bins():
    rng = np.random.default_rng(2)
    labels = np.repeat([1, 0], [500, 50_000])[:, None].astype(np.int8)
    logits = rng.normal(3 * labels, 1)
    whole = average_precision_score(labels[:, 0], logits[:, 0])
    found = []
    for _ in range(20):
        rows = np.append(np.arange(500), rng.choice(np.arange(500, 50_500), 500, replace=False))
        sample = {"labels": labels[rows], "logits": logits[rows], "drawn": labels[rows, 0] == 0}
        sample["matched"] = np.zeros(len(rows), bool)
        found.append(binary_performance(sample, 0, 50_000))
    corrected, plain = (
        np.mean([one[name][0] for one in found]) for name in ("auprc_corrected", "auprc")
    )
    assert corrected == pytest.approx(whole, rel=0.1)
    assert plain > 1.3 * whole


def test_profiles_are_predicted_by_the_model(condition):
    test = sampler(condition, SETTINGS)
    model, baseline = model_of(SETTINGS), mean_profile(test)
    others = gc_matched(test)
    found = predict_profiles(model, test, others, CPU, baseline)
    both = [one.epoch(0, 0) for one in (test, others)]
    starts, positive = map(np.concatenate, zip(*both, strict=True))
    number = len(both[0][0])
    assert found["matched"].tolist() == [False] * number + [True] * (len(starts) - number)
    assert found["matched"].sum() > 10
    batch = test.windows.batch(starts, positive, both_strands=False)
    with torch.no_grad():
        logits, log_counts = model(*map(torch.from_numpy, (batch.sequences, batch.control)))
    np.testing.assert_array_equal(found["peaks"].any(axis=1), positive)
    assert not (found["drawn"] & (positive | found["matched"])).any()
    np.testing.assert_allclose(found["predicted"], log_counts, rtol=1e-5)
    np.testing.assert_allclose(found["observed"], np.log1p(batch.profiles.sum(-1)), rtol=1e-5)
    nll = multinomial_nll(logits, torch.from_numpy(batch.profiles)).mean(-1)
    probabilities = torch.softmax(logits, -1).numpy()
    for task in range(2):
        peaks = found["peaks"][:, task]
        np.testing.assert_allclose(found["profile_nll"][peaks, task], nll[peaks, task], rtol=1e-4)
        quality = profile_quality(
            probabilities[peaks, task],
            batch.profiles[peaks, task],
            np.broadcast_to(baseline[task], (peaks.sum(), 2, 30)),
        )
        for name, values in quality.items():
            np.testing.assert_allclose(found[name][peaks, task], values, rtol=1e-3, atol=1e-5)
            assert np.isnan(found[name][~peaks, task]).all()


def test_bins_are_predicted_by_the_model(condition):
    test, model = sampler(condition, BINARY), model_of(BINARY)
    others = gc_matched(test)
    found = predict_bins(model, test, others, CPU)
    batches = [next(one.batches(0, 0, 10_000, both_strands=False)) for one in (test, others)]
    sequences, labels = (
        np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("sequences", "labels")
    )
    with torch.no_grad():
        logits = model(torch.from_numpy(sequences))[0]
    np.testing.assert_allclose(found["logits"], logits, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found["labels"], labels)
    matched = np.arange(len(labels)) >= len(batches[0].labels)
    np.testing.assert_array_equal(found["matched"], matched)
    np.testing.assert_array_equal(found["drawn"], (labels == 0).all(axis=1) & ~matched)
    assert (labels[matched] == 0).all()


@pytest.mark.parametrize("settings", [SETTINGS, BINARY], ids=["profile", "binary"])
def test_arms_are_measured_on_the_same_examples(condition, settings):
    other = {**settings, "match_gc": True, "negatives_per_positive": 3, "peaks": 0.5}
    one, same = (sampler(condition, kind) for kind in (settings, other))
    for first, second in ((one, same), (gc_matched(one), gc_matched(same))):
        for mine, theirs in zip(first.epoch(0, 0), second.epoch(0, 0), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    # and with the negatives that the settings allow
    assert sampler(condition, {**settings, "max_unknown": 0.3}).max_unknown == 0.3


def test_mean_profile_is_a_distribution_with_its_mode_where_reads_pile_up(condition):
    mean = mean_profile(sampler(condition, SETTINGS))
    assert mean.shape == (2, 2, 30)
    np.testing.assert_allclose(mean.sum(-1), 1, rtol=1e-5)
    # 5 bp before the summit on the plus strand, 5 after on the minus strand
    np.testing.assert_array_equal(mean.argmax(-1), [[10, 20], [10, 20]])


@pytest.fixture(scope="module")
def tables(condition, models, tmp_path_factory):
    """Kind of the model, tables of its performance, of its examples, and of groups of them."""
    folder = tmp_path_factory.mktemp("evaluated")
    paths = folder / "performance.tsv", folder / "examples.tsv.gz", folder / "groups.tsv.gz"
    evaluate(*condition, models[1], *paths, "cpu")
    return models[0]["architecture"], *(pd.read_csv(path, sep="\t") for path in paths)


def test_table_has_each_seed_split_task_and_metric(tables):
    kind, table, *_ = tables
    keys = ["seed", "split", "task", "metric"]
    assert list(table.columns) == [*keys, "value", "n", "constant", "learnt_nothing"]
    assert set(table.seed) == {1, 2}
    assert set(table.split) == {"validation", "test"}
    assert set(table.task) == {"task_0", "task_1"}
    expected = [*OF_PROFILES, *OF_COUNTS] if kind == "profile" else OF_BINS
    assert set(table.metric) == set(expected)
    assert len(table) == 2 * 2 * 2 * len(expected)
    assert np.isfinite(table.value).all()
    assert (table.n > 0).all()
    # all seeds are measured on the same examples
    assert (table.groupby(["split", "task", "metric"]).n.nunique() == 1).all()
    bounded = table[table.metric.str.contains("auroc|auprc|jsd|accuracy")].value
    assert bounded.between(0, 1).all()
    if kind == "profile":
        means = table[table.metric == "profile_jsd_mean_profile"].value.to_numpy()
        uniform = table[table.metric == "profile_jsd_uniform"].value.to_numpy()
        assert (means < uniform).all()


def test_losses_are_set_beside_those_of_a_constant(tables, condition):
    kind, table, *_ = tables
    losses = {"cross_entropy"}
    if kind == "profile":
        losses = {"profile_nll", "profile_jsd", "counts_mse", "counts_mse_all"}
    rows = table[table.constant.notna()]
    assert set(rows.metric) == losses
    assert len(rows) == 2 * 2 * 2 * len(losses)
    # models as they are drawn have learnt nothing of profiles
    worse = rows.value > (1 - MARGIN) * rows.constant
    assert (rows.learnt_nothing == worse.astype(int)).all()
    assert table.learnt_nothing.sum() == worse.sum() > 0
    values = table.set_index(["seed", "split", "task", "metric"])
    if kind == "profile":
        mean = values.value.xs("profile_jsd_mean_profile", level="metric")
        constant = values.constant.xs("profile_jsd", level="metric")
        np.testing.assert_allclose(constant, mean)
        training = next(sampler(condition, SETTINGS, "training").batches(0, 0, 10_000, False))
        fitted = np.log1p(training.profiles.sum(-1)).mean(axis=0)
        test = sampler(condition, SETTINGS)
        found = predict_profiles(
            model_of(SETTINGS), test, gc_matched(test), CPU, mean_profile(test)
        )
        errors = (found["observed"][:, 0] - fitted[0]) ** 2
        expected = {
            "counts_mse": errors[found["peaks"][:, 0]].mean(),
            "counts_mse_all": errors[~found["of_gc"]].mean(),
        }
        for metric, value in expected.items():
            assert values.constant[1, "test", "task_0", metric] == pytest.approx(value)
    else:
        # nearly log 2, as tasks are nearly as large
        np.testing.assert_allclose(rows.constant, np.log(2), atol=0.01)


def test_examples_add_up_to_the_table(tables):
    kind, table, examples, _ = tables
    keys = ["seed", "split", "task"]
    assert list(examples.columns[:5]) == [*keys, "chrom", "start"]
    assert not examples.duplicated([*keys, "chrom", "start"]).any()
    assert set(examples.chrom[examples.split == "test"]) == {"chr3"}
    values = table.pivot(index=keys, columns="metric", values="value")
    for key, rows in examples.groupby(keys):
        if kind == "profile":
            for name in OF_PROFILES:
                assert rows[name].mean() == pytest.approx(values.loc[key, name], rel=1e-3)
        else:
            assert set(rows.label) == {0, 1}
            right = (rows.logit > 0) == rows.label
            assert right.mean() == pytest.approx(values.loc[key, "accuracy"], rel=1e-3)


def test_starts_are_of_what_is_read(tables, condition):
    kind, _, examples, _ = tables
    if kind == "profile":  # peaks stand every 75 bp from 50 on, and inputs are 60 bp
        assert ((examples.start + 30 - 50) % 75 == 0).all()
    else:
        middle = examples.start + 30 - BINS["width"] // 2 - BINS["flank"]
        assert (middle % BINS["stride"] == 0).all()


def test_same_models_give_the_same_files(condition, models, tmp_path):
    files = []
    for name in "ab":
        paths = [tmp_path / f"{name}{ending}" for ending in (".tsv", ".tsv.gz", ".groups.tsv.gz")]
        evaluate(*condition, {1: models[1][1]}, *paths, "cpu")
        files.append([path.read_bytes() for path in paths])
    assert files[0][0] == files[1][0]
    # but for their own names, which gzip keeps
    assert len(files[0][1]) == len(files[1][1])


def test_groups_have_the_mean_of_the_test_chromosomes(tables):
    _, table, _, groups = tables
    keys = ["seed", "task", "metric"]
    test = table[table.split == "test"].set_index(keys).value
    means = groups.groupby(keys).value.mean()
    assert set(means.index) == set(test.index)
    known = groups.groupby(keys).value.apply(lambda values: values.notna().all())
    np.testing.assert_allclose(means[known], test[means.index][known], rtol=1e-4, atol=1e-6)
    assert known.mean() > 0.5


def test_loaded_models_are_in_evaluation_mode(models):
    assert not load_model(models[1][1])[0].training
