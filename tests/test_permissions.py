"""Who else could change what is run."""

import grp
import os
import pwd
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from antelop.analysis.permissions import Trust
from antelop.analysis.search import Search
from antelop.errors import Problem

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


def search(script: Path, trusted: tuple[str, ...] = (), uid: int = UID) -> Search:
    """Look into the folder of a script."""
    found = Search(Trust(uid, trusted), read=True)
    found.look(script.parent)
    return found


def said(script: Path, trusted: tuple[str, ...] = (), uid: int = UID) -> list[str]:
    """Return why the folder of a script is not trusted, as a person reads it."""
    problems = search(script, trusted, uid).untrusted
    assert {problem.check for problem in problems} <= {"analysis_untrusted"}
    return [str(problem) for problem in problems]


def test_ones_own(script: Path) -> None:
    """What only root and this user may write is trusted, below a /tmp that all may write as well."""
    assert said(script) == []
    assert [source.name for source in search(script).sources] == ["licks"]


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
    """What everybody may write is never trusted, and every problem of every script and sub-folder is said."""
    more = script.parent / "more"
    more.mkdir()
    more.chmod(0o757)
    script.chmod(0o666)
    assert said(script, trusted=(GROUP,)) == [
        f"{script}: everybody may write it (-rw-rw-rw-). Run `chmod o-w {script}`.",
        f"{more}: everybody may write it (drwxr-xrwx). Run `chmod o-w {more}`.",
    ]


def test_a_folder_that_is_not_trusted_is_not_listed(script: Path) -> None:
    """What is in it may be anything, and any number of things."""
    script.parent.chmod(0o757)
    found = search(script)
    assert [problem.where for problem in found.untrusted] == [str(script.parent)]
    assert found.sources == []


def test_sticky(script: Path, tmp_path: Path) -> None:
    """The sticky bit protects what is in a folder, but anybody may add a script to it."""
    tmp_path.chmod(0o1777)
    assert said(script) == []
    script.parent.chmod(0o1777)
    assert said(script, trusted=(GROUP,)) == [
        f"{script.parent}: everybody may write it (drwxrwxrwt). Run `chmod o-w {script.parent}`."
    ]
    script.parent.chmod(0o755)
    script.chmod(0o1646)
    assert said(script) == [f"{script}: everybody may write it (-rw-r--rwT). Run `chmod o-w {script}`."]


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
    assert [source.name for source in search(link).sources] == ["licks", "link"]
    middle.chmod(0o757)
    end.chmod(0o757)
    assert said(link) == [
        f"{folder}: everybody may write it (drwxr-xrwx). Run `chmod o-w {folder}`." for folder in (middle, end)
    ]


def test_links_out_of_the_root(script: Path, tmp_path: Path) -> None:
    """A path with more dots than folders ends at the root, as the system has it; links in a circle lead nowhere."""
    (tmp_path / "real.py").touch()
    script.with_name("dots.py").symlink_to("../" * 50 + str(tmp_path / "real.py")[1:])
    script.with_name("round.py").symlink_to("round.py")
    found = search(script)
    assert [source.name for source in found.sources] == ["dots", "licks"]
    assert [problem.what for problem in found.unreadable.values()] == ["it cannot be read: Too many levels of symbolic links"]


def test_what_is_asked_about_is_what_is_read(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script, or its folder, that is exchanged once it was asked about is not the one that is read."""
    script.write_text("first")
    asked = Trust.problems

    def exchange(trust: Trust, path: Path, held: int, *, searched: bool) -> list[Problem]:
        problems = asked(trust, path, held, searched=searched)
        if path in (script, script.parent):
            path.rename(path.with_name(f"old {path.name}"))
            script.parent.mkdir(exist_ok=True)
            script.write_text("exchanged")
        return problems

    monkeypatch.setattr(Trust, "problems", exchange)
    assert [(source.name, source.content) for source in search(script).sources] == [("licks", b"first")]


def test_what_is_no_script_is_not_read(script: Path) -> None:
    """A pipe or a device of a script's name is told, and nothing waits for it; so is a file that no person has written."""
    os.mkfifo(script.with_name("pipe.py"))
    with script.with_name("vast.py").open("wb") as file:
        file.truncate(1 << 40)
    found = search(script)
    assert [source.name for source in found.sources] == ["licks"]
    assert {name: problem.what for name, problem in found.unreadable.items()} == {
        "pipe": "it cannot be read: it is not a file",
        "vast": "it cannot be read: it has 1,099,511,627,776 bytes, and a script no more than 4,194,304",
    }


def test_missing(script: Path) -> None:
    """What is not there is told."""
    missing = script.with_name("missing") / "script.py"
    remedy = "Make it readable for this user, or correct [analysis] folders in the configuration"
    (problem,) = search(missing).unreadable.values()
    assert str(problem) == f"{missing.parent}: it cannot be read: No such file or directory. {remedy}."


@pytest.mark.root
def test_belongs_to_another(script: Path) -> None:
    """What belongs to another user is trusted if the user is, or a group of theirs."""
    os.chown(script, NOBODY.pw_uid, NOBODY.pw_gid)
    remedy = f"Add nobody to the trusted, or have {script} where only trusted users can write"
    assert said(script) == [f"{script}: it belongs to nobody, who is not trusted. {remedy}."]
    assert said(script, trusted=("nobody",)) == []
    assert said(script, trusted=(grp.getgrgid(NOBODY.pw_gid).gr_name,)) == []
    assert [problem for problem in said(script, uid=NOBODY.pw_uid) if str(script) in problem] == []


@pytest.mark.root
def test_belongs_to_nobody_known(script: Path) -> None:
    """An owner or a group without a name is told by its number."""
    os.chown(script, 54321, 54322)
    script.chmod(0o664)
    assert [problem.what for problem in search(script).untrusted] == [
        "it belongs to number 54321, who is not trusted",
        "its group, number 54322, may write it (-rw-rw-r--) and is not trusted",
    ]
