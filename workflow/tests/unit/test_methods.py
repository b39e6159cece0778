"""The methods tell what the config says, cite what is used and nothing else, and read as English."""

import copy
import re
from pathlib import Path

import h5py
import pandas as pd
import pytest
import yaml
from attprior.errors import InputError
from attprior.methods import read_condition, write_methods, written
from attprior.models import registry
from attprior.motifs.database import JASPAR_RELEASE
from attprior.motifs.matching import MAX_Q_VALUE, MIN_BITS, SHUFFLES
from attprior.references import REFERENCES, numbered
from attprior.settings import complete, model_heads, resolve
from attprior.software import parameters, versions
from made_condition import write_condition

WORKFLOW = Path(__file__).parents[2]
TEMPLATES = [WORKFLOW / f"report/templates/methods{kind}.jinja" for kind in ("", ".md", ".html")]
SCHEMA = yaml.safe_load((WORKFLOW / "schemas/config.schema.yaml").read_text())
BINARY = {"binary": {"architecture": "binary"}}
PORTAL = {"assay": "tf-chip", "formats": ["bam"], "source": "encode", "called": False}
FILES = pd.DataFrame(
    {
        "experiment": ["ENCSR000BGQ"],
        "file": ["ENCFF000ABC"],
        "role": ["peaks"],
        "output_type": ["IDR thresholded peaks"],
    }
)
SOFTWARE = pd.DataFrame({"software": ["torch", "attprior"], "version": ["2.13.0", ""]})


def study(experiments=None, **config):
    """Study of a config, with one experiment unless some are given."""
    config = complete({"experiments": "x.tsv", "genome": {"name": "hg38"}, **config}, SCHEMA)
    arms = list(dict.fromkeys(arm for pair in config["comparisons"].values() for arm in pair))
    models = {}
    for model in config["models"]:
        base = resolve(config, SCHEMA, model)
        models[model] = {
            "examples": registry.declaration(base["architecture"]).examples,
            "heads": model_heads(config, SCHEMA, model),
            "base": base,
            "arms": {arm: resolve(config, SCHEMA, model, arm) for arm in arms},
        }
    experiments = experiments or {"ENCSR000BGQ": {**PORTAL, "condition": "SPI1"}}
    return {"config": config, "arms": arms, "models": models, "experiments": experiments}


def told(made, control="", template=TEMPLATES[0]):
    """All the text of a study, and its references."""
    conditions = {}
    for name, known in made["experiments"].items():
        task = {
            "experiment": name,
            "ends": 1200,
            "peaks": 30,
            "control": control,
            "control_ends": 9,
        }
        if known["condition"]:
            conditions.setdefault(known["condition"], []).append(task)
    read = [{"condition": name, "tasks": tasks} for name, tasks in conditions.items()]
    paragraphs, references = written(made, read, FILES, SOFTWARE, template)
    return " ".join(paragraphs.values()), references


def cites(references, *keys):
    return [REFERENCES[key] in references for key in keys]


LEAVES = [
    {"training": {"learning_rate": 0.0123}},
    {"training": {"epochs": 17}},
    {"training": {"patience": 9}},
    {"training": {"batch_size": 48}},
    {"training": {"weight_decay": 0.0007}},
    {"training": {"jitter": 77}},
    {"training": {"seeds": [4, 8]}},
    {"training": {"peaks": 0.1}},
    {"training": {"negatives_per_positive": 3}},
    {"training": {"match_gc": True}},
    {"training": {"max_unknown": 0.1}},
    {"training": {"max_unknown": 1}},
    {"training": {"folds": {"a": {"validation": ["chr3"], "test": ["chr4"]}}}},
    {"models": {"profile": {"filters": 48}}},
    {"models": {"profile": {"profile_width": 51, "input_length": 1322}}},
    {"models": {"profile": {"prior": {"weight": 12}}}},
    {"models": {"profile": {"prior": {"freq_limit": 123}}}},
    {"models": {"profile": {"prior": {"softness": 0.5}}}},
    {"models": {"profile": {"prior": {"smooth_sigma": 0}}}},
    {"models": {"profile": {"prior": {"attribution": "expected_gradient"}}}},
    {"models": {"profile": {"prior": {"examples": "all"}}}},
    {"models": {"profile": {"prior": {"schedule": "inflate", "rate": 0.7}}}},
    {"models": {"profile": {"prior": {"schedule": "deflate", "rate": 0.7}}}},
    {"models": {"profile": {"prior": {"schedule": "late"}}}},
    {"reads": {"min_mapq": 13}},
    {"reads": {"exclude_flags": 1804}},
    {"reads": {"keep_duplicates": False}},
    {"genome": {"name": "mm10"}},
    {"attribution": {"references": 23}},
    {"attribution": {"peaks": 321}},
    {"attribution": {"sample": 45}},
    {"attribution": {"ism": True}},
    {"attribution": {"heads": ["count"]}},
    {"motifs": {"modisco": {"window": 444}}},
    {"motifs": {"modisco": {"leiden_runs": 7}}},
    {"motifs": {"databases": ["jaspar_plants"]}},
    {"motifs": {"hits": {"lambda": 0.6}}},
    {"motifs": {"hits": {"p_value": 0.0003}}},
    {"motifs": {"homer": {"length": 9}}},
    {"motifs": {"homer": {"background": "sampled"}}},
    {"portal": {"alignments": "alignments"}},
]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: yaml.safe_dump(leaf).replace("\n", " "))
def test_a_changed_setting_changes_the_text(leaf):
    assert told(study(**leaf))[0] != told(study())[0]


def test_numbers_of_the_config_are_told():
    text = told(study(training={"learning_rate": 0.0123, "seeds": [1, 2, 3, 4, 5]}))[0]
    assert "learning rate of 0.0123" in text
    assert "5 random initialisations (seeds 1 to 5)" in text
    assert "f 200 (a period of 6.7 bp), s 0.2" in text


def test_every_arm_is_named_with_what_sets_it_apart():
    arms = {
        "none": {},
        "l2": {"weight_decay": 0.0002},
        "smooth": {"prior": {"kind": "smoothness", "weight": 3}},
        "fourier": {"prior": {"kind": "fourier"}},
        "left_out": {"jitter": 5},
    }
    pairs = {"a": ["none", "l2"], "b": ["smooth", "fourier"]}
    text = told(study(arms=arms, comparisons=pairs, models={"profile": {}, **BINARY}))[0]
    for arm in ("none", "l2", "smooth", "fourier"):
        for model in ("profile", "binary"):
            assert f"The arm '{arm}' of the model '{model}' had " in text
    assert "weight decay 0.0002 in the place of 0" in text
    assert "smoothness prior with weight 3" in text
    assert "left_out" not in text


PRIOR = SCHEMA["$defs"]["settings"]["properties"]["prior"]["properties"]
CHOICES = [(leaf, value) for leaf, kind in PRIOR.items() for value in kind.get("enum", [])]


@pytest.mark.parametrize(("leaf", "value"), CHOICES)
def test_every_choice_of_a_prior_is_told(leaf, value):
    text, _ = told(
        study(arms={"without_prior": {}, "with_prior": {"prior": {"kind": "fourier", leaf: value}}})
    )
    assert "with_prior" in text and "{" not in text


def test_what_is_not_used_is_not_cited():
    plain = study(
        motifs={"homer": {"enabled": False}, "databases": []},
        arms={"a": {}, "b": {"dropout": 0.1}},
        comparisons={"c": ["a", "b"]},
    )
    plain["experiments"] = {
        "x": {**PORTAL, "condition": "X", "formats": ["bigwig"], "source": "local"}
    }
    used = cites(
        told(plain)[1],
        *("homer", "jaspar", "tomtom", "macs3", "encode", "portal", "tseng", "basset"),
        *("samtools", "deeptools", "corrected_gradient", "expected_gradient"),
    )
    assert not any(used)
    assert all(cites(told(plain)[1], "bpnet", "deepshap", "modisco", "finemo", "adam", "torch"))


def test_what_is_used_is_cited():
    rich = study(
        models={"basset": {"architecture": "basset", "prior": {"attribution": "rescale"}}},
        motifs={"homer": {"enabled": True}},
    )
    rich["experiments"]["own"] = {**PORTAL, "condition": "X", "source": "local", "called": True}
    keys = ("homer", "jaspar", "tomtom", "macs3", "encode", "tseng", "basset", "idr", "samtools")
    assert all(cites(told(rich)[1], *keys))
    assert not any(cites(told(rich)[1], "bpnet"))
    assert f"JASPAR {JASPAR_RELEASE.removeprefix('JASPAR')}" in told(rich)[0]


@pytest.mark.parametrize("source", ["encode", "local"])
def test_peaks_that_are_called_are_not_told_as_given(source):
    known = {**PORTAL, "condition": "SPI1", "source": source}
    control = {**known, "condition": "", "assay": "control-chip"}
    given, called = (
        told(study({"x": {**known, "called": called}, "input": control}), control="input")[0]
        for called in (False, True)
    )
    words = {"encode": "and peaks of x", "local": "with files of peaks"}[source]
    assert words in given
    assert words not in called


def test_numbers_of_matching_are_those_that_it_uses():
    text = told(study(motifs={"homer": {"enabled": True}}))[0]
    assert f"at least {MIN_BITS:g} bits shuffled ({SHUFFLES} times" in text
    assert f"its best match with q at most {MAX_Q_VALUE:g}" in text


def test_references_are_numbered_by_their_first_mention():
    text, references = numbered("Two [@scipy, @tseng], again [@tseng], one more [@adam].")
    assert text == "Two [1, 2], again [2], one more [3]."
    assert references == [REFERENCES[key] for key in ("scipy", "tseng", "adam")]


def test_unknown_references_are_refused():
    with pytest.raises(InputError, match=r"^\[@tsng\]: cited, but not in .*references\.py$"):
        numbered("One [@tsng], two [@adam].")


@pytest.mark.parametrize(
    "prior", ["gradient", "corrected_gradient", "expected_gradient", "rescale"]
)
@pytest.mark.parametrize("model", ["profile", "binary", "basset"])
@pytest.mark.parametrize("many", [False, True])
def test_sentences_are_whole(prior, model, many):
    single = {"profile": {"architecture": model, "prior": {"attribution": prior}}}
    folds = {f"f{n}": {"validation": ["chr1"], "test": [f"chr{n + 2}"]} for n in range(1 + many)}
    made = study(
        models={**single, **(BINARY if many else {})},
        training={"folds": folds, "seeds": [1, 2] if many else [1]},
    )
    if many:
        made["experiments"]["local"] = {
            **PORTAL, "condition": "ATAC", "assay": "atac", "source": "local", "formats": ["bed"],
        }  # fmt: skip
    text, references = told(made, control="ENCSR000BGH")
    assert "@" not in text and "', predicted" not in text
    assert not re.search(r"\bNone\b|nan|\{|\}|  |\[\]| ,|\.\.|,,|\(\)", text)
    assert not re.search(
        r"\b1 (seeds|epochs|conditions|arms|initialisations|intervals|bins)\b", text
    )
    assert all(
        sentence[0].isupper() or sentence[0] == "'" for sentence in re.split(r"\. (?=\D)", text)
    )
    assert len(set(references)) == len(references)


def test_words_of_the_template_are_those_of_the_text(tmp_path):
    edited = tmp_path / "edited.jinja"
    words = TEMPLATES[0].read_text()
    edited.write_text(
        words.replace("We studied", "We\nlooked at").replace("## Data", "## Material")
    )
    text = told(study(), template=edited)[0]
    assert text == told(study())[0].replace("We studied", "We looked at")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_name_what_there_is_or_are_refused(tmp_path, monkeypatch, template):
    known = {"experiment": "ENCSR000BGQ", "ends": 1, "peaks": 1, "control": "", "control_ends": 0}
    read = {"condition": "SPI1", "tasks": [known]}
    monkeypatch.setattr("attprior.methods.read_condition", lambda path: read)
    edited = tmp_path / template.name
    edited.write_text(f"{template.read_text()}\n{{{{ mistyped }}}}\n")
    chosen = [edited if path == template else path for path in TEMPLATES]
    line = edited.read_text().count("\n")
    with pytest.raises(InputError, match=rf"{edited}, line {line}: 'mistyped' is undefined"):
        write_methods(study(), ["x"], [], SOFTWARE, tmp_path / "text", tmp_path / "page", chosen)


@pytest.mark.parametrize(
    ("controls", "expected"),
    [("matched", ["input_0", "input_1"]), ("shared", ["input"] * 2), ("none", [""] * 2)],
)
def test_data_are_counted_from_the_labels(tmp_path, controls, expected):
    labels, *_ = write_condition(tmp_path, controls=controls)
    known = read_condition(labels)["tasks"]
    with h5py.File(labels) as file:
        names = list(file["tasks"].asstr()[:])
        peaks = [int((file["regions/task"][:] == number).sum()) for number in range(len(names))]
        ends = [sum(track["count"][:].sum() for track in file["tracks"][n].values()) for n in names]
    assert [task["experiment"] for task in known] == names
    assert [task["peaks"] for task in known] == peaks
    assert [task["ends"] for task in known] == ends
    assert [task["control"] for task in known] == expected
    assert all((task["control_ends"] > 0) == bool(task["control"]) for task in known)


def test_both_files_hold_the_text_and_its_references(tmp_path, monkeypatch):
    known = {
        "experiment": "ENCSR000BGQ",
        "ends": 1234,
        "peaks": 56,
        "control": "",
        "control_ends": 0,
    }
    monkeypatch.setattr(
        "attprior.methods.read_condition", lambda path: {"condition": "SPI1", "tasks": [known]}
    )
    manifest = tmp_path / "manifest.tsv"
    FILES.to_csv(manifest, sep="\t", index=False)
    text, page = tmp_path / "methods.md", tmp_path / "methods.html"
    write_methods(study(), ["labels.h5"], [manifest], SOFTWARE, text, page, TEMPLATES)
    for path in (text, page):
        found = path.read_text()
        for part in ("ENCSR000BGQ", "ENCFF000ABC", "1,234", "10.1038/s41586-020-2493-4"):
            assert part in found
    assert r"with\_prior" in text.read_text()


def test_a_version_is_the_installed_one_or_else_the_pinned_one(tmp_path):
    lock, conda = tmp_path / "requirements.lock", tmp_path / "homer.yaml"
    lock.write_text("absent-package==1.2.3\nscipy==0.0.1\n")
    conda.write_text("dependencies:\n  - homer=5.1\n")
    used = {"scipy": "tests", "absent-package": "x", "HOMER": "motifs", "unknown": "y"}
    table = versions(used, [lock, conda]).set_index("software")
    assert table.loc["scipy", "source"] == "installed" and table.version["scipy"] != "0.0.1"
    assert list(table.loc["absent-package"])[:2] == ["1.2.3", "requirements.lock"]
    assert list(table.loc["HOMER"])[:2] == ["5.1", "homer.yaml"]
    assert list(table.loc["unknown"])[:2] == ["", ""]


def test_every_leaf_is_a_parameter():
    table = parameters({"a": {"b": 1, "c": {}}, "d": [1, 2], "e": None, "f": "text"})
    assert dict(table.to_numpy()) == {
        "a/b": "1",
        "a/c": "{}",
        "d": "1, 2",
        "e": "null",
        "f": "text",
    }


def test_the_study_is_not_changed_by_writing_it():
    made = study(models={"profile": {}, **BINARY})
    before = copy.deepcopy(made)
    told(made)
    assert made == before
