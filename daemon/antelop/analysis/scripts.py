"""The lab's analysis folders: scripts whose decorated classes become functions.

The namespace of a script holds every table, ``np``, ``antelop_analysis``, and the functions that its classes name in ``calls``.
Scripts do not import one another. A class names the functions that it needs in ``calls``, so that the hash of a function covers
all code of the lab that it depends on.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from antelop.analysis.definition import nearest
from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.permissions import Trust
from antelop.analysis.script import Script
from antelop.analysis.search import Search, Source
from antelop.errors import Misconfigured, Problem, Rejected


class Analysis:
    """The functions in the scripts of some folders.

    Parameters
    ----------
    folders
        The analysis folders, in which `Search` finds the scripts.
    trusted
        Names of users and groups who may write there, besides root and this user.

    Notes
    -----
    No script runs while a user who is not trusted could change it, because every method that returns functions calls `load`.
    After a script has changed, a function that was returned earlier is still the old one: call `function` again.
    """

    def __init__(self, folders: Iterable[Path], trusted: Collection[str] = ()) -> None:
        self._folders = tuple(folders)
        self._trusted = frozenset(trusted)
        self._seen: object = None
        self._tables: Mapping[str, Any] = {}
        self._functions: dict[str, AnalysisFunction] = {}
        self._faults: dict[str, list[Problem]] = {}

    def load(self, tables: Mapping[str, Any]) -> list[Problem]:
        """Run the scripts again if any of them, or the tables, changed since the last call.

        Parameters
        ----------
        tables
            Every table by its name.

        Returns
        -------
        list of Problem
            Every problem of the folders and their scripts. Functions without problems can still be called.

        Raises
        ------
        Misconfigured
            If a user who is not trusted could change or add a script; then no script has run.
        """
        # Without reading them, the versions of the files tell whether anything changed.
        seen = _seen(self._trusted_search(read=False))
        if seen != self._seen or tables is not self._tables:
            search = self._trusted_search(read=True)
            self._faults = {where: [problem] for where, problem in search.unreadable.items()}
            self._functions = {}
            self._run(search.sources, tables)
            self._seen, self._tables = _seen(search), tables
        # One fault can keep several functions from running: each problem is reported once.
        faults = [*self._faults.values(), *map(self._problems, self._functions)]
        return list(dict.fromkeys(problem for problems in faults for problem in problems))

    def function(self, name: str, tables: Mapping[str, Any]) -> AnalysisFunction:
        """Return a function by its dotted name, bound to tables.

        Raises
        ------
        Rejected
            If it, or a function that it calls, is missing or has a mistake; or if it calls itself, directly or not.
        Misconfigured
            As in `load`.
        """
        self.load(tables)
        if problems := self._problems(name):
            raise Rejected(dict.fromkeys(problems))
        return self._functions[name]

    def namespace(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the names for a user's script: an object for each script and sub-folder, with functions as attributes."""
        self.load(tables)
        return _nested(self._functions)

    def folder_problems(self) -> list[Problem]:
        """Return the problems that keep scripts from running: users who could change them, and files that cannot be read."""
        search = self._search(read=False)
        return [*search.untrusted, *search.unreadable.values()]

    def _search(self, *, read: bool) -> Search:
        """Find the scripts of all folders."""
        search = Search(Trust(os.geteuid(), self._trusted), read=read)
        for folder in self._folders:
            search.look(folder)
        return search

    def _trusted_search(self, *, read: bool) -> Search:
        """Find the scripts; raise `Misconfigured` if one is not trusted. Scripts that run are found only by this method."""
        search = self._search(read=read)
        if search.untrusted:
            raise Misconfigured(search.untrusted)
        return search

    def _run(self, sources: Iterable[Source], tables: Mapping[str, Any]) -> None:
        """Run every script, define its functions, and put the functions that it calls into its namespace."""
        # Every script runs before any function is defined, so that scripts may call one another in any order.
        scripts: dict[str, Script] = {}
        paths: dict[str, Path] = {}
        for source in sources:
            name, path = source.name, source.path
            if paths.setdefault(name, path) != path:
                what = f"there is another script of this name: {paths[name]}"
                self._faults[str(path)] = [Problem("analysis_script", str(path), what, "Rename one of them")]
                continue
            try:
                scripts[name] = Script(source, tables)
            except Rejected as rejected:
                self._faults[name] = list(rejected.problems)
        for script in scripts.values():
            self._faults |= script.define(tables)
        # The hash of a function covers its script and the scripts that it calls: a change in any of them changes it.
        for script in scripts.values():
            reached = script.reached(scripts)
            digest = hashlib.sha256("".join(f"{other.name}\0{other.text}\0" for other in reached).encode()).hexdigest()
            for function in script.functions:
                self._functions[function.name] = replace(
                    function, sha256=digest, scripts=tuple(other.path for other in reached)
                )
        # A call finds its function in the namespace of the script. A function that is missing is reported when it is needed.
        for script in scripts.values():
            called = {call: name for function in script.functions for call, name in function.called().items()}
            present = {call: self._functions[name] for call, name in called.items() if name in self._functions}
            script.namespace.update(_nested(present))

    def _problems(self, name: str, callers: tuple[str, ...] = ()) -> list[Problem]:
        """Return the problems that keep a function from running: its own, and those of the functions that it calls."""
        if name in callers:
            what = f"it calls itself: {' calls '.join([*callers[callers.index(name) :], name])}"
            return [Problem("analysis_calls", name, what, "Remove one of these from `calls`, and do not use it there")]
        # A script that cannot be loaded defines no function: its fault explains more than that the function is missing.
        for faulty in (name, name.rpartition(".")[0]):
            if faulty in self._faults:
                return self._faults[faulty]
        if name not in self._functions:
            what = f"there is no analysis function {name}"
            remedy = f"{nearest(name, self._functions)} in {', '.join(map(str, self._folders)) or 'no folder: configure one'}"
            return [Problem("analysis_function", callers[-1] if callers else name, what, remedy)]
        callees = self._functions[name].called().values()
        return [problem for callee in callees for problem in self._problems(callee, (*callers, name))]


def _nested(functions: Mapping[str, AnalysisFunction]) -> dict[str, Any]:
    """Return nested objects, so that functions can be called by their dotted names."""
    root = SimpleNamespace()
    for name in sorted(functions):
        *parents, leaf = name.split(".")
        branch = root
        for parent in parents:
            branch = vars(branch).setdefault(parent, SimpleNamespace())
        vars(branch)[leaf] = functions[name]
    return vars(root)


def _seen(search: Search) -> object:
    """Return a value that differs if a script was changed, added or removed, or became unreadable."""
    return list(search.unreadable.values()), [(source.path, source.version) for source in search.sources]
