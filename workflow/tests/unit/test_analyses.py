"""Analyses are found by their folders, and each is called with what it declares."""

import importlib
import inspect
import shutil
from pathlib import Path

import pytest
from attprior import analyses
from attprior.analyses import registry
from attprior.errors import InputError

SPECTRUM = Path(analyses.__path__[0]) / "spectrum"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A copy of an analysis, as if a user had put it beside the others."""
    folder = tmp_path / "mine"
    shutil.copytree(SPECTRUM, folder)
    monkeypatch.setattr(analyses, "__path__", [*analyses.__path__, str(tmp_path)])
    registry.registered.cache_clear()
    yield folder
    registry.registered.cache_clear()


def edit(folder, old, new):
    path = folder / "__init__.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    # another file, as what a file declares is read once
    shutil.move(folder, folder.with_name("edited"))


def test_evidence_comes_before_what_a_prior_does_by_construction():
    names = list(registry.registered())
    assert names.index("performance") < names.index("truth") < names.index("spectrum")
    told = [line["analysis"] for line in registry.headlines()]
    assert told == sorted(told, key=names.index)


@pytest.mark.parametrize("name", registry.registered())
def test_functions_take_what_is_declared(name):
    analysis = registry.registered()[name]
    tabulate = inspect.signature(
        importlib.import_module(f"attprior.analyses.{name}.tables").tabulate
    )
    assert set(tabulate.parameters) == {*analysis.reads, "arms", *analysis.settings}
    plot = inspect.signature(importlib.import_module(f"attprior.analyses.{name}.figure").plot)
    given = {*analysis.draws, "arms", *analysis.figure_settings}
    optional = {p.name for p in plot.parameters.values() if p.default is not p.empty}
    assert given <= set(plot.parameters) <= given | optional


def test_own_analysis_comes_with_the_others(mine):
    found = registry.registered()
    assert found["mine"] == found["spectrum"]._replace(path=mine)
    assert sum(line["analysis"] == "mine" for line in registry.headlines()) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('TITLE = "Spectrum"', "", "TITLE is missing"),
        ("PLACE = 90", "PLACE = 10 * 9", "PLACE must be written out as plain values"),
        ('"table": None, ', "", "TABLES lacks table"),
        (', "tests": "tests"}', "}", "TABLES lacks tests"),
        ("model/prior/freq_limit", "limit", "SETTINGS has 'limit'; known are folds, tasks"),
        ("{arm}/{fold}", "{fold}", "READS has '{fold}/attributions/{head}.h5'; known are sites"),
        ("PLACE = 90", 'PLACE = 90\nNEEDS = "luck"', "NEEDS has 'luck'; known are known sites"),
    ],
)
def test_faulty_declaration_is_refused(mine, old, new, message):
    edit(mine, old, new)
    with pytest.raises(InputError, match=r"edited/__init__\.py") as error:
        registry.registered()
    assert message in str(error.value)


def test_lacking_file_is_named(mine):
    (mine / "caption.rst").unlink()
    with pytest.raises(InputError, match=r"mine: caption\.rst is missing"):
        registry.registered()
