import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "systemd"
UNIT = FOLDER / "antelop.service"

pytestmark = pytest.mark.systemd


def said(*command: str | Path, reads: str = "") -> str:
    """Run a program of systemd, which must succeed, and return what it says."""
    done = subprocess.run(command, input=reads, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def exposure(unit: Path) -> float:
    """Return how much a unit leaves open, from 0 (nothing) to 10, as systemd judges."""
    report = said("systemd-analyze", "security", "--offline=yes", "--no-pager", unit)
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", report)
    return float(level)


def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    """It has nothing to remark, on a machine where the program is installed; a misspelt directive would be one."""
    program = shutil.which("true")
    installed = UNIT.read_text().replace("/opt/antelop/bin/antelop", str(program))
    unit = tmp_path / "antelop.service"
    unit.write_text(installed)
    assert said("systemd-analyze", "verify", "--man=no", unit) == ""
    unit.write_text(installed.replace("WatchdogSec", "WatchdogSecs"))
    assert "WatchdogSecs" in said("systemd-analyze", "verify", "--man=no", unit)


def test_the_service_may_do_little_besides_its_work(tmp_path: Path) -> None:
    """Its exposure is at most 1.3, and would be higher if its system calls were not filtered."""
    assert exposure(UNIT) <= 1.3
    unit = tmp_path / "antelop.service"
    unit.write_text(re.sub("^SystemCallFilter=.*\n", "", UNIT.read_text(), flags=re.MULTILINE))
    assert exposure(unit) > 1.3


def test_every_choice_of_the_unit_says_why() -> None:
    """Each block of directives begins with a comment; only the names of the sections and the description need none."""
    directives = re.sub(r"^\[\w+\]\n(Description=.*\n)?", "", UNIT.read_text(), flags=re.MULTILINE)
    assert [block for block in re.split(r"\n{2,}", directives) if not block.startswith("#")] == []


def test_the_account_is_made(tmp_path: Path) -> None:
    """It has a group of its own and the state for a home, and nobody can log in as it (what it may: `test_accounts`)."""
    (tmp_path / "etc").mkdir()
    said("systemd-sysusers", f"--root={tmp_path}", "-", reads=(FOLDER / "antelop.sysusers.conf").read_text())
    account = (tmp_path / "etc" / "passwd").read_text()
    assert re.fullmatch(r"antelop:x:(\d+):\1:Antelop Ingest:/var/lib/antelop:/usr/sbin/nologin\n", account)


def test_the_folders_are_made(tmp_path: Path) -> None:
    """The configuration is closed to others and keeps what it says; state and drop folders are closed to others."""
    accounts = tmp_path / "etc"
    configuration = accounts / "antelop" / "antelop.toml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("[notify]\n")
    # Whoever runs the test may give files to nobody else.
    (accounts / "passwd").write_text(f"antelop:x:{os.geteuid()}:{os.getegid()}:::\n")
    groups = ("antelop", "antelop-readers", "antelop-rig-2")
    (accounts / "group").write_text("".join(f"{group}:x:{os.getegid()}:\n" for group in groups))
    folders = (FOLDER / "antelop.tmpfiles.conf").read_text().replace(" root ", " antelop ")
    said("systemd-tmpfiles", "--create", f"--root={tmp_path}", "-", reads=folders)
    modes = {path: oct((tmp_path / path).stat().st_mode & 0o7777) for path in re.findall(r"^\w +/(\S+)", folders, re.MULTILINE)}
    assert modes == {
        "etc/antelop": "0o750",
        "etc/antelop/antelop.toml": "0o640",
        "var/lib/antelop": "0o700",
        "srv/antelop": "0o755",
        "srv/antelop/store": "0o2750",
        "srv/acquisition": "0o751",
        "srv/acquisition/rig-2": "0o3770",
    }
    assert configuration.read_text() == "[notify]\n"
