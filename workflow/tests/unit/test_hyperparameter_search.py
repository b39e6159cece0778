"""Search: trials are run once whoever runs them, and what it finds can be pasted and trained."""

import copy
import itertools
import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
import yaml
from attprior.errors import InputError
from attprior.plotting.search import plot_search
from attprior.search import study as studies
from attprior.search.definition import check, define, trials
from attprior.search.leaves import combinations, trial_settings
from attprior.search.result import MEASURES, finished_trials, on_front, summarise
from attprior.search.study import begin, open_storage, run_trials
from attprior.search.trial import measurer
from attprior.settings import complete, resolve
from made_condition import FOURIER, SETTINGS

SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "schemas/config.schema.yaml").read_text())
RATE = {"learning_rate": {"low": 1e-5, "high": 1e-1, "log": True}}
WEIGHTS = {"prior/weight": {"choices": [0, 1, 10]}}


def configured(leaves, models=None, **block):
    """A completed config of the made condition with one search."""
    own = {key: SETTINGS[key] for key in ("input_length", "profile_length", "filters", "widths")}
    own |= {key: SETTINGS[key] for key in ("dilations", "profile_width", "batch_size")}
    prior = {key: FOURIER[key] for key in ("weight", "freq_limit")}
    block = {"condition": "TF", "arm": "with_prior", "leaves": leaves, "sample": 5, **block}
    return complete(
        {
            "experiments": "sheet.tsv",
            "genome": {},
            "models": models or {"profile": {**own, "prior": prior}},
            "training": {"epochs": 2, "min_steps": 0, "jitter": 4, "learning_rate": 0.01},
            "attribution": {"references": 2, "batch_size": 16},
            "bins": {"width": 20},
            "search": {"found": block},
        },
        SCHEMA,
    )


def checked(leaves, **block):
    check(configured(leaves, **block), SCHEMA, ["TF"])


@pytest.fixture
def started(tmp_path):
    """Function that begins a study and gives its file and definition."""
    data = tmp_path / "data"
    data.write_text("some")

    def start(leaves, number=None, code="code", **block):
        config = configured(leaves, **block)
        made, path = define(config, SCHEMA, "found"), tmp_path / "study.journal"
        number = number or trials(config, SCHEMA, "found")
        # through text, as Snakemake hands it on
        made = json.loads(json.dumps(made, sort_keys=True))
        begin(path, made, number, {"labels": data}, code, tmp_path / "definition.json")
        return path, json.loads((tmp_path / "definition.json").read_text())

    return start


def made_up(settings, folder):
    """Measures without any training: best where the learning rate is 0.001."""
    loss = abs(np.log10(settings["learning_rate"]) + 3)
    weight = settings["prior"].get("weight", 0)
    return {**dict.fromkeys(MEASURES, 1.0), "validation_loss": loss + 0.1 * weight} | {
        "gradient_high_frequency_share": 1 / (1 + weight),
        "deepshap_high_frequency_share": 0.5,
    }


def run(started, tmp_path, measure=made_up, job=0, jobs=1):
    path, definition = started
    return run_trials(path, definition, job, jobs, measure, tmp_path / "trials")


def known(started):
    path, definition = started
    return optuna.load_study(study_name=definition["study"], storage=open_storage(path)).trials


def outcome(started, tmp_path):
    path, definition = started
    outputs = [tmp_path / name for name in ("trials.tsv", "pareto.tsv", "best.yaml")]
    summarise(path, definition, "found", tmp_path / "trials", *outputs)
    return pd.read_csv(outputs[0], sep="\t"), pd.read_csv(outputs[1], sep="\t"), outputs[2]


def values(trials):
    return [trial.params for trial in trials]


@pytest.mark.parametrize(
    ("leaves", "block", "message"),
    [
        ({"learning_rat": {"low": 1, "high": 2}}, {}, "did you mean 'learning_rate'?"),
        ({"prior/wieght": {"low": 1, "high": 2}}, {}, "did you mean 'prior/weight'?"),
        ({"pools": {"choices": [[2]]}}, {}, "unknown setting 'pools'"),
        ({"learning_rate": {"low": -1, "high": 2}}, {}, "less than or equal to the minimum of 0"),
        ({"filters": {"low": 8, "high": 16.5}}, {}, "16.5 is not of type"),
        ({"filters": {"choices": [8, "many"]}}, {}, "'many' is not of type"),
        ({"reverse_complement": {"low": 0, "high": 1}}, {}, "is no number; give choices"),
        ({"precision": {"low": 1, "high": 2}}, {}, "1 is not one of"),
        ({"learning_rate": {"low": 2, "high": 1}}, {}, "not below high"),
        ({"peaks": {"low": 0.1, "high": 100}}, {}, "give a range of either"),
        ({"prior/weight": {"low": 0, "high": 1, "log": True}}, {}, "must be above 0"),
        ({"learning_rate": {"low": 0.1}}, {}, "give low and high"),
        ({"epochs": {"choices": [1], "low": 1, "high": 2}}, {}, "give one of them"),
        (RATE, {"sampler": "grid"}, "a grid has no range"),
        (WEIGHTS, {"sampler": "grid", "trials": 4}, "take the key out"),
        (WEIGHTS, {"arm": "without_prior"}, "has no effect where prior/kind is none"),
        ({"count_loss_weight": {"choices": [1, 2]}}, {}, "could not be compared"),
        ({"architecture": {"choices": ["basset"]}}, {}, "one architecture"),
        ({"widths,dilations": {"choices": [[[3], [1]], [[3]]]}}, {}, "no value for each of"),
        ({"epochs,epochs": {"choices": [[1, 2]]}}, {}, "searched twice"),
        (RATE, {"arm": "with_prio"}, "unknown arm 'with_prio'; did you mean 'with_prior'?"),
        (RATE, {"condition": "FT"}, "unknown condition 'FT'; known: TF"),
        (RATE, {"fold": "fold_2"}, "unknown fold 'fold_2'; did you mean 'fold_1'?"),
    ],
)
def test_what_cannot_be_searched_is_said_before_any_job(leaves, block, message):
    with pytest.raises(InputError, match="config key 'search/found") as caught:
        checked(leaves, **block)
    assert message in str(caught.value)


@pytest.mark.parametrize("prior", [{}, {"freq_limit": 7}])
def test_limit_of_frequencies_follows_the_input_of_a_trial(prior):
    leaves = {"input_length": {"choices": [600, 800]}, **WEIGHTS}
    models = {"m": {"architecture": "basset", "prior": prior}}
    definition = define(configured(leaves, models), SCHEMA, "found")
    for length, limit in ((600, 90), (800, 120)):
        found = trial_settings(definition, {"input_length": length, "prior/weight": 1})
        assert found["prior"]["freq_limit"] == prior.get("freq_limit", limit)


@pytest.mark.parametrize("ends", [(100, 1000), (100.0, 1000.0)])
def test_searched_numbers_of_peaks_are_whole(ends):
    leaves = {"peaks": dict(zip(("low", "high"), ends, strict=True))}
    assert define(configured(leaves), SCHEMA, "found")["leaves"]["peaks"]["integer"]
    leaves = {"peaks": {"low": 0.1, "high": 1}}
    assert not define(configured(leaves), SCHEMA, "found")["leaves"]["peaks"]["integer"]


@pytest.mark.parametrize(
    "leaves",
    [
        RATE,
        WEIGHTS,
        {"prior/softness": {"choices": [None, 0.2]}, "epochs": {"low": 1, "high": 4}},
        {"prior/softness": {"low": 0.1, "high": 0.9}},
        {"widths,dilations": {"choices": [[[7, 3], [1, 2]], [[5, 3], [2, 2]]]}},
        {"prior/kind": {"choices": ["none", "fourier"]}, **WEIGHTS},
    ],
)
def test_what_can_be_searched_passes(leaves):
    checked(leaves)


def test_trial_changes_its_leaves_alone():
    config = configured({**RATE, **WEIGHTS})
    found = trial_settings(
        define(config, SCHEMA, "found"), {"learning_rate": 0.5, "prior/weight": 7}
    )
    expected = resolve(config, SCHEMA, "profile", "with_prior")
    expected["learning_rate"], expected["prior"]["weight"] = 0.5, 7
    assert found == expected


def test_leaves_without_effect_are_left_out():
    definition = define(
        configured({"prior/kind": {"choices": ["none", "fourier"]}, **WEIGHTS}), SCHEMA, "found"
    )
    found = trial_settings(definition, {"prior/kind": "none", "prior/weight": 7})
    assert found["prior"] == {"kind": "none"}
    found = trial_settings(definition, {"prior/kind": "fourier", "prior/weight": 7})
    assert (found["prior"]["kind"], found["prior"]["weight"]) == ("fourier", 7)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_finds_a_planted_optimum(started, tmp_path, sampler):
    begun = started(RATE, 40, sampler=sampler)
    run(begun, tmp_path)
    _, _, best = outcome(begun, tmp_path)
    rate = yaml.safe_load(best.read_text())["found"]["learning_rate"]
    assert 10**-3.4 < rate < 10**-2.6


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_same_seed_gives_the_same_trials_whatever_interrupts_it(
    started, tmp_path, sampler, monkeypatch
):
    def killed(at):
        count = itertools.count()

        def measure(settings, folder):
            if next(count) == at:
                raise KeyboardInterrupt
            return made_up(settings, folder)

        return measure

    whole = started({**RATE, **WEIGHTS}, 14, sampler=sampler)
    run(whole, tmp_path)
    other = started({**RATE, **WEIGHTS}, 14, sampler=sampler, code="other")
    for at in (3, 9):
        with pytest.raises(KeyboardInterrupt):
            run(other, tmp_path, killed(at))
    run(other, tmp_path)
    assert values(known(other)) == values(known(whole))
    assert len({trial.params["learning_rate"] for trial in known(whole)}) == 14
    assert [trial.values for trial in known(other)] == [trial.values for trial in known(whole)]


def test_finished_trials_are_not_repeated_and_more_continue(started, tmp_path):
    first = started(RATE, 3)
    assert run(first, tmp_path) == [0, 1, 2]
    assert run(started(RATE, 3), tmp_path) == []
    before = values(known(first))
    more = started(RATE, 5)
    assert more[1]["study"] == first[1]["study"]
    assert run(more, tmp_path) == [3, 4]
    assert values(known(more))[:3] == before


def test_other_leaves_data_or_code_start_another_study(started, tmp_path):
    names = [started(RATE)[1]["study"], started(WEIGHTS)[1]["study"]]
    names.append(started(RATE, code="other")[1]["study"])
    (tmp_path / "data").write_text("other")
    names.append(started(RATE)[1]["study"])
    assert len(set(names)) == 4


def test_killed_job_goes_on_with_its_own_trial_alone(started, tmp_path):
    def die(settings, folder):
        raise KeyboardInterrupt

    begun = started(RATE, 4)
    for job in (0, 1):
        with pytest.raises(KeyboardInterrupt):
            run(begun, tmp_path, die, job, jobs=2)
    begun_with = values(known(begun))[:2]
    # trial 0 is that of the other job, which may still run it
    assert run(begun, tmp_path, job=1, jobs=2) == [1, 2, 3]
    assert run(begun, tmp_path, job=0, jobs=2) == [0]
    assert values(known(begun))[:2] == begun_with
    assert all(trial.state.is_finished() for trial in known(begun))


def test_trial_of_a_job_that_is_no_more_goes_to_another(started, tmp_path):
    def die(settings, folder):
        raise KeyboardInterrupt

    begun = started(RATE, 2)
    with pytest.raises(KeyboardInterrupt):
        run(begun, tmp_path, die, job=3, jobs=4)
    assert run(begun, tmp_path, job=0, jobs=1) == [0, 1]


def test_trial_that_keeps_killing_its_job_is_given_up(started, tmp_path):
    def die(settings, folder):
        raise MemoryError

    begun = started(RATE, 2)
    for _ in range(studies.ATTEMPTS):
        with pytest.raises(MemoryError):
            run(begun, tmp_path, die)
    assert run(begun, tmp_path) == [0, 1]
    table, _, _ = outcome(begun, tmp_path)
    assert list(table.state) == ["failed", "complete"]
    assert "ended 3 times" in table.reason[0]


def test_failed_trials_keep_their_reasons_and_others_go_on(started, tmp_path):
    def measure(settings, folder):
        if settings["learning_rate"] > 1e-3:
            raise InputError("the loss is no longer\na finite number")
        return made_up(settings, folder)

    begun = started(RATE, 12, sampler="random")
    run(begun, tmp_path, measure)
    table, _, best = outcome(begun, tmp_path)
    failed = table.state == "failed"
    assert 0 < failed.sum() < 12
    assert set(table.reason[failed]) == {"the loss is no longer a finite number"}
    assert list(failed) == list(table.learning_rate > 1e-3)
    assert yaml.safe_load(best.read_text())["found"]["learning_rate"] <= 1e-3


def test_trial_whose_lengths_do_not_fit_says_so(started, tmp_path):
    begun = started({"profile_width": {"choices": [21, 23]}}, sampler="grid")
    run(begun, tmp_path)
    table, _, _ = outcome(begun, tmp_path)
    assert list(table.state) == ["complete", "failed"]
    assert "profile_length is 30, but the layers leave 28" in table.reason[1]


def test_search_without_any_finished_trial_says_why(started, tmp_path):
    begun = started({"profile_width": {"choices": [23]}}, sampler="grid")
    run(begun, tmp_path)
    with pytest.raises(InputError, match=r"none of 1 trials came to its end.*\n.*layers leave 28"):
        outcome(begun, tmp_path)


def test_grid_covers_all_values_once(started, tmp_path):
    leaves = {**WEIGHTS, "filters": {"choices": [4, 8]}}
    begun = started(leaves, sampler="grid")
    run(begun, tmp_path)
    table, _, _ = outcome(begun, tmp_path)
    found = sorted(zip(table["prior/weight"], table.filters, strict=True))
    assert found == sorted((c["prior/weight"], c["filters"]) for c in combinations(leaves))


def beside_another(settings, folder):
    """Leave a mark, and go on when another process has left one too."""
    marks = folder.parent.parent / "marks"
    marks.mkdir(exist_ok=True)
    with open(marks / str(os.getpid()), "a", encoding="utf-8") as file:
        file.write(f"{folder.name}\n")
    stop = time.monotonic() + 60
    while len(list(marks.iterdir())) < 2:
        assert time.monotonic() < stop
        time.sleep(0.01)
    time.sleep(0.01)
    return made_up(settings, folder)


def test_processes_share_a_study_and_run_each_trial_once(started, tmp_path):
    path, definition = started(RATE, 12)
    context = multiprocessing.get_context("fork")
    folder = tmp_path / "trials"
    jobs = [
        context.Process(target=run_trials, args=(path, definition, job, 2, beside_another, folder))
        for job in (0, 1)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
        assert job.exitcode == 0
    ran = [mark.read_text().split() for mark in (tmp_path / "marks").iterdir()]
    assert len(ran) == 2
    assert sorted(map(int, itertools.chain(*ran))) == list(range(12))
    found = known((path, definition))
    assert [trial.number for trial in found] == list(range(12))
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in found)


@pytest.mark.parametrize("place", [0, 4, -1])
@pytest.mark.parametrize("line", [b'{"op_code": 5, "wor', b"\0\xff", b"7", b'{"op_code": 99}', b""])
def test_damaged_journal_is_refused_by_its_name(started, tmp_path, place, line):
    path, definition = started(RATE, 3)
    run_trials(path, definition, 0, 1, made_up, tmp_path / "trials")
    lines = path.read_bytes().splitlines()
    lines[place] = line
    path.write_bytes(b"\n".join([*lines, b""]))
    with pytest.raises(InputError, match=r"study\.journal: damaged"):
        run_trials(path, definition, 0, 1, made_up, tmp_path / "trials")
    with pytest.raises(InputError, match=r"study\.journal: damaged"):
        finished_trials(path, definition)


def test_line_that_a_killed_job_left_half_written_is_cut_off(started, tmp_path):
    begun = started(RATE, 3)
    with pytest.raises(KeyboardInterrupt):
        run(begun, tmp_path, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with open(begun[0], "a", encoding="utf-8") as file:
        file.write('{"op_code": 8, "worker')
    assert run(begun, tmp_path) == [0, 1, 2]


def test_best_arm_gives_the_settings_of_its_trial(started, tmp_path):
    leaves = {
        **RATE,
        **WEIGHTS,
        "filters": {"low": 4, "high": 9},
        "widths,dilations": {"choices": [[[7, 3], [1, 2]], [[5, 3], [2, 1]]]},
    }
    seen = {}

    def measure(settings, folder):
        seen[int(folder.name)] = copy.deepcopy(settings)
        return made_up(settings, folder)

    begun = started(leaves, 8, objectives=["prediction", "noise"], sampler="random")
    run(begun, tmp_path, measure)
    _, _, best = outcome(begun, tmp_path)
    arms = yaml.safe_load(best.read_text())
    assert arms
    config = configured(leaves)
    config["arms"] |= arms
    complete(config, SCHEMA)  # they can be pasted
    for name, arm in arms.items():
        assert set(arm) == {"learning_rate", "prior", "filters", "widths", "dilations"}
        # the search's arm has the kind, without which the weight would have no effect
        assert set(arm["prior"]) == {"kind", "weight"}
        trial = int(name.removeprefix("found_"))
        assert resolve(config, SCHEMA, "profile", name) == seen[trial]


def test_front_holds_what_nothing_undercuts():
    losses = np.array([[1, 3], [2, 2], [3, 1], [2, 3], [3, 3], [1, 3.0]])
    assert list(on_front(losses)) == [True, True, True, False, False, True]


def test_sweep_gives_noise_against_prediction(started, tmp_path):
    begun = started(WEIGHTS, sampler="grid")
    run(begun, tmp_path)
    _, pareto, _ = outcome(begun, tmp_path)
    gradient = pareto[pareto.kind == "gradient"]
    assert list(gradient.label) == [0, 1, 10]
    assert set(gradient.labelled) == {"prior/weight"}
    # each weight predicts worse and cleans more; of DeepSHAP, which it leaves alone, only one is best
    assert list(gradient.front) == [1, 1, 1]
    assert list(pareto[pareto.kind == "deepshap"].front) == [1, 0, 0]
    figure = plot_search(pareto)
    texts = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert {"0", "1", "10"} <= texts


def test_trial_that_did_not_learn_does_not_press_others_into_a_corner():
    table = pd.DataFrame(
        {
            "kind": "gradient",
            "trial": range(4),
            "labelled": "trial",
            "label": [0.3, 1, 3, 10],
            "validation_loss": [10, 11, 12, 900.0],
            "high_frequency_share": [0.3, 0.2, 0.25, 0.1],
            "front": [1, 1, 0, 1],
        }
    )
    (axes,) = plot_search(table).axes
    assert axes.get_xlim()[1] < 20
    assert {"0.3", "1", "3", "1 further right"} == {text.get_text() for text in axes.texts}


def test_binary_models_are_searched_too(condition, started, tmp_path):
    block = {"architecture": "binary", "input_length": 60, "filters": 4, "widths": [5, 3]}
    block |= {"pools": [4, 4], "dense": [4], "batch_size": 16, "prior": {"freq_limit": 9}}
    begun = started(WEIGHTS, sampler="grid", models={"binary": block})
    run(begun, tmp_path, measurer(*condition, begun[1], batch_size=16, device="cpu"))
    table, _, _ = outcome(begun, tmp_path)
    assert list(table.state) == ["complete"] * 3, table.reason[0]
    assert table.gradient_high_frequency_share.notna().all()


def test_better_learning_rate_is_found_by_training(condition, started, tmp_path):
    begun = started(
        {"learning_rate": {"choices": [1e-7, 0.01]}, "prior/weight": {"choices": [0, 5]}},
        sampler="grid",
        seeds=[1, 2],
    )
    measure = measurer(*condition, begun[1], batch_size=16, device="cpu")
    run(begun, tmp_path, measure)
    table, pareto, best = outcome(begun, tmp_path)
    assert set(table.state) == {"complete"}
    by_rate = table.groupby("learning_rate").validation_loss
    assert by_rate.max()[0.01] < by_rate.min()[1e-7]
    assert yaml.safe_load(best.read_text())["found"]["learning_rate"] == 0.01
    assert table[list(MEASURES)].notna().all(axis=None)
    shares = table.filter(like="share")
    assert ((shares > 0) & (shares < 1)).all(axis=None)
    assert len(pareto) == 2 * 4
    assert not (tmp_path / "trials").exists()


def test_trial_that_was_killed_goes_on_from_its_checkpoint(
    condition, started, tmp_path, monkeypatch
):
    begun = started({"learning_rate": {"choices": [0.01]}}, sampler="grid")
    measure = measurer(*condition, begun[1], batch_size=16, device="cpu")

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("attprior.search.trial.choose_regions", die)
        with pytest.raises(KeyboardInterrupt):
            run(begun, tmp_path, measure)
    assert (tmp_path / "trials/0/seed_1.pt").exists()
    with monkeypatch.context() as patch:
        # no epoch is trained again
        patch.setattr("attprior.training.loop._epoch", die)
        assert run(begun, tmp_path, measure) == [0]
    assert not (tmp_path / "trials/0").exists()


def test_validation_alone_is_looked_at(condition, started, monkeypatch):
    begun = started(WEIGHTS, sampler="grid")
    seen = []

    def regions(windows, chromosomes, **_):
        seen.append([windows.labels.coordinates.names[c] for c in chromosomes])
        raise InputError("seen")

    monkeypatch.setattr("attprior.search.trial.choose_regions", regions)
    monkeypatch.setattr("attprior.search.trial.train_seeds", lambda *_: {})
    measure = measurer(*condition, begun[1], batch_size=16, device="cpu")
    settings = trial_settings(begun[1], {"prior/weight": 1})
    with pytest.raises(InputError, match="seen"):
        measure(settings, Path("unused"))
    assert seen == [["chr2"]]
