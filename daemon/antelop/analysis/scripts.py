"""The lab's analysis folders: scripts whose decorated classes become functions.

A script runs in a namespace of its own that holds every table, ``np``, ``antelop_analysis``, and the functions that its classes
name in ``calls``. Scripts do not import one another: what one needs of another it names in ``calls``, so that the hash of a
function covers all of the lab's code behind it.
"""

import ast
import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from antelop.analysis.functions import MARK, AnalysisFunction, antelop_analysis, define, is_name, nearest
from antelop.analysis.permissions import Trust
from antelop.analysis.search import Search, Source
from antelop.errors import Misconfigured, Problem, Rejected


class Analysis:
    """The functions in the scripts of some folders.

    Parameters
    ----------
    folders
        The analysis folders. Their scripts are what `Search` finds in them.
    trusted
        Names of users and groups who may write there, besides root and this user.

    Notes
    -----
    Nothing of the folders is run while somebody else could change it: each way to a function leads through `load`. A function
    that was handed out stays as it was when its script changes; ask for it again.
    """

    def __init__(self, folders: Iterable[Path], trusted: Collection[str] = ()) -> None:
        self._folders = tuple(folders)
        self._trusted = frozenset(trusted)
        self._seen: object = None
        self._tables: Mapping[str, Any] = {}
        self._functions: dict[str, AnalysisFunction] = {}
        self._faults: dict[str, list[Problem]] = {}

    def load(self, tables: Mapping[str, Any]) -> list[Problem]:
        """Run the scripts if any of them, or the tables, are others than the last time.

        Parameters
        ----------
        tables
            Every table by its name.

        Returns
        -------
        list of Problem
            All that is wrong with the folders and their scripts. It troubles nobody but those who call what is wrong.

        Raises
        ------
        Misconfigured
            If somebody who is not trusted could change a script, or add one: nothing was run then.
        """
        seen = _seen(self._trusted_search(read=False))
        if seen != self._seen or tables is not self._tables:
            search = self._trusted_search(read=True)
            self._faults = {where: [problem] for where, problem in search.unreadable.items()}
            self._functions = {}
            self._run(search.sources, tables)
            self._seen, self._tables = _seen(search), tables
        faults = [*self._faults.values(), *map(self._hindrances, self._functions)]
        return list(dict.fromkeys(problem for problems in faults for problem in problems))

    def function(self, name: str, tables: Mapping[str, Any]) -> AnalysisFunction:
        """Return a function by its dotted name, bound to tables.

        Raises
        ------
        Rejected
            If there is none; or it, or one that it calls, is wrongly defined or missing; or it calls itself in the end.
        Misconfigured
            As in `load`.
        """
        self.load(tables)
        if hindrances := self._hindrances(name):
            raise Rejected(dict.fromkeys(hindrances))
        return self._functions[name]

    def namespace(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a user's script sees: an object for each script and sub-folder, with the functions as attributes."""
        self.load(tables)
        return _nested(self._functions)

    def hindrances(self) -> list[Problem]:
        """Return all that keeps scripts from being run: who could change them and is not trusted, and what cannot be read."""
        search = self._search(read=False)
        return [*search.untrusted, *search.unreadable.values()]

    def _search(self, *, read: bool) -> Search:
        """Look into the folders."""
        search = Search(Trust(os.geteuid(), self._trusted), read=read)
        for folder in self._folders:
            search.look(folder)
        return search

    def _trusted_search(self, *, read: bool) -> Search:
        """Look into the folders; raise `Misconfigured` if they are not trusted. There is no other way to what scripts hold."""
        search = self._search(read=read)
        if search.untrusted:
            raise Misconfigured(search.untrusted)
        return search

    def _run(self, sources: Iterable[Source], tables: Mapping[str, Any]) -> None:
        """Run every script, define its functions, and give it those that it calls."""
        scripts: dict[str, _Script] = {}
        paths: dict[str, Path] = {}
        for source in sources:
            name, path = source.name, source.path
            if paths.setdefault(name, path) != path:
                what = f"there is another script of this name: {paths[name]}"
                self._faults[str(path)] = [Problem("analysis_script", str(path), what, "Rename one of them")]
                continue
            try:
                scripts[name] = _Script(source, tables)
            except Rejected as rejected:
                self._faults[name] = list(rejected.problems)
        for script in scripts.values():
            self._faults |= script.define(tables)
        for script in scripts.values():
            reached = script.reached(scripts)
            digest = hashlib.sha256("".join(f"{other.name}\0{other.text}\0" for other in reached).encode()).hexdigest()
            for function in script.functions:
                self._functions[function.name] = replace(
                    function, sha256=digest, scripts=tuple(other.path for other in reached)
                )
        for script in scripts.values():
            called = {call: name for function in script.functions for call, name in function.called().items()}
            present = {call: self._functions[name] for call, name in called.items() if name in self._functions}
            script.namespace.update(_nested(present))

    def _hindrances(self, name: str, callers: tuple[str, ...] = ()) -> list[Problem]:
        """Return all that keeps a function from running, which may lie in those that it calls."""
        if name in callers:
            what = f"it calls itself: {' calls '.join([*callers[callers.index(name) :], name])}"
            return [Problem("analysis_calls", name, what, "Take one of these out of `calls`, and do without it there")]
        for faulty in (name, name.rpartition(".")[0]):
            if faulty in self._faults:
                return self._faults[faulty]
        if name not in self._functions:
            what = f"there is no analysis function {name}"
            remedy = f"{nearest(name, self._functions)} in {', '.join(map(str, self._folders)) or 'no folder: configure one'}"
            return [Problem("analysis_function", callers[-1] if callers else name, what, remedy)]
        callees = self._functions[name].called().values()
        return [problem for callee in callees for problem in self._hindrances(callee, (*callers, name))]


class _Script:
    """A script that was run, and the functions that it defines."""

    def __init__(self, source: Source, tables: Mapping[str, Any]) -> None:
        """Run the script; raise `Rejected` if it cannot be."""
        self.name = name = source.name
        self.path = path = source.path
        self.functions: list[AnalysisFunction] = []
        check, where = "analysis_script", str(path)
        if not all(map(is_name, name.split("."))):
            remedy = "Rename it: the names of scripts and their folders consist of letters, digits and underscores"
            raise Rejected([Problem(check, where, f"functions of {name!r} could not be called", remedy)])
        module = ModuleType(f"{__name__}.{name}")
        self.namespace = vars(module)
        self.namespace.update(tables, np=np, antelop_analysis=antelop_analysis, __file__=where)
        sys.modules[module.__name__] = module  # where dataclasses look it up while they are made
        try:
            self.text = importlib.util.decode_source(source.content)
            tree = ast.parse(self.text, where)
            exec(compile(tree, where, "exec"), self.namespace)  # noqa: S102  # running it is what it is for
        except (Exception, SystemExit) as error:
            remedy = "Mend the script; the other scripts work meanwhile"
            if isinstance(error, ModuleNotFoundError):
                remedy = (
                    f"Install {error.name} beside antelop; or if it is a script of yours, name its functions in `calls` instead"
                )
            raise Rejected([Problem(check, where, described(error, [path]), remedy)]) from error
        finally:
            sys.modules.pop(module.__name__, None)
        self._nodes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.decorator_list]
        values = [value for value in self.namespace.values() if isinstance(value, type) and MARK in vars(value)]
        self._classes = [cls for cls in dict.fromkeys(values) if cls.__module__ == module.__name__]

    def define(self, tables: Mapping[str, Any]) -> dict[str, list[Problem]]:
        """Define the functions; return what is wrong with those that cannot be, by their names."""
        faults: dict[str, list[Problem]] = {}
        for cls in self._classes:
            name = f"{self.name}.{getattr(cls, 'name', cls.__name__)}"
            try:
                function = define(self.name, cls, self._source_of(cls), tables)
            except Rejected as rejected:
                faults[name] = list(rejected.problems)
                continue
            if [node.name for node in self._nodes].count(cls.__name__) > 1:
                what = f"two classes of its script are named {cls.__name__}, and Python keeps the last only"
                faults[name] = [Problem("analysis_function", name, what, "Rename one of them")]
            elif name in [other.name for other in self.functions]:
                faults[name] = [Problem("analysis_function", name, "two classes have this `name`", "Rename one of them")]
            self.functions.append(function)
        return faults

    def reached(self, scripts: Mapping[str, "_Script"]) -> list["_Script"]:
        """Return this script and all others that its calls lead to, by name."""
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
        """Return the text of a class with its decorators, or of the script if the class was not written out in it."""
        lines = [(node.decorator_list[0].lineno - 1, node.end_lineno) for node in self._nodes if node.name == cls.__name__]
        return "".join(self.text.splitlines(keepends=True)[slice(*lines[-1])]) if lines else self.text


def described(error: BaseException, scripts: Collection[Path]) -> str:
    """Say on one line what an exception is, and through which lines of these scripts it came: the last three at most."""
    names = [str(path) for path in scripts]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in names]
    message = ": ".join(filter(None, [type(error).__name__, " ".join(str(error).split())]))
    lines = [f"{Path(f.filename).name}, line {f.lineno}, in {f.name}: {f.line}" for f in frames[-3:]]
    return f"{message} ({'; '.join(lines)})" if lines else message


def _nested(functions: Mapping[str, AnalysisFunction]) -> dict[str, Any]:
    """Return objects whose attributes spell the dotted names."""
    root = SimpleNamespace()
    for name in sorted(functions):
        *parents, leaf = name.split(".")
        branch = root
        for parent in parents:
            branch = vars(branch).setdefault(parent, SimpleNamespace())
        vars(branch)[leaf] = functions[name]
    return vars(root)


def _seen(search: Search) -> object:
    """Return what changes whenever something of the folders does."""
    return list(search.unreadable.values()), [(source.path, source.version) for source in search.sources]
