"""A process that watches drop folders, and what is said to it and by it."""

import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antelop.channel import Link
from antelop.dropfolder import Folder, Health, Watcher, Withdrawn
from antelop.dropfolder.delivery import Delivery
from antelop.dropfolder.finished import Finished
from antelop.dropfolder.rounds import Pace
from antelop.dropfolder.watcher import CREDENTIALS

Kind = TypeVar("Kind")

PATIENCE = 60.0


@pytest.fixture
def link() -> Iterator[tuple[Link, socket.socket]]:
    """One end of a link, and the socket at the other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)  # noqa: FBT003  # the only way to say it
    end = Link(ours.detach())
    yield end, theirs
    theirs.close()
    end.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    """Start a process that watches a folder in which everything has settled at once, as often as needed."""
    watchers = []

    def begin(*finished: str) -> Watcher:
        watchers.append(Watcher([(Folder("rig-2", tmp_path, settle=0.0), finished)], time.monotonic()))
        return watchers[-1]

    yield begin
    for watcher in watchers:
        watcher.stop()
        watcher.wait(PATIENCE)


def put(path: Path, stem: str) -> None:
    """Put a small HDF5 file and its manifest into a folder."""
    with h5py.File(path / f"{stem}.nwb", "w") as file:
        file["data"] = range(10)
    manifest = {
        "specification": "antelop-manifest",
        "version": "1.0",
        "session": {"experimenter": "lab", "experiment_id": 1, "session_id": 2},
        "animals": [],
    }
    partial = path / f"{stem}.part"
    partial.write_text(json.dumps(manifest))
    partial.rename(path / f"{stem}.manifest.json")


def until(watcher: Watcher, kind: type[Kind]) -> Kind:
    """Wait until the process says something of a kind."""
    while True:
        assert select.select([watcher], [], [], PATIENCE)[0]
        for _, update in list(watcher.poll(time.monotonic())):
            if isinstance(update, kind):
                return update
        assert watcher.alive


def test_a_message_arrives_whole_however_it_is_cut(link: tuple[Link, socket.socket]) -> None:
    """Half a message is kept until the rest comes; several at once stay apart and in order."""
    end, other = link
    message = pickle.dumps(["one"])
    frame = len(message).to_bytes(8) + message
    for byte in frame[:-1]:
        other.send(bytes([byte]))
        assert end.receive() == []
    other.send(frame[-1:] + frame + frame[:3])
    assert end.receive() == [["one"], ["one"]]
    other.send(frame[3:])
    assert end.receive() == [["one"]]


def test_sending_waits_for_nobody(link: tuple[Link, socket.socket]) -> None:
    """What does not go through is kept and sent on later, in order."""
    end, theirs = link
    other = Link(theirs.detach())
    for number in range(3):
        end.send((number, bytes(1_000_000)))
    assert end.pending
    received: list[int] = []
    while end.pending or len(received) < 3:
        received += [number for number, _ in other.receive()]
        end.flush()
    assert received == [0, 1, 2]
    other.close()


def test_a_hung_up_link_is_seen(link: tuple[Link, socket.socket]) -> None:
    """By whoever receives and by whoever sends; what came before is still received."""
    end, other = link
    message = pickle.dumps("last words")
    other.send(len(message).to_bytes(8) + message)
    other.close()
    assert end.receive() == ["last words"]
    assert end.closed
    end.send("anyone there?")
    assert end.receive() == []


@given(st.lists(st.integers(0, 20)), st.lists(st.tuples(st.booleans(), st.integers(0, 20))))
def test_what_is_finished_is_known(start: list[int], changes: list[tuple[bool, int]]) -> None:
    """Whatever is added and taken away, in any order and more than once."""
    ids = [f"{number * 0x0C0FFEE0C0FFEE:016x}{number:016x}" for number in range(21)]
    finished, known = Finished(ids[number] for number in start), set(start)
    for add, number in changes:
        if add:
            finished.add(ids[number])
            known.add(number)
        else:
            finished.discard(ids[number])
            known.discard(number)
    assert {number for number in range(21) if bytes.fromhex(ids[number][:16]) in finished} == known


def test_a_hundred_thousand_finished_deliveries_take_less_than_a_megabyte() -> None:
    """Eight bytes each, in memory and on their way to the process."""
    finished = Finished(f"{number:032x}" for number in range(100_000))
    assert len(pickle.dumps(finished)) < 1_000_000


def test_the_process_tells_what_happens_in_its_folder(watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """Through inotify, so long before the next scan; and what it is told is heeded."""
    watcher = watch()
    health = until(watcher, Health)
    assert (health.paused, health.watching) == (None, "events")
    put(tmp_path, "x")
    delivery = until(watcher, Delivery)
    assert delivery.nwb_path == "x.nwb"
    assert delivery.manifest.session["session_id"] == 2
    watcher.forget("rig-2", [delivery.delivery_id])
    assert until(watcher, Delivery) == delivery
    watcher.require("rig-2", delivery.delivery_id, ["x.manifest.json"])
    assert [path for path, _, _ in until(watcher, Delivery).videos] == ["x.manifest.json"]
    watcher.finish("rig-2", [delivery.delivery_id])
    put(tmp_path, "y")
    (tmp_path / "x.nwb").unlink()
    second = until(watcher, Delivery)
    assert second.nwb_path == "y.nwb"
    (tmp_path / "y.nwb").unlink()
    assert until(watcher, Withdrawn).delivery_id == second.delivery_id


def test_a_process_that_is_started_again_says_nothing_of_what_is_finished(
    watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """It is told at its start what that is."""
    put(tmp_path, "x")
    first = watch()
    delivery = until(first, Delivery)
    first.stop()
    put(tmp_path, "y")
    assert until(watch(delivery.delivery_id), Delivery).nwb_path == "y.nwb"


def test_field_22_a_hung_process_holds_nobody_up(watch: Callable[..., Watcher]) -> None:
    """While it hangs in its share it is not heard; asking it, telling it and stopping it take no time."""
    watcher = watch()
    until(watcher, Health)
    os.kill(watcher._process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, watcher._process.pid, os.WSTOPPED)
    list(watcher.poll(1000.0))
    heard = watcher.heard
    watcher.finish("rig-2", [f"{number:032x}" for number in range(100_000)])
    assert (list(watcher.poll(2000.0)), watcher.alive, watcher.heard) == ([], True, heard)
    watcher.stop()
    assert not watcher.alive


def test_a_process_that_died_is_seen(watch: Callable[..., Watcher]) -> None:
    """The link ends with it."""
    watcher = watch()
    until(watcher, Health)
    watcher._process.kill()
    while watcher.alive:
        assert select.select([watcher], [], [], PATIENCE)[0]
        list(watcher.poll(0.0))
    assert list(watcher.poll(0.0)) == []


def test_the_process_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Also if that was killed: the output that both hold comes to its end."""
    program = (
        "import select, signal, sys\nfrom pathlib import Path\nfrom antelop.dropfolder import Folder, Watcher\n"
        "watcher = Watcher([(Folder('rig-2', Path(sys.argv[1])), [])], 0.0)\n"
        "select.select([watcher], [], [])\n"
        "print(watcher._process.pid, flush=True)\n"
        "signal.pause()\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        assert select.select([parent.stdout], [], [], 60)[0]
        assert parent.stdout.read() == b""
    with suppress(OSError):  # it has ended, and nothing is left of it
        assert not Path(f"/proc/{child}/cmdline").read_bytes()


def test_the_process_does_not_know_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no database, and what it has not got it cannot tell."""
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "secret")
    watcher = Watcher([(Folder("rig-2", tmp_path), [])], 0.0)
    assert select.select([watcher], [], [], PATIENCE)[0]  # it runs, and is no longer a copy of this process
    environment = Path(f"/proc/{watcher._process.pid}/environ").read_bytes()
    watcher.stop()
    watcher.wait(PATIENCE)
    assert b"PYTHONPATH=" in environment
    assert b"secret" not in environment


def test_short_looks_follow_on_each_other_and_long_ones_rest() -> None:
    """A look may follow after a moment until a second's credit is used up; from then on there is a fifth of a processor."""
    pace = Pace()
    assert pace.rested(100.0, 100.01, 0.01) == pytest.approx(100.06)
    assert pace.rested(100.06, 100.16, 0.1) == pytest.approx(100.26)  # a share that answers slowly gets as long to itself
    assert pace.rested(200.0, 202.0, 2.0) == pytest.approx(209.0)
    assert pace.rested(209.0, 209.5, 0.5) == pytest.approx(211.5)
    assert pace.rested(300.0, 310.0, 0.0) == pytest.approx(320.0)


def test_the_process_is_small() -> None:
    """It loads neither database, HDF5 nor arrays."""
    program = "import sys, antelop.dropfolder.rounds\nprint([name for name in sys.argv[1:] if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    heavy = ["numpy", "h5py", "hdmf", "pynwb", "datajoint", "networkx", "pandas", "click", "rich"]
    done = subprocess.run([sys.executable, "-c", program, *heavy], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
