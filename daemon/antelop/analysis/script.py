"""A script of an analysis folder: it runs in its own namespace, and its decorated classes define functions."""

import ast
import importlib.util
import sys
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from antelop.analysis.definition import define, is_name
from antelop.analysis.functions import MARK, AnalysisFunction, antelop_analysis
from antelop.analysis.search import Source
from antelop.errors import Problem, Rejected


class Script:
    """A script that has run, and the functions that it defines.

    Parameters
    ----------
    source
        The script as it was found.
    tables
        Every table by its name.

    Attributes
    ----------
    functions
        The functions that `define` has made.
    namespace
        The global names of the script.

    Raises
    ------
    Rejected
        If the script has an unsuitable name, or raises an exception.
    """

    def __init__(self, source: Source, tables: Mapping[str, Any]) -> None:
        self.name = name = source.name
        self.path = path = source.path
        self.functions: list[AnalysisFunction] = []
        # The name must be one that Python can write: functions are called as ``script.function``.
        check, where = "analysis_script", str(path)
        if not all(map(is_name, name.split("."))):
            remedy = "Rename it: the names of scripts and their folders consist of letters, digits and underscores"
            raise Rejected([Problem(check, where, f"functions of {name!r} could not be called", remedy)])
        # The script runs as a module of its own. Dataclasses look their module up in `sys.modules` while they are created.
        module = ModuleType(f"{__name__}.{name}")
        self.namespace = vars(module)
        self.namespace.update(tables, np=np, antelop_analysis=antelop_analysis, __file__=where)
        sys.modules[module.__name__] = module
        try:
            self.text = importlib.util.decode_source(source.content)
            tree = ast.parse(self.text, where)
            exec(compile(tree, where, "exec"), self.namespace)  # noqa: S102  # to run the script is the purpose
        except (Exception, SystemExit) as error:
            remedy = "Correct the script; the other scripts work meanwhile"
            if isinstance(error, ModuleNotFoundError):
                own = "if it is a script of yours, name its functions in `calls`"
                remedy = f"Install {error.name} where antelop is installed; or {own}"
            raise Rejected([Problem(check, where, described(error, [path]), remedy)]) from error
        finally:
            sys.modules.pop(module.__name__, None)
        # Only classes that this script defines count, and not those that it takes from other modules.
        self._nodes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.decorator_list]
        values = [value for value in self.namespace.values() if isinstance(value, type) and MARK in vars(value)]
        self._classes = [cls for cls in dict.fromkeys(values) if cls.__module__ == module.__name__]

    def define(self, tables: Mapping[str, Any]) -> dict[str, list[Problem]]:
        """Define the functions of the script; return the problems by the names of the functions that are wrong."""
        faults: dict[str, list[Problem]] = {}
        for cls in self._classes:
            name = f"{self.name}.{getattr(cls, 'name', cls.__name__)}"
            try:
                function = define(self.name, cls, self._source_of(cls), tables)
            except Rejected as rejected:
                faults[name] = list(rejected.problems)
                continue
            # Two classes of one name, or two functions of one name, would hide one another.
            if [node.name for node in self._nodes].count(cls.__name__) > 1:
                what = f"two classes of its script are named {cls.__name__}, and Python keeps the last only"
                faults[name] = [Problem("analysis_function", name, what, "Rename one of them")]
            elif name in [other.name for other in self.functions]:
                faults[name] = [Problem("analysis_function", name, "two classes have this `name`", "Rename one of them")]
            self.functions.append(function)
        return faults

    def reached(self, scripts: Mapping[str, "Script"]) -> list["Script"]:
        """Return this script and all scripts that it calls, directly or not, in the order of their names."""
        reached = {self.name: self}
        waiting = [self]
        while waiting:
            for name in [name for function in waiting.pop().functions for name in function.called().values()]:
                other = scripts.get(name.rpartition(".")[0])
                if other and other.name not in reached:
                    reached[other.name] = other
                    waiting.append(other)
        return [reached[name] for name in sorted(reached)]

    def _source_of(self, cls: type) -> str:
        """Return the text of a class with its decorators; the whole script if the class has no ``class`` statement in it."""
        lines = [(node.decorator_list[0].lineno - 1, node.end_lineno) for node in self._nodes if node.name == cls.__name__]
        return "".join(self.text.splitlines(keepends=True)[slice(*lines[-1])]) if lines else self.text


def described(error: BaseException, scripts: Collection[Path]) -> str:
    """Return the type and message of an exception on one line, with the last three lines of these scripts in its traceback."""
    names = [str(path) for path in scripts]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in names]
    message = ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())]))
    lines = [f"{Path(f.filename).name}, line {f.lineno}, in {f.name}: {f.line}" for f in frames[-3:]]
    return f"{message} ({'; '.join(lines)})" if lines else message
