"""Functions of the library take what the rules that call them name."""

import inspect
from importlib import import_module

import pytest
from rules import rules

# params that adapters take themselves, or that captions name
OWN = {"function", "code", "head", "assay"}
# what the adapter that calls functions gives to those that take it
GIVEN = {"threads", "device"}
NAMED = [rule for rule in rules() if rule.function]


@pytest.mark.parametrize("rule", NAMED, ids=lambda rule: rule.name)
def test_functions_take_what_rules_name(rule):
    module, _, name = rule.function.rpartition(".")
    function = getattr(import_module(f"attprior.{module}"), name)
    taken = inspect.signature(function).parameters
    needed = {name for name, p in taken.items() if p.default is p.empty and p.kind != p.VAR_KEYWORD}
    named = rule.names["input"] | rule.names["params"] - {"function", "code"}
    if rule.script.stem == "call":
        named |= rule.names["output"]
        given = GIVEN | rule.names["wildcards"]
        assert needed <= named | given
    else:
        assert needed <= named
        named -= OWN
    if not any(p.kind == p.VAR_KEYWORD for p in taken.values()):
        assert named <= set(taken)


def test_every_adapter_is_of_a_rule():
    adapters = {rule.script for rule in rules() if rule.script}
    assert len({rule.script for rule in NAMED}) == 3
    folder = next(iter(adapters)).parent
    # rules of other configs: searches have one only where the config names one
    others = {"search_result", "search_study", "search_trials"}
    assert {path for path in folder.glob("*.py") if path.stem not in others} <= adapters
