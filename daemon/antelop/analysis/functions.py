"""An analysis function: what a lab's script defines with a decorated class, and how it is called.

The format is that of Antelop's documentation ("Writing Analysis Functions"); `definition` checks it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from antelop.errors import Problem, Rejected

Class = TypeVar("Class", bound=type)

MARK = "__antelop_analysis__"
"""The attribute that marks a class as an analysis function."""


def antelop_analysis(cls: Class) -> Class:
    """Mark a class as an analysis function, so that its script defines the function."""
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
        The tables that are joined; the function runs once for each primary key of the join.
    data
        Other tables that it reads.
    returns
        The names of the returned values, in order, each with its type.
    args
        The names of its other arguments, each with its type or the list of its possible values.
    calls
        The functions that it calls, as the class names them; those of the same script without the name of the script.
    key
        A restriction that always applies.
    hidden
        Whether lists leave it out, because only other functions call it.
    mask
        Whether it splits sessions into trials.
    source
        The text of its class.
    run
        The function itself.
    tables
        Every table by its name.
    sha256
        A hash over the text of its script and of all scripts that it calls, directly or not: 64 hexadecimal digits.
    scripts
        The paths of these scripts.
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
            A restriction of DataJoint on the primary keys of the joined query tables; without it, the function runs on all.
        *args, **options
            The other arguments of the function.

        Returns
        -------
        dict or list of dict
            The key together with the named values: a dict if there is one key, otherwise a list in the order of the keys.
        """
        keys = reduce(mul, (self.tables[name].proj() for name in self.query)) & self.key & restriction
        results = [{**key, **self.values(key, *args, **options)} for key in keys.keys(order_by="KEY")]
        return results[0] if len(results) == 1 else results

    def values(self, key: Mapping[str, Any], *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401  # the lab's own
        """Run the function on one primary key; return its values by their names.

        Raises
        ------
        Rejected
            If the number of values differs from `returns`. An exception of the function itself is not caught.
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
        """Return the dotted name of each function in `calls`, by its name there."""
        script = self.name.rpartition(".")[0]
        return {call: call if "." in call else f"{script}.{call}" for call in self.calls}

    def __repr__(self) -> str:
        return f"{self.name}{inspect.signature(self.run)}\n{self.doc}".rstrip()
