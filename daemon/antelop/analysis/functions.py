"""An analysis function: what a lab's decorated class has to say, and what becomes of it.

The format is that of Antelop's documentation ("Writing Analysis Functions").
"""

import inspect
import keyword
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_origin

from antelop.errors import Problem, Rejected
from antelop.wording import alike

Class = TypeVar("Class", bound=type)

MARK = "__antelop_analysis__"


def antelop_analysis(cls: Class) -> Class:
    """Mark a class as an analysis function, to be found in its script and made callable."""
    setattr(cls, MARK, True)
    return cls


@dataclass(frozen=True, eq=False)
class AnalysisFunction:
    """A function of the lab, bound to the tables of a database.

    Attributes
    ----------
    name
        ``script.function`` or ``folder.script.function``.
    doc
        The docstring of its class.
    query
        The tables, joined, on whose primary keys it runs.
    data
        The tables that it reads besides.
    returns
        The names of what it returns, in order, each with its type.
    args
        The names of its further arguments, each with its type or the list of its possible values.
    calls
        The functions that it calls, as its class names them: without the script for those of its own.
    key
        A restriction that always applies.
    hidden
        Whether lists leave it out, because it is made to be called by others.
    mask
        Whether it splits sessions into trials.
    source
        The text of its class.
    run
        The function itself.
    tables
        Every table by its name.
    sha256
        A hash over the text of its script and of all scripts that the calls in it lead to: 64 hexadecimal digits.
    scripts
        Where those scripts are.
    """

    name: str
    doc: str
    query: tuple[str, ...]
    data: tuple[str, ...]
    returns: Mapping[str, Any]
    args: Mapping[str, Any]
    calls: tuple[str, ...]
    key: Mapping[str, Any]
    hidden: bool
    mask: bool
    source: str
    run: Callable[..., Any]
    tables: Mapping[str, Any]
    sha256: str = ""
    scripts: tuple[Path, ...] = ()

    def __call__(self, restriction: Any = MappingProxyType({}), *args: Any, **options: Any) -> Any:  # noqa: ANN401  # DataJoint's
        """Run the function on every key under a restriction.

        Parameters
        ----------
        restriction
            Anything by which DataJoint restricts the primary keys of the joined query tables; without it, all of them.
        *args, **options
            The function's further arguments.

        Returns
        -------
        dict or list of dict
            The key joined with the named values: a dict for one key, else a list in the order of the keys.
        """
        keys = reduce(mul, (self.tables[name].proj() for name in self.query)) & self.key & restriction
        results = [{**key, **self.values(key, *args, **options)} for key in keys.keys(order_by="KEY")]
        return results[0] if len(results) == 1 else results

    def values(self, key: Mapping[str, Any], *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401  # the lab's own
        """Run the function on one primary key, and name the values that it returns.

        Raises
        ------
        Rejected
            If it returns fewer or more values than it says. What the function itself raises passes.
        """
        returned = self.run(dict(key), *args, **options)
        values = (returned,) if len(self.returns) == 1 else returned
        if not isinstance(values, tuple | list) or len(values) != len(self.returns):
            number = len(values) if isinstance(values, tuple | list) else type(values).__name__
            what = f"it returned {number} instead of {len(self.returns)} values"
            remedy = f"Return what `returns` names, in that order: {', '.join(self.returns)}"
            raise Rejected([Problem("analysis_returns", self.name, what, remedy)])
        return dict(zip(self.returns, values, strict=True))

    def called(self) -> dict[str, str]:
        """Return the dotted name of each function that it calls, by the name that it calls it."""
        script = self.name.rpartition(".")[0]
        return {call: call if "." in call else f"{script}.{call}" for call in self.calls}

    def __repr__(self) -> str:
        return f"{self.name}{inspect.signature(self.run)}\n{self.doc}".rstrip()


def define(script: str, cls: Any, source: str, tables: Mapping[str, Any]) -> AnalysisFunction:  # noqa: ANN401  # any class
    """Make a function of a decorated class.

    Parameters
    ----------
    script
        The dotted name of its script.
    cls
        The class.
    source
        Its text.
    tables
        Every table by its name.

    Raises
    ------
    Rejected
        With all that is wrong with the class.
    """
    name = f"{script}.{getattr(cls, 'name', cls.__name__)}"
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
    """Say which of the known names a name may be meant to be, or if none is near, which there are."""
    known = sorted(known)
    near = alike(name, known, cutoff=0.5)
    return f"The nearest are {', '.join(near)}" if near else f"There are {', '.join(known) or 'none'}"


def is_name(value: object) -> bool:
    """Tell whether Python could call something by this name."""
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


# What a class says: whether it must, what it has to be, and how one writes it.
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
    """Yield what is missing or of the wrong type, each with its remedy."""
    for name, (required, _, form) in _ATTRIBUTES.items():
        if hasattr(cls, name) and not _is_right(cls, name):
            yield f"its `{name}` is {getattr(cls, name)!r}", f"Make it {form}"
        elif required and not hasattr(cls, name):
            yield f"it has no `{name}`", f"Give it {form}"


def _table_mistakes(cls: type, tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tables that it names and that do not exist."""
    for attribute in ("query", "data"):
        if _is_right(cls, attribute):
            for table in _names(getattr(cls, attribute)):
                if table not in tables:
                    yield f"its `{attribute}` names the table {table!r}, which does not exist", nearest(table, tables)


def _run_mistakes(cls: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # any class
    """Yield how `run` disagrees with its call."""
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
