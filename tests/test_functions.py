"""An analysis function: what its class has to say."""

from textwrap import dedent

import numpy as np
import pytest

from antelop.analysis.definition import define
from antelop.analysis.functions import MARK, AnalysisFunction, antelop_analysis
from antelop.errors import Rejected

TABLES = {"Experimenter": object(), "World": object(), "IntervalEvents": object(), "AnalogEvents": object()}

LICKS = """
    class Licks:
        '''Trials from licks.

        More of it.
        '''

        name = "lick_trials"
        query = ["World", "AnalogEvents"]
        data = ["IntervalEvents", "AnalogEvents"]
        returns = {"data": np.ndarray, "time stamps (s)": list[float]}
        args = {"window": float, "side": ["left", "right"]}
        calls = ["rate", "rewards.first", "old.rewards.last"]
        key = {"experiment_id": 3}
        hidden = True
        mask = True

        def run(key, window=1.0, side="left"):
            return key, window, side
    """

LEAST = """
    class Least:
        name = "least"
        query = "World"
        returns = {"count": int}
        def run(key):
            return len(key)
    """


def defined(text: str) -> AnalysisFunction:
    """Define the function of the one class in a script's text."""
    namespace = {"np": np}
    exec(dedent(text), namespace)  # noqa: S102  # as a script is run
    (cls,) = [value for name, value in namespace.items() if name in {"Licks", "Least", "Wrong"}]
    return define("folder.licks", cls, "its text", TABLES)


def mistakes(text: str) -> list[tuple[str, str]]:
    """Return what is said of a class, with the remedies."""
    with pytest.raises(Rejected) as rejected:
        defined(text)
    return [(problem.what, problem.remedy) for problem in rejected.value.problems]


def test_all_attributes() -> None:
    """A class says what the function is called, runs on, reads, returns, takes, calls, and what it is for."""
    function = defined(LICKS)
    assert function.name == "folder.licks.lick_trials"
    assert function.doc == "Trials from licks.\n\nMore of it."
    assert function.query == ("World", "AnalogEvents")
    assert function.data == ("IntervalEvents", "AnalogEvents")
    assert dict(function.returns) == {"data": np.ndarray, "time stamps (s)": list[float]}
    assert dict(function.args) == {"window": float, "side": ["left", "right"]}
    assert function.called() == {
        "rate": "folder.licks.rate",
        "rewards.first": "rewards.first",
        "old.rewards.last": "old.rewards.last",
    }
    assert dict(function.key) == {"experiment_id": 3}
    assert function.hidden
    assert function.mask
    assert function.source == "its text"
    assert repr(function) == "folder.licks.lick_trials(key, window=1.0, side='left')\nTrials from licks.\n\nMore of it."


def test_only_what_is_required() -> None:
    """All but name, query, returns and run may be left out; one table needs no list."""
    function = defined(LEAST)
    assert function.query == ("World",)
    assert (function.data, function.args, function.calls, function.key) == ((), {}, (), {})
    assert not function.hidden
    assert not function.mask
    assert repr(function) == "folder.licks.least(key)"


def test_values_are_named_in_order() -> None:
    """Several values are named in the order of `returns`, and the function gets a key of its own."""
    key = {"session_id": 7}
    values = defined(LICKS.replace("return key, window, side", "key['side'] = side; return key, window")).values(
        key, 2.0, side="right"
    )
    assert values == {"data": {"session_id": 7, "side": "right"}, "time stamps (s)": 2.0}
    assert key == {"session_id": 7}


def test_one_value_is_bare() -> None:
    """A function that returns one value returns it as it is, be it a tuple."""
    assert defined(LEAST).values({"a": 1, "b": 2}) == {"count": 2}
    assert defined(LEAST.replace("len(key)", "1, 2")).values({}) == {"count": (1, 2)}


@pytest.mark.parametrize(
    ("returned", "said"), [("1, 2, 3", "3"), ("np.zeros((2, 4))", "ndarray"), ("None", "NoneType"), ("[1]", "1")]
)
def test_other_than_it_says(returned: str, said: str) -> None:
    """Returning more, fewer or something else than `returns` names is the lab's to mend."""
    with pytest.raises(Rejected) as rejected:
        defined(LICKS.replace("key, window, side\n", f"{returned}\n")).values({})
    remedy = "Return what `returns` names, in that order: data, time stamps (s)"
    assert str(rejected.value) == f"folder.licks.lick_trials: it returned {said} instead of 2 values. {remedy}."


def test_all_mistakes_at_once() -> None:
    """Everything that is wrong with a class is said at once, with how to write it."""
    assert mistakes("class Wrong:\n    pass") == [
        ("it has no `name`", "Give it a name, such as name = 'lick_trials'"),
        ("it has no `query`", "Give it a table or tables, such as query = 'World'"),
        ("it has no `returns`", "Give it names and types, such as returns = {'n': int}"),
        ("it has no `run`", "Give it a function of the key, such as def run(key, window=1.0)"),
    ]
    assert mistakes("""
        class Wrong:
            name = "lick-trials"
            query = []
            returns = {"count": 1}
            run = 4
            data = [3]
            args = {"size": []}
            calls = "rate"
            key = [3]
            hidden = 0
            mask = "yes"
        """) == [
        ("its `name` is 'lick-trials'", "Make it a name, such as name = 'lick_trials'"),
        ("its `query` is []", "Make it a table or tables, such as query = 'World'"),
        ("its `returns` is {'count': 1}", "Make it names and types, such as returns = {'n': int}"),
        ("its `run` is 4", "Make it a function of the key, such as def run(key, window=1.0)"),
        ("its `data` is [3]", "Make it a table or tables, such as data = ['AnalogEvents']"),
        ("its `args` is {'size': []}", "Make it names, each with a type or a list of values, such as args = {'window': float}"),
        ("its `calls` is 'rate'", "Make it a list of functions, such as calls = ['licks.rate']"),
        ("its `key` is [3]", "Make it a restriction, such as key = {'experiment_id': 3}"),
        ("its `hidden` is 0", "Make it True or False"),
        ("its `mask` is 'yes'", "Make it True or False"),
    ]


def test_unknown_tables() -> None:
    """A table that does not exist is named with the nearest that does."""
    assert mistakes(LEAST.replace('"World"', '["Wrld", "Spikes"]\n        data = "IntervalEvent"')) == [
        ("its `query` names the table 'Wrld', which does not exist", "The nearest are World"),
        (
            "its `query` names the table 'Spikes', which does not exist",
            "There are AnalogEvents, Experimenter, IntervalEvents, World",
        ),
        ("its `data` names the table 'IntervalEvent', which does not exist", "The nearest are IntervalEvents, AnalogEvents"),
    ]


def test_run_that_cannot_be_called() -> None:
    """A `run` with self, without a key, or without an argument of `args` cannot be called."""
    self_or_nothing = [("its `run` does not take the key first", "Write def run(key, ...), without self")]
    assert mistakes(LEAST.replace("run(key)", "run(self, key)")) == self_or_nothing
    assert mistakes(LEAST.replace("run(key)", "run()")) == self_or_nothing
    assert mistakes(LICKS.replace("window=1.0, ", "")) == [
        ("its `args` name 'window', which `run` does not take", "Write def run(key, window=...)")
    ]
    assert defined(LICKS.replace('window=1.0, side="left"', "**others"))


def test_mark() -> None:
    """The decorator returns the class itself, and marks it alone, not what is derived from it."""

    class Plain:
        pass

    assert antelop_analysis(Plain) is Plain
    assert MARK in vars(Plain)
    assert MARK not in vars(type("Derived", (Plain,), {}))
