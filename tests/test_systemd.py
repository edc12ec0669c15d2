import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from antelop.service.systemd import Notifier

PROCESS = 4711


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, Notifier]]:
    """Yield the socket on which a service manager listens, and what talks to it, once for each kind of address."""
    named = str(tmp_path / "notify") if request.param == "path" else f"@antelop-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(named.replace("@", "\0"))
        listening.settimeout(0)
        yield listening, Notifier({"NOTIFY_SOCKET": named}, PROCESS)


def test_each_call_is_one_datagram_of_the_protocol(manager: tuple[socket.socket, Notifier]) -> None:
    """READY, STATUS, WATCHDOG, RELOADING with its time, and STOPPING arrive as sd_notify(3) spells them."""
    listening, notifier = manager
    notifier.ready("2 folders")
    notifier.alive("ingesting m17.nwb")
    notifier.reloading(86400.25)
    notifier.stopping("1 ingest to finish")
    assert [listening.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=2 folders",
        b"WATCHDOG=1\nSTATUS=ingesting m17.nwb",
        b"RELOADING=1\nMONOTONIC_USEC=86400250000",
        b"STOPPING=1\nSTATUS=1 ingest to finish",
    ]


def test_a_file_name_cannot_add_an_assignment(manager: tuple[socket.socket, Notifier]) -> None:
    """Line breaks, other control characters and bytes that are no UTF-8 become spaces; letters of any script stay."""
    listening, notifier = manager
    notifier.alive("Ärger mit m17\nWATCHDOG=trigger\x1b\udcff.nwb")
    assert listening.recv(4096).decode() == "WATCHDOG=1\nSTATUS=Ärger mit m17 WATCHDOG=trigger  .nwb"


def test_a_long_status_is_cut_at_a_whole_character(manager: tuple[socket.socket, Notifier]) -> None:
    """What exceeds systemd's buffer would be thrown away whole, with the watchdog's ping in it."""
    listening, notifier = manager
    notifier.alive("a" + 3000 * "ä")
    assert listening.recv(8192).decode() == "WATCHDOG=1\nSTATUS=a" + 499 * "ä"


def test_without_a_service_manager_nothing_is_said() -> None:
    """Started from a shell, the service runs as it does under systemd."""
    notifier = Notifier({}, PROCESS)
    notifier.ready("2 folders")
    assert notifier.timeout is None


def test_a_service_manager_that_has_gone_is_no_error(tmp_path: Path) -> None:
    """Neither a missing socket nor one that nobody reads any more stops the service."""
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "never")}, PROCESS).alive("2 folders")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "left"))
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "left")}, PROCESS).alive("2 folders")


def test_a_service_manager_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    """A full socket costs a second, and its messages get lost; the ones before arrive."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(0)
        with ExitStack() as senders:  # each has a limit of its own, which may be less than the listener's
            is_full = False
            while not is_full:
                filling = senders.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
                filling.settimeout(0)
                is_full = True
                with suppress(BlockingIOError):
                    while True:
                        filling.sendto(b"STATUS=full", address)
                        is_full = False
        started = time.monotonic()
        Notifier({"NOTIFY_SOCKET": address}, PROCESS).alive("2 folders")
        assert 0.5 < time.monotonic() - started < 10
        assert listening.recv(4096) == b"STATUS=full"


@pytest.mark.parametrize(
    ("environment", "timeout"),
    [
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(PROCESS)}, 120.0),
        ({"WATCHDOG_USEC": "500000"}, 0.5),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_waits_as_long_as_its_variables_say(environment: dict[str, str], timeout: float | None) -> None:
    """WATCHDOG_USEC is in microseconds, zero is no watchdog, and one that waits for another process is not ours."""
    assert Notifier(environment, PROCESS).timeout == timeout
