"""What the accounts and folders of `systemd/` allow to whom: tried as each of them, by the kernel's rules."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from antelop.files import RegularFile
from antelop.ingest.source_files import Source
from antelop.outcome import Outcome
from antelop.service.status import Status
from antelop.store import Store
from antelop.worker import receipt
from antelop.worker.archive import archive
from tests import servers
from tests.clocks import NOW, still

SYSTEMD = Path(__file__).resolve().parents[1] / "systemd"
CONFIGURATION = '[notify]\nurls = ["mailto://antelop:secret@mail.example.org"]\n'

VALUES = [float(number) for number in range(10_000)]

pytestmark = [pytest.mark.systemd, pytest.mark.root]


class Account(NamedTuple):
    """A user of the machine: number, and those of the groups."""

    number: int
    group: int
    groups: tuple[int, ...]


class Machine:
    """A tree in which the accounts and folders were made, with two rigs, and everything that the service keeps.

    Parameters
    ----------
    root
        An empty folder that every user can reach.

    Attributes
    ----------
    kept
        An object of the store.
    """

    kept: Path

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("etc/antelop", "var/lib", "srv"):
            (root / name).mkdir(parents=True)
        (root / "etc" / "antelop" / "antelop.toml").write_text(CONFIGURATION)
        for program, options in (("sysusers", []), ("tmpfiles", ["--create"])):
            text = _with_another_rig((SYSTEMD / f"antelop.{program}.conf").read_text())
            command = [f"systemd-{program}", *options, f"--root={root}", "-"]
            subprocess.run(command, input=text, text=True, check=True, capture_output=True)
        self.service = self.account("antelop")
        self.rigs = self / "srv/acquisition/rig-2", self / "srv/acquisition/rig-3"

    def __truediv__(self, path: str) -> Path:
        return self.root / path

    def account(self, name: str) -> Account:
        """Return an account that was made, in its groups."""
        _, _, number, group, *_ = _lines(self / "etc/passwd")[name]
        others = [entry[2] for entry in _lines(self / "etc/group").values() if name in entry[3].split(",")]
        return Account(int(number), int(group), tuple(map(int, others)))

    def member(self, group: str) -> Account:
        """Return a person who is in a group of the service and else in their own."""
        return Account(60001, 60001, (int(_lines(self / "etc/group")[group][2]),))


def _with_another_rig(text: str) -> str:
    """Add what is there for a rig for another one, as the file says."""
    lines = [line for line in text.splitlines() if "rig-2" in line and not line.startswith("#")]
    return "\n".join([text, *(line.replace("rig-2", "rig-3") for line in lines), ""])


def _lines(path: Path) -> dict[str, list[str]]:
    return {line.split(":")[0]: line.split(":") for line in path.read_text().splitlines()}


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Make one."""
    with servers.public_folder() as folder:
        yield Machine(folder)


@contextmanager
def acting(account: Account) -> Iterator[None]:
    """Have the kernel take this process for another account's."""
    umask = os.umask(0o027)
    before = os.getgroups()
    os.setgroups(account.groups)
    os.setegid(account.group)
    os.seteuid(account.number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
        os.umask(umask)


def test_the_service_is_in_the_group_of_each_rig(machine: Machine) -> None:
    """And no account is in its own group."""
    groups = _lines(machine / "etc/group")
    assert {groups[f"antelop-rig-{number}"][3] for number in (2, 3)} == {"antelop"}
    assert (groups["antelop"][3], groups["antelop-readers"][3]) == ("", "")


REFUSED: dict[str, Callable[[Machine], object]] = {
    "read the configuration": lambda machine: (machine / "etc/antelop/antelop.toml").read_text(),
    "list the configuration's folder": lambda machine: list((machine / "etc/antelop").iterdir()),
    "replace the configuration": lambda machine: (machine / "etc/antelop/antelop.toml").rename(machine / "etc/antelop/x"),
    "list the state": lambda machine: list((machine / "var/lib/antelop").iterdir()),
    "read the status": lambda machine: (machine / "var/lib/antelop/status.json").read_text(),
    "list the store": lambda machine: list((machine / "srv/antelop/store").iterdir()),
    "read an object": lambda machine: machine.kept.read_bytes(),
    "write into the store": lambda machine: (machine / "srv/antelop/store/x").touch(),
    "list the drop folders": lambda machine: list((machine / "srv/acquisition").iterdir()),
    "list another rig's folder": lambda machine: list(machine.rigs[1].iterdir()),
    "read another rig's recording": lambda machine: (machine.rigs[1] / "theirs.nwb").read_bytes(),
    "read another rig's receipt": lambda machine: (machine.rigs[1] / "theirs.receipt.json").read_bytes(),
    "deliver into another rig's folder": lambda machine: (machine.rigs[1] / "mine.nwb").touch(),
    "rename another rig's folder": lambda machine: machine.rigs[1].rename(machine.rigs[1].with_name("gone")),
    "rename one's own folder": lambda machine: machine.rigs[0].rename(machine.rigs[0].with_name("gone")),
    "put another folder beside": lambda machine: (machine / "srv/acquisition/rig-4").mkdir(),
    "open one's folder to all": lambda machine: machine.rigs[0].chmod(0o777),
    "replace a receipt": lambda machine: (machine.rigs[0] / "own.nwb").rename(machine.rigs[0] / "own.receipt.json"),
    "change a receipt": lambda machine: (machine.rigs[0] / "own.receipt.json").write_text("{}"),
    "remove a colleague's recording": lambda machine: (machine.rigs[0] / "colleague.nwb").unlink(),
}


@pytest.fixture
def used(machine: Machine) -> Machine:
    """Have two rigs deliver, and the service store, answer and write its status."""
    for number, stem in ((0, "own"), (0, "colleague"), (1, "theirs")):
        rig = machine.rigs[number]
        with acting(machine.member(f"antelop-rig-{number + 2}")._replace(number=60002 if stem == "colleague" else 60001)):
            (rig / f"{stem}.nwb").write_bytes(b"recording")
        with acting(machine.service):
            assert (rig / f"{stem}.nwb").read_bytes() == b"recording"
            assert receipt.write(rig / f"{stem}.receipt.json", Outcome.of("ingested", "It is in.", NOW), rig) is None
    with acting(machine.service):
        store = Store(machine / "srv/antelop/store")
        store.make()
        machine.kept = store.path(store.put(np.array(VALUES)).descriptor)
        assert Status(machine / "var/lib/antelop", still).write() is None
    return machine


def test_who_delivers_gets_no_further(used: Machine) -> None:
    """Neither what the service knows nor what another rig delivers can be read, renamed or replaced."""
    done = []
    for what, attempt in REFUSED.items():
        with acting(used.member("antelop-rig-2")):
            try:
                attempt(used)
            except PermissionError:
                continue
        done.append(what)
    assert done == []


def test_who_delivers_reads_receipts_and_takes_back_what_is_their_own(used: Machine) -> None:
    """All that a rig's programs need."""
    rig, _ = used.rigs
    with acting(used.member("antelop-rig-2")):
        answer = receipt.read(rig / "own.receipt.json", rig)
        assert answer is not None
        assert answer["outcome"] == "ingested"
        assert sorted(path.name for path in rig.iterdir()) == [
            "colleague.nwb",
            "colleague.receipt.json",
            "own.nwb",
            "own.receipt.json",
        ]
        (rig / "own.nwb").rename(rig / "renamed.nwb")
        (rig / "renamed.nwb").unlink()


def test_the_service_archives_what_others_own(used: Machine) -> None:
    """By rename, out of a sticky folder, since the folder is its own."""
    rig, _ = used.rigs
    with acting(used.service):
        (used / "srv/acquisition/archive").mkdir()
        with RegularFile.at(rig / "own.nwb") as file:
            archive(rig, used / "srv/acquisition/archive", [Source("own.nwb", file.id.size, file.id.mtime, file)])
    assert sorted(path.name for path in (used / "srv/acquisition/archive").iterdir()) == ["own.nwb"]


def test_who_reads_the_store_reads_nothing_else(used: Machine) -> None:
    """Arrays and videos, but neither configuration nor state nor what is delivered; and nothing is written."""
    with acting(used.member("antelop-readers")):
        assert np.load(used.kept).tolist() == VALUES
        for closed in ("etc/antelop/antelop.toml", "var/lib/antelop/status.json", "srv/acquisition/rig-2/own.nwb"):
            with pytest.raises(PermissionError):
                (used / closed).read_bytes()
        with pytest.raises(PermissionError):
            used.kept.unlink()
        with pytest.raises(PermissionError):
            used.kept.write_bytes(b"")


def test_everybody_else_sees_nothing(used: Machine) -> None:
    """What is delivered, known and stored is closed to those who are in no group of the service."""
    stranger = Account(60003, 60003, ())
    for folder in ("etc/antelop", "var/lib/antelop", "srv/antelop/store", "srv/acquisition", "srv/acquisition/rig-2"):
        with acting(stranger), pytest.raises(PermissionError):
            list((used / folder).iterdir())


def test_the_manual_makes_a_drop_folder_as_the_file_does() -> None:
    """Owner, group and mode are the same."""
    manual = (SYSTEMD.parent / "daemon" / "antelop" / "manual" / "service.md").read_text()
    (owner, group, mode), *more = re.findall(r"install -d -o (\S+) -g (\S+) -m (\d+) \S+`", manual)
    rig = next(line for line in (SYSTEMD / "antelop.tmpfiles.conf").read_text().splitlines() if "/rig-2" in line)
    assert rig.split()[2:5] == [mode, owner, group]
    assert more == []
