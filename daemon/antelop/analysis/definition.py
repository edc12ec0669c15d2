"""The definition of an analysis function: which attributes its class must have, and what is wrong with them."""

import inspect
import keyword
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_origin

from antelop.analysis.functions import AnalysisFunction
from antelop.errors import Problem, Rejected
from antelop.wording import alike


def define(script: str, cls: Any, source: str, tables: Mapping[str, Any]) -> AnalysisFunction:  # noqa: ANN401  # any class
    """Return the analysis function that a decorated class defines.

    Parameters
    ----------
    script
        The dotted name of its script.
    cls
        The class.
    source
        The text of the class.
    tables
        Every table by its name.

    Raises
    ------
    Rejected
        With every mistake in the class.
    """
    name = f"{script}.{getattr(cls, 'name', cls.__name__)}"
    # All mistakes at once, so that a lab corrects its class only once.
    mistakes = [*_attribute_mistakes(cls), *_table_mistakes(cls, tables), *_run_mistakes(cls)]
    if mistakes:
        raise Rejected(Problem("analysis_function", name, *mistake) for mistake in mistakes)
    return AnalysisFunction(
        name=name,
        doc=inspect.getdoc(cls) or "",
        query=tuple(_names(cls.query)),
        data=tuple(_names(getattr(cls, "data", []))),
        returns=MappingProxyType(dict(cls.returns)),
        args=MappingProxyType(dict(getattr(cls, "args", {}))),
        calls=tuple(getattr(cls, "calls", ())),
        key=MappingProxyType(dict(getattr(cls, "key", {}))),
        hidden=getattr(cls, "hidden", False),
        mask=getattr(cls, "mask", False),
        source=source,
        run=cls.run,
        tables=tables,
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown name: the known names that are most like it, or all if none is like it."""
    known = sorted(known)
    near = alike(name, known, cutoff=0.5)
    return f"The nearest are {', '.join(near)}" if near else f"There are {', '.join(known) or 'none'}"


def is_name(value: object) -> bool:
    """Tell whether a value is text that Python accepts as a name."""
    return isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value)


def _is_type(value: object) -> bool:
    return isinstance(value, type) or get_origin(value) is not None


def _is_argument(value: object) -> bool:
    return _is_type(value) or (isinstance(value, list) and bool(value))


def _is_dict_of(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(isinstance(key, str) and test(item) for key, item in value.items())


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _names(value: Any) -> list[str]:  # noqa: ANN401  # one name or a list of them
    return [value] if isinstance(value, str) else value


# For each attribute of a class: whether it is required, the test for its value, and the form for the remedy.
_ATTRIBUTES: Mapping[str, tuple[bool, Callable[[object], bool], str]] = {
    "name": (True, is_name, "a name, such as name = 'lick_trials'"),
    "query": (
        True,
        lambda value: bool(value) and _is_list_of_names(_names(value)),
        "a table or tables, such as query = 'World'",
    ),
    "returns": (
        True,
        lambda value: bool(value) and _is_dict_of(_is_type)(value),
        "names and types, such as returns = {'n': int}",
    ),
    "run": (True, inspect.isfunction, "a function of the key, such as def run(key, window=1.0)"),
    "data": (False, lambda value: _is_list_of_names(_names(value)), "a table or tables, such as data = ['AnalogEvents']"),
    "args": (False, _is_dict_of(_is_argument), "names, each with a type or a list of values, such as args = {'window': float}"),
    "calls": (False, _is_list_of_names, "a list of functions, such as calls = ['licks.rate']"),
    "key": (False, _is_dict_of(lambda _: True), "a restriction, such as key = {'experiment_id': 3}"),
    "hidden": (False, lambda value: isinstance(value, bool), "True or False"),
    "mask": (False, lambda value: isinstance(value, bool), "True or False"),
}


def _is_right(cls: type, attribute: str) -> bool:
    return hasattr(cls, attribute) and _ATTRIBUTES[attribute][1](getattr(cls, attribute))


def _attribute_mistakes(cls: type) -> Iterator[tuple[str, str]]:
    """Yield each attribute that is missing or of the wrong type, with its remedy."""
    for name, (required, _, form) in _ATTRIBUTES.items():
        if hasattr(cls, name) and not _is_right(cls, name):
            yield f"its `{name}` is {getattr(cls, name)!r}", f"Make it {form}"
        elif required and not hasattr(cls, name):
            yield f"it has no `{name}`", f"Give it {form}"


def _table_mistakes(cls: type, tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each table that the class names and that does not exist, with its remedy."""
    for attribute in ("query", "data"):
        if _is_right(cls, attribute):
            for table in _names(getattr(cls, attribute)):
                if table not in tables:
                    yield f"its `{attribute}` names the table {table!r}, which does not exist", nearest(table, tables)


def _run_mistakes(cls: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # any class
    """Yield how the arguments of `run` differ from the call and from `args`, with the remedies."""
    if not _is_right(cls, "run"):
        return
    parameters = inspect.signature(cls.run).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    if next(iter(parameters), "self") == "self":
        yield "its `run` does not take the key first", "Write def run(key, ...), without self"
    elif _is_right(cls, "args") and not takes_all:
        for name in cls.args:
            if name not in parameters:
                yield f"its `args` name {name!r}, which `run` does not take", f"Write def run(key, {name}=...)"
