"""The turn of a session: what a mask function does to get out of it, and that it ends with it."""

import fcntl
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from antelop.analysis.fork_server import STOP_TIMEOUT, ForkServer
from antelop.analysis.functions import AnalysisFunction
from antelop.analysis.limits import Limits
from antelop.analysis.turns import Turns
from antelop.errors import Rejected
from tests.lab_database import SESSION
from tests.workbench import Bench

on_postgresql = pytest.mark.parametrize("served_lab", ["postgresql"], indirect=True)
"""Of what is the same whatever the database is."""

NEW = {"experimenter": "new", "full_name": "New"}

TRIALS = "return [1, -1], [1.0, 2.0]"


def has_ended(process: int) -> bool:
    """Tell whether a process has ended, or does so in the time that a supervisor has."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], STOP_TIMEOUT)[0])
    finally:
        os.close(descriptor)


# Writing.

ESCAPES = {
    "the driver's cursor": "World.connection._conn.cursor().execute('COMMIT')",
    "the driver's commit": "World.connection._conn.commit()",
    "another connection in its place": "World.connection.connect()",
    "a transaction": "World.connection.cancel_transaction()",
    "a statement in a string": r"""World.connection.query("SELECT '\\'; COMMIT; --'")""",
    "a statement in an argument": """World.connection.query("SELECT '%s'", ("; COMMIT; --",))""",
    "the driver's connection, found": """
import gc, psycopg2.extensions, pymysql
for found in gc.get_objects():
    if isinstance(found, (psycopg2.extensions.connection, pymysql.connections.Connection)):
        try:
            found.cursor().execute("COMMIT")
        except Exception:
            pass
        try:
            found.close()
        except Exception:
            pass
""",
    "every descriptor": """
import os
for number in range(3, 100):
    for write in (lambda: os.write(number, b"Q\\0\\0\\0\\x0bCOMMIT\\0"), lambda: os.close(number)):
        try:
            write()
        except OSError:
            pass
""",
    "the connection in a process that it starts": """
import os
if not (child := os.fork()):
    try:
        World.connection.query("SELECT 1")
    finally:
        os._exit(0)
os.waitpid(child, 0)
""",
}


@pytest.mark.parametrize("how", ESCAPES)
def test_a_mask_has_no_way_to_the_connection(bench: Bench, how: str) -> None:
    """Whatever it tries, the transaction is still the one that was begun, and what it returns counts or is rejected."""
    database = bench.database
    function = bench.function(f"{ESCAPES[how]}\n{TRIALS}")
    with database.transaction(commit=False):
        database.Experimenter.insert1(NEW)
        with suppress(Rejected):
            bench.compute(function)
        assert len(database.Experimenter & NEW) == 1
    assert not database.Experimenter & NEW
    assert not database.connection.is_lost


def test_masks_of_one_turn_share_a_process(bench: Bench) -> None:
    """It is started once, reads what the transaction has written, and takes another one's place after a mask that ended it."""
    database, function = bench.database, bench.function("import os\nreturn [1, -1], [os.getpid(), 1e9 + len(Experimenter())]")
    ends = bench.function("import os\nos._exit(3)", script="deadly")
    with closing(Turns(Limits(60, 1 << 30))) as turns, turns.take([function, ends], SESSION, database.connection) as turn:
        first = turn.compute(function).timestamps
        with database.transaction():
            database.Experimenter.insert1(NEW)
            second = turn.compute(function).timestamps
            (database.Experimenter & NEW).delete_quick()
        with pytest.raises(Rejected, match="its process ended with status 3 before it returned"):
            turn.compute(ends)
        third = turn.compute(function).timestamps
    assert first[0] == second[0] != third[0]
    assert (second[1] - first[1], third[1]) == (1, first[1])
    assert has_ended(int(first[0]))
    assert has_ended(int(third[0]))


# From one turn to the next.


@pytest.fixture
def turns() -> Iterator[Turns]:
    """Yield the turns of a worker."""
    with closing(Turns(Limits(60, 1 << 30))) as turns:
        yield turns


def take(turns: Turns, bench: Bench, function: AnalysisFunction) -> list[float]:
    """Run a mask in a turn of its own; return its times."""
    with turns.take([function], SESSION, bench.database.connection) as turn:
        return [float(time) for time in turn.compute(function).timestamps]


def test_turns_share_nothing_but_their_fork_server(turns: Turns, bench: Bench) -> None:
    """What a mask leaves in its modules, and in its environment, is not there in the next turn."""
    function = bench.function("""
import os
np.seen = getattr(np, "seen", 0) + 1
os.environ["SEEN"] = str(int(os.environ.get("SEEN", 0)) + 1)
return [1, -1, 1, -1], [np.seen, 1 + int(os.environ["SEEN"]), 2 + os.getppid(), 1e9]
""")
    first, second = take(turns, bench, function), take(turns, bench, function)
    assert first == second
    assert first[:2] == [1, 2]


def test_a_function_that_has_changed_runs_as_it_is_now(turns: Turns, bench: Bench) -> None:
    """And so does another one that was not known before."""
    assert take(turns, bench, bench.function("return [1, -1], [1, 2]")) == [1, 2]
    assert take(turns, bench, bench.function("return [1, -1], [3, 4]")) == [3, 4]
    assert take(turns, bench, bench.function("return [1, -1], [5, 6]", script="other")) == [5, 6]


@on_postgresql
def test_a_fork_server_that_ended_is_replaced(turns: Turns, bench: Bench) -> None:
    """A mask that kills it is rejected, and the next turn has another one."""
    with pytest.raises(Rejected, match="its process was ended by SIGKILL before it returned"):
        take(turns, bench, bench.function("import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)"))
    assert take(turns, bench, bench.function("return [1, -1], [1, 2]")) == [1, 2]


@on_postgresql
def test_a_fork_server_holds_no_file(turns: Turns, bench: Bench, tmp_path: Path) -> None:
    """A lock that was held when it was forked is free as soon as the worker has released it, and no recording stays open."""
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        server = int(take(turns, bench, bench.function("import os\nreturn [1, -1], [os.getppid(), 1e9]"))[0])
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    opened = {str(entry.readlink()) for entry in Path(f"/proc/{server}/fd").iterdir() if int(entry.name) > 2}
    assert {name.partition(":")[0] for name in opened} <= {"/dev/null", "socket", "anon_inode"}


# Outliving.

STARTS = {
    "a fork": "child = os.fork()\nif not child:\n    time.sleep(60)",
    "a fork that leaves the group": "child = os.fork()\nif not child:\n    os.setsid()\n    time.sleep(60)",
    "a daemon": """
read, write = os.pipe()
if not os.fork():
    os.setsid()
    if daemon := os.fork():
        os.write(write, str(daemon).encode())
        os._exit(0)
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    time.sleep(60)
child = int(os.read(read, 20))
""",
    "a program": "child = subprocess.Popen(['sleep', '60'], start_new_session=True).pid",
    "a fork that returns, too": "child = os.fork() or os.getpid()",
}


@on_postgresql
@pytest.mark.parametrize("what", STARTS)
def test_what_a_mask_starts_ends_with_its_turn(bench: Bench, what: str) -> None:
    """Forks, daemons and programs are gone when the turn is over; none is taken for the mask itself."""
    start = "\n".join(f"{line}" for line in STARTS[what].strip().splitlines())
    result = bench.run(f"import os, signal, subprocess, time\n{start}\nreturn [1, -1], [child, 1e9]")
    assert has_ended(int(result.timestamps[0]))


@on_postgresql
def test_threads_end_with_the_turn(bench: Bench) -> None:
    """One that a mask leaves behind does not hold its process up, and does nothing after it."""
    result = bench.run("""
import os, threading
threading.Thread(target=threading.Event().wait, args=(60,)).start()
return [1, -1], [os.getpid(), 1e9]
""")
    assert has_ended(int(result.timestamps[0]))


def test_a_mask_ends_with_the_worker(tmp_path: Path) -> None:
    """If the process that started it is killed, a mask and what it has started end at once."""
    names = tmp_path / "names"

    def run(_: socket.socket, __: bytes) -> None:
        child = os.fork() or os.getpid()
        with names.open("a") as file:
            file.write(f"{child} {os.getpid()} ")
        while True:
            signal.pause()

    reader, writer = os.pipe()
    if not (worker := os.fork()):
        try:
            server = ForkServer(run)
            server.begin(b"", 1 << 30)
            os.write(writer, b"!")
            signal.pause()
        finally:
            os._exit(0)
    try:
        os.read(reader, 1)
        while len(names.read_text().split()) < 4 if names.exists() else True:
            select.select([], [], [], 0.01)
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        os.close(reader)
        os.close(writer)
    assert all(has_ended(int(name)) for name in names.read_text().split())


# Time.

SLOW = {
    "a loop": "while True:\n    pass",
    "a loop outside Python": "import collections, itertools\ncollections.deque(itertools.count(), 0)",
    "a loop that catches everything": """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    "one that hears no signal": """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True:
    pass
""",
    "one that is stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "one that prints": "while True:\n    print('x' * 100_000)",
    "one that asks": "while True:\n    len(World())",
    "one that waits for a lock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "a process that it started": "import os\nif os.fork():\n    os.wait()\nelse:\n    while True:\n        pass",
    "a statement": "World.connection.query('SELECT pg_sleep(60)')",
}


@on_postgresql
@pytest.mark.parametrize("what", SLOW)
def test_the_time_limit_holds(bench: Bench, what: str) -> None:
    """Whatever a mask does that takes too long, it is ended, and the next one runs."""
    started = time.monotonic()
    said = bench.rejected(SLOW[what], 0.3)
    assert said == "licks.trials: it ran longer than 0.3 s. Make it faster, or raise [workers] mask_timeout."
    assert time.monotonic() - started < STOP_TIMEOUT
    assert bench.run(TRIALS).data.tolist() == [1, -1]
    assert len(bench.database.Experimenter()) == 2


# Memory, and the end of a process.


@on_postgresql
def test_memory_is_limited(bench: Bench) -> None:
    """A mask that takes more memory than it may is rejected, and can still say so."""
    function = bench.function("hoard = []\nwhile True:\n    hoard.append(np.ones(1 << 20))")
    with pytest.raises(Rejected, match="it raised MemoryError"):
        bench.compute(function, memory=200 << 20)


@on_postgresql
def test_processes_are_limited(bench: Bench) -> None:
    """A mask may have so many more processes and threads, and writes no core file; root has no limit of processes."""
    limits = bench.run("""
import resource
processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
core, _ = resource.getrlimit(resource.RLIMIT_CORE)
return [1, -1], [core, processes]
""").timestamps
    assert limits[0] == 0
    assert 256 < limits[1] < 100_000


ENDS = {
    "import ctypes\nctypes.string_at(0)": "was ended by SIGSEGV",
    "import os\nos.abort()": "was ended by SIGABRT",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)": "was ended by SIGKILL",
    "import os\nos._exit(7)": "ended with status 7",
    "import os, threading\nos.closerange(3, 100)\nthreading.Event().wait()": "was ended by SIGKILL",
}


@on_postgresql
@pytest.mark.parametrize("body", ENDS)
def test_a_process_that_ends(bench: Bench, body: str) -> None:
    """A mask that ends its process, or its line to us, is rejected, and nothing else suffers from it."""
    remedy = "Check what it calls outside Python, then try it: antelop masks try licks.trials KEY"
    assert bench.rejected(body) == f"licks.trials: its process {ENDS[body]} before it returned. {remedy}."
    assert bench.run(TRIALS).data.tolist() == [1, -1]


LIES = {
    "nonsense": b"nonsense, and more of it",
    "a length": b"f" + (1 << 62).to_bytes(8),
    "half a mask": b"f" + (4).to_bytes(8) + b"mask",
    "no problem": b"x" + (2).to_bytes(8) + b"[]",
    "no list": b"x" + (4).to_bytes(8) + b"{{}}",
    "trials that are none": b"f" + (18).to_bytes(8) + bytes([1, 255]) + b"\xff" * 16,
}


@on_postgresql
@pytest.mark.parametrize("what", LIES)
def test_what_a_process_says_is_checked(bench: Bench, what: str) -> None:
    """A mask that finds the line, and sends on it what we would not, is rejected."""
    said = bench.rejected(f"""
import os, threading
for number in range(3, 100):
    try:
        os.write(number, {LIES[what]!r})
    except OSError:
        pass
os.closerange(3, 100)
threading.Event().wait()
""")
    assert said.startswith(("licks.trials: ", "it was rejected"))


@on_postgresql
def test_prints_are_printed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """What a mask prints, and complains of, comes where this process prints; none of it is a statement."""
    bench.run("import sys\nprint('no trials today: \\ud800')\nprint('oh', file=sys.stderr)\nreturn [], []")
    assert capsys.readouterr() == ("no trials today: ?\n", "oh\n")
