"""Stops a process of the service, or a command beside it, at a named step, so that it can be killed there.

Python imports this when it starts. The folder ``ANTELOP_KILLS`` says at which step, in the file ``armed``. The first process
that comes to it renames the file to ``reached.PID`` and stops itself by SIGSTOP, with all of its threads. Where there is a file
``steps``, the name of each step that a process comes to is written there, a line each.

A step is the beginning or the end of a function of `FUNCTIONS`, and within one of them that of one of `CALLS`, or of a
statement that is more than a look; those of a mask are all steps. One that comes again has a number, which begins anew with
each piece of work. Nothing of the service is changed but how long it waits and how often it tries: a kill costs a delivery a
try, and here there are kills without number.
"""

import functools
import importlib.abc
import importlib.machinery
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

FOLDER = Path(os.environ["ANTELOP_KILLS"])

FUNCTIONS = {
    "antelop.worker.archive": ["_digest", "_move", "_renamed"],
    "antelop.store.objects": ["Incoming.publish"],
    "antelop.store.store": ["Store.clear", "Store.keep", "Store.make", "Store.put"],
    "antelop.store.survey": ["discard"],
    "antelop.upkeep.backup": ["_copy", "_publish", "backup", "restore"],
    "antelop.upkeep.gc": ["collect"],
    "antelop.service.pool": ["WorkerPool.listen"],
    "antelop.service.worker_process": ["WorkerProcess.start"],
    "antelop.database.embedded.cluster": ["Cluster._launch", "Cluster.stop"],
    "antelop.database.embedded.dump": ["load"],
    "antelop.files": ["write"],
    "antelop.dropfolder.inbox": ["Inbox.finish", "Inbox.look", "Inbox.require"],
    "antelop.dropfolder.watcher": ["Watcher.__init__"],
    "antelop.ingest.preparation": ["examine", "plan"],
    "antelop.ingest.session": [
        "_attempt",
        "_require_unchanged",
        "enter",
        "existing_recording",
        "insert_masks",
        "prepare",
        "protect_from_gc",
    ],
    "antelop.analysis.turn": ["Turn.compute"],
    "antelop.queue.attempts": ["finish_attempt"],
    "antelop.queue.deliveries": ["enqueue", "hold_for_videos", "retry", "retry_missing", "supersede", "withdraw"],
    "antelop.queue.jobs": ["acknowledge", "schedule"],
    "antelop.worker.receipt": ["_replace"],
    "antelop.service.handling": ["EventHandler.handle"],
    "antelop.service.status": ["Status.write"],
    "antelop.worker.completion": ["Completion._answer", "Completion._archive"],
    "antelop.worker.orphans": ["Orphans.finish"],
    "antelop.worker.worker": ["Worker._ingest", "Worker._work_on", "committed_outcome"],
}

CALLS = ("fsync", "link", "rename", "replace", "unlink")
"""Of the operating system, by which files come to be where they are: steps within the functions."""

WAITS: dict[str, dict[str, float]] = {
    "antelop.service.pool": {"SHORT_LIFE": 0.2, "LONGEST_RESTART": 0.2},
    "antelop.service.watchers": {"FIRST_RESTART": 0.2},
    "antelop.queue.attempts": {"TRIES": 1_000_000},
    "antelop.queue.pauses": {"FIRST_PAUSE": 0.2},
    "antelop.service.access": {"FIRST_RECONNECT": 0.5, "LONGEST_RECONNECT": 0.5},
    "antelop.service.queue_feed": {"QUEUE_POLL": 0.5},
    "antelop.worker.process": {"QUEUE_POLL": 0.5, "FIRST_RECONNECT": 0.5, "LONGEST_RECONNECT": 0.5},
}

LABELS = {"antelop.worker.process": "worker", "antelop.dropfolder": "watcher"} | {
    word: word for word in ("backup", "restore", "gc")
}
"""Which process it is, by a word of its command line; otherwise it is the daemon."""

_rename = os.rename  # as it was
_lock = threading.Lock()
_within: list[str] = []
_asking = threading.local()
_times: Counter[str] = Counter()


def at(name: str) -> None:
    """Come to a step."""
    with _lock:
        _times[name] += 1
        number = f" #{_times[name]}" if _times[name] > 1 else ""
        step = f"{process()}: {name}{number}"
        if (FOLDER / "steps").exists():
            with (FOLDER / "steps").open("a") as file:
                file.write(f"{step}\n")
        with suppress(FileNotFoundError):
            if (FOLDER / "armed").read_text() == step:
                _rename(FOLDER / "armed", FOLDER / f"reached.{os.getpid()}")
                os.kill(os.getpid(), signal.SIGSTOP)


def process() -> str:
    """Return which of the service's processes this is; where there is a file ``recovering``, all are one."""
    if (FOLDER / "recovering").exists():
        return "recovery"
    return next((label for word, label in LABELS.items() if word in sys.orig_argv), "daemon")


def within() -> list[str]:
    """Return the steps that this thread is within: the service asks its database in a thread of its own (`service.asking`)."""
    if threading.current_thread().name != "asking":
        return _within
    stack: list[str] = _asking.__dict__.setdefault("within", [])
    return stack


@contextmanager
def step(name: str) -> Iterator[None]:
    """Come to the beginning of a step, and to its end if it has one."""
    stack = within()
    ours = stack is not _within or threading.current_thread() is threading.main_thread()
    if ours and not stack:
        _times.clear()
    at(f"before {name}")
    if ours:
        stack.append(name)
    try:
        yield
    finally:
        if ours:
            stack.pop()
    at(f"after {name}")


def wrapped(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a function that is a step."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        with step(name):
            return function(*args, **options)

    return call


def observed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the operating system that is a step within others."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if not (stack := within()):
            return function(*args, **options)
        with step(f"{function.__name__} in {stack[-1]}"):
            return function(*args, **options)

    return call


def watched(query: Callable[..., Any]) -> Callable[..., Any]:
    """Return a connection's method ``query``, of which each statement is a step."""

    @functools.wraps(query)
    def call(connection: Any, statement: str, *args: Any, **options: Any) -> Any:
        place = stack[-1] if (stack := within()) else ""
        verb = statement.rpartition("statement_timeout = ")[2].partition("; ")[2] or statement
        verb = verb.split(None, 1)[0].upper()
        if not place or (verb not in {"INSERT", "UPDATE", "DELETE", "COMMIT", "ROLLBACK"} and place != "Turn.compute"):
            return query(connection, statement, *args, **options)
        table = re.search(r"(?:INTO|UPDATE|FROM)\s+[`\"]\w+[`\"]\.[`\"]([~\w]+)", statement)
        with step(f"{verb} {table[1]} in {place}" if table else f"{verb} in {place}"):
            return query(connection, statement, *args, **options)

    return call


class Loader(importlib.abc.Loader):
    """Loads a module as it is, and wraps its functions."""

    def __init__(self, loader: importlib.abc.Loader, name: str) -> None:
        self._loader = loader
        self._name = name

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def get_code(self, name: str) -> CodeType:
        """Return the code of a module that is run by ``python -m``, which is not executed here."""
        source = self._loader.get_source(name)  # type: ignore[attr-defined]
        for constant, value in WAITS[name].items():
            defined = rf"(?m)^(\w+, )*{constant}(, \w+)* = .*"  # alone, or with others on its line
            source, found = re.subn(defined, rf"\g<0>\n{constant} = {value}", source)
            assert found == 1, constant
        return compile(source, name, "exec")

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        for path in FUNCTIONS.get(self._name, ()):
            owner, _, name = path.rpartition(".")
            place = getattr(module, owner) if owner else module
            setattr(place, name, wrapped(getattr(place, name), path))
        for name, value in WAITS.get(self._name, {}).items():
            getattr(module, name)  # which fails if there is no such name any more
            setattr(module, name, value)
        if self._name == "antelop.database.driver":
            module.Connection.query = watched(module.Connection.query)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that hold steps where they are."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in {*FUNCTIONS, *WAITS, "antelop.database.driver"}:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader, name)
        return spec


for name in CALLS:
    setattr(os, name, observed(getattr(os, name)))
sys.meta_path.insert(0, Finder())
