"""Who else could change what is run."""

import grp
import os
import pwd
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from antelop.analysis.permissions import untrusted

UID = os.geteuid()
GROUP = grp.getgrgid(os.getegid()).gr_name
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Write a script in a folder that nobody else may write."""
    folder = tmp_path / "analysis"
    folder.mkdir(mode=0o755)
    script = folder / "licks.py"
    script.touch(mode=0o644)
    return script


def said(*paths: Path, trusted: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with paths, as a person reads it."""
    problems = untrusted(paths, uid=UID, trusted=trusted)
    assert {problem.check for problem in problems} <= {"analysis_untrusted"}
    return [str(problem) for problem in problems]


def test_ones_own(script: Path) -> None:
    """What only root and this user may write is trusted, below a /tmp that all may write as well."""
    assert said(script.parent, script) == []


@pytest.fixture
def membership(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give what makes this process's group one that has a name, members, and users whose first group it is."""

    def make(name: str, members: list[str], *users: str) -> None:
        number, of_all = os.getegid(), [account for account in pwd.getpwall() if account.pw_gid != os.getegid()]
        accounts = [pwd.struct_passwd((user, "x", 54321, number, "", "/", "/bin/sh")) for user in users]
        monkeypatch.setattr(grp, "getgrgid", lambda asked: grp.struct_group((name, "x", asked, members)))
        monkeypatch.setattr(pwd, "getpwall", lambda: [*of_all, *accounts])

    return make


def test_written_by_the_group_of_ones_own(script: Path, membership: Callable[..., None]) -> None:
    """Where every user has a group and a umask of 002, whatever they write is the group's, too: that is nobody else."""
    me = pwd.getpwuid(UID).pw_name
    script.chmod(0o664)
    for members in ([], [me]):
        membership(me, members, me)
        assert said(script) == []
    membership("ada", [], "ada")
    assert said(script, trusted=("ada",)) == []
    shared = f"may write it (-rw-rw-r--) and is not trusted. Run `chmod g-w {script}`, or add"
    for name, members, users in [(me, ["eve"], [me]), (me, [], [me, "eve"]), (me, [], []), ("lab", [me], [])]:
        membership(name, members, *users)
        assert said(script) == [f"{script}: its group, {name}, {shared} {name} to the trusted."]


def test_written_by_whom_an_access_control_list_names(script: Path) -> None:
    """It may name anybody, though the mode looks as if only the group had been let in."""
    everybody = 0xFFFFFFFF
    for tag, number, allowed in [(0x02, 54321, 6), (0x08, 54322, 6), (0x02, 54321, 4)]:
        entries = [(0x01, 6, everybody), (0x04, 6, everybody), (0x10, 6, everybody), (0x20, 4, everybody)]
        written = sorted([*entries, (tag, allowed, number)])
        stored = b"".join(struct.pack("<HHI", *entry) for entry in written)
        os.setxattr(script, "system.posix_acl_access", struct.pack("<I", 2) + stored)
        listed = [f"{script}: its access control list lets others write it (-rw-rw-r--). Run `setfacl --remove-all {script}`."]
        assert said(script, trusted=(GROUP,)) == (listed if allowed & 2 else [])


def test_written_by_a_group(script: Path, membership: Callable[..., None]) -> None:
    """What a group may write is trusted if the group is."""
    membership(GROUP, ["eve"])
    script.chmod(0o664)
    remedy = f"Run `chmod g-w {script}`, or add {GROUP} to the trusted"
    assert said(script) == [f"{script}: its group, {GROUP}, may write it (-rw-rw-r--) and is not trusted. {remedy}."]
    assert said(script, trusted=(GROUP, "no such group")) == []


def test_written_by_everybody(script: Path) -> None:
    """What everybody may write is never trusted, and every problem of every path is said."""
    script.parent.chmod(0o757)
    script.chmod(0o666)
    assert said(script, trusted=(GROUP,)) == [
        f"{script.parent}: everybody may write it (drwxr-xrwx). Run `chmod o-w {script.parent}`.",
        f"{script}: everybody may write it (-rw-rw-rw-). Run `chmod o-w {script}`.",
    ]


def test_sticky(script: Path) -> None:
    """The sticky bit protects what is in a folder, but anybody may add a script to it."""
    script.parent.chmod(0o1777)
    assert said(script) == []
    assert said(script.parent, script, trusted=(GROUP,)) == [
        f"{script.parent}: everybody may write it (drwxrwxrwt). Run `chmod o-w {script.parent}`."
    ]


def test_parents(script: Path, tmp_path: Path) -> None:
    """Who may write a folder further up may put another in its place."""
    tmp_path.chmod(0o777)
    assert said(script, trusted=(GROUP,)) == [f"{tmp_path}: everybody may write it (drwxrwxrwx). Run `chmod o-w {tmp_path}`."]


def test_links(script: Path, tmp_path: Path) -> None:
    """A link is as safe as the folder that holds it, what it leads to, and every link on the way."""
    middle, end = tmp_path / "middle", tmp_path / "end"
    for folder in (middle, end):
        folder.mkdir(mode=0o755)
    (end / "real.py").touch(mode=0o644)
    (middle / "hop").symlink_to("../end")
    (middle / "loop").symlink_to("loop")
    link = script.with_name("link.py")
    link.symlink_to(middle / "hop" / "real.py")
    assert said(link) == []
    middle.chmod(0o757)
    end.chmod(0o757)
    assert said(link) == [
        f"{folder}: everybody may write it (drwxr-xrwx). Run `chmod o-w {folder}`." for folder in (end, middle)
    ]


def test_missing(script: Path) -> None:
    """What is not there cannot be trusted."""
    missing = script.with_name("missing")
    remedy = "Make it readable for this user, or mend the configuration"
    assert said(missing) == [f"{missing}: it cannot be looked at: No such file or directory. {remedy}."]


@pytest.mark.root
def test_belongs_to_another(script: Path) -> None:
    """What belongs to another user is trusted if the user is, or a group of theirs."""
    os.chown(script, NOBODY.pw_uid, NOBODY.pw_gid)
    assert said(script) == [
        f"{script}: it belongs to nobody, who is not trusted. Run `chown root {script}`, or add nobody to the trusted."
    ]
    assert said(script, trusted=("nobody",)) == []
    assert said(script, trusted=(grp.getgrgid(NOBODY.pw_gid).gr_name,)) == []
    assert untrusted([script], uid=NOBODY.pw_uid) == []


@pytest.mark.root
def test_belongs_to_nobody_known(script: Path) -> None:
    """An owner or a group without a name is told by its number."""
    os.chown(script, 54321, 54322)
    script.chmod(0o664)
    assert [problem.what for problem in untrusted([script], uid=UID)] == [
        "it belongs to number 54321, who is not trusted",
        "its group, number 54322, may write it (-rw-rw-r--) and is not trusted",
    ]
