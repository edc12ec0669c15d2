"""What goes wrong: processes die or stop, connections are cut, folders and disks fail; each is put right after a while."""

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from antelop.errors import Unavailable
from antelop.lab import Lab
from tests.clocks import wall
from tests.kills.scene import Victim
from tests.soaking.agenda import Act
from tests.soaking.load import Load
from tests.soaking.stage import Stage, mount, unmount

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"""
"""Cuts all other connections, on PostgreSQL."""

OTHERS = """
SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = SUBSTRING_INDEX(USER(), '@', 1)"""
"""Lists all other connections, elsewhere."""


Kinds = dict[str, tuple[Callable[[], Act], float]]
"""What lets something go wrong and puts it right again, and how often it comes in comparison."""


class Faults:
    """Faults of every kind, one at a time.

    Parameters
    ----------
    stage
        Where they happen.
    load
        Puts nothing into a folder that is away.
    choose
        Decides what happens when.
    counts
        Is told how many there were of each kind.
    mounts
        Whether filesystems can be mounted, and the store is one.

    Attributes
    ----------
    kinds, deadly_kinds
        The faults, by what they are called; in the latter the daemon's own process ends.
    deadly
        Whether these come too.
    down
        Whether that process is to be ended now.
    """

    def __init__(self, stage: Stage, load: Load, choose: random.Random, counts: Counter[str], *, mounts: bool) -> None:
        self.deadly = self.down = False
        self._stage = stage
        self._load = load
        self._choose = choose
        self._counts = counts
        self.kinds: Kinds = {
            "worker killed": (lambda: self._kill("worker"), 6),
            "watcher killed": (lambda: self._kill("watcher"), 2),
            "worker stopped for a while": (lambda: self._freeze("worker", 15), 3),
            "watcher stopped for a while": (lambda: self._freeze("watcher", 45), 2),
            "daemon stopped for a while": (lambda: self._freeze("daemon", 10), 2),
            "database killed": (self._kill_database, 3),
            "connections cut": (self._cut, 4),
            "folder gone for a while": (self._unmount, 3),
            "configuration read again": (self._reload, 2),
        }
        if mounts:
            self.kinds |= {
                "folder read-only for a while": (self._protect, 2),
                "store full for a while": (self._fill, 3),
            }
        self.deadly_kinds: Kinds = {
            "daemon killed": (lambda: self._end("daemon"), 3),
            "everything killed": (lambda: self._end("everything"), 3),
            "restart": (lambda: self._restart(1), 2),
            "restart at once": (lambda: self._restart(2), 1),
        }

    def flow(self) -> Act:
        """Let one fault after the other happen, for ever."""
        while True:
            kinds = self.kinds | (self.deadly_kinds if self.deadly else {})
            (kind,) = self._choose.choices(list(kinds), [often for _, often in kinds.values()])
            self._counts[kind] += 1
            yield from kinds[kind][0]()
            yield self._choose.uniform(0, 10)

    def _kill(self, role: str) -> Act:
        if processes := self._stage.roles()[role]:
            self._stage.kill("process", self._choose.choice(sorted(processes)))
        yield 0

    def _freeze(self, role: str, longest: float) -> Act:
        for process in self._stage.roles()[role][:1]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
            try:
                yield self._choose.uniform(1, longest)
            finally:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def _kill_database(self) -> Act:
        self._stage.kill("server", None)
        try:
            yield self._choose.uniform(0, 10)
        finally:
            self._stage.start()  # a server of the lab's own; the service starts the embedded one again by itself

    def _cut(self) -> Act:
        with suppress(Unavailable), Lab(self._stage.config, self._stage.environment, wall) as lab:
            query = lab.database.connection.query
            if lab.database.is_postgresql:
                query(CUT)
            else:
                for (connection,) in query(OTHERS).fetchall():
                    query(f"KILL {connection}")
        yield 0

    def _unmount(self) -> Act:
        name = self._choose.choice(["kept", "moved"])
        path = self._stage.folder / name
        self._load.away.add(name)
        path.rename(elsewhere := path.with_name(f"{name} elsewhere"))
        try:
            yield self._choose.uniform(1, 30)
        finally:
            elsewhere.rename(path)
            self._load.away.remove(name)

    def _protect(self) -> Act:
        """Make a folder read-only: that whose files stay, for a mount is another filesystem, from which they are copied."""
        path = self._stage.folder / "kept"
        self._load.away.add("kept")
        mount("--bind", str(path), str(path))
        try:
            mount("-o", "remount,bind,ro", str(path))
            yield self._choose.uniform(1, 20)
        finally:
            unmount(path)
            self._load.away.remove("kept")

    def _fill(self) -> Act:
        with suppress(subprocess.CalledProcessError):  # more has come in between
            held = os.statvfs(self._stage.config.store)
            self._stage.limit_store((held.f_blocks - held.f_bfree) * held.f_frsize)
        try:
            yield self._choose.uniform(1, 20)
        finally:
            self._stage.limit_store()

    def _reload(self) -> Act:
        os.kill(self._stage.daemon, signal.SIGHUP)
        yield 0

    def _end(self, victim: Victim) -> Act:
        with self._ended():
            self._stage.kill(victim, None)
            yield self._choose.uniform(0, 5)

    def _restart(self, signals: int) -> Act:
        """Stop the daemon in order, or by a second signal at once, and start it again."""
        with self._ended():
            for _ in range(signals):
                with suppress(ProcessLookupError):  # the first was enough
                    os.kill(self._stage.daemon, signal.SIGTERM)
                yield 0.5
            while self._stage.runs():
                yield 0.2

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """Let the daemon's own process be ended; start it again."""
        self.down = True
        try:
            yield
        finally:
            self._stage.stop()  # if it is still ending
            self._stage.start()
            self.down = False
